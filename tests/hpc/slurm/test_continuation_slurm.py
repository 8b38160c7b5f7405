"""What a user allows on a login node reaches the driver job; what nobody allowed, the driver job refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_runs import nothing_is_left, store_bytes, wait_for, wait_for_end, write_profile
from tides import Tides, forget_tides, make_tides

from citytide.hpc.errors import RunError
from citytide.hpc.plan.profiles import load_profile
from citytide.hpc.run.records import read_json
from citytide.hpc.run.runs import open_run
from citytide.workflows import runner

pytestmark = pytest.mark.slurm


@pytest.fixture
def tides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tides]:
    yield make_tides(tmp_path, monkeypatch)
    forget_tides()


def test_changes_are_refused_by_the_driver_job_unless_they_were_allowed(sandbox: object, tides: Tides) -> None:
    profile = write_profile(tides.folder, environment=[f"export PYTHONPATH='{os.environ['PYTHONPATH']}'"])
    tides.trouble.touch()
    sets = {"source": str(tides.source), "trouble": str(tides.trouble)}
    laid = runner.lay_out(
        runner.draft_run("tides_made.question:WORKFLOW", set=sets, profile=str(profile), out=tides.folder / "run")
    )
    run = laid.path
    tides.edit("offsets.py", "OFFSET = 2.0\n")
    runner.submit_laid_out(laid, load_profile(str(profile)))

    def read_logs() -> str:
        return "".join(path.read_text() for path in (run / "slurm" / "logs").glob("*.driver.*.log"))

    wait_for("the driver's refusal", 60, lambda: "module tides_made.offsets has changed" in read_logs())
    wait_for("its end", 30, lambda: nothing_is_left(run))
    assert not (run / "result.json").exists()

    tides.edit("offsets.py", "OFFSET = 1.0\n")
    runner.resume(run, detach=True)
    assert wait_for_end(run).result["state"] == "failed"
    tides.trouble.unlink()
    tides.edit("factors.py", "FACTOR = 3.0\n")
    with pytest.raises(RunError, match=r"module tides_made\.factors has changed"):
        runner.resume(run, detach=True)
    runner.resume(run, restart=["first"], detach=True)
    wait_for("the end of the run", 120, lambda: open_run(run).status()["state"] == "done")
    assert open_run(run).open("first").y.values.tolist() == [10.0, 13.0, 16.0, 19.0]
    assert "accepted" not in read_json(run / "run.json") and nothing_is_left(run)
    forget_tides()
    assert store_bytes(run) == store_bytes(tides.run("fresh"))
