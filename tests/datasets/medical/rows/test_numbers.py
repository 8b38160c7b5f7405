"""Numbers of tables: measured values, costs in whole fen, durations in whole days."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.medical.rows.numbers import read_costs, read_durations, read_values
from citytide.datasets.medical.rows.rows import Rows


def rows_of(values: object) -> Rows:
    column = values if isinstance(values, pa.Array) else pa.array(values)
    return Rows("a.csv", {"x": column}, len(column), lambda row: row + 2, missing=frozenset({"NA"}))


@given(st.lists(st.one_of(st.none(), st.integers(0, 2**31 - 1)), max_size=20))
def test_costs_are_exact_in_fen(fen: list[int | None]) -> None:
    want = [-1 if one is None else one for one in fen]
    cny = ["NA" if one is None else str(Decimal(one) / 100) for one in fen]
    assert read_costs(rows_of(pa.array(cny, pa.string())), "x", "CNY").tolist() == want
    assert read_costs(rows_of(pa.array(fen, pa.int64())), "x", "fen").tolist() == want
    exact = pa.array([None if one is None else Decimal(one).scaleb(-2) for one in fen], pa.decimal128(18, 2))
    assert read_costs(rows_of(exact), "x", "CNY").tolist() == want
    floats = pa.array([None if one is None else one / 100 for one in fen], pa.float64())
    assert read_costs(rows_of(floats), "x", "CNY").tolist() == want


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        ("-1", r"line 3: column 'x' must hold costs of 0 or more, got -1; subtract refunds"),
        (
            "0.125",
            r"line 3: column 'x' must hold costs in whole fen \(0.01 CNY\), got 0.125; correct the row",
        ),
        ("21474836.48", r"line 3: column 'x' must hold costs up to 21,474,836.47 CNY, got 21474836.48"),
        ("1,200", r"line 3: column 'x' must hold numbers, got '1,200'; write it as 12.5"),
        ("nan", r"line 3: column 'x' must hold numbers, got 'nan'"),
        ("1_0", r"line 3: column 'x' must hold numbers, got '1_0'"),
    ],
)
def test_costs_that_cannot_be_kept_are_refused(cost: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_costs(rows_of(["", cost]), "x", "CNY")


def test_values_are_float32_and_durations_whole() -> None:
    assert read_values(rows_of(["1.5", "NA", " 2e3 "]), "x").tolist()[::2] == [1.5, 2000.0]
    assert np.isnan(read_values(rows_of([""]), "x")).all()
    assert read_durations(rows_of(["3", "", "0"]), "x").tolist() == [3, 0, 0]
    for value, words in (
        ("-3", "durations of 0 days or more, got -3; correct the row"),
        ("1.5", "whole days, got 1.5; round it"),
        ("200000", "durations up to 100,000 days, got 200000"),
    ):
        with pytest.raises(InputError, match=f"line 2: column 'x' must hold {words}"):
            read_durations(rows_of([value]), "x")
    with pytest.raises(InputError, match=r"must hold numbers up to 3.4e38, got 1e\+39; correct the row"):
        read_values(rows_of(["1e39"]), "x")
