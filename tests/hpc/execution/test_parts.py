"""What a block hands over while it runs: whole shards, the same files however it is cut, and nothing missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import zarr
from hypothesis import given, settings

from citytide.hpc.errors import RunError
from citytide.hpc.execution.parts import Part, Parts, PartWriter
from citytide.hpc.plan.steps import Block
from citytide.hpc.store import stores
from citytide.hpc.store.products import Product, Variable
from citytide.hpc.store.shards import copy_of
from citytide.hpc.store.stores import create_product, locate, read_arrays, write_block

VALUES = np.random.default_rng(0).normal(size=(3, 12, 5)).astype("f4")


def lay_out(run: Path, columns: int = 4, per_shard: int = 1) -> Path:
    shape = VALUES.shape
    y = Variable("y", ("row", "time", "x"), "float32", "m", "y", "blocks", shape, per_shard, columns_per_shard=columns)
    create_product(run, Product("p", "p", (y,)), {})
    return run


def yield_cut(values: Any, cuts: list[int]) -> Parts:
    for start, stop in zip([0, *cuts], [*cuts, values.shape[1]], strict=True):
        if stop > start:
            yield Part("y", start, values[:, start:stop])
    return {"rest": 1}


def write(run: Path, parts: Any, start: int = 0, stop: int = 3) -> PartWriter:
    writer = PartWriter(run, "p", Block(0, start, stop), set())
    assert writer.drain(parts) == {"rest": 1}
    return writer


def files(run: Path) -> dict[str, bytes]:
    root = locate(run, "p") / "y"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("c/**/*") if path.is_file()}


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 12), max_size=12).map(sorted), st.integers(0, 13), st.integers(1, 3),
    st.sampled_from([4, 1 << 20]),
)  # fmt: skip
def test_files_do_not_depend_on_how_parts_are_cut_and_are_those_of_zarr(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], columns: int, rows: int, chunk_elements: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "CHUNK_ELEMENTS", chunk_elements)  # with 4, a shard holds several chunks
        run, whole = (lay_out(tmp_path_factory.mktemp(name), columns) for name in ("parts", "whole"))
    for start in range(0, 3, rows):
        stop = min(start + rows, 3)
        writer = write(run, yield_cut(VALUES[start:stop], cuts), start, stop)
        assert set(writer.shards) == {f"y/{key}" for key in files(run) if start <= int(key.split("/")[1]) < stop}
    copy_of(zarr.open_array(locate(whole, "p") / "y", mode="r+"))[...] = VALUES
    assert files(run) == files(whole) and len(files(run)) == 3 * -(-12 // (columns or 12))
    np.testing.assert_array_equal(read_arrays(locate(run, "p"))["y"], VALUES)


def test_shard_is_on_disk_before_the_next_part_is_computed_and_parts_are_forgotten(tmp_path: Path) -> None:
    seen: list[int] = []

    def look() -> Parts:
        for at in range(12):
            seen.append(len(files(tmp_path)))
            yield Part("y", at, VALUES[:, at : at + 1])
        return {"rest": 1}

    writer = write(lay_out(tmp_path), look())
    assert seen == [0] * 4 + [3] * 4 + [6] * 4 and len(writer.shards) == 9 and not writer._open
    assert write(tmp_path, yield_cut(VALUES, [])).shards == writer.shards  # as after a kill


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([(0, 2), (3, 12)], "must come in order up to 12: the next begins at 2, the block yielded 3 to 12"),
        ([(0, 6), (0, 12)], "the next begins at 6, the block yielded 0 to 12"),
        ([(0, 6)], "parts of p.y must come up to 12, the block yielded 6"),
    ],
)
def test_gap_or_missing_end_is_refused(tmp_path: Path, parts: list[tuple[int, int]], said: str) -> None:
    def yield_parts() -> Parts:
        for start, stop in parts:
            yield Part("y", start, VALUES[:, start:stop])
        return {}

    with pytest.raises(RunError, match=said):
        PartWriter(lay_out(tmp_path), "p", Block(0, 0, 3), set()).drain(yield_parts())


@pytest.mark.parametrize("values", [VALUES[:2, :3], VALUES.astype("f8"), VALUES[:, :, :4], VALUES[:, 0, 0]])
def test_part_of_another_shape_or_dtype_is_refused(tmp_path: Path, values: Any) -> None:
    def yield_part() -> Parts:
        yield Part("y", 0, values)
        return {}

    with pytest.raises(RunError, match=r"a part of p.y must be \(3, 'n', 5\) of float32, the block yielded"):
        PartWriter(lay_out(tmp_path), "p", Block(0, 0, 3), set()).drain(yield_part())


def test_columns_that_are_no_whole_shards_are_refused(tmp_path: Path) -> None:
    lay_out(tmp_path)
    for columns in ((0, 3), (2, 4), (8, 11)):
        with pytest.raises(RunError, match="not whole shards of 4 columns"):
            write_block(tmp_path, "p", 0, 3, {"y": VALUES[:, slice(*columns)]}, columns=columns)


def test_step_without_a_product_has_nothing_to_yield_into(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a step without a product cannot yield a part"):
        PartWriter(tmp_path, None, Block(0, 0, 3), set()).drain(yield_cut(VALUES, []))


def double_by_columns(arrays: dict[str, Any], **params: Any) -> Iterator[Any]:
    y = arrays["x"] * 2.0
    for at in range(y.shape[1]):
        yield Part("y", at, y[:, at : at + 1])
    return {"total": arrays["x"].sum(axis=1)}


def test_block_that_yields_has_all_its_files_in_its_line(
    tmp_path: Path, make_doubling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from citytide.hpc.execution import blocks
    from citytide.hpc.store.stores import hash_file

    run, plain = (make_doubling(tmp_path / name) for name in ("run", "plain"))
    (other,) = blocks.run_blocks(str(plain), 1, "double", [3])
    monkeypatch.setattr(blocks, "load_function", lambda path: double_by_columns)
    (line,) = blocks.run_blocks(str(run), 1, "double", [3])
    assert line["outcome"] == "done" and 0 < line["compute_seconds"] < line["seconds"], line
    assert line["shards"] == other["shards"] and line["scalars"] == other["scalars"]
    ((name, digest),) = line["shards"].items()
    assert hash_file(run / "staging" / "double.zarr" / name) == digest
