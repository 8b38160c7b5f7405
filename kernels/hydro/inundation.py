"""Water over a surface from one horizon to the next, by the scheme that suits it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..engines import Engine
from .inertia.outflows import combine_speeds, measure_outflows
from .inertia.step import REACH as INERTIA_REACH
from .inertia.step import advance_inertia, measure_depths
from .shallow_water.step import REACH, advance_shallow_water, measure_signals
from .surface_water.adaptive_steps import WindowRule, advance_to
from .surface_water.stepping import Fields
from .surface_water.surface import Surface
from .surface_water.water import Forcing, Water

__all__ = ["RINGS", "Scheme", "advance_flood"]

Scheme = Literal["inertia", "shallow-water"]
RINGS: dict[Scheme, int] = {"inertia": INERTIA_REACH, "shallow-water": REACH[2]}  # the least of a surface


def advance_flood(
    water: Water,
    surface: Surface,
    forcing: Forcing | None = None,
    *,
    start_s: float,
    horizon_s: float,
    rule: WindowRule | None = None,
    threshold_m: float = 0.1,
    theta: float = 0.8,
    scheme: Scheme = "inertia",
    after_step: Callable[[Fields], None] | None = None,
    highest: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]] | None = None,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> tuple[Water, npt.NDArray[np.int64]]:
    """Advance all members under one forcing.

    Parameters
    ----------
    water, surface, forcing
        As :func:`~citytide.kernels.hydro.inertia.step.advance_inertia` takes them, or for ``"shallow-water"``
        :func:`~citytide.kernels.hydro.shallow_water.step.advance_shallow_water` of second order.
    start_s, horizon_s
        Start and end [s]; the last step ends exactly at the horizon.
    rule
        How steps are chosen; the default is ``WindowRule()``.
    threshold_m, theta, engine, threads
        As these functions take them.
    scheme
        ``"inertia"`` for gradual flow, ``"shallow-water"`` also for steep and fast flow, with shocks.
    after_step, highest
        For one tile among several: ``after_step`` fetches its ring after every step, and ``highest`` combines its
        fastest signals (member,) with those of all tiles.

    Returns
    -------
    water : Water
    n_steps : (member,) array of int
        Steps taken.

    Raises
    ------
    ValueError
        If the horizon lies before the start, or a member cannot be kept stable.

    Examples
    --------
    Rain into a closed box stands as deep as it fell:

    >>> surface = Surface.enclose(np.zeros((3, 3)), 0.03, cell_m=10.0)
    >>> rain = np.full((1, 5, 5), 1e-5)
    >>> water, n_steps = advance_flood(Water.rest(surface), surface, Forcing(rain=rain), start_s=0.0, horizon_s=600.0)
    >>> float(water.depth[0, 2, 2].round(12))
    0.006
    """
    if not start_s <= horizon_s:
        raise ValueError(f"horizon_s must be at least start_s, got {horizon_s} before the start {start_s}")

    is_full = scheme == "shallow-water"
    rule = rule or WindowRule()

    def steps(state: Any, time_step_s: Any, n_steps: Any, clock_s: Any) -> tuple[Water, npt.NDArray[np.float64]]:
        given: dict[str, Any] = {
            "time_step_s": time_step_s, "n_steps": n_steps, "clock_s": clock_s, "threshold_m": threshold_m,
            "after_step": after_step, "engine": engine, "threads": threads,
        }  # fmt: skip
        if is_full:
            return advance_shallow_water(state, surface, forcing, order=2, **given)
        after, peak = advance_inertia(state, surface, forcing, theta=theta, **given)
        outflow = measure_outflows(after, time_step_s * n_steps, threads=threads)
        return after, combine_speeds(
            peak, outflow, courant=rule.courant, time_step_s=time_step_s, cell_length_m=surface.cell_m
        )

    def measure(state: Water) -> npt.NDArray[np.float64]:
        return combine_speeds(measure_depths(state), measure_outflows(state, threads=threads), courant=rule.courant)

    clock = np.full(water.n_members, float(start_s))
    return advance_to(
        water, horizon_s, clock, surface.cell_m, rule, speed=measure_signals if is_full else measure, steps=steps,
        highest=highest,
    )  # fmt: skip
