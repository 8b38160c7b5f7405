"""Local inertia against closed forms: a channel of known backwater, basins of known volume, a balance of all water."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.synthetic.city import make_city
from citytide.datasets.synthetic.hydro.analytic_solutions import compute_fill_time_s
from citytide.kernels.hydro.inundation import RINGS, Scheme, advance_flood
from citytide.kernels.hydro.surface_water.adaptive_steps import WindowRule
from citytide.kernels.hydro.surface_water.maps import MAPS
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water, measure_volumes


def swashes(*case: int) -> np.ndarray:
    """Columns x, h, u, z, q, z + h, Froude, ... of a SWASHES solution."""
    words = [str(Path(sysconfig.get_path("scripts")) / "swashes"), *map(str, case)]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    return np.array([[float(word) for word in line.split()] for line in lines if line.strip() and line[0] != "#"])


@pytest.mark.parametrize(
    ("case", "inflow", "rain", "bound"),
    [((1, 2, 1, 2), 2.0, 0.0, 0.03), ((1, 2, 4, 2), 1.0, 1e-3, 0.035)],
    ids=["inflow", "inflow and rain"],
)
def test_macdonald_channel_stands_where_swashes_says(
    case: tuple[int, ...], inflow: float, rain: float, bound: float
) -> None:
    table = swashes(*case, 100)
    length = 10.0
    surface = Surface.enclose(table[None, :, 3], 0.033, cell_m=length)
    forcing = Forcing(
        rain=np.where(surface.is_wall, 0.0, rain)[None],
        source_cell=np.array([surface.shape[1] + 1]),
        source=np.array([[inflow / length]]),
        level_cell=np.array([2 * surface.shape[1] - 2]),
        level=table[-1:, 5][None],
    )
    water, _ = advance_flood(Water.rest(surface, 0.5), surface, forcing, start_s=0.0, horizon_s=4500.0, theta=1.0)
    assert np.abs(water.depth[0, 1, 1:-1] - table[:, 1]).mean() < bound
    np.testing.assert_allclose(water.flow_x[0, 1, 3:-4], inflow + rain * length * np.arange(2, 98), rtol=0.01)


def flow_down(
    slope: float, discharge: float, manning: float, *, cell: float, rows: int = 3, courant: float = 0.45,
    scheme: Scheme = "inertia", tank: bool = False, n: int = 40,
) -> tuple[np.ndarray, float, Water]:  # fmt: skip
    """Depths along a plane that is fed over its whole upper edge, normal depth, and the water."""
    down = 5.0 + slope * cell * np.arange(n, 0, -1)
    ground = np.tile(down, (rows, 1))
    depth = np.zeros((rows, n))
    if tank:  # of still water behind a wall, on level ground
        ground = np.vstack([ground, np.full((1, n), 1e3), np.zeros((2, n))])
        depth = np.vstack([depth, np.zeros((1, n)), np.full((2, n), 1.0)])
    ring = RINGS[scheme]
    surface = Surface.enclose(ground, manning, cell_m=cell, valid=ground < 900.0, ring=ring)
    first = (np.arange(rows) + ring) * surface.shape[1] + ring
    forcing = Forcing(
        source_cell=first, source=np.full((1, rows), discharge / cell), level_cell=first + n - 1,
        level=np.full((1, rows), -1e4),
    )  # fmt: skip
    water = Water.rest(surface, depth, n_held=rows, faces=scheme == "inertia")
    rule = WindowRule(courant=courant)
    horizon_s = 900.0 if n == 40 else 4000.0
    after, _ = advance_flood(water, surface, forcing, start_s=0.0, horizon_s=horizon_s, rule=rule, scheme=scheme)
    return after.depth[0][surface.inside][rows // 2], (discharge * manning / slope**0.5) ** 0.6, after


@pytest.mark.parametrize("courant", [0.25, 0.45, 0.7])
@pytest.mark.parametrize("slope", [0.01, 0.03], ids=["Froude 1.08", "Froude 1.77"])
def test_sheet_flow_runs_at_normal_depth_whatever_stands_elsewhere(slope: float, courant: float) -> None:
    alone, normal, water = flow_down(slope, 0.1, 0.02, cell=5.0, courant=courant)
    np.testing.assert_allclose(alone[4:34], normal, rtol=0.01)  # Manning: 0.0956 and 0.0688 m
    assert water.maps[MAPS.index("limited"), 0, 2, 5:35].max() < 0.1 * 900.0  # the front, while it passes
    beside, _, _ = flow_down(slope, 0.1, 0.02, cell=5.0, courant=courant, tank=True)
    np.testing.assert_allclose(beside[4:34], alone[4:34], rtol=0.005)  # a city and its cut-out agree


@pytest.mark.parametrize(
    ("slope", "discharge", "manning"), [(0.01, 0.1, 0.02), (0.03, 0.1, 0.02), (0.02, 0.5, 0.03), (0.2, 0.012, 0.1)]
)
def test_no_waves_grow_on_a_long_plane(slope: float, discharge: float, manning: float) -> None:
    depth, normal, _ = flow_down(slope, discharge, manning, cell=5.0, n=250)
    np.testing.assert_allclose(depth[4:240], normal, rtol=0.01)  # twice normal depth, with all of the inertia


def test_flow_above_a_froude_number_of_two_is_limited_and_counted() -> None:
    depth, normal, water = flow_down(0.1, 0.1, 0.015, cell=5.0)
    at_two = (0.1 / (2.0 * 9.80665**0.5)) ** (2.0 / 3.0)
    assert normal < 0.7 * at_two
    np.testing.assert_allclose(depth[4:36], at_two, rtol=0.01)
    limited = water.maps[MAPS.index("limited"), 0, 1:-1, 1:-1]
    assert (limited[:, 4:36] > 300.0).all() and limited.max() <= 900.0
    deep, _, beside = flow_down(0.1, 0.1, 0.015, cell=5.0, tank=True)
    np.testing.assert_allclose(deep[4:36], at_two, rtol=0.01)
    assert not beside.maps[MAPS.index("limited"), 0, 5:].any()


def test_shallow_water_fed_from_above_runs_at_normal_depth() -> None:
    depth, normal, _ = flow_down(0.01, 1.0, 0.03, cell=5.0, rows=20, scheme="shallow-water")
    np.testing.assert_allclose(depth[5:36], normal, rtol=0.02)


@pytest.mark.parametrize("scheme", ["inertia", "shallow-water"])
@pytest.mark.parametrize("courant", [0.25, 0.45])
@pytest.mark.parametrize("cell", [2.0, 5.0, 10.0])
@pytest.mark.parametrize("discharge", [1.0, 20.0, 1000.0])
def test_inflow_onto_dry_ground_runs(discharge: float, cell: float, courant: float, scheme: Scheme) -> None:
    ring = RINGS[scheme]
    surface = Surface.enclose(np.zeros((11, 11)), 0.03, cell_m=cell, ring=ring, dtype="float32")
    middle = (5 + ring) * surface.shape[1] + 5 + ring
    forcing = Forcing(source_cell=np.array([middle]), source=np.array([[discharge / cell**2]]))
    water, n_steps = advance_flood(
        Water.rest(surface, faces=scheme == "inertia"), surface, forcing, start_s=0.0, horizon_s=60.0,
        rule=WindowRule(courant=courant), scheme=scheme,
    )  # fmt: skip
    assert measure_volumes(water, surface)[0] == pytest.approx(60.0 * discharge, rel=1e-6)
    assert (water.depth >= 0.0).all() and water.depth[0].argmax() == middle and n_steps[0] < 5000


@pytest.mark.parametrize("place", [0, 1, 2])
def test_basin_is_full_when_its_volume_has_rained(place: int) -> None:
    city = make_city(seed=1, size="2km")
    truth, terrain = city.truths[place], city.terrain
    cells = slice(truth["row0"], truth["row1"]), slice(truth["col0"], truth["col1"])
    surface = Surface.enclose(terrain.height[cells], terrain.manning[cells], cell_m=terrain.grid.cell_m)
    rain_mm_h = 1200.0
    full_s = compute_fill_time_s(truth, rain_mm_h)
    output_s = full_s / 40
    rain = np.where(surface.is_wall, 0.0, rain_mm_h / 3.6e6)[None]
    lowest = (truth["lowest_row"] - truth["row0"] + 1, truth["lowest_col"] - truth["col0"] + 1)
    water, met = Water.rest(surface, maps=False), np.inf
    for output in range(36, 44):
        start = 0.0 if output == 36 else (output - 1) * output_s
        water, _ = advance_flood(water, surface, Forcing(rain), start_s=start, horizon_s=output * output_s)
        if water.depth[0][lowest] >= truth["sill_m"] - truth["floor_m"] - 1e-9:
            met = output * output_s
            break
    assert abs(met - full_s) <= output_s


def test_every_drop_is_accounted_for() -> None:
    random = np.random.default_rng(4)
    valid = random.random((30, 25)) > 0.1
    surface = Surface.enclose(-5.0 + 3.0 * random.random((30, 25)), 0.04, cell_m=20.0, valid=valid)
    edge = np.flatnonzero(~surface.is_wall.ravel())[:3]
    inner = np.flatnonzero(~surface.is_wall.ravel())[-3:]
    rain = np.where(surface.is_wall, 0.0, 3e-5)[None]
    forcing = Forcing(rain, 0.2 * rain, inner, np.full((1, 3), 1e-4), edge, np.full((1, 3), -8.0))
    water, _ = advance_flood(Water.rest(surface), surface, forcing, start_s=0.0, horizon_s=3600.0)
    cell = surface.cell_m**2
    fed = 3600.0 * (rain.sum() + 3e-4) * cell
    balance = fed + water.gained[0, 0] * cell - water.lost.sum() * cell - measure_volumes(water, surface)[0]
    assert abs(balance) <= 1e-10 * fed
    assert water.gained[0, 0] < 0.0 < water.lost.sum()


def test_horizon_before_the_start_is_refused() -> None:
    surface = Surface.enclose(np.zeros((2, 2)), 0.03, cell_m=10.0)
    with pytest.raises(ValueError, match="before the start"):
        advance_flood(Water.rest(surface), surface, start_s=10.0, horizon_s=5.0)
