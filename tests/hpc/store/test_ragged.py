"""Ragged arrays on disk: one owner for each shard, metadata that come out the same, offsets that fit or are refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import zarr
from hypothesis import given

from citytide.hpc.errors import RunError
from citytide.hpc.store.products import Product, Variable
from citytide.hpc.store.ragged import (
    Ragged,
    describe_ragged,
    is_ragged,
    own_rows,
    refuse_wrong_offsets,
    set_lengths,
    size_shards,
)
from citytide.hpc.store.stores import create_product, locate, read_arrays, write_arrays, write_block


def product(per_shard: int = 4) -> Product:
    return Product("p", "events", (
        Variable("offset", ("bound",), "int64", "1", "begin", "blocks", (3,), instance_dimension="person"),
        Variable("day", ("event",), "uint16", "d", "day", "blocks", (0,), per_shard, ragged="offset"),
        Variable("name", ("person",), "string", "", "name", "inputs"),
    ))  # fmt: skip


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(1, 50))
def test_each_shard_has_one_owner_in_whose_range_its_first_row_lies(lengths: list[int], per_shard: int) -> None:
    """Blocks without rows, blocks within one shard, and shards longer than several blocks are all among the cases."""
    bounds = np.concatenate([[0], np.cumsum(lengths)]).tolist()
    owned = [own_rows(bounds[-1], per_shard, start, stop) for start, stop in pairwise(bounds)]
    assert [row for first, last in owned for row in range(first, last)] == list(range(bounds[-1]))
    for (start, stop), (first, last) in zip(pairwise(bounds), owned, strict=True):
        if first < last:
            assert start <= first < stop and first % per_shard == 0
            assert last % per_shard == 0 or last == bounds[-1]


def test_arrays_get_their_length_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    create_product(tmp_path, product(), {"name": np.array(["a", "b"], "T")})
    root = locate(tmp_path, "p")
    set_lengths(tmp_path, product(), {"offset": 10})
    first = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("zarr.json")}
    write_block(tmp_path, "p", 4, 10, {"day": np.arange(6, dtype="u2")})
    set_lengths(tmp_path, product(), {"offset": 10})
    assert first == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("zarr.json")}
    assert read_arrays(root)["day"].tolist() == [0, 0, 0, 0, 0, 1, 2, 3, 4, 5]
    group = zarr.open_group(root, mode="r", use_consolidated=True)
    assert group["day"].shape == (10,) and group["day"].attrs["ragged"] == "offset"
    assert group["offset"].attrs["instance_dimension"] == "person"


@pytest.mark.parametrize(("length", "chunks"), [(0, (1,)), (3, (3,)), (10, (4,)), (4, (4,))])
def test_shard_is_no_longer_than_the_array(tmp_path: Path, length: int, chunks: tuple[int, ...]) -> None:
    create_product(tmp_path, product(), {"name": np.array(["a", "b"], "T")})
    set_lengths(tmp_path, product(), {"offset": length})
    array = zarr.open_array(locate(tmp_path, "p") / "day", mode="r")
    assert array.shape == (length,) and array.chunks == chunks


def test_shards_of_a_ragged_product_hold_about_64_mb_unless_it_says_so() -> None:
    sized = {variable.name: variable.per_shard for variable in size_shards(product(1)).variables}
    assert sized == {"offset": 3, "day": 32_000_000, "name": 1}
    assert size_shards(product(7)).variables[1].per_shard == 7
    plain = Product("q", "rows", (Variable("y", ("row",), "float64", "1", "y", "blocks", (9,)),))
    assert size_shards(plain) is plain and not is_ragged(plain) and is_ragged(product())


def test_inputs_say_which_of_them_are_ragged(tmp_path: Path) -> None:
    arrays: Any = {
        "day": (("event",), np.arange(3)), "offset": (("bound",), np.array([0, 1, 3])),
        "age": (("person",), np.arange(2)),
    }  # fmt: skip
    write_arrays(tmp_path / "i.zarr", arrays, describe_ragged(arrays, [Ragged("event", "offset", "person")]))
    group = zarr.open_group(tmp_path / "i.zarr", mode="r")
    assert group["day"].attrs["ragged"] == "offset" and "ragged" not in group["age"].attrs
    assert group["offset"].attrs["instance_dimension"] == "person"
    with pytest.raises(RunError, match=r"must hold the offsets of each ragged dim, but 'bound' of dim 'event' is miss"):
        describe_ragged(arrays, [Ragged("event", "bound", "person")])
    with pytest.raises(RunError, match=r"inputs: offset: offsets must end at the length of day, 4, got 3"):
        describe_ragged({**arrays, "day": (("event",), np.arange(4))}, [Ragged("event", "offset", "person")])


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        (np.array([1, 2, 5]), "offsets must begin at 0, got 1"),
        (np.array([0, 4, 2, 5]), "offsets must not fall, got 4 and then 2 at 1"),
        (np.array([0, 2, 4]), "offsets must end at the length of day, 5, got 4"),
        (np.array([0.0, 5.0]), "offsets must be whole numbers along one dim, at least one, got .* of float64"),
        (np.zeros((0,), int), "at least one"),
    ],
)
def test_wrong_offsets_are_refused_by_name(offset: Any, said: str) -> None:
    with pytest.raises(RunError, match=f"^a.zarr/offset: .*{said}"):
        refuse_wrong_offsets(offset, 5, "a.zarr/offset", "day")
    refuse_wrong_offsets(np.array([0, 2, 2, 5]), 5, "a.zarr/offset", "day")
