"""Identifiers and codes are kept as they are written."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.medical.rows.rows import Rows, find_columns
from citytide.datasets.medical.rows.texts import spread_texts


def rows_of(column: pa.Array, missing: frozenset[str] = frozenset()) -> Rows:
    return Rows("a.parquet", {"x": column}, len(column), lambda row: row + 1, False, missing)


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_characters="\0"), max_size=6)), max_size=12))
def test_only_surrounding_blanks_are_stripped(texts: list[str | None]) -> None:
    found = spread_texts(rows_of(pa.array(texts, pa.string())), "x", "an identifier").tolist()
    assert len(found) == len(texts)
    for one, text in zip(found, texts, strict=True):
        assert one in (text or "") and (text or "").replace(one, "", 1).strip() == ""


def test_whole_numbers_become_texts_and_missing_words_nothing() -> None:
    assert spread_texts(rows_of(pa.array([7, None])), "x", "an id").tolist() == ["7", ""]
    assert spread_texts(rows_of(pa.array(["NULL", "a"]), frozenset({"NULL"})), "x", "an id").tolist() == ["", "a"]
    assert spread_texts(rows_of(pa.array([None, None])), "x", "an id").tolist() == ["", ""]


def test_other_types_and_long_texts_are_refused() -> None:
    with pytest.raises(InputError, match=r"row 1: column 'x' must hold texts or whole numbers to be an id, got double"):
        spread_texts(rows_of(pa.array([1.5])), "x", "an id")
    with pytest.raises(InputError, match=r"row 2: column 'x' must hold texts of at most 256 .* got 300; check that"):
        spread_texts(rows_of(pa.array(["a", "b" * 300])), "x", "an id")


def test_zero_bytes_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"row 2: column 'x' must hold no zero byte to be an id, got one; write the tab"
    ):
        spread_texts(rows_of(pa.array(["a", "a\0"])), "x", "an id")


def test_missing_column_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(InputError, match=r"a.csv: the table must have a column 'icd', but it has id, day; correct it"):
        find_columns("a.csv", ["id", "day"], ["id", "icd"], "correct it")
