"""What a block gets: its own rows and no others, ragged rows by offsets from 0, and paths of sources."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import zarr
from hypothesis import given, settings

from citytide.hpc.errors import RunError
from citytide.hpc.execution import reading
from citytide.hpc.execution.reading import BlockReader
from citytide.hpc.plan.plans import make_plan
from citytide.hpc.plan.sources import Source
from citytide.hpc.plan.steps import BlockStep, PlannedStep, plan_blocks
from citytide.hpc.run.records import write_json
from citytide.hpc.store.ragged import Ragged, describe_ragged
from citytide.hpc.store.stores import write_arrays

COUNTS = st.lists(st.integers(0, 5), min_size=1, max_size=12)
RAGGED = [Ragged("event", "offset", "person")]


def make_arrays(counts: Sequence[int]) -> Any:
    offset = np.concatenate([[0], np.cumsum(counts)]).astype("i8")
    return {
        "offset": (("bound",), offset),
        "day": (("event",), np.arange(offset[-1])),
        "place": (("event", "axis"), np.arange(2 * offset[-1]).reshape(-1, 2)),
        "age": (("person",), np.arange(len(counts))),
        "code": (("code",), np.arange(3)),
    }


def write(run: Path, arrays: Any, name: str = "inputs.zarr") -> None:
    write_arrays(run / name, arrays, describe_ragged(arrays, RAGGED))


def step(extent: int, inputs: str = "inputs.zarr", **changed: Any) -> PlannedStep:
    asked = BlockStep(
        "s", "visits:keep_dear", changed.pop("dim", "person"), extent, (inputs,), lambda block: 1, **changed
    )
    return plan_blocks(asked)


@settings(max_examples=40)
@given(counts=COUNTS, cuts=st.lists(st.integers(0, 12), max_size=4), small=st.sampled_from([0, 40, 1 << 22]))
def test_block_gets_the_events_of_its_persons(tmp_path_factory: Any, counts: Any, cuts: Any, small: int) -> None:
    """Whether arrays are held, read ahead, or read block by block."""
    run, n = tmp_path_factory.mktemp("run"), len(counts)
    arrays = make_arrays(counts)
    write(run, arrays)
    bounds = sorted({0, n, *(cut for cut in cuts if cut < n)})
    planned = step(n, bounds=bounds)
    reader = BlockReader(run, planned)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "SMALL_BYTES", small)
        for block in map(planned.block, range(planned.tasks)):
            got = reader.read(block, n)
            offset = arrays["offset"][1][block.start : block.stop + 1]
            assert got["offset"].tolist() == (offset - offset[0]).tolist()
            for name in ("day", "place"):
                np.testing.assert_array_equal(got[name], arrays[name][1][offset[0] : offset[-1]])
            assert got["age"].tolist() == list(range(block.start, block.stop)) and len(got["code"]) == 3


def test_only_rows_of_the_block_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, make_arrays([3, 0, 4, 2]))
    monkeypatch.setattr(reading, "SMALL_BYTES", 0)
    asked: list[Any] = []
    real = zarr.Array.__getitem__
    monkeypatch.setattr(zarr.Array, "__getitem__", lambda array, key: (asked.append(key), real(array, key))[1])
    planned = step(4, "inputs.zarr:day", per_block=2)
    assert set(BlockReader(tmp_path, planned).read(planned.block(1), 4)) == {"day", "offset"}
    assert [key for key in asked if isinstance(key, slice)] == [slice(2, 5), slice(3, 9)]


def test_selected_names_bring_the_offsets_they_need_and_no_others(tmp_path: Path) -> None:
    write(tmp_path, make_arrays([3, 1]))

    def names(inputs: str, dim: str = "person", extent: int = 2) -> set[str]:
        planned = step(extent, inputs, dim=dim, per_block=extent)
        return set(BlockReader(tmp_path, planned).read(planned.block(0), extent))

    assert names("inputs.zarr:age") == {"age"}
    assert names("inputs.zarr:age,day") == {"age", "day", "offset"}
    assert names("inputs.zarr:offset") == {"offset"}
    assert names("inputs.zarr:day", dim="event", extent=4) == {"day"}


def test_block_of_the_ragged_dim_itself_gets_plain_rows(tmp_path: Path) -> None:
    write(tmp_path, make_arrays([3, 1]))
    planned = step(4, dim="event", per_block=3)
    got = BlockReader(tmp_path, planned).read(planned.block(1), 4)
    assert got["day"].tolist() == [3] and got["offset"].tolist() == [0, 3, 4]


@pytest.mark.parametrize(
    ("offset", "extent", "said"),
    [
        ([0, 3, 2, 4], 3, r"inputs.zarr/offset: offsets must not fall, got 3 and then 2 at 1"),
        ([0, 3, 3, 3], 3, r"inputs.zarr/offset: offsets must end at the length of day, 4, got 3"),
        ([1, 3, 3, 4], 3, r"inputs.zarr/offset: offsets must begin at 0, got 1"),
        ([0, 3, 3, 4], 2, r"inputs.zarr/offset: .* one entry more than the 2 of dim 'person', got shape \(4,\)"),
    ],
)
def test_store_with_wrong_offsets_is_refused_by_name(tmp_path: Path, offset: Any, extent: int, said: str) -> None:
    arrays = {"offset": (("bound",), np.array(offset)), "day": (("event",), np.arange(4))}
    attributes = {"offset": {"instance_dimension": "person"}, "day": {"ragged": "offset"}}
    write_arrays(tmp_path / "inputs.zarr", arrays, attributes)
    planned = step(extent, per_block=extent)
    with pytest.raises(RunError, match=said):
        BlockReader(tmp_path, planned).read(planned.block(0), extent)


def test_ragged_array_without_its_offsets_is_refused(tmp_path: Path) -> None:
    write_arrays(tmp_path / "inputs.zarr", {"day": (("event",), np.arange(4))}, {"day": {"ragged": "offset"}})
    with pytest.raises(RunError, match=r"inputs.zarr/day: its offsets 'offset' must be in the same store"):
        BlockReader(tmp_path, step(2)).read(step(2).block(0), 1)


def test_sources_are_paths_or_rows_of_a_store(tmp_path: Path) -> None:
    write(tmp_path, make_arrays([3, 1]), "other.zarr")
    (tmp_path / "codes.csv").write_text("a")
    sources = {
        "codes": Source(tmp_path / "codes.csv"), "city": Source(tmp_path, "folder"),
        "visits": Source(tmp_path / "other.zarr", "zarr"),
    }  # fmt: skip
    asked = BlockStep(
        "s", "visits:keep_dear", "person", 2, ("source:codes", "source:city", "source:visits:day,age"), lambda block: 1
    )
    made = make_plan((asked,), (), workers=1, threads=1, memory_per_worker=10**9, sources=sources)
    write_json(tmp_path / "plan.json", made.to_json())
    got = BlockReader(tmp_path, made.steps[0]).read(made.steps[0].block(1), 2)
    assert got["codes"] == (tmp_path / "codes.csv").resolve() and got["city"] == tmp_path.resolve()
    assert {name: got[name].tolist() for name in ("day", "age", "offset")} == {"day": [3], "age": [1], "offset": [0, 1]}
    assert len(list(itertools.chain(got))) == 5
