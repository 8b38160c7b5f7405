"""A ground under rain as a block of members sees it: what feeds and drains it, and what is written down of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from ...hpc.execution.parts import Part
from ...kernels.hydro.inundation import RINGS, Scheme, advance_flood
from ...kernels.hydro.surface_water.adaptive_steps import WindowRule
from ...kernels.hydro.surface_water.host_forcing import find_inward
from ...kernels.hydro.surface_water.maps import MAPS
from ...kernels.hydro.surface_water.surface import Surface
from ...kernels.hydro.surface_water.water import Forcing, Water, measure_volumes
from ...kernels.space.grid import Grid
from ...kernels.space.regrid_weights import RegridWeights
from .inundation.products import LIMITED_SHARE
from .soils import SoilColumn

__all__ = ["FloodPlain", "FloodRecord", "Span", "gather_most"]

Arrays = dict[str, NDArray[Any]]
MM_H = 1.0 / 3.6e6  # m s-1 in a mm h-1
STILL_S = 60.0  # how long what changes (a level, an inflow, the soil) is taken to stand still
APART_S = 1e-3  # times nearer than this are one


class Span(NamedTuple):
    """A time in which nothing changes that feeds the ground: from when to when [s], and what holds in it."""

    start_s: float
    horizon_s: float
    forcing: Forcing  # without rain
    rain: NDArray[Any] | None  # (1 or member, y, x) on the surface before members' factors [m s-1]; None: it is dry


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
        self.soil = self._find_soil()
        self.still = self._hold()
        self._weights = RegridWeights(Grid(**asked["rain_grid"]), self.grid) if asked["rain_grid"] else None

    def start(self) -> Water:
        """Water at rest, as deep as the sea."""
        n_held = int(self.arrays["held"].sum())
        return Water.rest(
            self.surface, self.arrays["sea_depth"], n_members=self.factor.size, n_held=n_held,
            faces=self.scheme == "inertia",
        )  # fmt: skip

    def rest_depth(self) -> NDArray[Any]:
        """Depth on the surface (y, x) at the start, the same in every member."""
        whole = Water.rest(self.surface, self.arrays["sea_depth"], maps=False, faces=False)
        return np.asarray(whole.depth[0])

    def spans(self) -> Iterator[Span]:
        """From one output or change of what feeds the ground to the next."""
        arrays, asked = self.arrays, self.asked
        outputs, starts = list(asked["output_s"]), arrays["rain_start_s"].tolist()
        times = {0.0, *outputs, *asked.get("point_s", ()), *(start for start in starts if start < outputs[-1])}
        still = self.still
        bends = [*arrays["sea_s"][1:].tolist(), *arrays["inflow_s"][1:].tolist()]
        if bends or self.soil is not None:
            times = _divide(times, bends, outputs[-1])
        for begin, end in pairwise(sorted(times)):
            middle = 0.5 * (begin + end)  # where a straight line has its mean
            level = np.interp(middle, arrays["sea_s"], arrays["sea_level_m"])
            flow = [np.interp(middle, arrays["inflow_s"], one) for one in arrays["inflow_m3_s"].T]
            forcing = replace(
                still,
                source=np.array(flow).reshape(1, -1) / self.grid.cell_m**2,
                level=np.full((1, 0 if still.level_cell is None else still.level_cell.size), level),
            )
            yield Span(begin, end, forcing, self._rain(begin, int(np.searchsorted(starts, begin, side="right")) - 1))

    def _hold(self) -> Forcing:
        """What stays the same throughout: losses, and where inflows and held levels are."""
        arrays, asked, surface = self.arrays, self.asked, self.surface
        n_x, ring = surface.shape[1], surface.ring
        lost = (asked["infiltration_mm_h"] + asked["drainage_mm_h"]) * MM_H
        loss = None
        if lost > 0.0:
            is_drained = arrays["valid"] if self.soil is None else arrays["valid"] & self.soil.is_sealed[surface.inside]
            loss = self._surround(np.where(is_drained, lost, 0.0))[None]
        row, column = np.nonzero(arrays["held"])
        held = (row + ring) * n_x + column + ring
        fed = (arrays["inflow_row"] + ring) * n_x + arrays["inflow_column"] + ring
        still = Forcing(loss=loss, source_cell=fed if fed.size else None, level_cell=held if held.size else None)
        return replace(still, inward_cell=find_inward(surface, still) if held.size else None)

    def _find_soil(self) -> SoilColumn | None:
        arrays = self.arrays
        if "soil_zone" not in arrays:
            return None
        soil = SoilColumn(arrays["soil_conductivity"], arrays["soil_suction"], arrays["soil_deficit"])
        is_ground = arrays["valid"]
        return soil.apply(lambda values: self._surround(np.where(is_ground, values[arrays["soil_zone"]], 0.0)))

    def _surround(self, field: NDArray[Any]) -> NDArray[Any]:
        """A field (.., y, x) over the ground with the surface's ring around it, 0 there."""
        ring = self.surface.ring
        return np.pad(field, [(0, 0)] * (field.ndim - 2) + [(ring, ring)] * 2)

    def _rain(self, time_s: float, frame: int) -> NDArray[Any] | None:
        """The rain of a frame; None where it is dry."""
        arrays, asked = self.arrays, self.asked
        rate = arrays["rain"][..., frame, :, :].astype(np.float64)
        rate = rate.reshape(-1, *rate.shape[-2:])
        if time_s >= asked["rain_end_s"] or not rate.any():
            return None
        here = self._weights.apply(rate) if self._weights else rate[:, :, 0][:, arrays["rain_zone"]]
        here[:, ~arrays["valid"]] = 0.0
        here *= MM_H
        return self._surround(here)

    def scale(self, rain: NDArray[Any] | None) -> NDArray[Any] | None:
        """The rain of each member (member, y, x), from what a span says of the surface or of a tile of it."""
        if rain is None:
            return None
        field = np.empty((self.factor.size, *rain.shape[1:]), self.surface.ground.dtype)
        for member, whole in enumerate(field):
            whole[...] = self.factor[member] * rain[member % len(rain)]  # in double precision, then rounded
        return field

    def advance(
        self,
        water: Water,
        surface: Surface,
        soil: SoilColumn | None,
        forcing: Forcing,
        start_s: float,
        horizon_s: float,
        **tiled: Any,
    ) -> tuple[Water, NDArray[np.int64]]:
        """Advance water on the surface and its soil, or on a tile of them, over a span."""
        if soil is not None:
            sinks = soil.take(water.lost, horizon_s - start_s)
            forcing = replace(forcing, loss=sinks if forcing.loss is None else sinks + forcing.loss)
        return advance_flood(
            water, surface, forcing, start_s=start_s, horizon_s=horizon_s, rule=self.rule,
            threshold_m=self.asked["threshold_m"], theta=self.asked["theta"], scheme=self.scheme, **tiled,
        )  # fmt: skip


