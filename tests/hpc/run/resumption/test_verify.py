"""Verification tells the same of the same files, however often it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from doubling import drive, flip_bit, store_bytes
from tides import Tides, forget_tides, make_tides

from citytide.hpc.run.resumption.verify import verify_run
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import read_ledger
from citytide.workflows.verify_command import verify


@pytest.fixture
def tides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tides]:
    yield make_tides(tmp_path, monkeypatch)
    forget_tides()


def count_bad(run: Path) -> int:
    return sum(line["kind"] == "bad" for line in read_ledger(run / "ledger.jsonl"))


def test_verifying_twice_tells_the_same_and_notes_it_once(tmp_path: Path, make_doubling: Callable[..., Path]) -> None:
    run = make_doubling(tmp_path / "run")
    assert drive(run)["state"] == "done"
    before = store_bytes(run)
    flip_bit(run / "double.zarr" / "y" / "c" / "7" / "0", 1234)
    flip_bit(run / "double.zarr" / "zarr.json", 40)
    damaged = ["double.zarr/y/c/7/0", "double.zarr/zarr.json"]
    for _ in range(3):
        assert sorted(damage.path for damage in verify_run(open_run(run))) == damaged
        assert count_bad(run) == 2
    assert drive(run)["state"] == "done" and store_bytes(run) == before
    assert verify_run(open_run(run)) == []


def test_changed_source_is_told_each_time_and_leaves_the_run_as_it_is(tides: Tides) -> None:
    run = tides.run()
    tides.source.write_text("20")
    lines = read_ledger(run / "ledger.jsonl")
    for _ in range(2):
        told = CliRunner().invoke(verify, [str(run)])
        assert told.exit_code == 1 and "source 'level'" in told.output and "its file has changed" in told.output
        assert "put them back" in told.output and "to repair it" not in told.output
    assert read_ledger(run / "ledger.jsonl") == lines and open_run(run).status()["state"] == "done"
