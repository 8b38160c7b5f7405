"""A ground under rain as a block of members sees it: what feeds and drains it, and what is written down of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.hydro.inundation import RINGS, Scheme, advance_flood
from ..kernels.hydro.surface import Surface
from ..kernels.hydro.water import MAPS, Forcing, Water, measure_volumes
from ..kernels.hydro.windows import WindowRule
from ..kernels.space.grid import Grid
from ..kernels.space.regrid_weights import RegridWeights

__all__ = ["FloodPlain", "FloodRecord", "gather_most"]

Arrays = dict[str, NDArray[Any]]
MM_H = 1.0 / 3.6e6  # m s-1 in a mm h-1


class FloodPlain:
    """The arrays of a block, made ready for the kernels.

    Parameters
    ----------
    arrays, asked
        As :func:`~.inundation_steps.simulate_members` takes them.
    """

    def __init__(self, arrays: Arrays, asked: Mapping[str, Any]) -> None:
        self.arrays, self.asked = arrays, asked
        self.grid = Grid(**asked["grid"])
        self.factor = arrays["rain_factor"].astype(np.float64)
        self.scheme: Scheme = asked["scheme"]
        self.rule = WindowRule(courant=asked["courant"], steps=asked["window_steps"])
        self.surface = Surface.enclose(
            arrays["height"], arrays["manning"], cell_m=self.grid.cell_m, valid=arrays["valid"],
            ring=RINGS[self.scheme], dtype=asked["precision"],
        )  # fmt: skip

    def start(self) -> Water:
        """Water at rest, as deep as the sea."""
        n_held = int(self.arrays["held"].sum())
        return Water.rest(
            self.surface, self.arrays["sea_depth"], n_members=self.factor.size, n_held=n_held,
            faces=self.scheme == "inertia",
        )  # fmt: skip

    def hold(self) -> Forcing:
        """What stays the same throughout: losses, inflows, and the level at the edges."""
        arrays, asked, surface = self.arrays, self.asked, self.surface
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

    def spans(self) -> Iterator[tuple[float, float, NDArray[Any] | None]]:
        """From one output or change of the rain to the next: start, end [s], rain (member, y, x) [m s-1] or None."""
        arrays, asked, surface = self.arrays, self.asked, self.surface
        outputs, starts = list(asked["output_s"]), arrays["rain_start_s"].tolist()
        times = sorted({0.0, *outputs, *asked.get("point_s", ()), *(start for start in starts if start < outputs[-1])})
        weights = RegridWeights(Grid(**asked["rain_grid"]), self.grid) if asked["rain_grid"] else None
        for begin, end in pairwise(times):
            frame = int(np.searchsorted(starts, begin, side="right")) - 1
            rate = arrays["rain"][..., frame, :, :].astype(np.float64)
            rate = rate.reshape(-1, *rate.shape[-2:])
            if begin >= asked["rain_end_s"] or not rate.any():
                yield begin, end, None
                continue
            here = weights.apply(rate) if weights else rate[:, :, 0][:, arrays["rain_zone"]]
            field = np.zeros((len(rate), *surface.shape))
            field[(slice(None), *surface.inside)] = np.where(arrays["valid"], here, 0.0) * MM_H
            yield begin, end, (self.factor[:, None, None] * field).astype(surface.ground.dtype)

    def advance(
        self,
        water: Water,
        surface: Surface,
        still: Forcing,
        rain: NDArray[Any] | None,
        start_s: float,
        horizon_s: float,
        **tiled: Any,
    ) -> tuple[Water, NDArray[np.int64]]:
        """Advance water on the surface, or on a tile of it, over a span."""
        forcing = Forcing(rain, still.loss, still.source_cell, still.source, still.level_cell, still.level)
        return advance_flood(
            water, surface, forcing, start_s=start_s, horizon_s=horizon_s, rule=self.rule,
            threshold_m=self.asked["threshold_m"], theta=self.asked["theta"], scheme=self.scheme, **tiled,
        )  # fmt: skip


class FloodRecord:
    """What is written down of a block: depths at the output times, then maps and volumes."""

    def __init__(self, plain: FloodPlain) -> None:
        self.plain = plain
        self.looks: list[Arrays] = []
        self.fed = np.zeros(plain.factor.size)
        self.n_steps = np.zeros(plain.factor.size, dtype=np.int64)
        self._at_start = measure_volumes(plain.start(), plain.surface)

    def note(self, rain: NDArray[Any] | None, seconds: float, n_steps: NDArray[np.int64]) -> None:
        """Count the rain of a span and the steps taken in it."""
        self.n_steps += n_steps
        if rain is not None:
            self.fed += rain.sum(axis=(1, 2), dtype=np.float64) * seconds * self.plain.grid.cell_m**2

    def look(self, water: Water, time_s: float) -> Arrays:
        """Depths now, those at points, and the greatest depth and unit discharge under each link."""
        arrays, asked = self.plain.arrays, self.plain.asked
        inside = (slice(None), *self.plain.surface.inside)
        depth = water.depth[inside]
        seen: Arrays = {}
        if time_s in asked.get("map_s", asked["output_s"]):
            seen["depth"] = np.where(arrays["valid"], depth, np.nan)
        if "point_cell" in arrays and time_s in asked["point_s"]:
            seen["point_depth"] = depth.reshape(len(depth), -1)[:, arrays["point_cell"]]
        if "link_cell_offset" in arrays and time_s in asked["output_s"]:
            over_x, over_y = water.flow_x, water.flow_y
            if self.plain.scheme == "inertia":  # over faces
                over_x = 0.5 * (over_x[:, :, :-1] + over_x[:, :, 1:])
                over_y = 0.5 * (over_y[:, :-1] + over_y[:, 1:])
            offset, column = arrays["link_cell_offset"], arrays["link_cell_column"]
            on_ground = (arrays["link_level"] <= 0) & (np.diff(offset) > 0)
            for name, values in (("link_depth", depth), ("link_hazard", np.hypot(over_x, over_y)[inside])):
                most = np.stack([gather_most(field, offset, column) for field in values.reshape(len(depth), -1)])
                seen[name] = np.where(on_ground, most, 0.0)
        self.looks.append({name: values.astype(np.float32) for name, values in seen.items()})
        return self.looks[-1]

    def close(self, water: Water) -> dict[str, Any]:
        """The block's arrays: looks along time, maps, and volumes (member,) [m3]."""
        plain, area = self.plain, self.plain.grid.cell_m**2
        n, span = plain.factor.size, plain.asked["output_s"][-1]
        flows = {
            "rain_m3": self.fed,
            "inflow_m3": np.full(n, float(plain.arrays["inflow_m3_s"].sum()) * span),
            "edge_m3": water.gained.sum(axis=1) * area,
            "lost_m3": water.lost.sum(axis=(1, 2), dtype=np.float64) * area,
            "stored_m3": measure_volumes(water, plain.surface),
        }
        brought = flows["rain_m3"] + flows["inflow_m3"] + self._at_start
        into = brought + np.maximum(flows["edge_m3"], 0.0)
        missing = brought + flows["edge_m3"] - flows["lost_m3"] - flows["stored_m3"]
        inside = (slice(None), *plain.surface.inside)
        maps = {name: np.where(plain.arrays["valid"], water.maps[at][inside], np.nan) for at, name in enumerate(MAPS)}
        maps["arrival"] = np.where(np.isfinite(maps["arrival"]), maps["arrival"], np.nan)
        names = {name for look in self.looks for name in look}
        return {
            **{name: np.stack([look[name] for look in self.looks if name in look], axis=1) for name in sorted(names)},
            **{name: values.astype(np.float32) for name, values in maps.items()},
            **flows,
            "balance": np.divide(missing, into, out=np.zeros_like(into), where=into > 0.0),
            "n_steps": self.n_steps,
        }


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
