"""What is recorded of a block: depths and peaks at the output times as they come, then maps and volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from ....hpc.execution.parts import Part
from ....kernels.device_arrays import fetch
from ....kernels.hydro.member_fields.cells import read_cells
from ....kernels.hydro.surface_water.cell_sums import sum_cells
from ....kernels.hydro.surface_water.maps import MAPS
from ....kernels.hydro.surface_water.water import Water, measure_volumes
from ..products import LIMITED_SHARE
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
        self.points = None if self.case.point_cell is None else model.find_cells(self.case.point_cell)

    def add_span(self, span: Span, n_steps: NDArray[np.int64]) -> None:
        """Count the water that a span brought, and the steps (member,) taken in it."""
        self.n_steps += n_steps
        forcing, seconds, area_m2 = span.forcing, span.horizon_s - span.start_s, self.case.grid.cell_m**2
        if span.rain is not None:
            self.rain_m3 += self.model.rain.find_totals(span.rain) * seconds * area_m2
        if forcing.source is not None:
            self.inflow_m3 += forcing.source.sum(axis=1) * seconds * area_m2

    def read_depths(self, water: Water, time_s: float, peaks: NDArray[Any] | None = None) -> Iterator[Part]:
        """What is to be seen of the water now.

        Parameters
        ----------
        water
            The water, where it is computed; only what is looked at is brought from there.
        time_s
            Now [s].
        peaks
            (2, member, link) greatest depth [m] and unit discharge [m2 s-1] under each link since the last output; None
            if this is none, or without roads.
        """
        case = self.case
        if time_s in case.map_s:
            shown = fetch(water.depth)[(slice(None), *self.model.surface.inside)].astype(np.float32)
            shown[:, ~case.valid] = np.nan
            yield Part("depth", case.map_s.index(time_s), shown[:, None])
            del shown
        if self.points is not None and time_s in case.point_s:
            at_points = read_cells(water.depth, self.points).astype(np.float32)
            yield Part("point_depth", case.point_s.index(time_s), at_points[:, None])
        if peaks is not None and case.roads is not None:
            dry = ~case.roads.on_ground
            for name, values in zip(("link_depth", "link_hazard"), peaks.astype(np.float32), strict=True):
                values[:, dry] = 0.0
                yield Part(name, case.output_s.index(time_s), values[:, None])

    def close(self, water: Water) -> dict[str, Any]:
        """Maps (member, y, x) and volumes (member,) [m3] at the end, in host memory."""
        case, area_m2 = self.case, self.case.grid.cell_m**2
        inside = (slice(None), *self.model.surface.inside)
        at_start = self.model.rest_depth()[self.model.surface.inside].sum(dtype=np.float64) * area_m2
        volumes = {
            "initial_m3": np.full(case.n_members, at_start),
            "rain_m3": self.rain_m3,
            "inflow_m3": self.inflow_m3,
            "edge_m3": water.gained.sum(axis=1) * area_m2,
            "lost_m3": sum_cells(water.lost) * area_m2,
            "stored_m3": measure_volumes(water, self.model.surface),
        }
        brought = volumes["rain_m3"] + volumes["inflow_m3"] + at_start
        into = brought + np.maximum(volumes["edge_m3"], 0.0)
        missing = brought + volumes["edge_m3"] - volumes["lost_m3"] - volumes["stored_m3"]
        whole = fetch(water.maps)
        maps = {name: whole[at][inside].astype(np.float32) for at, name in enumerate(MAPS)}
        del whole
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
