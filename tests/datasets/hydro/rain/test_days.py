"""A reading of rain belongs to one day, and no drop is lost between days."""

from __future__ import annotations

from datetime import date

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain.days import RAIN_DAYS, find_rain_days, sum_rain_days
from citytide.datasets.text.times import read_times

CHOICES = st.sampled_from(sorted(RAIN_DAYS))
ZONES = st.sampled_from(("Asia/Shanghai", "UTC", "Europe/Zurich"))
HOURS = st.integers(450_000, 520_000)  # since 1970: 2021 to 2029
FALLS = st.lists(st.tuples(HOURS, st.integers(0, 2**40)), max_size=60)


@pytest.mark.parametrize(
    ("choice", "first", "last", "day"),
    [  # first and last hour that end in the day, by the clock of Shenzhen
        ("20-20", "2023-09-06 21:00", "2023-09-07 20:00", "2023-09-07"),
        ("08-08", "2023-09-07 09:00", "2023-09-08 08:00", "2023-09-07"),
        ("00-00", "2023-09-07 01:00", "2023-09-07 24:00", "2023-09-07"),
    ],
)
def test_24_hours_make_a_day(choice: str, first: str, last: str, day: str) -> None:
    start, end = read_times([first, last], time_zone="Asia/Shanghai").tolist()
    hours = np.arange(start - 3600, end + 3601, 3600)
    found = find_rain_days(hours, choice).astype(str).tolist()
    assert len(hours) == 26 and found[1:-1] == [day] * 24
    assert found[0] < day < found[-1]


def test_the_storm_of_september_2023_is_cut_as_the_choice_says() -> None:
    """A storm over two evenings: which day it belongs to is what the choice is about."""
    ends = read_times(["2023-09-07 20:00", "2023-09-07 21:00", "2023-09-08 08:00"], time_zone="Asia/Shanghai")
    for choice, wanted in (
        ("20-20", {"2023-09-07": 5, "2023-09-08": 108}),
        ("08-08", {"2023-09-07": 113}),
        ("00-00", {"2023-09-07": 106, "2023-09-08": 7}),
    ):
        days, sums = sum_rain_days(ends, [5, 101, 7], choice)
        assert dict(zip(days.astype(str).tolist(), sums.tolist(), strict=True)) == wanted


def test_the_end_of_a_day_is_its_own_to_the_second() -> None:
    end = int(read_times(["2023-09-07 20:00"], time_zone="Asia/Shanghai")[0])
    assert find_rain_days([end, end + 1], "20-20").astype(str).tolist() == ["2023-09-07", "2023-09-08"]


@given(FALLS, CHOICES, ZONES)
def test_whole_amounts_are_conserved_exactly(falls: list[tuple[int, int]], choice: str, zone: str) -> None:
    ends, amounts = [3600 * hour for hour, _ in falls], [amount for _, amount in falls]
    days, sums = sum_rain_days(ends, amounts, choice, zone)
    assert sum(sums.tolist()) == sum(amounts)
    assert (np.diff(days) > np.timedelta64(0, "D")).all()
    assert np.array_equal(days, np.unique(find_rain_days(ends, choice, zone)))


@given(st.lists(HOURS, min_size=1, max_size=60), CHOICES, ZONES)
def test_days_follow_each_other_as_readings_do(hours: list[int], choice: str, zone: str) -> None:
    days = find_rain_days(3600 * np.sort(hours), choice, zone)
    steps = np.diff(days) / np.timedelta64(1, "D")
    apart = np.diff(np.sort(hours)) / 24.0
    assert days.shape == (len(hours),) and (steps >= 0).all()
    assert (np.abs(steps - apart) < 1.05).all()  # an hour more or less where clocks change


@given(st.dates(date(1992, 1, 1), date(2100, 1, 1)), CHOICES)
def test_one_shanghai_day_has_24_hours(day: date, choice: str) -> None:
    noon = 86400 * (day.toordinal() - 719163)
    found = find_rain_days(noon + 3600 * np.arange(-48, 72), choice)
    assert np.count_nonzero(found == np.datetime64(day)) == 24


def test_fractions_are_added_as_fractions() -> None:
    days, sums = sum_rain_days([0, 3600], [0.5, 0.25], "20-20")
    assert len(days) == 1 and sums.dtype == "float64" and sums.tolist() == [0.75]
    assert [len(part) for part in sum_rain_days([], [], "08-08")] == [0, 0]


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(InputError, match="rain day '8-8' is unknown; choose one of 08-08, 20-20, 00-00"):
        find_rain_days([0], "8-8")
