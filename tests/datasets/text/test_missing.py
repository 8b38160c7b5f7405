"""Cells without a value: marks, declared codes, numbers that look like codes, and gaps that are filled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.text.missing import fill_gaps, read_missing, read_values, refuse_implausible
from citytide.datasets.text.tables import Table


def column(*cells: str) -> Table:
    return Table(Path("t.csv"), {"v": list(cells)}, list(range(2, 2 + len(cells))))


def test_marks_and_declared_codes_hold_no_value() -> None:
    value, lost = read_values(
        column("1", "", "NaN", "---", "999.90", "////", "T", "2"), "v", read_missing("999.9,---,////,T")
    )
    assert lost.tolist() == [False, True, True, True, True, True, True, False]
    np.testing.assert_array_equal(value, [1, *[np.nan] * 6, 2])


@pytest.mark.parametrize(
    "code", ["999.9", "9999", "-99.9", "99.9", "-999", "99999.0", "-99", "32767", "-32768", "999.99"]
)
def test_a_number_that_is_a_usual_code_is_questioned(code: str) -> None:
    told = rf"line 3: v is {code}, which is a usual code for a missing value; declare --set missing={code} if .*=none"
    with pytest.raises(InputError, match=told):
        read_values(column("1", code), "v", read_missing(None))
    assert read_values(column("1", code), "v", read_missing(code))[1].tolist() == [False, True]
    assert read_values(column("1", code), "v", read_missing("none"))[0].tolist() == [1.0, float(code)]


@pytest.mark.parametrize("cell", ["09999", "9.999e3", "+999.90", "99.90", "-9.99E2", "3.2767e4"])
def test_a_code_is_questioned_however_it_is_written(cell: str) -> None:
    with pytest.raises(InputError, match="which is a usual code for a missing value"):
        read_values(column("1", cell), "v", read_missing(None))


@pytest.mark.parametrize("cell", ["9", "99", "9.99", "98.9", "990", "-9.5", "9.9", "-9"])
def test_other_numbers_are_values(cell: str) -> None:
    assert read_values(column(cell), "v", read_missing(None))[0].tolist() == [float(cell)]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("---", r"v is '---'; give a number, or declare --declare readings\.missing=--- if it means no value"),
        ("T", "v is 'T'; give a number, or declare"),
        ("1,5", "v is '1,5'; write numbers with a decimal point, and no mark of thousands"),
        ("inf", "v is inf; give a finite number"),
    ],
)
def test_what_is_no_number_is_refused_with_the_declaration(cell: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_values(column("1", cell), "v", read_missing(None, how="--declare readings."))


@pytest.mark.parametrize(
    ("text", "told"), [("999.9,", "must not have an empty code"), ("none,9", "must not join codes with none")]
)
def test_a_declaration_that_says_nothing_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_missing(text)


def test_values_out_of_range_name_the_range_and_the_way_out() -> None:
    value = np.array([1.0, np.nan, 40.0])
    told = r"line 4: v is 4000, which is 40 m; it must be 0 to 20 m: .* or declare --set missing=4000 if that is"
    with pytest.raises(InputError, match=told):
        refuse_implausible(column("100", "", "4000"), "v", value, read_missing(None), least=0, most=20, units="m")


def test_gaps_are_filled_on_lines_and_told_and_ends_are_refused() -> None:
    table, time = column("1", "", "4"), np.array([0.0, 10.0, 30.0])
    value, notes = fill_gaps(table, "v", time, np.array([1.0, np.nan, 4.0]), np.array([False, True, False]))
    assert value.tolist() == [1.0, 2.0, 4.0]
    told = "t.csv: 1 of 3 values of v are missing and were taken on straight lines between their neighbours"
    assert notes == (f"{told}, at most 30 s apart.",)
    for row, which in ((0, "first"), (2, "last")):
        with pytest.raises(InputError, match=f"line {row + 2}: v has no value in the {which} row"):
            fill_gaps(table, "v", time, np.ones(3), np.arange(3) == row)
