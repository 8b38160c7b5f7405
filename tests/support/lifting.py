"""Arguments of every kernel, and what lifting it is to give: one row each."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from citytide.kernels.commands import _table
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Water
from citytide.kernels.space.grid import Grid
from citytide.kernels.traffic.network import RoadNetwork

TABLE = _table()
RANDOM = np.random.default_rng(11)
GRID = Grid(0.0, 0.0, 10.0, 5, 6)
GROUND = Surface.enclose(np.zeros((3, 4)), 0.03, cell_m=10.0)
ROADS = RoadNetwork(
    n_nodes=3,
    tail=[0, 1, 2],
    head=[1, 2, 0],
    free_time=[1.0, 2.0, 4.0],
    capacity=[1.0] * 3,
    b=[0.15] * 3,
    power=[4.0] * 3,
)
ON_GRID = {"grid": GRID, "engine": "python"}  # small arrays need no compiler
ON_ROADS = {"network": ROADS, "engine": "python"}
ON_GROUND = {"surface": GROUND, "engine": "python"}


@dataclasses.dataclass
class Row:
    """Arguments of one kernel, and what lifting it is to do."""

    arrays: dict[str, tuple[str, Any]]
    """Dims, parted by spaces, and values of each array."""
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    blocks: bool = False
    """Whether Dask arrays are taken; else they are refused."""
    result: tuple[str, str, str | None] | None = None
    """Dims, name and units of the labelled result; None: a structure comes back."""


def some(*shape: int, high: float = 1.0) -> Any:
    return RANDOM.uniform(0.0, high, shape)


def mask(*shape: int) -> Any:
    return RANDOM.random(shape) < 0.6


def frames(n: int) -> Any:
    y, x = np.mgrid[:40, :48]
    cells = [(12, 14), (28, 20), (18, 34)]
    return np.stack([
        sum(40.0 * np.exp(-((x - 2 * at - left) ** 2 + (y + at - up) ** 2) / 40.0) for up, left in cells)
        for at in range(n)
    ])  # fmt: skip


SCORED = {"probability": ("time place", some(7, 5)), "happened": ("time place", mask(7, 5)),
          "valid": ("time place", mask(7, 5))}  # fmt: skip
GAUGES = {
    "gauge_x": ("gauge", np.array([4.0, 22.0, 38.0, 51.0])),
    "gauge_y": ("gauge", np.array([6.0, 31.0, 12.0, 44.0])),
}
LINES = {"x": ("vertex", np.array([5.0, 35.0, 12.0, 12.0])), "y": ("vertex", np.array([5.0, 5.0, 3.0, 41.0]))}
PAIRS = {"origin": ("pair", np.array([0, 2])), "destination": ("pair", np.array([2, 1])),
         "demand": ("pair", np.array([1.5, 0.5])), "closed": ("link", np.array([False, False, False]))}  # fmt: skip
STEPS = {"time_step_s": ("member", np.array([0.5, 0.25])), "n_steps": ("member", np.array([3, 2])),
         "clock_s": ("member", np.array([0.0, 60.0]))}  # fmt: skip
EVENTS = {"offset": ("person_edge", np.array([0, 3, 4])), "day": ("event", np.array([4, 4, 9, 7])),
          "code": ("event", np.array([2, 1, 2, 0]))}  # fmt: skip
MOTION = ("component y x", np.stack([np.full((40, 48), 1.5), np.full((40, 48), -0.5)]))

ROWS = {
    "traffic.advance_density": Row(
        {"density": ("link cell", some(5, 9, high=0.12))},
        {"time_step_s": 1.0, "cell_length_m": 50.0, "free_speed_m_s": 25.0, "jam_density_veh_m": 0.12},
        blocks=True, result=("link cell", "density", "veh m-1"),
    ),
    "hydro.compute_infiltration": Row(
        {"sunk": ("y x", some(3, 4)), "conductivity_m_s": ("y x", some(3, 4, high=1e-5)),
         "suction_m": ("y x", some(3, 4)), "deficit": ("y x", some(3, 4))},
        {"time_step_s": 60.0}, blocks=True, result=("y x", "infiltration", "m"),
    ),
    "hydro.compute_runoff": Row(
        {"rain_mm": ("storm y x", some(2, 3, 4, high=90.0)), "curve_number": ("storm y x", some(2, 3, 4) * 60 + 40)},
        blocks=True, result=("storm y x", "runoff", "mm"),
    ),
    "hydro.estimate_rain": Row(
        {"reflectivity_dbz": ("time y x", some(2, 3, 4, high=60.0))}, {"max_dbz": 53.0},
        blocks=True, result=("time y x", "rain", "mm h-1"),
    ),
    "hydro.compute_reflectivity": Row(
        {"rain": ("time y x", some(2, 3, 4, high=60.0))}, {"dry_dbz": -15.0},
        blocks=True, result=("time y x", "reflectivity", "dBZ"),
    ),
    "hydro.score_crps": Row(
        {"ensemble": ("member time place", some(5, 4, 7)), "observed": ("time place", some(4, 7))},
        blocks=True, result=("time place", "crps", "m"),
    ),
    "space.regrid": Row(
        {"field": ("time y x", some(4, 5, 6)), "valid": ("time y x", mask(4, 5, 6))},
        {"source": GRID, "target": Grid(0.0, 0.0, 15.0, 3, 4)}, blocks=True, result=("time y x", "field", "m"),
    ),
    "hydro.score_brier": Row(SCORED, result=("", "brier_score", "1")),
    "hydro.score_brier_skill": Row(SCORED | {"climatology": ("time place", some(7, 5))},
                                   result=("", "brier_skill_score", "1")),
    "hydro.count_reliability": Row(SCORED),
    "hydro.count_outcomes": Row({"warned": ("time place", mask(7, 5)), "happened": ("time place", mask(7, 5)),
                                 "valid": ("time place", mask(7, 5))}),
    "hydro.estimate_motion": Row({"rain": ("frame y x", frames(3))}, {"window": 21},
                                 result=("component y x", "motion", "1")),
    "hydro.extrapolate_rain": Row({"rain": ("y x", frames(1)[0]), "motion": MOTION}, {"n_steps": 2},
                                  result=("step y x", "rain", "m")),
    "hydro.nowcast_ensemble": Row(
        {"rain": ("frame y x", frames(3)), "motion": MOTION},
        {"n_steps": 1, "members": [0, 1], "seed": 7, "n_levels": 3},
        result=("member step y x", "rain", "mm h-1"),
    ),
    "hydro.krige_gauges": Row(
        {"value": ("gauge", np.array([1.0, 3.0, 2.0, 5.0])), **GAUGES, "x": ("x", GRID.x), "y": ("y", GRID.y)},
        {"range_m": 40.0, "engine": "python"}, result=("y x", "value", "m"),
    ),
    "hydro.sample_rain": Row({"rain": ("y x", some(5, 6)), **GAUGES}, {"grid": GRID}, result=("gauge", "rain", "m")),
    "hydro.estimate_field_bias": Row(
        {"gauge_rain": ("gauge", some(4)), "radar_rain": ("gauge", some(4))}, result=("", "field_bias", "1")
    ),
    "hydro.adjust_rain": Row(
        {"rain": ("y x", some(5, 6)), "gauge_rain": ("gauge", some(4)), **GAUGES},
        {"grid": GRID, "method": "additive", "engine": "python"}, result=("y x", "rain", "m"),
    ),
    "hydro.score_fss": Row(
        {"forecast": ("y x", some(9, 8)), "observed": ("y x", some(9, 8)), "valid": ("y x", mask(9, 8))},
        {"threshold": 0.5, "windows": (1, 3, 5)}, result=("window", "fss", "1"),
    ),
    "space.cross_points": Row({"x": ("point", some(6, high=60.0)), "y": ("point", some(6, high=50.0))}, {"grid": GRID}),
    "space.cross_lines": Row({"vertex_offset": ("line_edge", np.array([0, 2, 4])), **LINES}, ON_GRID),
    "space.cross_polygons": Row(
        {"ring_offset": ("area_edge", np.array([0, 1])), "hole": ("ring", np.array([False])),
         "vertex_offset": ("ring_edge", np.array([0, 4])), "x": ("vertex", np.array([5.0, 25.0, 25.0, 5.0])),
         "y": ("vertex", np.array([0.0, 0.0, 10.0, 10.0]))}, ON_GRID,
    ),
    "traffic.load_trees": Row({"cost": ("link", np.array([1.0, 2.0, 4.0])), **PAIRS}, ON_ROADS),
    "traffic.assign_traffic": Row(PAIRS, ON_ROADS),
    "medical.find_first_occurrences": Row(EVENTS, {"n_codes": 3, "engine": "python"}),
    "medical.count_pairs": Row(
        {"offset": ("person_edge", np.array([0, 2, 3])), "day": ("first", np.array([4, 9, 9])),
         "code": ("first", np.array([1, 0, 2]))}, {"n_codes": 3, "engine": "python"},
    ),
    "medical.count_strata": Row(
        {"first_offset": ("person_edge", np.array([0, 2, 3])), "first_code": ("first", np.array([1, 0, 2])),
         "stratum": ("person", np.array([1, 0]))}, {"n_strata": 2, "n_codes": 3, "engine": "python"},
    ),
    "medical.expect_pairs": Row(
        {"persons": ("stratum", np.array([9, 5])), "having": ("stratum code", np.array([[3, 0, 9], [1, 5, 2]]))},
        {"engine": "python"}, result=("code code_after", "expected", "1"),
    ),
    "medical.compare_pairs": Row(
        {"both": ("pair", np.array([30, 20])), "a_first": ("pair", np.array([20, 9])),
         "b_first": ("pair", np.array([5, 9])), "n_a": ("pair", np.array([100, 40])),
         "n_b": ("pair", np.array([150, 90])), "n": ("pair", np.array([1000, 1000])),
         "expected": ("pair", np.array([14.0, 21.0]))},
    ),
    "hydro.advance_inertia": Row(STEPS, {"water": Water.rest(GROUND, some(3, 4), n_members=2), **ON_GROUND}),
    "hydro.advance_shallow_water": Row(
        STEPS, {"water": Water.rest(GROUND, some(3, 4), n_members=2, faces=False), **ON_GROUND}
    ),
}  # fmt: skip
NOT_LABELLED = {
    "hydro.estimate_interval",  # hands its arrays on to a function of the caller's
    "medical.scan_events",  # takes no bare array
}
