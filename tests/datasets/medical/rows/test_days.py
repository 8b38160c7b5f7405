"""Dates are read as they are written; what may be meant in two ways is asked for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.medical.rows.days import check_format, read_days
from citytide.datasets.medical.rows.rows import Rows
from citytide.kernels.medical.events import NO_DAY

WAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y-%m-%d 23:59:59", "%Y-%m-%dT00:30:00+08:00")


def rows_of(values: object) -> Rows:
    column = values if isinstance(values, pa.Array) else pa.array(values)
    return Rows("a.csv", {"day": column}, len(column), lambda row: row + 2)


@given(days=st.lists(st.dates(dt.date(1000, 1, 1)), max_size=9), way=st.sampled_from(WAYS))
def test_dates_with_the_year_first_are_read(days: list[dt.date], way: str) -> None:
    texts = pa.array([day.strftime(way) for day in days], pa.string())
    want = [day.toordinal() - dt.date(1970, 1, 1).toordinal() for day in days]
    assert read_days(rows_of(texts), "day").tolist() == want


@given(days=st.lists(st.one_of(st.none(), st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1))), max_size=9))
def test_columns_of_dates_and_times_are_read(days: list[dt.date | None]) -> None:
    want = [NO_DAY if day is None else day.toordinal() - 719_163 for day in days]
    assert read_days(rows_of(pa.array(days, pa.date32())), "day").tolist() == want
    times = [None if day is None else dt.datetime.combine(day, dt.time(23, 59)) for day in days]
    assert read_days(rows_of(pa.array(times, pa.timestamp("us"))), "day").tolist() == want
    numbers = [None if day is None else int(day.strftime("%Y%m%d")) for day in days]
    assert read_days(rows_of(pa.array(numbers, pa.int64())), "day").tolist() == want


def test_times_with_a_zone_keep_the_day_of_their_zone() -> None:
    late = pa.array([dt.datetime(2005, 5, 6, 17, tzinfo=dt.UTC)]).cast(pa.timestamp("us", "Asia/Shanghai"))
    assert read_days(rows_of(late), "day").tolist() == [int(np.datetime64("2005-05-07").astype(int))]


def test_order_of_day_and_month_is_taken_from_the_format() -> None:
    rows = rows_of(["04/05/2005", ""])
    for form, day in (("%d/%m/%Y", "2005-05-04"), ("%m/%d/%Y", "2005-04-05")):
        assert read_days(rows, "day", form).tolist() == [int(np.datetime64(day).astype(int)), NO_DAY]
    with pytest.raises(
        InputError,
        match=r"a.csv, line 2: column 'day' must hold dates whose order is known, got '04/05/2005'; write the format "
        r"in the mapping, such as %d/%m/%Y if the day comes first or %m/%d/%Y if the month does",
    ):
        read_days(rows, "day")


@pytest.mark.parametrize(
    ("text", "form", "words"),
    [
        ("2005-02-29", "", r"line 3: column 'day' must hold dates, got '2005-02-29' \(day is out of range for month\)"),
        ("2005", "", r"line 3: column 'day' must hold dates, got '2005'; write it as 2005-05-07, or leave it empty"),
        ("31/12/2005", "%m/%d/%Y", r"line 3: .* got '31/12/2005' where the format is '%m/%d/%Y'; correct the row, or"),
    ],
)
def test_what_is_no_date_is_refused_by_line(text: str, form: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_days(rows_of(["", text]), "day", form)


def test_text_that_may_be_an_identifier_is_not_quoted() -> None:
    with pytest.raises(InputError, match=r"must hold dates, got a text like '99999999999999999a'; write") as told:
        read_days(rows_of(["44030119900101123X"]), "day")
    assert "4403" not in str(told.value)


def test_format_must_name_a_day() -> None:
    assert not check_format("%d.%m.%y") and not check_format("%Y%j")
    assert not check_format("%Y", part=True) and not check_format("%Y-%m", part=True)
    for form in ("%Y", "%Y-%m", "%d/%m"):
        assert "must have the year (%Y), the month (%m) and the day (%d)" in check_format(form)
    assert check_format("%m", part=True) and check_format("%Y-%d", part=True)
