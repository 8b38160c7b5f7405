"""Windows slide: no storm is cut, no drop is lost or left over, and what is unknown is said."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain.accumulations import accumulate_rain, sum_windows
from citytide.datasets.hydro.rain.days import sum_rain_days
from citytide.datasets.hydro.rain.field import RainField
from citytide.datasets.hydro.rain_files.formats import open_rain
from citytide.datasets.text.times import read_times
from citytide.kernels.space.grid import Grid

AMOUNTS = arrays(np.int64, st.integers(0, 60), elements=st.integers(0, 2**40))
HOUR = 3600


def make_field(rate: np.ndarray, start_s: int = 0, step_s: int = HOUR) -> RainField:
    ends = start_s + step_s * np.arange(1, len(rate) + 1, dtype=np.int64)
    return RainField("local", Grid(0.0, 0.0, 1e3, *rate.shape[1:]), ends, step_s, rate.astype(np.float32))


@given(AMOUNTS, st.integers(1, 70))
def test_a_window_is_the_sum_of_its_intervals_to_the_last_digit(amounts: np.ndarray, hours: int) -> None:
    ends = HOUR * np.arange(len(amounts))
    sums = sum_windows(ends, amounts, step_s=HOUR, window_h=hours)
    for k in range(len(amounts)):
        if k + 1 < hours:
            assert np.isnan(sums[k])
        else:
            assert sums[k] == amounts[k + 1 - hours : k + 1].sum()


@given(
    arrays(np.float64, 40, elements=st.floats(0.0, 200.0)),
    st.sets(st.integers(1, 38), max_size=6),
    st.sets(st.integers(0, 39), max_size=6),
    st.integers(1, 24),
)
def test_missing_and_unknown_readings_spoil_their_own_windows_alone(
    amounts: np.ndarray, missing: set[int], unknown: set[int], hours: int
) -> None:
    amounts[list(unknown)] = np.nan
    kept = np.array(sorted(set(range(40)) - missing))
    sums = sum_windows(HOUR * kept, amounts[kept], step_s=HOUR, window_h=hours)
    for k, found in zip(kept, sums, strict=True):
        spoiled = k + 1 < hours or any(k - hours < at <= k for at in missing | unknown)
        assert np.isnan(found) == spoiled
        if not spoiled:
            assert found == pytest.approx(amounts[k + 1 - hours : k + 1].sum(), rel=1e-13)


def test_nothing_is_left_over_after_a_storm() -> None:
    """Differences of running sums would leave 1e-13 mm or less than nothing; a warning of 0 mm must not come of it."""
    amounts = np.concatenate([np.random.default_rng(1).uniform(0.0, 50.0, 500), np.zeros(24)])
    sums = sum_windows(HOUR * np.arange(524), amounts, step_s=HOUR, window_h=24)
    assert sums[-1] == 0.0 and sums[23:].min() >= 0.0


def test_fields_are_summed_as_each_cell_is() -> None:
    amounts = np.random.default_rng(2).uniform(0.0, 9.0, (30, 3, 4))
    ends = 300 * np.arange(30)
    sums = sum_windows(ends, amounts, step_s=300, window_h=1)
    one = sum_windows(ends, amounts[:, 2, 1], step_s=300, window_h=1)
    assert sums.shape == (30, 3, 4) and np.array_equal(sums[:, 2, 1], one, equal_nan=True)


def test_readings_are_never_changed() -> None:
    amounts = np.array([1.0, 2.0])
    sums = sum_windows([HOUR, 2 * HOUR], amounts, step_s=HOUR, window_h=1)
    sums[:] = 9.0
    assert amounts.tolist() == [1.0, 2.0]


def test_a_storm_across_the_cut_is_whole_in_the_window_and_halved_by_the_days() -> None:
    start = int(read_times(["2023-09-06 20:00"], time_zone="Asia/Shanghai")[0])
    rate = np.zeros((48, 1, 2))
    rate[20:28, 0, 0] = 25.0  # 16:00 to 24:00: half before 20:00
    sums = accumulate_rain(make_field(rate, start), rain_day="20-20")
    assert sums.window_h == (1.0, 3.0, 6.0, 24.0)
    assert sums.heaviest[:, 0, 0].tolist() == [25.0, 75.0, 150.0, 200.0]
    assert sums.ended[:, 0, 0].tolist() == [start + HOUR * k for k in (21, 23, 26, 28)]
    assert sums.day.astype(str).tolist() == ["2023-09-07", "2023-09-08"] and sums.seen_h.tolist() == [24.0, 24.0]
    assert sums.fallen[:, 0, 0].tolist() == [100.0, 100.0]
    assert not sums.heaviest[:, 0, 1].any() and not sums.fallen[:, 0, 1].any()


@given(arrays(np.float64, (60, 1, 1), elements=st.integers(0, 99)), st.sampled_from(("08-08", "20-20", "00-00")))
def test_days_are_those_of_the_calendar_and_none_beats_the_window_of_24_hours(rate: np.ndarray, choice: str) -> None:
    field = make_field(rate, 1_694_000_000 // HOUR * HOUR)
    sums = accumulate_rain(field, rain_day=choice)
    days, fallen = sum_rain_days(field.time, rate[:, 0, 0], choice)
    assert sums.day.tolist() == days.tolist() and sums.fallen[:, 0, 0].tolist() == fallen.tolist()
    assert sums.fallen[sums.seen_h == 24.0].max(initial=0.0) <= sums.heaviest[-1, 0, 0]
    assert sums.seen_h.sum() == 60.0


def test_what_is_never_known_whole_is_unknown() -> None:
    rate = np.ones((12, 1, 2))
    rate[5, 0, 1] = np.nan
    sums = accumulate_rain(make_field(rate), windows_h=(6, 24), rain_day="00-00", time_zone="UTC")
    assert sums.heaviest[0, 0].tolist() == [6.0, 6.0] and sums.ended[0, 0].tolist() == [6 * HOUR, 12 * HOUR]
    assert np.isnan(sums.heaviest[1]).all() and not sums.ended[1].any()
    assert sums.fallen[0, 0, 0] == 12.0 and np.isnan(sums.fallen[0, 0, 1])
    assert sums.seen_h.tolist() == [12.0]


def test_frames_of_the_swiss_network(data: Path) -> None:
    """40 frames: the sums of a cell are those of its own frames, and what no radar sees has none."""
    rain = open_rain(data / "hydro/radar_mch_20150515")
    sums = accumulate_rain(rain, windows_h=(1, 3, 24), time_zone="UTC", rain_day="00-00")
    row, column = np.unravel_index(int(np.nanargmax(sums.heaviest[0])), rain.grid.shape)
    mine = rain.rate[:, row, column].astype(np.float64) / 12.0
    hour = np.convolve(mine, np.ones(12), mode="valid")
    assert sums.heaviest[0, row, column] == pytest.approx(hour.max(), rel=1e-6)
    assert sums.ended[0, row, column] == rain.time[11 + int(hour.argmax())]
    assert sums.fallen[:, row, column].sum() == pytest.approx(mine.sum(), rel=1e-6)
    unseen = np.isnan(rain.rate).all(axis=0)
    assert unseen.any() and np.isnan(sums.heaviest[:2, unseen]).all() and np.isnan(sums.heaviest[2]).all()


@pytest.mark.parametrize(
    ("ends", "window", "complaint"),
    [
        ([0, HOUR], 1.5, r"a window of 1\.5 h must be a whole number of steps of 3600 s"),
        ([0, HOUR], 0.0, r"a window of 0 h"),
        ([HOUR, 0], 1.0, r"must follow each other in whole steps of 3600 s"),
        ([0, 0], 1.0, r"must follow each other"),
        ([0, 600], 1.0, r"must follow each other"),
    ],
)
def test_what_cannot_be_summed_is_refused(ends: list[int], window: float, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        sum_windows(ends, [1.0, 1.0], step_s=HOUR, window_h=window)


def test_a_window_that_frames_do_not_divide_is_refused_before_any_is_summed() -> None:
    with pytest.raises(InputError, match=r"a window of 0\.1 h must be a whole number of steps of 300 s"):
        accumulate_rain(make_field(np.zeros((2, 1, 1)), step_s=300), windows_h=(1, 0.1))
