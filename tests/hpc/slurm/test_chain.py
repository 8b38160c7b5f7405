"""A chain on the private Slurm: the driver job of each stage begins the next; what is killed in between is resumed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from slurm_runs import HERE, nothing_is_left, wait_for, wait_for_end, write_profile
from sums import store_bytes

from citytide.hpc.control.chains import describe_chain, open_chain
from citytide.hpc.errors import RunError
from citytide.workflows.chain import resume_chain, run_chain, submit_chain

pytestmark = pytest.mark.slurm
NAMES = ("first", "second", "third")


def write_stages(folder: Path, mark: Path | str = "") -> Path:
    """Three stages; the driver that prepares the third kills itself unless the mark is there."""
    shared = {"workflow": "relaying:WORKFLOW"}
    stages = [
        {"name": "first", **shared, "set": {"rows": 4}},
        {"name": "second", **shared, "set": {"rows": 4, "store": "run:first/scaled"}},
        {"name": "third", **shared, "set": {"rows": 4, "store": "run:second/scaled", "die": str(mark)}},
    ]
    path = folder / "chain.yaml"
    path.write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    return path


@pytest.fixture(autouse=True)
def workers_find_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]))


def write_site(folder: Path) -> str:
    return str(write_profile(folder, environment=[f"export PYTHONPATH='{os.environ['PYTHONPATH']}'"]))


def test_submitted_chain_ends_with_the_bytes_of_one_that_ran_here(sandbox, tmp_path: Path) -> None:
    here = run_chain(write_stages(tmp_path), out=tmp_path / "here").path
    mark = tmp_path / "prepare"
    chain = submit_chain(write_stages(tmp_path, mark), profile=write_site(tmp_path), out=tmp_path / "there")
    with pytest.raises(RunError, match="has driver job"):  # by now it is on its way
        resume_chain(chain.path)

    wait_for("the second stage", 120, lambda: chain.run("second"))
    wait_for("the end of the driver in between", 120, mark.exists)
    first, second = (wait_for_end(chain.path / name) for name in NAMES[:2])
    assert [first.result["state"], second.result["state"]] == ["done", "done"]
    told = describe_chain(open_chain(chain.path))
    assert [stage["state"] for stage in told["stages"]] == ["done", "done", "not begun"]
    assert told["state"] == "interrupted"

    resume_chain(chain.path, detach=True)
    assert wait_for_end(chain.path / "third").result["state"] == "done"
    assert describe_chain(open_chain(chain.path))["state"] == "done"
    for name in NAMES:
        assert store_bytes(chain.path / name) == store_bytes(here / name) != {}
        assert nothing_is_left(chain.path / name)
    assert open_chain(chain.path).run("third").record["upstream"][0]["run"] == second.id
    assert second.record["chain"] == {"folder": str(chain.path), "stage": "second"}


def test_chain_with_an_import_of_two_plans_is_followed_to_its_end(sandbox, tmp_path: Path) -> None:
    stages = [
        {"name": "import", "workflow": "importing:WORKFLOW", "set": {"files": 3}},
        {"name": "scale", "workflow": "relaying:WORKFLOW", "set": {"rows": 12, "store": "run:import/rows"}},
    ]
    file = tmp_path / "chain.yaml"
    file.write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    here, there = (
        run_chain(file, out=tmp_path / "here"),
        run_chain(file, profile=write_site(tmp_path), out=tmp_path / "t"),
    )
    assert describe_chain(there)["state"] == "done"
    for name in ("import", "scale"):
        assert store_bytes(there.path / name) == store_bytes(here.path / name) != {}
        assert nothing_is_left(there.path / name)
