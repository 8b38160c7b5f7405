"""The flood model of a block: its surface, what feeds and drains it from span to span, and one advance of the water."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....kernels.device_arrays import place
from ....kernels.gpu_check import require_gpu
from ....kernels.hydro.inundation import RINGS, advance_flood
from ....kernels.hydro.surface_water.adaptive_steps import WindowRule
from ....kernels.hydro.surface_water.host_forcing import find_inward
from ....kernels.hydro.surface_water.surface import Surface
from ....kernels.hydro.surface_water.water import Forcing, Water
from ....kernels.space.regrid_weights import RegridWeights
from .case import FloodCase
from .member_rain import MM_H, MemberRain
from .soil_column import SoilColumn

__all__ = ["FloodModel", "Span"]

CONSTANT_S = 60.0  # longest time in which a level, an inflow and the soil's infiltration are taken as constant
APART_S = 1e-3  # times closer than this count as one


class Span(NamedTuple):
    """A time in which everything that feeds the ground is constant: from when to when [s], and what holds in it."""

    start_s: float
    horizon_s: float
    forcing: Forcing  # without rain
    rain: NDArray[np.float64] | None  # (1 or member, y, x) on the surface, before factors [mm h-1]; None if dry


class FloodModel:
    """A case, made ready for the kernels.

    Parameters
    ----------
    case
        What the block of members is given.

    Raises
    ------
    EngineError
        If a GPU is asked for and none can be used here.
    """

    def __init__(self, case: FloodCase) -> None:
        if case.device == "gpu":
            require_gpu("cuda")
        self.case, self.scheme = case, case.scheme.scheme
        self.rule = WindowRule(courant=case.scheme.courant, steps=case.scheme.window_steps)
        self.surface = Surface.enclose(
            case.height, case.manning, cell_m=case.grid.cell_m, valid=case.valid,
            ring=RINGS[self.scheme], dtype=case.scheme.precision,
        )  # fmt: skip
        self.soil = self._lay_soil()
        self.constant = self._find_constant_forcing()
        self.rain = MemberRain(case.rain_factor, case.scheme.precision, on_device=self.on_device)
        self._weights = None if case.rain_grid is None else RegridWeights(case.rain_grid, case.grid)
        if self.on_device:
            self._place()

    @property
    def on_device(self) -> bool:
        """Whether the water is computed in a GPU's memory."""
        return self.case.device == "gpu"

    def start(self) -> Water:
        """Water at rest, as deep as the sea, where it is computed."""
        n_members = self.case.n_members
        water = Water.rest(
            self.surface, self.case.sea_depth, n_members=1 if self.on_device else n_members,
            n_held=int(self.case.held.sum()), faces=self.scheme == "inertia",
        )  # fmt: skip
        return water.on_device(n_members) if self.on_device else water

    def rest_depth(self) -> NDArray[Any]:
        """Depth on the surface (y, x) at the start [m], the same in every member."""
        whole = Water.rest(self.surface, self.case.sea_depth, maps=False, faces=False)
        return np.asarray(whole.depth[0])

    def spans(self) -> Iterator[Span]:
        """From one output, or one change of what feeds the ground, to the next."""
        case, end_s = self.case, self.case.output_s[-1]
        starts = case.rain_start_s.tolist()
        times = {0.0, *case.output_s, *case.point_s, *(start for start in starts if start < end_s)}
        changes = [*case.sea_s[1:].tolist(), *case.inflow_s[1:].tolist()]
        if changes or self.soil is not None:
            times = _divide(times, changes, end_s)
        held, rain = -1, None
        for begin, end in pairwise(sorted(times)):
            frame = int(np.searchsorted(starts, begin, side="right")) - 1
            if begin >= case.rain_end_s:
                rain = None
            elif frame != held:
                held, rain = frame, self._find_rain(frame)
            yield Span(begin, end, self._find_forcing(0.5 * (begin + end)), rain)

    def feed(self, span: Span) -> Forcing:
        """All that feeds and drains the whole surface in a span, but for the soil."""
        return replace(span.forcing, rain=self.rain.find_field(span.rain))

    def find_cells(self, inside: NDArray[np.int64]) -> NDArray[np.int64]:
        """Flat indices over the surface of cells of the ground, whose indices leave out its ring."""
        row, column = np.divmod(inside, self.case.grid.shape[1])
        return np.asarray((row + self.surface.ring) * self.surface.shape[1] + column + self.surface.ring)

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
        """Advance water over a span, on the surface and its soil or on a tile of them.

        Parameters
        ----------
        start_s, horizon_s
            From when to when [s].
        tiled
            For a tile: ``after_step`` and ``highest`` of :func:`~citytide.kernels.hydro.inundation.advance_flood`.

        Returns
        -------
        water : Water
        n_steps : (member,) array of int
        """
        if soil is not None and self.on_device:
            forcing = replace(forcing, loss=soil.take_beside(water.lost, horizon_s - start_s, forcing.loss))
        elif soil is not None:
            sinks = soil.take(water.lost, horizon_s - start_s)
            forcing = replace(forcing, loss=sinks if forcing.loss is None else sinks + forcing.loss)
        return advance_flood(
            water, surface, forcing, start_s=start_s, horizon_s=horizon_s, rule=self.rule,
            threshold_m=self.case.scheme.threshold_m, theta=self.case.scheme.theta, scheme=self.scheme, **tiled,
        )  # fmt: skip

    def _place(self) -> None:
        """Bring what stays the same throughout into a GPU's memory."""
        self.surface = self.surface.on_device()
        loss = self.constant.loss
        if loss is not None:  # of a soil's rate it becomes a part in double precision
            loss = place(loss if self.soil is not None else loss.astype(self.surface.ground.dtype))
        self.constant = replace(self.constant, loss=loss)
        self.soil = None if self.soil is None else self.soil.on_device()

    def _lay_soil(self) -> SoilColumn | None:
        """The soil of each cell of the surface, 0 where there is no ground."""
        valid, zone = self.case.valid, self.case.soil_zone
        if self.case.soils is None or zone is None:
            return None
        return self.case.soils.apply(lambda values: self._surround(np.where(valid, values[zone], 0.0)))

    def _find_constant_forcing(self) -> Forcing:
        """What stays the same throughout: losses, and where inflows and held levels are."""
        case, surface = self.case, self.surface
        n_x, ring = surface.shape[1], surface.ring
        lost = (case.scheme.infiltration_mm_h + case.scheme.drainage_mm_h) * MM_H
        loss = None
        if lost > 0.0:
            is_drained = case.valid if self.soil is None else case.valid & self.soil.is_sealed[surface.inside]
            loss = self._surround(np.where(is_drained, lost, 0.0))[None]
        row, column = np.nonzero(case.held)
        held = (row + ring) * n_x + column + ring
        fed = (case.inflow_row + ring) * n_x + case.inflow_column + ring
        constant = Forcing(loss=loss, source_cell=fed if fed.size else None, level_cell=held if held.size else None)
        return replace(constant, inward_cell=find_inward(surface, constant) if held.size else None)

    def _find_forcing(self, middle_s: float) -> Forcing:
        """Inflows and levels of a span, at its middle, where a straight line has its mean."""
        case, constant = self.case, self.constant
        level = np.interp(middle_s, case.sea_s, case.sea_level_m)
        flow = [np.interp(middle_s, case.inflow_s, one) for one in case.inflow_m3_s.T]
        return replace(
            constant,
            source=np.array(flow).reshape(1, -1) / case.grid.cell_m**2,
            level=np.full((1, 0 if constant.level_cell is None else constant.level_cell.size), level),
        )

    def _find_rain(self, frame: int) -> NDArray[np.float64] | None:
        """Rain of a frame on the surface [mm h-1]; None if it is dry."""
        case = self.case
        rain = case.rain[..., frame, :, :].astype(np.float64)
        rain = rain.reshape(-1, *rain.shape[-2:])
        if not rain.any():
            return None
        here = self._weights.apply(rain) if self._weights is not None else rain[:, :, 0][:, case.rain_zone]
        here[:, ~case.valid] = 0.0
        return self._surround(here)

    def _surround(self, field: NDArray[Any]) -> NDArray[Any]:
        """A field (.., y, x) over the ground, with the surface's ring around it, which is 0."""
        ring = self.surface.ring
        return np.pad(field, [(0, 0)] * (field.ndim - 2) + [(ring, ring)] * 2)


def _divide(times: set[float], changes: Sequence[float], end_s: float) -> set[float]:
    """Divide a run also where a hydrograph changes its slope, and into spans of at most a minute."""
    found = sorted(times)
    often = (np.arange(1, int(end_s // CONSTANT_S) + 1) * CONSTANT_S).tolist()
    for more in sorted({*changes, *often}):
        at = bisect_left(found, more)
        if 0.0 < more < end_s and more - found[at - 1] > APART_S and found[at] - more > APART_S:
            found.insert(at, more)
    return set(found)
