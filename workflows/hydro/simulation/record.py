"""What is recorded of a block: depths at the output times as they come, then maps and volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from ....hpc.execution.parts import Part
from ....kernels.hydro.surface_water.maps import MAPS
from ....kernels.hydro.surface_water.water import Water, measure_volumes
from ..products import LIMITED_SHARE
from .case import FloodRoads
from .model import FloodModel, Span

__all__ = ["FloodRecord"]


class FloodRecord:
    """Depths, maps and volumes of a block.

    Parameters
    ----------
    model
        The flood model of the block.
    """

    def __init__(self, model: FloodModel) -> None:
        self.model, self.case = model, model.case
        self.rain_m3 = np.zeros(self.case.n_members)
        self.inflow_m3 = np.zeros(self.case.n_members)
        self.n_steps = np.zeros(self.case.n_members, dtype=np.int64)

    def add_span(self, span: Span, n_steps: NDArray[np.int64]) -> None:
        """Count the water that a span brought, and the steps (member,) taken in it."""
        self.n_steps += n_steps
        forcing, seconds, area_m2 = span.forcing, span.horizon_s - span.start_s, self.case.grid.cell_m**2
        if span.rain is not None:
            dtype = self.model.surface.ground.dtype
            for member in range(self.case.n_members):  # one field at a time
                field = self.model.scale_member(span.rain, member).astype(dtype)
                self.rain_m3[member] += field.sum(dtype=np.float64) * seconds * area_m2
        if forcing.source is not None:
            self.inflow_m3 += forcing.source.sum(axis=1) * seconds * area_m2

    def read_depths(self, water: Water, time_s: float) -> Iterator[Part]:
        """Depths now, those at points, and the greatest depth and unit discharge under each link."""
        case = self.case
        depth = water.depth[(slice(None), *self.model.surface.inside)]
        if time_s in case.map_s:
            shown = depth.astype(np.float32)
            shown[:, ~case.valid] = np.nan
            yield Part("depth", case.map_s.index(time_s), shown[:, None])
            del shown
        if case.point_cell is not None and time_s in case.point_s:
            at_points = depth.reshape(len(depth), -1)[:, case.point_cell].astype(np.float32)
            yield Part("point_depth", case.point_s.index(time_s), at_points[:, None])
        if case.roads is not None and time_s in case.output_s:
            yield from self._read_roads(case.roads, water, case.output_s.index(time_s))

    def _read_roads(self, roads: FloodRoads, water: Water, output: int) -> Iterator[Part]:
        inside = (slice(None), *self.model.surface.inside)
        over_x, over_y = water.flow_x, water.flow_y
        if self.model.scheme == "inertia":  # over faces
            over_x = 0.5 * (over_x[:, :, :-1] + over_x[:, :, 1:])
            over_y = 0.5 * (over_y[:, :-1] + over_y[:, 1:])
        for name, values in (("link_depth", water.depth[inside]), ("link_hazard", np.hypot(over_x, over_y)[inside])):
            greatest = np.stack([roads.cells.gather_max(field) for field in values.reshape(len(values), -1)])
            yield Part(name, output, np.where(roads.on_ground, greatest, 0.0).astype(np.float32)[:, None])

    def close(self, water: Water) -> dict[str, Any]:
        """Maps (member, y, x) and volumes (member,) [m3] at the end."""
        case, area_m2 = self.case, self.case.grid.cell_m**2
        inside = (slice(None), *self.model.surface.inside)
        at_start = self.model.rest_depth()[self.model.surface.inside].sum(dtype=np.float64) * area_m2
        volumes = {
            "initial_m3": np.full(case.n_members, at_start),
            "rain_m3": self.rain_m3,
            "inflow_m3": self.inflow_m3,
            "edge_m3": water.gained.sum(axis=1) * area_m2,
            "lost_m3": water.lost.sum(axis=(1, 2), dtype=np.float64) * area_m2,
            "stored_m3": measure_volumes(water, self.model.surface),
        }
        brought = volumes["rain_m3"] + volumes["inflow_m3"] + at_start
        into = brought + np.maximum(volumes["edge_m3"], 0.0)
        missing = brought + volumes["edge_m3"] - volumes["lost_m3"] - volumes["stored_m3"]
        maps = {name: water.maps[at][inside].astype(np.float32) for at, name in enumerate(MAPS)}
        for values in maps.values():
            values[:, ~case.valid] = np.nan
        maps["arrival"][~np.isfinite(maps["arrival"])] = np.nan
        # Beside a held cell water falls over an edge, which is no flow along the ground.
        counted = case.valid & ~binary_dilation(case.held, np.ones((3, 3)))
        is_limited = maps["limited"] > LIMITED_SHARE * case.output_s[-1]
        is_limited &= counted & (maps["deepest"] > case.scheme.threshold_m)
        return {
            **maps,
            **volumes,
            "balance": np.divide(missing, into, out=np.zeros_like(into), where=into > 0.0),
            "n_steps": self.n_steps,
            "n_limited": is_limited.sum(axis=(1, 2)),
        }
