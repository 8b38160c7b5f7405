"""What stands behind a release can be computed again, and what cannot is said by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import counting
import numpy as np
import pytest

from citytide.hpc.control.recomputation import recompute, verify_release
from citytide.hpc.errors import PersonLevelError, RunError
from citytide.hpc.release.audit_log import AuditLog
from citytide.hpc.run.runs import Run
from citytide.workflows import runner


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of ten blocks, which no test changes."""
    folder = tmp_path_factory.mktemp("finished")
    np.save(folder / "weights.npy", np.array([1, 1, 100]))
    return runner.run("counting:WORKFLOW", set={"weights": str(folder / "weights.npy")}, out=folder / "run")


@pytest.fixture
def released(finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[AuditLog, Run]:
    """A copy of the run, and a log with one release of its counts."""
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "home"))
    shutil.copytree(finished.path, tmp_path / "run", symlinks=True)
    run, log = Run(tmp_path / "run"), AuditLog.of_key("ab" * 32)
    exact = {"n": run.open("counts").n.values.astype(np.int32)}  # a release may keep another dtype
    entry = {"run_id": run.id, "folder": str(run.path), "step": "count-release", "measure": "m", "epsilon": 0.0}
    log.append(entry, exact, {"n": np.ma.MaskedArray(exact["n"])}, np.ones((2, 4), np.uint64))
    return log, run


def list_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def verify(log: AuditLog) -> list[str]:
    return [problem.problem for problem in verify_release(log.files.path, 1)]


def test_a_release_is_computed_again_and_neither_run_nor_log_is_touched(released: tuple[AuditLog, Run]) -> None:
    log, run = released
    before, kept = list_files(run.path), list_files(log.files.path.parent)
    assert recompute(run, "count-release")["n"].tolist() == [14, 13, 1300]  # 0, 2, .. 78 modulo 3, times the weights
    assert verify(log) == []
    assert list_files(run.path) == before and list_files(log.files.path.parent) == kept


def test_work_files_are_not_needed(released: tuple[AuditLog, Run]) -> None:
    log, run = released
    shutil.rmtree(run.path / "work")
    assert verify(log) == []


def test_another_exact_table_is_found_with_the_modules_that_changed(
    released: tuple[AuditLog, Run], tmp_path: Path
) -> None:
    log, run = released
    entry = {"run_id": run.id, "folder": str(run.path), "step": "count-release", "measure": "m", "epsilon": 0.0}
    other = AuditLog(tmp_path / "other" / "cd.jsonl")
    exact = {"n": np.array([14, 13, 1299])}
    other.append(entry, exact, {"n": np.ma.MaskedArray(exact["n"])}, np.ones((2, 4), np.uint64))
    assert verify(other) == ["the exact table, computed again, is not the one behind this release"]
    record = json.loads((run.path / "run.json").read_text())
    record["code"]["modules"]["counting"] = "0" * 64
    (run.path / "run.json").write_text(json.dumps(record))
    assert verify(log) == []  # the code changed, and the table is the same
    assert verify(other)[0].endswith("is not the one behind this release (module counting has changed)")


def test_a_source_that_changed_or_is_gone_is_named(released: tuple[AuditLog, Run], tmp_path: Path) -> None:
    log, run = released
    plan = json.loads((run.path / "plan.json").read_text())
    path = Path(plan["sources"]["weights"]["path"])
    content = path.read_bytes()
    try:
        np.save(path, np.array([1, 2, 100]))
        assert "source 'weights'" in verify(log)[0] and "its file has changed" in verify(log)[0]
        path.unlink()
        (said,) = verify(log)
        assert said.startswith("cannot be computed again: source 'weights'") and "it is missing" in said
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("name", ["persons.zarr/age/c/3", "plan.json"])
def test_a_product_or_a_plan_that_changed_is_named(released: tuple[AuditLog, Run], name: str) -> None:
    log, run = released
    path = run.path / name
    before = path.read_bytes()
    path.write_bytes(before + b" ")
    assert verify(log) == [
        f"cannot be computed again: {path}, which the release was made of, is not what was written: put it back from "
        "a backup"
    ]
    path.write_bytes(before)
    unread = run.path / "inputs.zarr" / "person" / "c" / "0"  # by no step that leads to the table
    unread.write_bytes(unread.read_bytes() + b" ")
    assert verify(log) == []


def test_a_run_that_is_gone_or_is_another_one_is_named(released: tuple[AuditLog, Run], tmp_path: Path) -> None:
    log, run = released
    record: dict[str, Any] = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**record, "id": "another"}))
    assert f"must hold run {record['id']}, but it holds another" in verify(log)[0]
    shutil.rmtree(run.path)
    assert f"there is no run '{record['id']}'" in verify(log)[0]


def test_what_a_step_raises_is_told_by_its_type_alone(released: tuple[AuditLog, Run]) -> None:
    _, run = released
    counting.TROUBLE["at"] = "count"
    try:
        with pytest.raises(PersonLevelError) as raised:
            recompute(run, "count-release")
    finally:
        counting.TROUBLE["at"] = ""
    assert str(raised.value) == (
        "step 'count-chunk' raised ValueError when it was computed again: resume the run to see where"
    )
    assert raised.value.__cause__ is None and raised.value.__context__ is None


def test_there_must_be_such_a_line_and_such_a_release(released: tuple[AuditLog, Run]) -> None:
    log, run = released
    with pytest.raises(RunError, match=r"release must be the number of a line of .*, 1 to 1, got 2"):
        verify_release(log.files.path, 2)
    with pytest.raises(RunError, match="has no release 'other-release': check that the line tells of this run"):
        recompute(run, "other-release")
