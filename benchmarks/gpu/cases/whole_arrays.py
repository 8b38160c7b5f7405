"""Kernels on CuPy's arrays: each expression is a pass through memory of its own, so their shares are small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from .case import Case, Size, Work, find_mean_error
from .fields import ROAD, make_shower, make_soil

__all__ = ["WHOLE_ARRAYS"]

ENSEMBLE, GAUGES, MEMBERS = 20, 300, 2
Inputs = Mapping[str, Any]


def _work(
    size: Size, module: str, function: str, inputs: Inputs, *, n_fields: float, engine: str = "", **asked: Any
) -> Work:
    """A public function over host inputs, of whose cells ``n_fields`` are read or written once at the least.

    ``engine`` is said on the device where a kernel has another one that CuPy's arrays would come to.
    """
    import cupy

    call: Callable[..., Any] = getattr(import_module(f"....kernels.{module}", __package__), function)
    there = {name: cupy.asarray(array) for name, array in inputs.items()}
    cells = size.n**2

    def go(steps: int) -> dict[str, Any]:
        for _ in range(steps):
            found = call(**there, **asked, **({"engine": engine} if engine else {}))
        return {"it": found}

    return Work(
        go=go, answer=lambda steps: {"it": call(**inputs, **asked)}, updates=cells,
        n_bytes=n_fields * cells * np.dtype(size.dtype).itemsize,
    )  # fmt: skip


def _ensemble(size: Size) -> Inputs:
    random = np.random.default_rng(0)
    shape = (size.n, size.n)
    fields = random.gamma(0.5, 3.0, (ENSEMBLE, *shape)), random.gamma(0.5, 3.0, shape)
    return {name: field.astype(size.dtype) for name, field in zip(("ensemble", "observed"), fields, strict=True)}


def _crps(size: Size) -> Work:
    return _work(size, "hydro.verification.crps", "score_crps", _ensemble(size), n_fields=ENSEMBLE + 2)


def _fss(size: Size) -> Work:
    forecast, observed = (field.astype(size.dtype) for field in make_shower(size.n, frames=2))
    return _work(
        size, "hydro.verification.fss", "score_fss", {"forecast": forecast, "observed": observed}, n_fields=2,
        threshold=5.0, windows=(1, 5, 21),
    )  # fmt: skip


def _brier(size: Size) -> Work:
    random = np.random.default_rng(0)
    probability = random.random((size.n, size.n)).astype(size.dtype)
    inputs = {"probability": probability, "happened": random.random((size.n, size.n)) < probability}
    return _work(size, "hydro.verification.probability", "score_brier", inputs, n_fields=1.125)


def _reflectivity(size: Size) -> Work:
    rain = make_shower(size.n)[0].astype(size.dtype)
    return _work(
        size, "hydro.rain.precipitation", "compute_reflectivity", {"rain": rain}, n_fields=2, dry_dbz=-15.0
    )  # fmt: skip


def _rain(size: Size) -> Work:
    seen = np.random.default_rng(0).uniform(0.0, 55.0, (size.n, size.n)).astype(size.dtype)
    return _work(size, "hydro.rain.precipitation", "estimate_rain", {"reflectivity_dbz": seen}, n_fields=2)


def _kriging(size: Size) -> Work:
    random = np.random.default_rng(0)
    places = np.arange(size.n) * (60_000.0 / size.n)
    inputs = {
        "value": random.gamma(0.5, 3.0, GAUGES), "gauge_x": random.uniform(0.0, 6e4, GAUGES),
        "gauge_y": random.uniform(0.0, 6e4, GAUGES), "x": places, "y": places,
    }  # fmt: skip
    return _work(size, "hydro.rain.kriging", "krige_gauges", inputs, n_fields=1, range_m=20_000.0, n_neighbours=8)


def _runoff(size: Size) -> Work:
    random = np.random.default_rng(0)
    shape = (size.n, size.n)
    inputs = {"rain_mm": random.uniform(0.0, 150.0, shape), "curve_number": random.uniform(40.0, 100.0, shape)}
    return _work(size, "hydro.infiltration", "compute_runoff", inputs, n_fields=3)


def _infiltration(size: Size) -> Work:
    return _work(
        size, "hydro.infiltration", "compute_infiltration", make_soil(size.n), n_fields=5, engine="cupy",
        time_step_s=60.0,
    )  # fmt: skip


def _density(size: Size) -> Work:
    density = np.random.default_rng(0).uniform(0.0, 0.12, (size.n, size.n + 2)).astype(size.dtype)
    inputs = {"density": density}
    return _work(size, "traffic.godunov", "advance_density", inputs, n_fields=2, engine="cupy", **ROAD)


def _nowcast(size: Size) -> Work:
    import cupy

    from ....kernels.hydro.rain.nowcast import nowcast_ensemble

    rain = make_shower(size.n, frames=3).astype(np.float32)
    motion = np.stack([np.ones((size.n, size.n)), np.zeros((size.n, size.n))]).astype(np.float32)
    rain_there, motion_there = cupy.asarray(rain), cupy.asarray(motion)
    run = partial(nowcast_ensemble, members=list(range(MEMBERS)), seed=1)
    cells = MEMBERS * size.n**2
    return Work(
        go=lambda steps: {"rain": run(rain_there, motion_there, n_steps=steps)},
        answer=lambda steps: {"rain": run(rain, motion, n_steps=steps)},
        updates=cells,
        n_bytes=2 * cells * 4,  # a field read and one written
    )


def _case(kernel: str, build: Callable[[Size], Work], **more: Any) -> Case:
    asked: dict[str, Any] = {"steps": 4, "limit": "one pass for each expression", **more}
    return Case(kernel, build, engine="cupy", **asked)


DOUBLE: dict[str, Any] = {"dtypes": ("f8",), "bound": {"f8": 1e-9}}
WHOLE_ARRAYS = (
    _case("hydro.score_crps", _crps, sizes=(100, 500, 1500), bound={"f4": 1e-5, "f8": 1e-13}),
    _case("hydro.score_fss", _fss, bound={"f4": 0.0, "f8": 0.0}),
    _case("hydro.score_brier", _brier, bound={"f4": 1e-6, "f8": 1e-12}),
    _case("hydro.compute_reflectivity", _reflectivity, bound={"f4": 1e-5, "f8": 1e-13}),
    _case("hydro.estimate_rain", _rain, bound={"f4": 1e-5, "f8": 1e-13}),
    _case(
        "hydro.krige_gauges", _kriging, sizes=(100, 300, 1000), steps=1, dtypes=("f8",), bound={"f8": 1e-8},
        limit="a system of equations a cell",
    ),
    _case("hydro.compute_runoff", _runoff, **DOUBLE),
    _case("hydro.compute_infiltration", _infiltration, **DOUBLE),
    _case("traffic.advance_density", _density, bound={"f4": 1e-5, "f8": 1e-14}),
    _case(
        "hydro.nowcast_ensemble", _nowcast, unit="cells of members", sizes=(100, 500, 1500), dtypes=("f4",),
        compared_steps=2, bound={"f4": 1e-4}, error=find_mean_error, limit="transforms, and the order of all cells",
    ),
)  # fmt: skip
