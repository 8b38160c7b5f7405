"""What every scheme does around its sweeps: choose them by dtype and engine, and hand them their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...device_arrays import place_beside
from ...engines import Engine, Sweeps
from .active_tiles import Tiling
from .adaptive_steps import Moment
from .stepping import Fields, advance_members, keep_scalars
from .surface import Surface
from .water import Forcing, Water

__all__ = ["Scheme", "advance_scheme"]

Arrays = tuple[npt.NDArray[Any], ...]


@dataclass(frozen=True)
class Scheme:
    """A numerical scheme as :func:`advance_scheme` drives it.

    Parameters
    ----------
    sweeps
        The sweeps of one step, by the bytes of a number (4 or 8).
    tiling
        Tiles of the ground; tiles where nothing changes are skipped.
    list_scalars
        ``list_scalars(step_s)`` returns the scalars of a member whose step is ``step_s`` [s]: the step first,
        then what the sweeps expect.
    list_extras
        ``list_extras(depth)`` returns what the sweeps take after the scalars.
    lets_through
        Whether held cells take the momentum of the water beside them.
    has_float_peak
        Whether the GPU sweep compares its peaks as floats; every other sweep compares their bits.
    is_flat
        Whether the GPU sweep takes fields as lists of cells or faces, all but its first and the maps.
    """

    sweeps: Mapping[int, Sweeps]
    tiling: Tiling
    list_scalars: Callable[[float], tuple[float, ...]]
    list_extras: Callable[[Any], tuple[Any, ...]]
    lets_through: bool = False
    has_float_peak: bool = False
    is_flat: bool = False


def advance_scheme(
    water: Water,
    surface: Surface,
    forcing: Forcing | None,
    scheme: Scheme,
    *,
    time_step_s: npt.ArrayLike,
    n_steps: npt.ArrayLike,
    clock_s: npt.ArrayLike,
    threshold_m: float,
    after_step: Callable[[Fields], None] | None,
    engine: Engine | Literal["auto"],
    threads: int,
) -> tuple[Water, npt.NDArray[np.float64]]:
    """Advance every member by its own number of steps of its own length, by one scheme.

    Parameters
    ----------
    water, surface, forcing, time_step_s, n_steps, clock_s, threshold_m, after_step, engine, threads
        As :func:`~citytide.kernels.hydro.inertia.step.advance_inertia` takes them.
    scheme
        The scheme.

    Returns
    -------
    water : Water
        After the steps.
    peak : (member,) array of float
        The greatest value that the sweeps noted, over all steps.

    Raises
    ------
    ValueError
        If a step is negative or not finite, or shapes and dtypes do not fit.
    EngineError
        If the engine cannot take the arrays.
    """
    dtype = water.depth.dtype
    # advance_members refuses any other dtype
    sweeps = scheme.sweeps[dtype.itemsize if dtype.itemsize in scheme.sweeps else 8]
    chosen = sweeps.choose(water.depth, engine)
    steps = np.broadcast_to(np.asarray(time_step_s, np.float64), (water.n_members,))
    scalars = np.array([scheme.list_scalars(step) for step in steps.tolist()], np.float64).astype(dtype)
    ground, rough = surface.beside(water.depth)
    own = keep_scalars(scalars, water.depth)
    views: dict[tuple[int, str], Any] = {}  # of each buffer: to make one of a device array takes as long as a launch

    def view(kind: str, array: Any, make: Callable[[Any], Any]) -> Any:
        if (id(array), kind) not in views:
            views[id(array), kind] = make(array)
        return views[id(array), kind]

    def flat(array: Any) -> Any:
        return view("flat", array, lambda field: field.reshape(-1)) if scheme.is_flat else array

    def sweep(
        there: Arrays, lost: Any, maps: Any, peak: Any, here: Arrays, rain: Any, loss: Any, moment: Moment, active: Any
    ) -> None:
        fields, extras = (*here, ground, rough, rain, loss), view("extras", here[0], scheme.list_extras)
        if chosen == "cuda" and moment.placed is not None:
            noted = view("peak", peak, lambda bits: bits.view(dtype)) if scheme.has_float_peak else peak
            clocks, counts = moment.placed
            sweeps(chosen, there[0], *map(flat, (*there[1:], lost)), maps, noted, *map(flat, fields), clocks,
                   own(steps), *map(flat, extras), counts, moment.at)  # fmt: skip
            return
        visited = (active,) if chosen in ("numba", "python") else ()
        clock = place_beside(here[0], moment.clock)
        sweeps(chosen, *there, lost, maps, peak, *fields, clock, own(moment.seconds), *extras, *visited,
               threads=threads)  # fmt: skip

    return advance_members(
        water, surface, forcing or Forcing(), sweep, time_step_s=steps, n_steps=n_steps, clock_s=clock_s,
        threshold_m=threshold_m, tiling=scheme.tiling, lets_through=scheme.lets_through, after_step=after_step,
        engine=chosen, threads=threads,
    )  # fmt: skip
