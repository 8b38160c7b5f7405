"""Hashes of tables tell of values alone, and a private file gives back what was kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from citytide.hpc.release.audit.files import LogFiles
from citytide.hpc.release.audit.kept_files import (
    encode_kept,
    hash_bytes,
    hash_columns,
    publish_kept,
    read_kept,
    stage_kept,
)

COLUMN = arrays.arrays(st.sampled_from([np.int64, np.uint16, np.float32, np.bool_]), st.integers(0, 6)) | st.lists(
    st.text("abcé世", max_size=5), max_size=6
).map(lambda texts: np.array(texts, str))


def test_order_width_and_byte_order_do_not_count() -> None:
    one = {"n": np.array([1, 2]), "label": np.array(["a", "b"])}
    other = {"label": np.array(["a", "b"], "U9"), "n": np.array([1, 2], ">i8")}
    typed = {"label": np.array(["a", "b"], np.dtypes.StringDType()), "n": np.array([1, 2])}
    assert hash_columns(one, b"k") == hash_columns(other, b"k") == hash_columns(typed, b"k")


@pytest.mark.parametrize(
    "other",
    [
        {"n": np.array([1, 3])}, {"m": np.array([1, 2])}, {"n": np.array([1, 2], np.int32)}, {"n": np.array([1])},
        {"n": np.array([1, 2]), "m": np.array([1, 2])}, {"n": np.array(["1", "2"])}, {"n": np.array([2, 1])},
        {"n": np.ma.MaskedArray([1, 2], [False, True])}, {"n": np.array([[1, 2]])},
    ],
)  # fmt: skip
def test_another_value_name_kind_length_or_mask_counts(other: dict[str, Any]) -> None:
    one = {"n": np.array([1, 2])}
    assert hash_columns(one) != hash_columns(other) and hash_columns(one, b"k") != hash_columns(other, b"k")


def test_texts_cannot_be_moved_from_one_row_or_column_to_another() -> None:
    assert hash_columns({"a": np.array(["xy", "z"])}) != hash_columns({"a": np.array(["x", "yz"])})
    assert hash_columns({"a": np.array(["x"]), "b": np.array(["y"])}) != hash_columns({"a": np.array(["x", "y"])})


def test_what_lies_under_a_mask_does_not_count() -> None:
    mask = [True, False]
    assert hash_columns({"n": np.ma.MaskedArray([1, 2], mask)}) == hash_columns({"n": np.ma.MaskedArray([9, 2], mask)})


def test_a_keyed_hash_is_another_one_under_another_secret() -> None:
    column = {"n": np.array([1, 2])}
    assert len({hash_columns(column), hash_columns(column, b"a"), hash_columns(column, b"b")}) == 3
    assert hash_bytes(b"a", b"a") != hash_bytes(b"a", b"b")


@settings(max_examples=40)
@given(columns=st.dictionaries(st.text("ab/. é", min_size=1, max_size=5), COLUMN, max_size=4), data=st.data())
def test_a_private_file_gives_back_what_was_kept(
    columns: dict[str, Any], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = LogFiles(tmp_path_factory.mktemp("log") / "a.jsonl")
    files.make_folders()
    masks = {name: data.draw(arrays.arrays(np.bool_, values.shape)) for name, values in columns.items()}
    released = {name: np.ma.MaskedArray(values, masks[name]) for name, values in columns.items()}
    encoded = encode_kept(columns, released, np.zeros((2, 4), np.uint64))
    stage_kept(files.table(1), encoded)
    assert not files.table(1).exists()
    publish_kept(files.table(1))
    kept = read_kept(files, {"number": 1, "file_hash": hash_bytes(encoded, b"k")}, b"k")
    assert hash_columns(kept.exact, b"k") == hash_columns(columns, b"k")
    assert hash_columns(kept.released) == hash_columns(released)
    assert {name: values.dtype.kind for name, values in kept.exact.items()} == {
        name: values.dtype.kind for name, values in columns.items()
    }
