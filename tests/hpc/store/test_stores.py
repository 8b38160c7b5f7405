import json
import warnings
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings

from citytide.hpc.errors import RunError
from citytide.hpc.store.stores import (
    Product,
    Variable,
    create_product,
    locate,
    publish,
    read_arrays,
    static_files,
    sweep_partial,
    write_arrays,
    write_block,
)  # fmt: skip


def product(shape: tuple[int, ...], per_shard: int = 1) -> Product:
    y = Variable("y", ("row", "a", "b")[: len(shape)], "float64", "m", "y", "blocks", shape, per_shard=per_shard)
    return Product("p", "a product", (y, Variable("name", ("row",), "string", "1", "name", "inputs")))


@settings(max_examples=20)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(1, 3))
def test_blocks_written_apart_read_back_together(tmp_path_factory, rows: int, links: int, per_shard: int) -> None:
    run = tmp_path_factory.mktemp("run")
    create_product(run, product((rows, links), per_shard), {"name": np.array(["n"] * rows, dtype="T")})
    values = np.random.default_rng(0).normal(size=(rows, links))
    for start in reversed(range(0, rows, per_shard)):
        stop = min(start + per_shard, rows)
        assert len(write_block(run, "p", start, stop, {"y": values[start:stop]})) == 1
    np.testing.assert_array_equal(read_arrays(locate(run, "p"))["y"], values)


def test_shard_is_one_file_however_many_chunks_it_holds(tmp_path: Path) -> None:
    large = product((2, 3, 1_500_001))
    create_product(tmp_path, large, {"name": np.array(["a", "b"], dtype="T")})
    array = zarr.open_array(locate(tmp_path, "p") / "y")
    assert array.shards is not None and np.prod(array.chunks) <= 1 << 20
    values = np.arange(3 * 1_500_001.0).reshape(1, 3, -1)
    assert list(write_block(tmp_path, "p", 1, 2, {"y": values})) == ["y/c/1/0/0"]
    np.testing.assert_array_equal(array[1:2], values)


def test_flipped_bit_in_a_chunk_never_reads_back_as_data(tmp_path: Path) -> None:
    create_product(tmp_path, product((1, 1000)), {"name": np.array(["a"], dtype="T")})
    write_block(tmp_path, "p", 0, 1, {"y": np.random.default_rng(1).normal(size=(1, 1000))})
    shard = locate(tmp_path, "p") / "y/c/0/0"
    whole = shard.read_bytes()
    good = read_arrays(locate(tmp_path, "p"))["y"]
    for bit in range(0, len(whole) * 8, 997):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        shard.write_bytes(damaged)
        try:
            read = read_arrays(locate(tmp_path, "p"))["y"]
        except Exception:
            continue
        np.testing.assert_array_equal(read, good, err_msg=f"bit {bit}")  # a bit that means nothing may flip


def test_block_of_another_shape_or_dtype_is_refused(tmp_path: Path) -> None:
    create_product(tmp_path, product((2, 5)), {"name": np.array(["a", "b"], dtype="T")})
    with pytest.raises(RunError, match=r"p.y rows 0:1 must be \(1, 5\) of float64, the block returned \(1, 4\)"):
        write_block(tmp_path, "p", 0, 1, {"y": np.zeros((1, 4))})
    with pytest.raises(RunError, match=r"returned .* of float32"):
        write_block(tmp_path, "p", 0, 1, {"y": np.zeros((1, 5), "f4")})


def test_block_that_owns_no_whole_shard_is_refused(tmp_path: Path) -> None:
    create_product(tmp_path, product((5, 4), per_shard=2), {"name": np.array(list("abcde"), dtype="T")})
    for start, stop in ((1, 3), (0, 1), (3, 5)):
        with pytest.raises(RunError, match=f"p.y rows {start}:{stop} are not whole shards of 2 rows"):
            write_block(tmp_path, "p", start, stop, {"y": np.zeros((stop - start, 4))})
    assert list(write_block(tmp_path, "p", 4, 5, {"y": np.zeros((1, 4))})) == ["y/c/2/0"]


def test_caller_of_many_blocks_learns_which_folders_to_sync(tmp_path: Path) -> None:
    create_product(tmp_path, product((2, 4)), {"name": np.array(["a", "b"], dtype="T")})
    unsynced: set[str] = set()
    for row in range(2):
        write_block(tmp_path, "p", row, row + 1, {"y": np.zeros((1, 4))}, unsynced=unsynced)
    root = locate(tmp_path, "p")
    assert unsynced == {str(root / name) for name in ("", "y", "y/c", "y/c/0", "y/c/1")}


