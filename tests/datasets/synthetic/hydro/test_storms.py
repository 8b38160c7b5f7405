from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.hydro.storms import compute_rain_rate, compute_storm_volumes, make_storms

BOX = (500_000.0, 2_490_000.0, 508_000.0, 2_498_000.0)


def pick(storms, cell):
    """One cell of an event."""
    arrays = {
        item.name: getattr(storms, item.name)[cell : cell + 1]
        for item in fields(storms)
        if item.name not in ("crs", "is_synthetic")
    }
    return replace(storms, **arrays)


@given(seed=st.integers(0, 2**64 - 1))
@settings(max_examples=10)
def test_rain_moves_at_the_stated_speed(seed):
    storm = pick(make_storms(seed, BOX), 0)
    begin, duration = float(storm.start[0]), float(storm.duration_s[0])
    peaks = []
    moments = begin + np.array([0.3, 0.45, 0.6]) * duration
    for moment in moments:
        # The peak is where the logarithm of rain, a paraboloid, has its top: read off three points on each axis.
        near_x = storm.x[0] + (moment - begin) * storm.speed_x_m_s[0]
        near_y = storm.y[0] + (moment - begin) * storm.speed_y_m_s[0]
        place = []
        for axis in (np.array([1.0, 0.0]), np.array([0.0, 1.0])):
            at = np.array([-900.0, 150.0, 1200.0])
            rain = compute_rain_rate(storm, moment, near_x + 37.0 + at * axis[0], near_y - 53.0 + at * axis[1])
            curve = np.polyfit(at, np.log(rain), 2)
            place.append(-curve[1] / (2.0 * curve[0]))
        peaks.append((near_x + 37.0 + place[0], near_y - 53.0 + place[1]))
    steps = np.diff(np.array(peaks), axis=0) / np.diff(moments)[:, None]
    assert np.allclose(steps[:, 0], storm.speed_x_m_s[0], atol=0.01)
    assert np.allclose(steps[:, 1], storm.speed_y_m_s[0], atol=0.01)


def test_brightest_pixel_moves_at_the_stated_speed():
    storm = pick(make_storms(4, BOX), 2)
    x, y = np.arange(485_000.0, 525_000.0, 100.0), np.arange(2_475_000.0, 2_515_000.0, 100.0)
    begin, duration = float(storm.start[0]), float(storm.duration_s[0])
    places = []
    for share in (0.4, 0.6):
        rain = compute_rain_rate(storm, begin + share * duration, x[None, :], y[:, None])
        row, column = np.unravel_index(np.argmax(rain), rain.shape)
        places.append((x[column], y[row]))
    moved = np.subtract(places[1], places[0])
    wanted = np.array([storm.speed_x_m_s[0], storm.speed_y_m_s[0]]) * 0.2 * duration
    assert np.abs(moved - wanted).max() <= 100.0


@given(seed=st.integers(0, 2**32), moment=st.floats(-1e4, 4e4))
@settings(max_examples=40)
def test_rain_is_nowhere_negative_and_never_above_the_sum_of_peaks(seed, moment):
    storms = make_storms(seed, BOX)
    grid = np.linspace(-30_000.0, 40_000.0, 41)
    rain = compute_rain_rate(storms, storms.start.min() + moment, BOX[0] + grid[None, :], BOX[1] + grid[:, None])
    assert rain.min() >= 0.0
    assert rain.max() <= storms.peak_mm_h.sum()


@pytest.mark.parametrize("cell", [0, 3])
def test_water_of_a_storm_is_that_of_its_closed_form(cell):
    storm = pick(make_storms(9, BOX), cell)
    radius, begin, duration = storm.radius_m[0], float(storm.start[0]), float(storm.duration_s[0])
    step_m, step_s, total = radius / 4.0, duration / 40.0, 0.0
    off = np.arange(-28, 29) * step_m
    for age in (np.arange(40) + 0.5) * step_s:
        x, y = storm.x[0] + age * storm.speed_x_m_s[0], storm.y[0] + age * storm.speed_y_m_s[0]
        rain = compute_rain_rate(storm, begin + age, x + off[None, :], y + off[:, None])
        total += float(rain.sum()) * step_m**2 * step_s / 3.6e6
    assert total == pytest.approx(compute_storm_volumes(storm)[0], rel=1e-6)


def test_rain_of_an_event_is_the_sum_of_its_cells():
    storms = make_storms(2, BOX)
    moment = float(np.median(storms.start + 0.5 * storms.duration_s))
    x, y = np.linspace(BOX[0], BOX[2], 30), np.linspace(BOX[1], BOX[3], 30)
    parts = sum(compute_rain_rate(pick(storms, cell), moment, x, y) for cell in range(len(storms.start)))
    assert np.allclose(compute_rain_rate(storms, moment, x, y), parts, atol=5e-6)
    assert parts.max() > 1.0


def test_no_rain_before_and_after():
    storms = make_storms(2, BOX)
    for moment in (storms.start.min(), (storms.start + storms.duration_s).max(), 0):
        assert compute_rain_rate(storms, moment, 504_000.0, 2_494_000.0) == 0.0


@given(seed=st.integers(0, 2**64 - 1))
@settings(max_examples=20)
def test_every_cell_is_over_the_city_when_it_rains_most(seed):
    storms = make_storms(seed, BOX)
    x = storms.x + 0.5 * storms.duration_s * storms.speed_x_m_s
    y = storms.y + 0.5 * storms.duration_s * storms.speed_y_m_s
    assert ((x >= BOX[0] - 0.1) & (x <= BOX[2] + 0.1) & (y >= BOX[1] - 0.1) & (y <= BOX[3] + 0.1)).all()
    speed = np.hypot(storms.speed_x_m_s, storms.speed_y_m_s)
    assert speed.min() > 2.98 and speed.max() < 8.02
    assert (np.diff(storms.start) >= 0).all() and storms.start.dtype == np.int64


def test_same_seed_gives_the_same_bytes():
    one, again, other = (make_storms(seed, BOX) for seed in (1, 1, 2))
    names = [item.name for item in fields(one) if item.name not in ("crs", "is_synthetic")]
    assert all(getattr(one, name).tobytes() == getattr(again, name).tobytes() for name in names)
    assert one.x.tobytes() != other.x.tobytes()


def test_no_cells_are_refused():
    with pytest.raises(InputError, match="n_cells must be at least 1, got 0"):
        make_storms(1, BOX, n_cells=0)
