"""Records of persons from a shuffle into a store of two ragged families, through sealed arrays, to a released table."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.hpc.errors import RunError
from citytide.hpc.execution.blocks import run_blocks
from citytide.hpc.report.inspection import inspect_run
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.stores import locate, read_arrays
from citytide.hpc.store.table_files import read_table

BUCKETS = 8
RECORDS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=40)
BOUNDS = st.sets(st.integers(1, BUCKETS - 1)).map(lambda cuts: (0, *sorted(cuts), BUCKETS))


@pytest.fixture(autouse=True)
def own_gate(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setattr("citytide.hpc.plan.steps.RELEASE", "releasing:release_table")
    before = os.umask(0o022)
    yield
    os.umask(before)


def finish(run: Path) -> list[dict[str, Any]]:
    from visits import run_here

    lines: list[dict[str, Any]] = run_here(run)
    return lines


def make_store(folder: Path, records: Any, **cut: Any) -> Path:
    from bucketed import lay_out_store

    run = lay_out_store(folder, [person for person, _ in records], [code for _, code in records], **cut)
    assert {line["outcome"] for line in finish(run)} == {"done"}
    store: Path = locate(run, "events")
    return store


def read_bytes(store: Path) -> dict[str, bytes]:
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


@settings(max_examples=12, deadline=None)
@given(records=RECORDS, per_block=st.integers(1, 40), keys=st.integers(1, BUCKETS), bounds=BOUNDS)
def test_two_ragged_families_of_one_dim_are_shuffled_placed_and_read_by_blocks(
    tmp_path_factory: pytest.TempPathFactory, records: Any, per_block: int, keys: int, bounds: Any
) -> None:
    from bucketed import WORDS, lay_out_copy

    folder = tmp_path_factory.mktemp("store")
    store = make_store(folder / "a", records, per_block=per_block, keys_per_bucket=keys)
    whole = make_store(folder / "b", records, per_block=len(records), keys_per_bucket=BUCKETS)
    assert read_bytes(store) == read_bytes(whole)
    found = read_arrays(store)
    ordered = sorted(records, key=lambda record: (record[0] % BUCKETS, *record))
    persons = sorted({person for person, _ in records}, key=lambda person: (person % BUCKETS, person))
    assert found["person"].tolist() == persons and found["code"].tolist() == [code for _, code in ordered]
    assert found["n_events"].tolist() == [Counter(person for person, _ in records)[person] for person in persons]
    for name, one_each in (("person_offset", persons), ("event_offset", [person for person, _ in ordered])):
        n = np.bincount([person % BUCKETS for person in one_each], minlength=BUCKETS)
        assert found[name].tolist() == [0, *np.cumsum(n)]
    assert found["vocabulary"].tolist() == WORDS
    copied = lay_out_copy(folder / "copy", store, bounds)
    assert {line["outcome"] for line in finish(copied)} == {"done"}
    assert read_bytes(locate(copied, "events")) == read_bytes(store)


@settings(max_examples=12, deadline=None)
@given(base=RECORDS, segment=RECORDS, bounds=BOUNDS)
def test_two_stores_with_the_same_names_are_counted_together_and_released(
    tmp_path_factory: pytest.TempPathFactory, base: Any, segment: Any, bounds: Any
) -> None:
    from bucketed import COUNTS, WORDS, lay_out_count

    folder = tmp_path_factory.mktemp("count")
    stores = [make_store(folder / "base", base), make_store(folder / "segment", segment)]
    run = lay_out_count(folder / "run", stores, bounds, min_cell=4)
    assert {line["outcome"] for line in finish(run)} == {"done"}
    frame = read_table(run / "staging" / COUNTS.file_name, COUNTS)
    n = Counter(code for _, code in {*base, *segment})
    assert frame["code"].tolist() == WORDS and frame["persons"].dtype == "Int64"
    shown = [None if 0 < n[code] < 4 else n[code] for code in range(3)]
    assert [None if told is None else int(told) for told in frame["persons"].astype(object).where(
        frame["persons"].notna(), None
    )] == shown  # fmt: skip
    for path in (run / "work").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_release_says_what_it_withheld_in_ledger_run_and_report(tmp_path: Path) -> None:
    from bucketed import lay_out_count
    from visits import drive

    stores = [make_store(tmp_path / name, [(1, 0), (2, 0), (3, 1)]) for name in ("base", "segment")]
    run = lay_out_count(tmp_path / "run", stores, (0, 2, 5, BUCKETS), min_cell=2)
    with pytest.raises(RunError, match="has released no table 'counts'; released: none"):
        open_run(run).release_notes("counts")
    assert drive(run, 1)["state"] == "done"
    note = "1 cells are withheld by count-release: each holds fewer than 2."
    opened = open_run(run)
    assert opened.release_notes("counts") == (note,) and opened.release_line("counts") == 7
    assert opened.open("counts")["persons"].isna().tolist() == [False, True, False]
    assert inspect_run(run).run["notes"] == [f"Table counts: {note}"]
    before = {path: path.read_bytes() for path in (run / "work" / "count-release").iterdir()}
    (again,) = run_blocks(str(run), 2, "count-release", [0])
    assert again["outcome"] == "done" and before == {path: path.read_bytes() for path in before}


def test_arrays_that_a_step_does_not_unseal_go_nowhere(tmp_path: Path) -> None:
    from bucketed import lay_out_copy

    store = make_store(tmp_path / "a", [(1, 0), (2, 1)])
    for function, said in (
        ("keep_sealed", "a step must return plain arrays, got 'event_offset' of step 'copy' still sealed"),
        ("show", "an array of single persons must not be"),
    ):
        run = lay_out_copy(tmp_path / function, store, (0, BUCKETS), f"bucketed:{function}")
        (failed,) = finish(run)
        assert failed["outcome"] == "failed" and said in failed["message"]


@pytest.mark.parametrize("ranks", [1, 2])
def test_ranks_of_a_gang_unseal_their_arrays(tmp_path: Path, ranks: int) -> None:
    from bucketed import lay_out_copy

    if ranks > 1:
        pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'citytide[mpi]'")
    store = make_store(tmp_path / "a", [(1, 0), (2, 1), (7, 2)])
    run = lay_out_copy(tmp_path / "run", store, (0, 3, BUCKETS), "bucketed:copy_in_gang", ranks)
    assert {line["outcome"] for line in finish(run)} == {"done"}
    assert read_bytes(locate(run, "events")) == read_bytes(store)


def test_a_step_unseals_while_its_parts_are_asked_for(tmp_path: Path) -> None:
    from bucketed import lay_out_lines

    store = make_store(tmp_path / "a", [(1, 0), (1, 1), (7, 2)])
    run = lay_out_lines(tmp_path / "run", store)
    assert {line["outcome"] for line in finish(run)} == {"done"}
    lines = read_arrays(locate(run, "lines"))["n"]
    assert lines.sum(0).tolist() == [2, 3] and lines[1].tolist() == [1, 2] and lines[7].tolist() == [1, 1]


def test_a_partial_result_without_its_cohort_is_refused(tmp_path: Path) -> None:
    from bucketed import lay_out_count

    store = make_store(tmp_path / "a", [(1, 0), (2, 1)])
    run = lay_out_count(tmp_path / "run", [store, store], (0, BUCKETS))
    plan = json.loads((run / "plan.json").read_text())
    next(step for step in plan["steps"] if step["kind"] == "release")["release"]["cohort"] = "whom"
    (run / "plan.json").write_text(json.dumps(plan))
    (failed,) = finish(run)
    assert failed["message"] == (
        "a partial result that is released must tell who was counted, got no array 'whom' in what work/count-chunk "
        "left (n, cohort): return it from `chunk` and `combine`"
    )
