import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.ground import Underpass, interpolate, plan_ground

BOX = (500_000.0, 2_490_000.0, 508_000.0, 2_498_000.0)


def heights(ground, n=160):
    x, y = np.linspace(BOX[0], BOX[2], n), np.linspace(BOX[1], BOX[3], n)
    return x, y, ground.compute_heights(x, y)


@given(seed=st.integers(0, 2**64 - 1))
@settings(max_examples=15)
def test_sea_lies_below_zero_and_land_above(seed):
    ground = plan_ground(seed, *BOX)
    x, y, height = heights(ground)
    north = y[:, None] - ground.coast_y(x)[None, :]
    assert (height[north <= 0.0] < 0.0).all()
    off_river = np.abs(x[None, :] - ground.river_x(y)[:, None]) > 0.5 * ground.river_width_m(y)[:, None]
    assert (height[off_river & (north > 30.0)] >= 2.5).all()
    assert (height[0] < 0.0).all()  # the whole southern edge is tidal


@given(seed=st.integers(0, 2**32))
@settings(max_examples=10)
def test_river_bed_falls_all_the_way_into_the_sea(seed):
    ground = plan_ground(seed, *BOX)
    y = np.linspace(BOX[1], BOX[3], 120)
    bed = np.array([ground.compute_heights(np.array([ground.river_x(v)]), np.array([v]))[0, 0] for v in y])
    assert (np.diff(bed[y > ground.coast_y(ground.river_x(y))]) > 0.0).all()
    assert ground.is_water(ground.river_x(y), y).all()
    banks = ground.river_x(y)[:, None] + np.array([-0.51, 0.51]) * ground.river_width_m(y)[:, None]
    inland = y > BOX[1] + 1000.0
    assert not ground.is_water(banks[inland], y[inland, None]).any()
    assert (np.diff(ground.river_width_m(y)) < 0.0).all()  # widest at the mouth


def test_height_changes_no_faster_than_its_steepest_bank():
    ground = plan_ground(3, *BOX)
    x = np.arange(BOX[0], BOX[2], 5.0)
    for y in (BOX[1] + 700.0, BOX[1] + 4000.0, BOX[1] + 7500.0):
        across = ground.compute_heights(x, np.array([y]))[0]
        along = ground.compute_heights(np.array([BOX[0] + 500.0]), x - BOX[0] + BOX[1])[:, 0]
        # Banks of 4 m rise, and hills behind them, over three tenths of half the river's width; the shore over 30 m.
        bank = 4.8 / (0.15 * float(ground.river_width_m(y)))
        assert np.abs(np.diff(across)).max() < 5.0 * bank
        assert np.abs(np.diff(along)).max() < 5.0 * 0.15
        dry = np.abs(x - ground.river_x(y)) > 0.5 * ground.river_width_m(y) + 5.0
        both = dry[1:] & dry[:-1]
        assert both.sum() > 1_500
        assert np.abs(np.diff(across)[both]).max() < 5.0 * 0.15


def test_same_seed_gives_the_same_ground_and_another_one_another():
    _, _, one = heights(plan_ground(5, *BOX))
    _, _, again = heights(plan_ground(5, *BOX))
    _, _, other = heights(plan_ground(6, *BOX))
    assert one.tobytes() == again.tobytes()
    assert np.abs(one - other).max() > 1.0


def test_part_of_the_ground_has_the_bytes_of_the_whole():
    ground = plan_ground(7, *BOX)
    x, y, whole = heights(ground)
    part = ground.compute_heights(x[31:77], y[13:20])
    assert np.array_equal(part, whole[13:20, 31:77])


def test_lattice_holds_its_values_at_its_points_and_beyond_its_edge():
    values = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(interpolate(values, np.arange(4.0), np.arange(3.0)), values)
    assert interpolate(values, np.array([-5.0, 99.0]), np.array([0.5])).ravel().tolist() == [2.0, 5.0]


def test_dry_ground_has_neither_river_nor_sea():
    ground = plan_ground(1, *BOX, has_water=False)
    x, y, height = heights(ground)
    assert height.min() >= 2.5
    assert not ground.is_water(x[None, :], y[:, None]).any()


@given(seed=st.integers(0, 2**32), size=st.sampled_from([2000.0, 3700.0, 8000.0]))
@settings(max_examples=20)
def test_valley_lies_on_dry_land_in_the_box(seed, size):
    ground = plan_ground(seed, 0.0, 0.0, size, 1.2 * size)
    valley = ground.valley
    assert valley is not None
    x = valley.x + 0.5 * valley.width_m * np.linspace(-1, 1, 9)
    y = valley.y + 0.5 * valley.height_m * np.linspace(-1, 1, 9)
    assert not ground.is_water(x[None, :], y[:, None]).any()
    assert 0.0 < x[0] < x[-1] < size and 0.0 < y[0] < y[-1] < 1.2 * size


def test_underpass_is_held_on_dry_land_only():
    ground = plan_ground(1, *BOX)
    y = BOX[1] + 4000.0
    assert not ground.can_hold(Underpass(float(ground.river_x(y)), y, "x"))
    assert not ground.can_hold(Underpass(BOX[0] + 10.0, y, "x"))
    assert not ground.can_hold(Underpass(BOX[0] + 900.0, BOX[1] + 50.0, "x"))
    assert not ground.can_hold(Underpass(ground.valley.x, ground.valley.y, "y"))
    west_of_river = float(ground.river_x(y)) - 500.0
    assert ground.can_hold(Underpass(west_of_river, y, "x"))


def test_small_box_is_refused_with_its_size():
    with pytest.raises(InputError, match="at least 500 m on each side, got 300 m x 4000 m"):
        plan_ground(1, 0.0, 0.0, 300.0, 4000.0)


@pytest.mark.parametrize(
    ("values", "named"),
    [((0.0, 0.0, "z"), "along must be 'x' or 'y', got 'z'"), ((0.0, 0.0, "x", -1.0), "longer and wider than 0 m")],
)
def test_impossible_underpass_is_refused(values, named):
    with pytest.raises(ValueError, match=named):
        Underpass(*values)
