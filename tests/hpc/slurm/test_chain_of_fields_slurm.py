"""The chain of a flood and an outside package's questions on the private Slurm, its driver killed in each stage."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path

import pytest
from flood_chain import NAMES, read_left, write_flood_chain
from slurm_runs import HERE, blocks_done, jobs_of, nothing_is_left, wait_for, wait_for_end, write_profile

from citytide.hpc.control.chains import describe_chain, open_chain
from citytide.workflows.chain import resume_chain, run_chain, submit_chain

pytestmark = pytest.mark.slurm


def test_chain_killed_in_each_stage_resumes_to_the_bytes_of_one_that_ran_here(
    sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]))
    site = str(write_profile(tmp_path, environment=[f"export PYTHONPATH='{os.environ['PYTHONPATH']}'"]))
    file = write_flood_chain(tmp_path / "chain.yaml")
    here = run_chain(file, out=tmp_path / "here").path
    chain = submit_chain(file, profile=site, out=tmp_path / "there")
    for name in NAMES:
        stage = chain.path / name
        wait_for(f"a block of {name}", 120, lambda stage=stage: (stage / "run.json").exists() and blocks_done(stage))
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it may just have ended
            os.kill(json.loads((stage / "driver.json").read_text())["pid"], signal.SIGKILL)
        wait_for(f"the end of the driver of {name}", 60, lambda stage=stage: not jobs_of(stage, "driver", "RUNNING"))
        resume_chain(chain.path, detach=True)
    assert wait_for_end(chain.path / NAMES[-1]).result["state"] == "done"
    assert describe_chain(open_chain(chain.path))["state"] == "done"
    assert read_left(chain.path) == read_left(here)
    assert all(nothing_is_left(chain.path / name) for name in NAMES)
