from __future__ import annotations

import os
from pathlib import Path

import pytest

from citytide.hpc.run.finish_files import hash_changed_files, stamp_files
from citytide.hpc.run.resumption.verify import find_damage, verify_run
from citytide.hpc.run.runs import Run, open_run
from citytide.hpc.store.ledger import Ledger, last_line, read_ledger
from citytide.hpc.store.stores import hash_file

LEFT = ("figures/01-dots.json", "figures/01-dots.svg", "note.txt")


@pytest.fixture
def finished(undisturbed: Path, tmp_path: Path) -> Path:
    from doubling import copy_run

    run: Path = copy_run(undisturbed, tmp_path / "run")
    return run


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        support = str(Path(__file__).parents[2] / "support")
        patch.syspath_prepend(support)
        patch.setenv("PYTHONPATH", os.pathsep.join([support, os.environ.get("PYTHONPATH", "")]))
        from tabling import drive, lay_out

        run: Path = lay_out(tmp_path_factory.mktemp("undisturbed") / "run", per_block=10)
        assert drive(run, 1)["state"] == "done"
    return run


def test_only_what_was_written_since_is_hashed(tmp_path: Path) -> None:
    for name in ("old.txt", "same.txt", "ledger.jsonl", "figures/a.svg", "work/a/0.npz", "a.zarr/zarr.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
        os.utime(tmp_path / name, (1, 1))
    before = stamp_files(tmp_path)
    for name in ("old.txt", "ledger.jsonl", "figures/a.svg", "work/a/0.npz", "a.zarr/zarr.json", "new/b.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("2")
    assert hash_changed_files(tmp_path, before) == {
        name: hash_file(tmp_path / name) for name in ("figures/a.svg", "new/b.csv", "old.txt")
    }


def test_damage_of_what_finish_left_is_repaired_by_another_finish(finished: Path) -> None:
    from tabling import drive

    kept = {left: (finished / left).read_bytes() for left in LEFT}
    line = last_line(read_ledger(finished / "ledger.jsonl"), "left")
    assert line is not None and sorted(line["files"]) == sorted(LEFT) and verify_run(open_run(finished)) == []
    (finished / "note.txt").unlink()
    (finished / "figures" / "01-dots.svg").write_text("<svg/>")
    found = {damage.path: damage.problem for damage in verify_run(open_run(finished)) if damage.is_left}
    assert found == {"note.txt": "missing", "figures/01-dots.svg": "its bytes are not those that were written"}
    assert open_run(finished).status()["state"] == "damaged"
    blocks = [line for line in read_ledger(finished / "ledger.jsonl") if line["kind"] == "block"]
    assert drive(finished, 1)["state"] == "done" and find_damage(open_run(finished)) == []
    assert [line for line in read_ledger(finished / "ledger.jsonl") if line["kind"] == "block"] == blocks
    assert {left: (finished / left).read_bytes() for left in LEFT} == kept
    assert open_run(finished).status()["state"] == "done"


def test_a_run_without_such_a_line_is_not_checked_for_it(finished: Path) -> None:
    path = finished / "ledger.jsonl"
    lines = [line for line in read_ledger(path) if line["kind"] != "left"]
    path.unlink()
    with Ledger(path, 1) as ledger:
        for line in lines:
            ledger.append(**{key: value for key, value in line.items() if key not in ("attempt", "crc")})
    (finished / "note.txt").unlink()
    assert find_damage(open_run(finished)) == [] and open_run(finished).status()["state"] == "done"


def test_a_finish_that_raises_leaves_the_run_to_be_resumed(tmp_path: Path) -> None:
    from tabling import drive, lay_out

    def stumble(run: object) -> dict[str, object]:
        raise ZeroDivisionError("no rows")

    run = lay_out(tmp_path / "run", per_block=10)
    with pytest.raises(ZeroDivisionError) as raised:
        drive(run, 1, stumble)
    assert "all blocks are done and kept, but finish of workflow" in raised.value.__notes__[0]
    assert last_line(read_ledger(run / "ledger.jsonl"), "left") is None
    assert drive(run, 1)["state"] == "done" and verify_run(open_run(run)) == []


def test_a_finish_that_spares_what_is_there_writes_what_is_damaged_anew(tmp_path: Path) -> None:
    from tabling import drive, lay_out

    def write_once(run: Run) -> dict[str, object]:
        for name in ("a.txt", "b.txt"):
            if not (run.path / name).exists():
                (run.path / name).write_text(name)
        return {"summary": [], "warnings": []}

    run = lay_out(tmp_path / "run", per_block=10)
    assert drive(run, 1, write_once)["state"] == "done"
    (run / "a.txt").write_text("other")
    assert [damage.path for damage in verify_run(open_run(run))] == ["a.txt"]
    assert drive(run, 1, write_once)["state"] == "done" and verify_run(open_run(run)) == []
    assert (run / "a.txt").read_text() == "a.txt"
    (run / "b.txt").write_text("other")
    assert [damage.path for damage in verify_run(open_run(run))] == ["b.txt"]
