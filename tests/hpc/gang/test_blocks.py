from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'citytide[mpi]'")

from citytide.hpc.errors import RunError
from citytide.hpc.gang import blocks as gang_blocks
from citytide.hpc.run.runs import Run
from citytide.workflows import runner

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.fixture(autouse=True)
def toy_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SUPPORT))


def share(folder: Path, **settings: Any) -> Run:
    return runner.run("sharing:WORKFLOW", set=settings, out=folder / "run")


def test_ranks_are_handed_the_arrays_of_their_block_and_their_result_is_the_blocks(tmp_path: Path) -> None:
    run = share(tmp_path, rows=5, ranks=3)
    assert run.result["state"] == "done"
    product = run.open("shared")
    assert product.doubled.values.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert product.ranks.values.tolist() == [3] * 5
    assert sorted(path.name for path in (run.path / "work/gang-share").iterdir()) == ["0", "1", "2"]


def test_error_of_a_rank_is_that_of_the_block(tmp_path: Path) -> None:
    run = share(tmp_path, rows=2, ranks=2, fail_on=1)
    assert run.result["state"] == "failed"
    said = (run.path / "ledger.jsonl").read_text()
    assert "rank 1: ValueError: rank 1 will not" in said


def test_error_of_a_rank_at_person_level_is_kept_in_the_private_folder(tmp_path: Path) -> None:
    run = share(tmp_path, rows=2, ranks=2, fail_on=1, person_level=True)
    kept = run.path / "private" / "share-0-rank-1.txt"
    assert run.result["state"] == "failed"
    assert "step 'share', block 0: PersonLevelError: rank 1: PersonLevelError: ValueError;" in run.result["error"]
    assert str(kept) in run.result["error"] and "rank 1 will not" in kept.read_text()
    others = [path for path in run.path.rglob("*") if path.is_file() and path != kept]
    assert others and not [path for path in others if b"will not" in path.read_bytes()]


def test_a_second_gang_in_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gang_blocks, "OTHERS_END_S", 0.2)
    held = gang_blocks._lock(tmp_path)
    with pytest.raises(RunError, match="another gang computes this block"):
        gang_blocks._lock(tmp_path)
    held.close()
    gang_blocks._lock(tmp_path).close()
