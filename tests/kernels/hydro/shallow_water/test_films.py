"""Thin water on slopes: it runs as deep and as fast as friction lets it, however far the ground falls in a cell."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

from citytide.kernels.hydro.shallow_water.step import advance_shallow_water, measure_signals
from citytide.kernels.hydro.surface_water.adaptive_steps import WindowRule, advance_to
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water

Order = Literal[1, 2]
ORDERS: list[Order] = [1, 2]


@pytest.mark.parametrize(
    ("slope", "order", "bound"),
    [(0.01, 1, 0.02), (0.05, 1, 0.02), (0.2, 1, 0.02), (0.2, 2, 0.02), (0.01, 2, 0.02)],
)
def test_rain_on_a_plane_runs_off_as_a_kinematic_wave_does(slope: float, order: Order, bound: float) -> None:
    """Where friction bears the fall, h = (n q / sqrt(slope))^(3/5); q is the rain above the cell's lower face."""
    n, cell_m, manning, rain = 50, 10.0, 0.03, 100.0 / 3.6e6
    ground = np.append(slope * cell_m * np.arange(n, 0.0, -1.0), -50.0)
    surface = Surface.enclose(ground[None], manning, cell_m=cell_m, ring=order)
    first = order * surface.shape[1] + order
    falling = np.zeros((1, *surface.shape))
    falling[0, order, order : order + n] = rain
    forcing = Forcing(rain=falling, level_cell=np.array([first + n]), level=np.array([[-1e4]]))

    def steps(state: Any, time_step_s: Any, n_steps: Any, clock_s: Any) -> Any:
        return advance_shallow_water(
            state, surface, forcing, time_step_s=time_step_s, n_steps=n_steps, clock_s=clock_s, order=order
        )

    water, _ = advance_to(
        Water.rest(surface, faces=False), 5400.0, np.zeros(1), cell_m, WindowRule(courant=0.2, slowest_m_s=1.0),
        speed=measure_signals, steps=steps,
    )  # fmt: skip
    flow = rain * cell_m * np.arange(1.0, n + 1.0)
    depth = (manning * flow / np.sqrt(slope)) ** 0.6
    middle = slice(10, 45)
    np.testing.assert_allclose(water.depth[0, order, order:-order][middle], depth[middle], rtol=bound)
    np.testing.assert_allclose(water.flow_x[0, order, order:-order][middle], flow[middle], rtol=bound)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("slope", "depth"), [(0.5, 0.01), (0.05, 0.001), (1.0, 0.1), (0.2, 0.5)])
def test_film_is_not_flung_ahead_of_itself(slope: float, depth: float, order: Order) -> None:
    ground = (100.0 - slope * 10.0 * np.arange(20.0))[None].repeat(8, axis=0)
    surface = Surface.enclose(ground, 0.03, cell_m=10.0, ring=2)
    water = Water.rest(surface, depth, faces=False)
    step = 0.25 * surface.cell_m / measure_signals(water)[0]
    after, _ = advance_shallow_water(water, surface, time_step_s=step, order=order)
    assert after.depth.min() >= 0.0
    assert after.depth.sum() == pytest.approx(water.depth.sum(), rel=1e-12)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("above_sea", [50.0, 3000.0])
def test_lake_in_the_mountains_is_at_rest_in_single_precision(above_sea: float, order: Order) -> None:
    x, y = np.meshgrid(np.linspace(0.0, 6.0, 20), np.linspace(0.0, 6.0, 20))
    surface = Surface.enclose(above_sea + np.sin(x) + 0.5 * np.cos(y), 0.03, cell_m=10.0, ring=order, dtype="f4")
    level = np.float64(above_sea + 2.5)
    water = Water.rest(surface, level - surface.ground[surface.inside], faces=False)
    after, _ = advance_shallow_water(water, surface, time_step_s=0.3, n_steps=200, order=order)
    assert np.abs(after.depth - water.depth).max() <= 1e-6
    assert max(np.abs(after.flow_x).max(), np.abs(after.flow_y).max()) <= 1e-6