def _divide(times: set[float], bends: Sequence[float], end_s: float) -> set[float]:
    """Divide a run also where a course bends, and so finely that what changes may stand still in between."""
    found = sorted(times)
    often = (np.arange(1, int(end_s // STILL_S) + 1) * STILL_S).tolist()
    for more in sorted({*bends, *often}):
        at = bisect_left(found, more)
        if 0.0 < more < end_s and more - found[at - 1] > APART_S and found[at] - more > APART_S:
            found.insert(at, more)
    return set(found)


class FloodRecord:
    """What is written down of a block: depths at the output times as they come, then maps and volumes."""

    def __init__(self, plain: FloodPlain) -> None:
        self.plain = plain
        self.fed = np.zeros(plain.factor.size)
        self.poured = np.zeros(plain.factor.size)
        self.n_steps = np.zeros(plain.factor.size, dtype=np.int64)

    def note(self, span: Span, n_steps: NDArray[np.int64]) -> None:
        """Count the water of a span and the steps taken in it."""
        self.n_steps += n_steps
        forcing, seconds, area = span.forcing, span.horizon_s - span.start_s, self.plain.grid.cell_m**2
        if span.rain is not None:
            dtype = self.plain.surface.ground.dtype
            for member, factor in enumerate(self.plain.factor):  # one field at a time
                field = (factor * span.rain[member % len(span.rain)]).astype(dtype)
                self.fed[member] += field.sum(dtype=np.float64) * seconds * area
        if forcing.source is not None:
            self.poured += forcing.source.sum(axis=1) * seconds * area

    def look(self, water: Water, time_s: float) -> Iterator[Part]:
        """Depths now, those at points, and the greatest depth and unit discharge under each link."""
        arrays, asked = self.plain.arrays, self.plain.asked
        inside = (slice(None), *self.plain.surface.inside)
        depth = water.depth[inside]
        map_s = asked.get("map_s", asked["output_s"])
        if time_s in map_s:
            seen = depth.astype(np.float32)
            seen[:, ~arrays["valid"]] = np.nan
            yield Part("depth", map_s.index(time_s), seen[:, None])
            del seen
        if "point_cell" in arrays and time_s in asked["point_s"]:
            at_points = depth.reshape(len(depth), -1)[:, arrays["point_cell"]].astype(np.float32)
            yield Part("point_depth", asked["point_s"].index(time_s), at_points[:, None])
        if "link_cell_offset" in arrays and time_s in asked["output_s"]:
            over_x, over_y = water.flow_x, water.flow_y
            if self.plain.scheme == "inertia":  # over faces
                over_x = 0.5 * (over_x[:, :, :-1] + over_x[:, :, 1:])
                over_y = 0.5 * (over_y[:, :-1] + over_y[:, 1:])
            offset, column = arrays["link_cell_offset"], arrays["link_cell_column"]
            on_ground = (arrays["link_level"] <= 0) & (np.diff(offset) > 0)
            for name, values in (("link_depth", depth), ("link_hazard", np.hypot(over_x, over_y)[inside])):
                most = np.stack([gather_most(field, offset, column) for field in values.reshape(len(depth), -1)])
                under = np.where(on_ground, most, 0.0).astype(np.float32)
                yield Part(name, asked["output_s"].index(time_s), under[:, None])

    def close(self, water: Water) -> dict[str, Any]:
        """The block's maps and volumes (member,) [m3]."""
        plain, area = self.plain, self.plain.grid.cell_m**2
        inside = (slice(None), *plain.surface.inside)
        at_start = plain.rest_depth()[plain.surface.inside].sum(dtype=np.float64) * area
        flows = {
            "initial_m3": np.full(plain.factor.size, at_start),
            "rain_m3": self.fed,
            "inflow_m3": self.poured,
            "edge_m3": water.gained.sum(axis=1) * area,
            "lost_m3": water.lost.sum(axis=(1, 2), dtype=np.float64) * area,
            "stored_m3": measure_volumes(water, plain.surface),
        }
        brought = flows["rain_m3"] + flows["inflow_m3"] + at_start
        into = brought + np.maximum(flows["edge_m3"], 0.0)
        missing = brought + flows["edge_m3"] - flows["lost_m3"] - flows["stored_m3"]
        maps = {name: water.maps[at][inside].astype(np.float32) for at, name in enumerate(MAPS)}
        for values in maps.values():
            values[:, ~plain.arrays["valid"]] = np.nan
        maps["arrival"][~np.isfinite(maps["arrival"])] = np.nan
        # Beside a held cell water falls over an edge, which is no flow along the ground.
        counted = plain.arrays["valid"] & ~binary_dilation(plain.arrays["held"], np.ones((3, 3)))
        is_limited = maps["limited"] > LIMITED_SHARE * plain.asked["output_s"][-1]
        is_limited &= counted & (maps["deepest"] > plain.asked["threshold_m"])
        return {
            **maps,
            **flows,
            "balance": np.divide(missing, into, out=np.zeros_like(into), where=into > 0.0),
            "n_steps": self.n_steps,
            "n_limited": is_limited.sum(axis=(1, 2)),
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
