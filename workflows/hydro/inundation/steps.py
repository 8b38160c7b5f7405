"""The block functions of an inundation: members of an ensemble in, depths and maps out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....hpc.execution.parts import Parts
from ..plain import FloodPlain, FloodRecord

__all__ = ["combine_floods", "count_floods", "finish_floods", "simulate_members"]

Arrays = dict[str, NDArray[Any]]


def simulate_members(arrays: Arrays, **asked: Any) -> Parts:
    """Simulate the members of a block on one surface.

    Parameters
    ----------
    arrays
        ``height, manning, valid (y, x)``, ``rain (frame, ..)`` or ``(member, frame, ..)`` [mm h-1], ``rain_start_s``,
        ``held, sea_depth (y, x)``, ``sea_s, sea_level_m (row,)``, ``inflow_row, inflow_column (inflow,)``, ``inflow_s
        (row,)``, ``inflow_m3_s (row, inflow)``, ``rain_factor (member,)`` of this block, with soil
        ``soil_zone (y, x)``, ``soil_conductivity, soil_suction, soil_deficit (soil,)``, with roads
        ``link_cell_offset, link_cell_column, link_level``, and with warning points ``point_cell (point,)``.
    asked
        Of the plan: grid, times and the scheme's settings.

    Yields
    ------
    Part
        As they come, of ``depth (member, time, y, x)`` at the output times (or at those of ``map_s``), with roads
        ``link_depth, link_hazard (member, time, link)``, with points ``point_depth (member, point_time, point)``.

    Returns
    -------
    dict
        The maps ``(member, y, x)``, and the volumes (member,) [m3].
    """
    plain = FloodPlain(arrays, asked)
    water, record = plain.start(), FloodRecord(plain)
    seen_s = {*asked["output_s"], *asked.get("point_s", ())}
    if 0.0 in seen_s:
        yield from record.look(water, 0.0)
    for span in plain.spans():
        forcing = replace(span.forcing, rain=plain.scale(span.rain))
        water, taken = plain.advance(water, plain.surface, plain.soil, forcing, span.start_s, span.horizon_s)
        record.note(span, taken)
        if span.horizon_s in seen_s:
            yield from record.look(water, span.horizon_s)
    return record.close(water)


def count_floods(arrays: Arrays, *, threshold_m: float) -> Arrays:
    """How many members of a block stood above the threshold at some time."""
    return {
        "n_flooded": (arrays["deepest"] > threshold_m).sum(axis=0, dtype=np.int64),
        "n": np.array([len(arrays["deepest"])]),
    }


def combine_floods(partials: Sequence[Arrays]) -> Arrays:
    """Integer sums: the same under any grouping.

    Examples
    --------
    >>> combine_floods([{"n": np.array([2])}, {"n": np.array([3])}])["n"].tolist()
    [5]
    """
    return {name: np.sum([partial[name] for partial in partials], axis=0) for name in partials[0]}


def finish_floods(partial: Arrays) -> Arrays:
    """Counts, and the share of members."""
    return {"n_flooded": partial["n_flooded"], "share_flooded": partial["n_flooded"] / partial["n"][0]}
