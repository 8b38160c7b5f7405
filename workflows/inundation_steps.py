"""The block functions of an inundation: members of an ensemble in, depths and maps out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.hydro.inundation import advance_flood
from ..kernels.hydro.surface import Surface
from ..kernels.hydro.water import MAPS, Forcing, Water, measure_volumes
from ..kernels.hydro.windows import WindowRule
from ..kernels.space.grid import Grid
from ..kernels.space.regrid_weights import RegridWeights

__all__ = ["combine_floods", "count_floods", "finish_floods", "simulate_members"]

Arrays = dict[str, NDArray[Any]]
MM_H = 1.0 / 3.6e6  # m s-1 in a mm h-1


def simulate_members(arrays: Arrays, **asked: Any) -> dict[str, Any]:
    """Simulate the members of a block on one surface.

    Parameters
    ----------
    arrays
        ``height, manning, valid (y, x)``, ``rain (frame, ..)`` or ``(member, frame, ..)`` [mm h-1], ``rain_start_s``,
        ``held, sea_depth (y, x)``, ``inflow_row, inflow_column, inflow_m3_s``, ``rain_factor (member,)`` of this block,
        with roads ``link_cell_offset, link_cell_column, link_level``, and with warning points ``point_cell (point,)``.
    asked
        Of the plan: grid, times and the scheme's settings.

    Returns
    -------
    dict
        ``depth (member, time, y, x)`` at the output times (or at those of ``map_s``), the maps ``(member, y, x)``, with
        roads ``link_depth, link_hazard (member, time, link)``, with points ``point_depth (member, time, point)``, and
        the volumes (member,) [m3].
    """
    grid = Grid(**asked["grid"])
    valid, factor = arrays["valid"], arrays["rain_factor"].astype(np.float64)
    surface = Surface.enclose(
        arrays["height"], arrays["manning"], cell_m=grid.cell_m, valid=valid, dtype=asked["precision"]
    )
    water = Water.rest(surface, arrays["sea_depth"], n_members=factor.size)
    at_start = measure_volumes(water, surface)
    still, fed = _hold(arrays, surface, asked), np.zeros(factor.size)
    rule = WindowRule(courant=asked["courant"], steps=asked["window_steps"])
    found: dict[str, list[Any]] = {"depth": [], "link_depth": [], "link_hazard": [], "point_depth": []}
    n_steps = np.zeros(factor.size, dtype=np.int64)
    area = grid.cell_m**2
    for start_s, horizon_s, rain in _spans(arrays, asked, surface, grid):
        falling = (factor[:, None, None] * rain).astype(surface.ground.dtype) if rain.any() else None
        forcing = Forcing(falling, still.loss, still.source_cell, still.source, still.level_cell, still.level)
        water, taken = advance_flood(
            water, surface, forcing, start_s=start_s, horizon_s=horizon_s, rule=rule,
            threshold_m=asked["threshold_m"], theta=asked["theta"],
        )  # fmt: skip
        n_steps += taken
        if falling is not None:
            fed += falling.sum(axis=(1, 2), dtype=np.float64) * (horizon_s - start_s) * area
        if horizon_s in asked["output_s"]:
            _look(found, water, surface, arrays, is_mapped=horizon_s in asked.get("map_s", asked["output_s"]))
    span = asked["output_s"][-1]
    flows = {
        "rain_m3": fed,
        "inflow_m3": np.full(factor.size, float(arrays["inflow_m3_s"].sum()) * span),
        "edge_m3": water.gained * area,
        "lost_m3": water.lost.sum(axis=(1, 2), dtype=np.float64) * area,
        "stored_m3": measure_volumes(water, surface),
    }
    into = flows["rain_m3"] + flows["inflow_m3"] + np.maximum(flows["edge_m3"], 0.0) + at_start
    missing = (
        flows["rain_m3"] + flows["inflow_m3"] + flows["edge_m3"] + at_start - flows["lost_m3"] - flows["stored_m3"]
    )
    inside = (slice(None), *surface.inside)
    maps = {name: np.where(valid, water.maps[place][inside], np.nan) for place, name in enumerate(MAPS)}
    maps["arrival"] = np.where(np.isfinite(maps["arrival"]), maps["arrival"], np.nan)
    return {
        **{name: np.stack(values, axis=1).astype(np.float32) for name, values in found.items() if values},
        **{name: values.astype(np.float32) for name, values in maps.items()},
        **flows,
        "balance": np.divide(missing, into, out=np.zeros_like(into), where=into > 0.0),
        "n_steps": n_steps,
    }


def _spans(
    arrays: Arrays, asked: Mapping[str, Any], surface: Surface, grid: Grid
) -> Iterator[tuple[float, float, NDArray[np.float64]]]:
    """From one output or change of the rain to the next, with the rain [m s-1] on the surface, (1 or member, y, x)."""
    outputs, starts = list(asked["output_s"]), arrays["rain_start_s"].tolist()
    times = sorted({0.0, *outputs, *(start for start in starts if start < outputs[-1])})
    weights = RegridWeights(Grid(**asked["rain_grid"]), grid) if asked["rain_grid"] else None
    for begin, end in pairwise(times):
        frame = int(np.searchsorted(starts, begin, side="right")) - 1
        rate = arrays["rain"][..., frame, :, :].astype(np.float64)
        rate = rate.reshape(-1, *rate.shape[-2:])
        if begin >= asked["rain_end_s"]:
            rate = np.zeros_like(rate)
        here = weights.apply(rate) if weights else rate[:, :, 0][:, arrays["rain_zone"]]
        field = np.zeros((len(rate), *surface.shape))
        field[(slice(None), *surface.inside)] = np.where(arrays["valid"], here, 0.0) * MM_H
        yield begin, end, field


def _hold(arrays: Arrays, surface: Surface, asked: Mapping[str, Any]) -> Forcing:
    """What stays the same throughout: losses, inflows, and the level at the edges."""
    n_x, ring = surface.shape[1], surface.ring
    lost = (asked["infiltration_mm_h"] + asked["drainage_mm_h"]) * MM_H
    loss = None
    if lost > 0.0:
        loss = np.zeros((1, *surface.shape))
        loss[(0, *surface.inside)] = np.where(arrays["valid"], lost, 0.0)
    row, column = np.nonzero(arrays["held"])
    held = (row + ring) * n_x + column + ring
    level = -1e4 if asked["sea_level_m"] is None else asked["sea_level_m"]
    fed = (arrays["inflow_row"] + ring) * n_x + arrays["inflow_column"] + ring
    return Forcing(
        None,
        loss,
        fed if fed.size else None,
        arrays["inflow_m3_s"][None] / surface.cell_m**2,
        held if held.size else None,
        np.full((1, held.size), level),
    )


def _look(found: dict[str, list[Any]], water: Water, surface: Surface, arrays: Arrays, *, is_mapped: bool) -> None:
    """Depths now, those at points, and the greatest depth and unit discharge under each link."""
    inside = (slice(None), *surface.inside)
    depth = water.depth[inside]
    if is_mapped:
        found["depth"].append(np.where(arrays["valid"], depth, np.nan))
    if "point_cell" in arrays:
        found["point_depth"].append(depth.reshape(len(depth), -1)[:, arrays["point_cell"]])
    if "link_cell_offset" not in arrays:
        return
    over_x = 0.5 * (water.flow_x[:, :, :-1] + water.flow_x[:, :, 1:])[inside]
    over_y = 0.5 * (water.flow_y[:, :-1] + water.flow_y[:, 1:])[inside]
    offset, column = arrays["link_cell_offset"], arrays["link_cell_column"]
    on_ground = (arrays["link_level"] <= 0) & (np.diff(offset) > 0)
    for name, values in (("link_depth", depth), ("link_hazard", np.hypot(over_x, over_y))):
        most = np.zeros((len(depth), offset.size - 1))
        for member, field in enumerate(values.reshape(len(depth), -1)):
            most[member] = gather_most(field, offset, column)
        found[name].append(np.where(on_ground, most, 0.0))


def gather_most(values: NDArray[Any], offset: NDArray[Any], column: NDArray[Any]) -> NDArray[Any]:
    """The greatest of each row's columns; 0 for a row without any.

    Examples
    --------
    >>> gather_most(np.array([1.0, 5.0, 2.0]), np.array([0, 2, 2, 3]), np.array([0, 2, 1])).tolist()
    [2.0, 0.0, 5.0]
    """
    most = np.zeros(offset.size - 1)
    filled = np.flatnonzero(np.diff(offset))
    if filled.size:
        most[filled] = np.maximum.reduceat(values[column], offset[filled])
    return most


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
    return {"n_flooded": partial["n_flooded"], "probability": partial["n_flooded"] / partial["n"][0]}