def test_block_written_again_is_the_same_file(tmp_path: Path) -> None:
    create_product(tmp_path, product((1, 4)), {"name": np.array(["a"], dtype="T")})
    first, second = (write_block(tmp_path, "p", 0, 1, {"y": np.full((1, 4), value)}) for value in (1.5, 1.5))
    assert first == second and not list(tmp_path.rglob("*.partial"))


def test_block_of_fill_values_still_leaves_a_file(tmp_path: Path) -> None:
    create_product(tmp_path, product((1, 5)), {"name": np.array(["a"], dtype="T")})
    (key,) = write_block(tmp_path, "p", 0, 1, {"y": np.full((1, 5), np.nan)})
    assert (locate(tmp_path, "p") / key).is_file()


def test_product_has_its_public_name_only_once_published(tmp_path: Path) -> None:
    create_product(tmp_path, product((1, 5)), {"name": np.array(["深圳"], dtype="T")})
    assert not (tmp_path / "p.zarr").exists() and locate(tmp_path, "p").parent.name == "staging"
    files = static_files(tmp_path, product((1, 5)))
    assert set(files) == {"zarr.json", "y/zarr.json", "name/zarr.json", "name/c/0"}
    assert publish(tmp_path, "p") == locate(tmp_path, "p") == tmp_path / "p.zarr"
    assert publish(tmp_path, "p").exists()  # twice is once


def test_others_open_a_store_in_silence_and_at_one_look(tmp_path: Path) -> None:
    create_product(tmp_path, product((2, 5)), {"name": np.array(["深圳", "b"], dtype="T")})
    write_block(tmp_path, "p", 0, 1, {"y": np.arange(5.0).reshape(1, 5)})
    path = publish(tmp_path, "p")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = xr.open_zarr(path, consolidated=True)
        plain = xr.open_zarr(path)
    assert data.identical(plain) and data.identical(xr.open_zarr(path, consolidated=False))
    assert data.y.values[0].tolist() == [0, 1, 2, 3, 4] and data.name.values.tolist() == ["深圳", "b"]


def test_what_the_root_tells_of_an_array_is_what_the_array_tells(tmp_path: Path) -> None:
    create_product(tmp_path, product((2, 5)), {"name": np.array(["a", "b"], dtype="T")})
    root = json.loads((locate(tmp_path, "p") / "zarr.json").read_text())["consolidated_metadata"]["metadata"]
    assert list(root) == ["name", "y"]
    for name, told in root.items():
        assert told == json.loads((locate(tmp_path, "p") / name / "zarr.json").read_text())


def test_constant_says_what_its_attributes_say_also_when_laid_out_from_a_plan(tmp_path: Path) -> None:
    more = {"z": [1.5, 1e-300], "a": "中央子午线", "falsch": 500000.0}
    mapped = Product(
        "p", "a product", (Variable("crs", (), "int8", "", "the CRS", "constant", more=more),), {"b": 1, "a": 2}
    )
    create_product(tmp_path / "one", mapped, {})
    create_product(tmp_path / "two", Product.from_json(json.loads(json.dumps(mapped.to_json()))), {})
    one, two = (static_files(tmp_path / run, mapped) for run in ("one", "two"))
    assert one == two and set(one) == {"zarr.json", "crs/zarr.json", "crs/c"}
    read = xr.open_zarr(locate(tmp_path / "one", "p"))
    assert read.crs.dtype == "int8" and read.crs.item() == 0 and read.crs.attrs == {"long_name": "the CRS", **more}


def test_label_given_twice_is_refused(tmp_path: Path) -> None:
    rows = Product("p", "a product", (Variable("row", ("row",), "string", "1", "row", "inputs"),))
    with pytest.raises(
        RunError, match=r"row 'b' is given 2 times, and store p is selected by it: give each row its own"
    ):
        create_product(tmp_path, rows, {"row": np.array(["a", "b", "c", "b"], dtype="T")})
    assert not list(tmp_path.iterdir())


def test_stale_partial_files_are_swept(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0.123.partial").write_text("torn")
    assert sweep_partial(tmp_path) == 1 and not list(tmp_path.rglob("*.partial"))


def test_arrays_of_a_run_come_back_as_they_went(tmp_path: Path) -> None:
    given_arrays = {
        "x": (("row", "link"), np.arange(6.0).reshape(2, 3)),
        "mask": (("link",), np.array([True, False, True])),
        "label": (("row",), np.array(["上海", "b"], dtype=np.dtypes.StringDType())),
        "none": (("pair",), np.zeros(0, np.int32)),
    }
    write_arrays(tmp_path / "i.zarr", given_arrays)
    read = read_arrays(tmp_path / "i.zarr")
    for name, (_, values) in given_arrays.items():
        assert read[name].tolist() == values.tolist() and read[name].dtype == values.dtype
