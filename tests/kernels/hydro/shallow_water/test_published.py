"""Closed forms of SWASHES (Delestre et al. 2013, doi:10.1002/fld.3741), at the figures that others reach or accept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

from citytide.kernels.hydro.shallow_water.step import advance_shallow_water, measure_signals
from citytide.kernels.hydro.surface_water.adaptive_steps import WindowRule, advance_to
from citytide.kernels.hydro.surface_water.surface import GRAVITY_M_S2, Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water

Order = Literal[1, 2]
Floats = npt.NDArray[np.float64]
H, Z, ETA = 1, 3, 5  # columns of an answer in one dimension


def swashes(*case: int) -> Floats:
    """A published answer; its lines are x, h, u, topo, q, topo + h."""
    program = Path(sys.executable).parent / "swashes"
    text = subprocess.run([program, *map(str, case)], check=True, capture_output=True, text=True).stdout
    return np.array([[float(v) for v in line.split()] for line in text.splitlines() if line.strip() and line[0] != "#"])


def advance(water: Water, surface: Surface, until_s: float, order: Order, *, courant: float, **given: Any) -> Water:
    def steps(state: Water, time_step_s: Any, n_steps: Any, clock_s: Any) -> tuple[Water, Floats]:
        return advance_shallow_water(
            state, surface, given.get("forcing"), time_step_s=time_step_s, n_steps=n_steps, clock_s=clock_s, order=order
        )

    rule = WindowRule(courant=courant, slowest_m_s=1e-3)
    after, _ = advance_to(water, until_s, np.zeros(1), surface.cell_m, rule, speed=measure_signals, steps=steps)
    assert isinstance(after, Water)
    return after


def dam_break(answer: Floats, right: float, order: Order) -> tuple[Floats, float]:
    """Depths after 6 s, and the share of water that was made."""
    n = len(answer)
    surface = Surface.enclose(np.zeros((1, n)), 0.0, cell_m=10.0 / n, ring=order)
    water = Water.rest(surface, np.where(np.arange(n) < n // 2, 0.005, right)[None], faces=False)
    after = advance(water, surface, 6.0, order, courant=0.45)
    return after.depth[0, order, order:-order], float(after.depth.sum() / water.depth.sum() - 1.0)


@pytest.mark.parametrize(
    ("choice", "right", "others"),
    [(1, 0.001, (1.134e-2, 6.71e-3, 3.88e-3, 2.21e-3)), (2, 0.0, (9.40e-3, 6.23e-3, 4.01e-3, 2.53e-3))],
    ids=["Stoker", "Ritter"],
)
def test_dam_breaks_of_first_order(choice: int, right: float, others: tuple[float, ...]) -> None:
    errors = []
    for n, other in zip((100, 200, 400, 800), others, strict=True):
        answer = swashes(1, 3, 1, choice, n)
        depth, made = dam_break(answer, right, 1)
        errors.append(float(np.abs(depth - answer[:, H]).mean() / 0.005))
        assert errors[-1] <= 1.15 * other and abs(made) <= 1e-12 and depth.min() >= 0.0
    order = np.log2(errors[0] / errors[-1]) / 3.0
    assert order >= (0.75 if right else 0.6)


@pytest.mark.parametrize(("choice", "right"), [(1, 0.001), (2, 0.0)], ids=["Stoker", "Ritter"])
def test_second_order_halves_the_error_of_dam_breaks(choice: int, right: float) -> None:
    answer = swashes(1, 3, 1, choice, 200)
    first, second = (np.abs(dam_break(answer, right, order)[0] - answer[:, H]).mean() for order in (1, 2))
    assert second < 0.5 * first


def test_lake_with_an_island_stays_at_rest() -> None:
    answer = swashes(1, 1, 1, 5, 100)
    surface = Surface.enclose(answer[None, :, Z], 0.0, cell_m=0.25, ring=2)
    water = Water.rest(surface, answer[None, :, H], faces=False)
    for order in (1, 2):
        after = advance(water, surface, 100.0, order, courant=0.45)  # type: ignore[arg-type]
        assert np.abs(after.depth - water.depth).max() <= 1e-12 and np.abs(after.flow_x).max() <= 1e-12


def flow_down(
    answer: Floats, length_m: float, inflow: float, order: Order, *, until_s: float, outside: int, free: bool = False,
    manning: float = 0.0, rain: float = 0.0,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Depth and flow of a channel once it is steady; ``outside`` more cells lie before it, for the inflow to settle."""
    n, cell_m = len(answer), length_m / len(answer)
    ground = np.concatenate([np.full(outside, answer[0, Z]), answer[:, Z], answer[-1:, Z]])
    surface = Surface.enclose(ground[None], manning, cell_m=cell_m, ring=order)
    start = np.maximum((0.66 if free else answer[-1, ETA]) - ground, 0.0)
    first, fed = order * surface.shape[1] + order, max(1, outside // 4)
    wet = np.zeros((1, *surface.shape))
    wet[0, order, order + outside : order + outside + n] = rain
    forcing = Forcing(
        wet if rain else None, None, first + np.arange(fed), np.full((1, fed), inflow / cell_m / fed),
        np.array([first + outside + n]), np.array([[-1e4 if free else answer[-1, ETA]]]),
    )  # fmt: skip
    after = advance(
        Water.rest(surface, start[None], faces=False), surface, until_s, order, courant=0.45, forcing=forcing
    )
    inner = (0, order, slice(order + outside, order + outside + n))
    return after.depth[inner], after.flow_x[inner]


@pytest.mark.parametrize(
    ("choice", "inflow", "free", "strays"), [(1, 4.42, False, 0), (2, 1.53, True, 0), (3, 0.18, False, 2)]
)
def test_flow_over_a_bump(choice: int, inflow: float, free: bool, strays: int) -> None:
    """Below the wave's speed, through it, and with a jump; the flow strays only at the jump."""
    answer = swashes(1, 1, 1, choice, 200)
    depth, flow = flow_down(answer, 25.0, inflow, 2, until_s=200.0, outside=20, free=free)
    assert np.abs(depth - answer[:, H]).sum() <= 0.01 * answer[:, H].sum()
    assert (np.abs(flow / inflow - 1.0) > 0.01).sum() <= strays


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    ("case", "inflow", "rain", "bound"), [((1, 2, 1, 2), 2.0, 0.0, 0.02), ((1, 2, 4, 2), 1.0, 1e-3, 0.012)]
)
def test_friction_holds_a_channel(
    case: tuple[int, ...], inflow: float, rain: float, bound: float, order: Order
) -> None:
    """MacDonald's long channels below the wave's speed; 0.03 and 0.035 m is what is accepted elsewhere."""
    answer = swashes(*case, 100)
    depth, _ = flow_down(answer, 1000.0, inflow, order, until_s=5000.0, outside=0, manning=0.033, rain=rain)
    assert np.abs(depth - answer[:, H]).mean() < bound


