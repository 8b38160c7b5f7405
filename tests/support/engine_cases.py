"""Every engine of a GPU that a kernel declares, with the calls that try it: one table for CuPy's and for Numba's.

To add an engine to a kernel is to add lines to ``CASES``: of its name a list of cases, each a call with arrays as the
host has them. ``whole`` takes the arguments of the table for lifting, where every array is given. The same call is made
with the arrays on the host and with them in the other memory; answers must agree within the bound that the contract
states, or both must refuse in the same words, and arrays must come back in the memory that they came from.

What a kernel must be tried with follows from its signature (:func:`list_kinds`):

=========== =============================================================
whole       every array given
empty       an array without entries (CuPy's alone: Numba knows none)
absent      no array that may be omitted, where there are such
partial     some of these, where there are two or more
=========== =============================================================
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from lifting import ROWS, frames
from person_records import ALL_STRATA, N_CODES, events_of, random_persons  # type: ignore[import-not-found]

from citytide.kernels.commands import _table
from citytide.kernels.contracts import BOUNDS
from citytide.kernels.device_arrays import fetch, is_cupys, place
from citytide.kernels.engines import is_device_array
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water
from citytide.kernels.medical.accumulators.incidence import Incidence
from citytide.kernels.medical.accumulators.prevalence import Prevalence
from citytide.kernels.medical.events import PersonEvents
from citytide.kernels.medical.scan.cuts import place_person_events

__all__ = ["CASES", "TABLE", "Case", "list_engines", "list_kinds", "try_case"]

TABLE = {name: function for name, function in _table().items() if function.__module__.startswith("citytide.")}
ON_GPU = ("cupy", "cuda")
RANDOM = np.random.default_rng(23)


@dataclasses.dataclass(frozen=True)
class Case:
    """One call of a kernel."""

    kind: str
    given: dict[str, Any]
    """All arguments by name, as the host has them, without the engine."""
    engines: tuple[str, ...] = ON_GPU
    """Those of the declared ones that it tries."""
    stays: tuple[str, ...] = ()
    """Arguments that lie on the host whatever the engine."""
    on_host: tuple[str, ...] = ()
    """Parts of the answer that come back to the host; "all" stands for all."""
    first: tuple[str, ...] = ()
    """Arguments that are given by position."""


def whole(name: str, **changed: Any) -> dict[str, Any]:
    """The arguments of a kernel in the table for lifting, some of them changed; ``...`` leaves one out."""
    row = ROWS[name]
    given = {key: values for key, (_, values) in row.arrays.items()} | row.settings | changed
    return {key: value for key, value in given.items() if value is not ... and key != "engine"}


def of_row(name: str, empty: dict[str, Any], *, optional: tuple[str, ...] = (), **more: Any) -> list[Case]:
    """A case with all arrays, one with empty ones, and ones without what may be omitted."""
    cases = [Case("whole", whole(name), **more), Case("empty", whole(name, **empty), engines=("cupy",), **more)]
    if optional:
        cases.append(Case("absent", whole(name, **dict.fromkeys(optional, ...)), **more))
    cases += [Case("partial", whole(name, **{left: ...}), **more) for left in (optional if len(optional) > 1 else ())]
    return cases


def draw_water(name: str, *, faces: bool) -> list[Case]:
    """Steps of two members, the second of which waits, under a forcing that is whole, partial, empty or absent."""
    ground = Surface.enclose(RANDOM.random((3, 4)), 0.03, cell_m=10.0)
    depth = np.maximum(RANDOM.random((2, 3, 4)) - 0.3, 0.0)
    fields = {"rain": np.full((2, *ground.shape), 1e-3), "loss": np.full((1, *ground.shape), 2e-4)}
    fed = {"source_cell": np.array([8]), "source": np.array([[0.02]])}
    held = {"level_cell": np.array([14, 15]), "level": np.array([[1.5, 1.2]])}
    none = {"source_cell": np.zeros(0, int), "source": np.zeros((1, 0))}
    steps = {"time_step_s": np.array([0.5, 0.0]), "n_steps": np.array([2, 2]), "clock_s": np.array([7.0, 0.0])}
    host = {"stays": tuple(steps), "on_host": ("0.gained", "1"), "first": ("water", "surface", "forcing")}
    return [
        Case(
            kind,
            {
                "water": Water.rest(ground, depth, n_members=2, maps=maps, faces=faces),
                "surface": ground,
                "forcing": forcing,
                **steps,
            },
            **host,
        )
        for kind, maps, forcing in (
            ("whole", True, Forcing(**fields, **fed, **held)),
            ("partial", True, Forcing(rain=fields["rain"])),
            ("partial", True, Forcing(loss=fields["loss"], **fed)),
            ("partial", False, Forcing(**held)),
            ("empty", True, Forcing(**none)),
            ("absent", True, None),
            ("absent", False, None),
        )
    ]


def average(cases: Any) -> Any:
    return cases.mean(axis=0)


NONE = np.zeros(0)
NO_MASK = np.zeros((0, 5), bool)
NO_SCORES = {"probability": np.zeros((0, 5)), "happened": NO_MASK, "valid": NO_MASK}
STILL = np.zeros((2, 40, 48))
TRIPS = ("origin", "destination", "demand", "closed")  # load_trees takes these from the host
PAIRS_IN_ORDER = {"offset": np.array([0, 2, 3]), "day": np.array([4, 9, 9], "i4"), "code": np.array([1, 0, 2], "u4")}
PERSONS = {"events": events_of(random_persons(6)), "n_codes": N_CODES,
           "accumulators": {"ever": Prevalence(), "new": Incidence(ALL_STRATA[-1], washout_days=3)}}  # fmt: skip

CASES: dict[str, list[Case]] = {
    "hydro.adjust_rain": [
        *of_row("hydro.adjust_rain", {"gauge_rain": NONE, "gauge_x": NONE, "gauge_y": NONE}),
        Case("whole", whole("hydro.adjust_rain", method="mean")),
    ],
    "hydro.advance_inertia": draw_water("hydro.advance_inertia", faces=True),
    "hydro.advance_shallow_water": draw_water("hydro.advance_shallow_water", faces=False),
    "hydro.compute_infiltration": [
        *of_row("hydro.compute_infiltration", {name: np.zeros((0, 4)) for name in
                ("sunk", "conductivity_m_s", "suction_m", "deficit")}),
        Case("partial", whole("hydro.compute_infiltration", suction_m=0.2, deficit=np.float64(0.3))),
        Case("whole", whole("hydro.compute_infiltration", deficit=np.full((3, 4), 1.5))),  # refused
    ],
    "hydro.compute_reflectivity": of_row("hydro.compute_reflectivity", {"rain": NONE}),
    "hydro.compute_runoff": [
        *of_row("hydro.compute_runoff", {"rain_mm": np.zeros((0, 3, 4))}),
        Case("partial", whole("hydro.compute_runoff", curve_number=70.0)),
    ],
    "hydro.count_outcomes": of_row("hydro.count_outcomes", {"warned": NO_MASK, "happened": NO_MASK, "valid": NO_MASK},
                                   optional=("valid",)),
    "hydro.count_reliability": of_row("hydro.count_reliability", NO_SCORES, optional=("valid",)),
    "hydro.estimate_field_bias": of_row("hydro.estimate_field_bias", {"gauge_rain": NONE, "radar_rain": NONE}),
    "hydro.estimate_interval": [
        Case(kind, {"score": average, "cases": values, "seed": 1, "n_draws": 9}, first=("score", "cases"))
        for kind, values in (("whole", RANDOM.random((7, 2))), ("empty", np.zeros((0, 2))))
    ],
    "hydro.estimate_rain": of_row("hydro.estimate_rain", {"reflectivity_dbz": NONE}),
    "hydro.extrapolate_rain": [
        *of_row("hydro.extrapolate_rain", {"rain": np.zeros((0, 4)), "motion": np.zeros((2, 0, 4))}),
        Case("partial", whole("hydro.extrapolate_rain", outside=0.0, rain=np.full((40, 48), np.nan)), ("cupy",)),
    ],
    "hydro.krige_gauges": of_row("hydro.krige_gauges", {"value": NONE, "gauge_x": NONE, "gauge_y": NONE}),
    "hydro.nowcast_ensemble": [
        Case("whole", whole("hydro.nowcast_ensemble", rain=np.zeros((3, 40, 48)))),  # of rain: tests of the module
        Case("whole", whole("hydro.nowcast_ensemble", rain=frames(2))),  # too few: refused
        Case("empty", whole("hydro.nowcast_ensemble", rain=np.zeros((3, 0, 4)), motion=np.zeros((2, 0, 4)))),
    ],
    "hydro.sample_rain": of_row("hydro.sample_rain", {"gauge_x": NONE, "gauge_y": NONE}),
    "hydro.score_brier": of_row("hydro.score_brier", NO_SCORES, optional=("valid",)),
    "hydro.score_brier_skill": of_row("hydro.score_brier_skill", {**NO_SCORES, "climatology": np.zeros((0, 5))},
                                      optional=("valid", "climatology")),
    "hydro.score_crps": of_row("hydro.score_crps", {"ensemble": np.zeros((5, 0)), "observed": NONE}),
    "hydro.score_fss": of_row("hydro.score_fss", {"forecast": np.zeros((0, 5)), "observed": np.zeros((0, 5)),
                                                  "valid": NO_MASK}, optional=("valid",)),
    "medical.count_pairs": [Case("whole", PAIRS_IN_ORDER | {"n_codes": 3})],
    "medical.expect_pairs": [
        *of_row("medical.expect_pairs", {"persons": np.zeros(0, int), "having": np.zeros((0, 3), int)}),
        Case("empty", {"persons": np.array([3]), "having": np.zeros((1, 0), int)}),
        Case("partial", {"persons": np.array([0, 5]), "having": np.array([[0, 0], [1, 5]])}),
        Case("whole", {"persons": np.array([3]), "having": np.array([[1, 4]])}),  # refused
    ],
    "medical.scan_events": [Case("whole", PERSONS, on_host=("all",))],
    "space.regrid": [
        Case("whole", whole("space.regrid"), ("cupy",)),
        Case("whole", whole("space.regrid", valid=...), ("cuda",)),  # Numba's arrays are masked by NaN alone
        Case("absent", whole("space.regrid", valid=...)),
        Case("absent", whole("space.regrid", valid=..., method="bilinear")),
        Case("partial", whole("space.regrid", valid=..., field=np.where(RANDOM.random((5, 6)) < 0.3, np.nan, 1.0))),
        Case("empty", whole("space.regrid", valid=..., field=np.zeros((0, 5, 6))), ("cupy",)),
    ],
    "traffic.advance_density": [
        *of_row("traffic.advance_density", {"density": np.zeros((0, 9))}),
        Case("whole", whole("traffic.advance_density", wave_speed_m_s=6.0)),
        Case("whole", whole("traffic.advance_density", density=np.full((2, 5), 0.05, "f4"))),
    ],
    "traffic.load_trees": [
        Case(kind, whole("traffic.load_trees", **dict.fromkeys(left, ...)), stays=TRIPS, first=("network", "cost"))
        for kind, left in (
            ("whole", ()), ("absent", ("demand", "closed")), ("partial", ("demand",)), ("partial", ("closed",))
        )
    ],
}  # fmt: skip


def list_engines(name: str) -> list[str]:
    """The engines of a GPU that a kernel declares."""
    return [engine for engine in ON_GPU if engine in TABLE[name].contract.engines]  # type: ignore[attr-defined]


def list_kinds(name: str, engine: str) -> set[str]:
    """What a kernel must be tried with on an engine."""
    parameters = inspect.signature(TABLE[name]).parameters
    takes = TABLE[name].contract.takes  # type: ignore[attr-defined]
    optional = [key for key in takes if key in parameters and parameters[key].default is None]
    optional += ["rain", "loss"] if "forcing" in parameters else []
    return {
        "whole",
        *(("empty",) if engine == "cupy" else ()),
        *(("absent",) if optional else ()),
        *(("partial",) if (len(optional) > 1 and name != "traffic.load_trees") or len(optional) > 2 else ()),
    }


def try_case(name: str, case: Case, engine: str) -> None:
    """Make the call on the host and there, and compare."""
    function = TABLE[name]
    takes_engine = "engine" in inspect.signature(function).parameters
    declared = function.contract.engines  # type: ignore[attr-defined]
    host = next(one for one in ("numpy", "python") if one in declared)
    moved = {key: value if key in case.stays else bring(value, engine) for key, value in case.given.items()}
    expected = attempt(function, case, case.given, {"engine": host} if takes_engine else {})
    found = attempt(function, case, moved, {"engine": engine} if takes_engine else {})
    if isinstance(expected, Exception) or isinstance(found, Exception):
        assert (type(found), str(found)) == (type(expected), str(expected)), name
        return
    parts, others = dict(flatten(found)), dict(flatten(expected))
    assert parts.keys() == others.keys()
    for path, part in parts.items():
        if hasattr(part, "dtype") and not isinstance(part, np.generic):
            stays = "all" in case.on_host or path in case.on_host
            assert is_device_array(part) != stays and is_cupys(part) == (engine == "cupy" and not stays), path
    for path, part in flatten(bring_back(found)):
        agree(part, others[path], function.contract.bounds.get(engine), path)  # type: ignore[attr-defined]


def bring(value: Any, engine: str) -> Any:
    """An argument in the other memory, if it is an array or holds some."""
    library: Any = "cupy" if engine == "cupy" else "numba"
    if isinstance(value, np.ndarray):
        return place(value, library)
    if isinstance(value, Water):
        return value.on_device(library=library)
    if isinstance(value, Surface):
        return value.on_device(library)
    return place_person_events(value) if isinstance(value, PersonEvents) else value


def bring_back(answer: Any) -> Any:
    """The answer with its arrays on the host; water knows how, as Numba keeps no empty maps."""
    if isinstance(answer, Water):
        return answer.on_host()
    if dataclasses.is_dataclass(answer):
        return {one.name: bring_back(getattr(answer, one.name)) for one in dataclasses.fields(answer)}
    if isinstance(answer, dict):
        return {name: bring_back(part) for name, part in answer.items()}
    if isinstance(answer, tuple):
        return dict(zip(getattr(answer, "_fields", map(str, range(len(answer)))), map(bring_back, answer), strict=True))
    return fetch(answer)


def attempt(function: Callable[..., Any], case: Case, given: dict[str, Any], engine: dict[str, Any]) -> Any:
    """The answer, or the refusal."""
    named = {key: value for key, value in given.items() if key not in case.first}
    try:
        return function(*(given[key] for key in case.first), **named, **engine)
    except (ValueError, ZeroDivisionError) as refusal:
        return refusal


def flatten(answer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays and numbers of an answer by their names."""
    if dataclasses.is_dataclass(answer):
        pairs = [(one.name, getattr(answer, one.name)) for one in dataclasses.fields(answer)]
    elif isinstance(answer, dict):
        pairs = list(answer.items())
    elif isinstance(answer, tuple):
        pairs = list(zip(getattr(answer, "_fields", map(str, range(len(answer)))), answer, strict=True))
    else:
        yield path, answer
        return
    for name, part in pairs:
        yield from flatten(part, f"{path}.{name}" if path else name)


def agree(found: Any, expected: Any, stated: float | None, path: str) -> None:
    one, other = np.asarray(found), np.asarray(expected)
    assert one.shape == other.shape and one.dtype == other.dtype, path
    if one.dtype.kind != "f":
        np.testing.assert_array_equal(one, other, err_msg=path)
        return
    bound = stated or BOUNDS[one.dtype.name]
    finite = np.abs(other[np.isfinite(other)])
    np.testing.assert_allclose(one, other, rtol=bound, atol=bound * finite.max(initial=0.0), err_msg=path)
