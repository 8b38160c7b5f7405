from __future__ import annotations

import numpy as np
import pytest

from citytide.kernels.hydro.inertia.outflows import FROUDE, combine_speeds, measure_outflows
from citytide.kernels.hydro.surface_water.maps import MAPS
from citytide.kernels.hydro.surface_water.surface import GRAVITY_M_S2, Surface
from citytide.kernels.hydro.surface_water.water import Water

LIMITED = MAPS.index("limited")


def make_water(dtype: str, n_members: int = 2) -> Water:
    random = np.random.default_rng(3)
    surface = Surface.enclose(np.zeros((50, 7)), 0.03, cell_m=10.0, dtype=dtype)
    water = Water.rest(surface, random.random((n_members, 50, 7)), n_members=n_members)
    water.flow_x[...] = random.normal(size=water.flow_x.shape)
    water.flow_y[...] = random.normal(size=water.flow_y.shape)
    return water


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outflow_is_the_greatest_over_any_face(dtype: str) -> None:
    water = make_water(dtype)
    inner = (slice(None), slice(1, -1), slice(1, -1))
    west, east = -water.flow_x[:, 1:-1, 1:-2], water.flow_x[:, 1:-1, 2:-1]
    south, north = -water.flow_y[:, 1:-2, 1:-1], water.flow_y[:, 2:-1, 1:-1]
    depth = water.depth[inner].astype(np.float64)
    most = np.maximum(np.max([west, east, south, north], axis=0), 0.0)
    speed = np.where(depth > 1e-3, most / np.maximum(depth, 1e-3), 0.0)
    limit = FROUDE * np.sqrt(GRAVITY_M_S2 * depth)
    found = measure_outflows(water, [10.0, 20.0])
    np.testing.assert_allclose(found, np.minimum(speed, limit).max(axis=(1, 2)), rtol=1e-5)
    is_limited = speed > 0.97 * limit
    expected = np.where(is_limited, np.array([10.0, 20.0])[:, None, None], 0.0)
    np.testing.assert_array_equal(water.maps[LIMITED][inner], expected)
    assert is_limited.any() and not is_limited.all()
    assert np.array_equal(measure_outflows(water), found)  # looks only
    np.testing.assert_array_equal(water.maps[LIMITED][inner], expected)


def test_water_without_maps_is_measured() -> None:
    surface = Surface.enclose(np.zeros((2, 2)), 0.03, cell_m=10.0)
    water = Water.rest(surface, 0.5, maps=False)
    water.flow_y[0, 2, 1] = -0.25
    assert measure_outflows(water, 5.0).tolist() == [0.5]


def test_thin_water_does_not_leave() -> None:
    surface = Surface.enclose(np.zeros((1, 1)), 0.03, cell_m=10.0)
    water = Water.rest(surface, 5e-4)
    water.flow_x[...] = 1.0
    assert measure_outflows(water).tolist() == [0.0]


def test_step_lets_no_flow_cross_a_quarter_of_a_cell() -> None:
    for courant in (0.25, 0.45, 0.7):
        (signal,) = combine_speeds([0.01], [1.5], courant=courant)
        step = courant * 5.0 / signal
        assert step * 1.5 < 0.25 * 5.0


def test_flow_that_was_held_back_counts_twice() -> None:
    free, held = combine_speeds([0.0, 0.0], [1.0, 1.0], courant=0.45, time_step_s=[1.0, 1.25], cell_length_m=5.0)
    assert held == 2.0 * free
    assert np.isnan(combine_speeds([np.nan], [0.0], courant=0.45)).all()
