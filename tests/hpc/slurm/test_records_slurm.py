"""Records of persons on the private Slurm: an import that is killed, and what is counted and released after it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from recordfiles import read_bytes
from slurm_runs import (
    is_idle,
    jobs_of,
    lines,
    nothing_is_left,
    processes_of,
    store_bytes,
    wait_for,
    wait_for_end,
    write_profile,
)  # fmt: skip

from citytide.hpc.release.audit_log import AuditLog
from citytide.hpc.run.records import read_json
from citytide.hpc.run.runs import Run
from citytide.workflows import runner
from citytide.workflows.medical.keys import default_key_path, find_key, identify_key, read_key

pytestmark = pytest.mark.slurm
IMPORT = {"synthetic_events": 100_000, "rows_per_task": 1000}
TABLES = ("imported", "codes", "pairs")


def read_tables(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for name in TABLES for path in run.glob(f"{name}.*") if path.is_file()}


def count_done(run: Path, step: str) -> int:
    return sum(line["step"] == step for line in lines(run, "block")) if (run / "ledger.jsonl").exists() else 0


def read_releases(key: Path) -> list[tuple[str, str]]:
    log = AuditLog.of_key(identify_key(read_key(key)))
    return [(line["run_id"], line["step"]) for line in log.read_lines()]


def test_import_killed_on_slurm_is_resumed_to_the_bytes_of_this_machine_and_releases_once(
    sandbox: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run = tmp_path / "home", tmp_path / "run"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("CITYTIDE_HOME", str(home))
    exports = [f"export {name}='{os.environ[name]}'" for name in ("PYTHONPATH", "XDG_CONFIG_HOME", "CITYTIDE_HOME")]
    profile = write_profile(tmp_path, environment=exports, cpu={"memory": "1100MiB"})
    runner.submit("comorbidity", set=IMPORT, profile=str(profile), out=run)
    key = find_key(None)
    assert key == default_key_path() and key.is_relative_to(tmp_path)

    wait_for("a gathered block", 60, lambda: count_done(run, "events-gather") > 2)
    workers, driver = processes_of(run, "slurm.jobs.worker"), read_json(run / "driver.json")["pid"]
    os.kill(workers[0], signal.SIGKILL)
    os.kill(driver, signal.SIGKILL)
    wait_for("the end of the driver", 60, lambda: is_idle(run))
    assert not (run / "events.zarr").exists() and not read_tables(run)

    runner.resume(run, detach=True)
    assert wait_for_end(run).result["state"] == "done" and nothing_is_left(run)
    assert len(jobs_of(run, "cpu")) >= 2

    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "other-home"))  # so that nothing was released before
    here = runner.run("comorbidity", set={**IMPORT, "key": str(key)}, out=tmp_path / "here")
    assert here.result["state"] == "done", here.result
    assert store_bytes(run) == store_bytes(here.path) and read_bytes(run / "events.zarr")
    assert set(read_tables(run)) >= {"imported.csv", "codes.parquet", "pairs.parquet", "pairs.csv"}
    assert read_tables(run) == read_tables(here.path)
    steps = [name for _, name in read_releases(key)]
    monkeypatch.setenv("CITYTIDE_HOME", str(home))
    assert read_releases(key) == [(Run(run).id, step) for step in steps] and len(set(steps)) == len(steps) == 3
