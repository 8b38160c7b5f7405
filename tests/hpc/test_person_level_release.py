"""A reduction over persons goes through the gate of hpc/release, once, also after a kill."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.release.audit_log import AuditLog
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import read_ledger
from citytide.hpc.store.stores import locate

RECORDS = [(person, code) for person in range(300) for code in range(3) if person % (2 + 60 * code) == 0]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "home"))
    before = os.umask(0o022)
    yield
    os.umask(before)


def release(folder: Path, records: Any, min_cell: int = 10) -> Path:
    from bucketed import BUCKETS, lay_out_count, lay_out_store
    from visits import drive, run_here

    folder.mkdir()
    made = lay_out_store(folder / "base", [person for person, _ in records], [code for _, code in records])
    run_here(made)
    store = locate(made, "events")
    run: Path = lay_out_count(folder / "run", [store, store], (0, 2, 5, BUCKETS), min_cell)
    drive(run, 1)
    return run


def test_a_table_leaves_with_small_counts_withheld_and_once_also_after_a_kill(tmp_path: Path) -> None:
    """The driver dies after the log has its line, and before the ledger has the block's."""
    from visits import drive

    folder = release(tmp_path / "a", RECORDS)
    run = open_run(folder)
    assert run.result["state"] == "done"
    assert run.open("counts")["persons"].astype(object).where(lambda n: n.notna(), None).tolist() == [150, None, None]
    assert run.release_line("counts") == 1 and any("withheld" in note for note in run.release_notes("counts"))
    (kept,) = AuditLog.of_key("key").earlier("persons")
    assert kept.exact["persons"].tolist() == [150, 5, 3] and kept.line["step"] == "count-release"
    table = (folder / "counts.parquet").read_bytes()
    lines = (folder / "ledger.jsonl").read_text().splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if '"step":"count-release"' in line)
    (folder / "ledger.jsonl").write_text("".join(lines[:at]))
    shutil.rmtree(folder / "work" / "count-release")
    for name in ("counts.parquet", "result.json"):
        (folder / name).unlink()
    assert drive(folder, 1)["state"] == "done" and (folder / "counts.parquet").read_bytes() == table
    assert len(AuditLog.of_key("key").earlier("persons")) == 1


def test_what_the_gate_refuses_is_told_in_its_words_and_leaves_no_table(tmp_path: Path) -> None:
    release(tmp_path / "a", RECORDS)
    run = open_run(release(tmp_path / "b", [(person, code) for person, code in RECORDS if person != 8]))
    assert run.result["state"] == "failed" and not run.products
    assert "the persons of two releases must be the same or differ by at least 10" in run.result["error"]
    assert [line["step"] for line in read_ledger(run.path / "ledger.jsonl") if line["kind"] == "failed"]
    assert len(AuditLog.of_key("key").earlier("persons")) == 1
