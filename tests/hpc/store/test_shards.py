import errno
import hashlib
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.hpc.store import stores
from citytide.hpc.store.products import Product, Variable
from citytide.hpc.store.shards import copy_of, encode_rows, open_layout, write_file
from citytide.hpc.store.stores import create_product, locate

RANDOM = np.random.default_rng(0)


def make_array(run: Path, shape: tuple[int, ...], dtype: str, per_shard: int) -> Path:
    dims = ("row", "a", "b")[: len(shape)]
    create_product(run, Product("p", "p", (Variable("y", dims, dtype, "1", "y", "blocks", shape, per_shard),)), {})
    return locate(run, "p") / "y"


def make_values(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype == "string":
        return np.array([f"深圳 {n}" for n in range(int(np.prod(shape)))], np.dtypes.StringDType()).reshape(shape)
    return (1000 * RANDOM.normal(size=shape)).astype(dtype)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["float64", "float32", "int32", "int8", "uint16", "bool", "complex128", "string"]),
    st.integers(1, 4),
    st.sampled_from([4, 1 << 20]),
)
def test_bytes_are_those_that_zarr_writes(
    tmp_path_factory, shape: tuple[int, ...], dtype: str, per_shard: int, chunk_elements: int
) -> None:
    run = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "CHUNK_ELEMENTS", chunk_elements)  # with 4, a shard holds several chunks
        path = make_array(run, shape, dtype, per_shard)
    values = make_values(shape, dtype)
    ours: dict[str, bytes] = {}
    rows = per_shard if chunk_elements > 4 else shape[0]  # chunks that do not divide a shard make it longer
    for start in range(0, shape[0], rows):
        part = values[start : start + rows]
        ours |= {key: bytes(data) for key, data in encode_rows(open_layout(str(path)), start, start + len(part), part)}
    copy_of(zarr.open_array(path, mode="r+"))[...] = values
    written = {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("c/**/*") if file.is_file()}
    assert ours == written


@pytest.mark.parametrize("change", [np.asfortranarray, lambda values: values[::-1, ::-1], np.require])
def test_bytes_do_not_depend_on_how_values_lie_in_memory(tmp_path: Path, change) -> None:
    array = open_layout(str(make_array(tmp_path, (4, 6), "float64", 4)))
    values = change(make_values((4, 6), "float64"))
    values.flags.writeable = False
    assert list(encode_rows(array, 0, 4, values)) == list(encode_rows(array, 0, 4, values.copy(order="C")))


def test_file_is_synced_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given, real=real, name=name: (calls.append(name), real(*given))[1])
    assert write_file(str(tmp_path / "a/b/0"), b"bytes") == hashlib.sha256(b"bytes").hexdigest()
    assert calls == ["fsync", "replace"] and (tmp_path / "a/b/0").read_bytes() == b"bytes"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    write_file(str(tmp_path / "0"), b"before")

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        write_file(str(tmp_path / "0"), b"after")
    assert [path.name for path in tmp_path.iterdir()] == ["0"] and (tmp_path / "0").read_bytes() == b"before"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    digest = write_file(str(tmp_path / "0"), b"a longer text")
    assert (tmp_path / "0").read_bytes() == b"a longer text" and digest == hashlib.sha256(b"a longer text").hexdigest()


def test_reader_sees_a_whole_file_whoever_writes(tmp_path: Path) -> None:
    path, data = tmp_path / "0", RANDOM.bytes(200_000)
    write_file(str(path), data)
    writers = [
        threading.Thread(target=lambda: [write_file(str(path), data) for _ in range(10)], daemon=True) for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_bytes() == data
    assert [file.name for file in tmp_path.iterdir()] == ["0"]