def test_thacker_swings_along_a_line() -> None:
    """Five times to and fro in a parabola, N = 400."""
    n, half, cell_m = 400, 2.0, 0.01
    answer = swashes(1, 4, 1, 1, n)
    x = (np.arange(n) + 0.5) * cell_m - half
    ground = 0.5 * (x * x - 1.0)
    surface = Surface.enclose(ground[None], 0.0, cell_m=cell_m, ring=2)
    water = Water.rest(surface, np.maximum(0.5 * (1.0 - (x + 0.5) ** 2), 0.0)[None], faces=False)
    after = advance(water, surface, 10.0303, 2, courant=0.45)
    error = np.abs(after.depth[0, 2, 2:-2] - answer[:, H]).sum() / answer[:, H].sum()
    assert error <= 0.006  # 0.02 is asked for; first order has 0.1
    assert after.depth.min() >= 0.0 and after.depth.sum() == pytest.approx(water.depth.sum(), rel=1e-12)


def test_thacker_swings_in_a_bowl() -> None:
    """Three times around a paraboloid of rotation, 200 x 200 cells."""
    n, cell_m, sweep, depth_m = 200, 0.02, 0.5, 0.1
    omega = np.sqrt(2.0 * GRAVITY_M_S2 * depth_m)
    along = (np.arange(n) + 0.5) * cell_m - 2.0
    x, y = np.meshgrid(along, along)
    ground = depth_m * (x * x + y * y - 1.0)
    depth = np.maximum(sweep * depth_m * (2.0 * x - sweep) - ground, 0.0)  # again so after each turn
    surface = Surface.enclose(ground, 0.0, cell_m=cell_m, ring=2)
    water = Water.rest(surface, depth, faces=False)
    water.flow_y[(0, *surface.inside)] = depth * sweep * omega
    after = advance(water, surface, 3.0 * 2.0 * np.pi / omega, 2, courant=0.25)
    found = after.depth[(0, *surface.inside)]
    assert np.abs(found - depth).sum() <= 0.05 * depth.sum()
    assert after.depth.min() >= 0.0 and found.sum() == pytest.approx(depth.sum(), rel=1e-12)


def test_second_order_is_of_second_order_where_water_is_smooth() -> None:
    """A low hump that runs both ways, against one of a much finer grid."""

    def settle(n: int) -> Floats:
        x = (np.arange(n) + 0.5) / n
        surface = Surface.enclose(0.1 * np.sin(2.0 * np.pi * x)[None], 0.0, cell_m=1.0 / n, ring=2)
        water = Water.rest(
            surface, (1.0 - surface.ground[2:-2, 2:-2] + 0.05 * np.exp(-((x - 0.5) ** 2) / 0.008)), faces=False
        )
        return advance(water, surface, 0.05, 2, courant=0.4).depth[0, 2, 2:-2]

    fine = settle(1600)
    errors = [np.abs(settle(n) - fine.reshape(n, -1).mean(axis=1)).mean() for n in (50, 100, 200)]
    assert np.log2(errors[0] / errors[1]) >= 1.7 and np.log2(errors[1] / errors[2]) >= 1.7
