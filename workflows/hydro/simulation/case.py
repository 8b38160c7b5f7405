"""What a block of members is given: ground, rain, boundaries and the choice of scheme, each by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ....kernels.hydro.inundation import Scheme
from ....kernels.space.crosswalk import Crosswalk
from ....kernels.space.grid import Grid
from .soil_column import SoilColumn

__all__ = ["FloodCase", "FloodRoads", "FloodScheme"]

Arrays = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float64]
Device = Literal["cpu", "gpu"]


@dataclass(frozen=True)
class FloodScheme:
    """How water is advanced, and what infiltration and drains take at most."""

    scheme: Scheme
    courant: float  # share of a cell that a wave crosses in a step
    theta: float  # weight of a face's own flow against its neighbours'
    window_steps: int
    precision: str  # float32 or float64
    threshold_m: float  # depth above which a cell counts as flooded
    infiltration_mm_h: float
    drainage_mm_h: float


@dataclass(frozen=True)
class FloodRoads:
    """Roads over the ground: the cells under each link, and its level (link,), above 0 for bridges."""

    cells: Crosswalk
    level: NDArray[np.int8]

    @property
    def on_ground(self) -> NDArray[np.bool_]:
        """(link,) that water can reach: no bridge, with at least one cell of the ground."""
        return np.asarray((self.level <= 0) & (np.diff(self.cells.offset) > 0))


@dataclass(frozen=True)
class FloodCase:
    """A ground under rain, as a block of members is given it.

    Attributes
    ----------
    grid
        Cells of the ground.
    height, manning, valid
        (y, x): heights [m], Manning's n [s m-1/3], and which cells are ground.
    rain
        (frame, y, x) for all members or (member, frame, y, x) [mm h-1]: on the cells of ``rain_grid``, or without one
        (frame, zone, 1), by zone.
    rain_start_s
        (frame,) from when on each frame holds [s].
    rain_end_s
        After it no rain falls [s].
    rain_factor
        (member,) multiples of the rain.
    rain_grid, rain_zone
        Cells of the rain; or, without them, the zone of each cell of the ground (y, x).
    held, sea_depth
        (y, x): cells whose level is held, and the depth of the sea at the start [m].
    sea_s, sea_level_m
        (row,) times [s] and levels [m] of the sea.
    inflow_row, inflow_column
        (inflow,) cells that are fed.
    inflow_s, inflow_m3_s
        (row,) times [s], and (row, inflow) flows [m3 s-1].
    soils, soil_zone
        Properties of each soil (soil,), and which of them each cell has (y, x); None without a soil.
    roads
        What lies under the links of a city; None without one.
    point_cell
        (point,) flat index of the cell of each warning point; None without points.
    output_s
        Times of the outputs [s], ascending; the last ends the simulation.
    map_s, point_s
        Times at which depths are kept everywhere, and at the points [s].
    device
        Where the water is computed, ``"cpu"`` or ``"gpu"``.
    """

    grid: Grid
    height: NDArray[Any]
    manning: NDArray[Any]
    valid: NDArray[np.bool_]
    rain: NDArray[Any]
    rain_start_s: Floats
    rain_end_s: float
    rain_factor: Floats
    rain_grid: Grid | None
    rain_zone: NDArray[Any] | None
    held: NDArray[np.bool_]
    sea_depth: Floats
    sea_s: Floats
    sea_level_m: Floats
    inflow_row: NDArray[np.int64]
    inflow_column: NDArray[np.int64]
    inflow_s: Floats
    inflow_m3_s: Floats
    soils: SoilColumn | None
    soil_zone: NDArray[Any] | None
    roads: FloodRoads | None
    point_cell: NDArray[np.int64] | None
    output_s: tuple[float, ...]
    map_s: tuple[float, ...]
    point_s: tuple[float, ...]
    scheme: FloodScheme
    device: Device = "cpu"

    @classmethod
    def from_arrays(
        cls,
        arrays: Arrays,
        *,
        grid: Mapping[str, Any],
        rain_grid: Mapping[str, Any] | None,
        rain_end_s: float,
        output_s: Sequence[float],
        map_s: Sequence[float] | None = None,
        point_s: Sequence[float] = (),
        device: Device = "cpu",
        **scheme: Any,
    ) -> Self:
        """Read the case of a block from the arrays of ``inputs.zarr`` and the parameters of the plan.

        Parameters
        ----------
        arrays
            By the names of the attributes; a soil as ``soil_zone`` (y, x) and ``soil_conductivity`` [m s-1],
            ``soil_suction`` [m], ``soil_deficit`` (soil,); roads as ``link_cell_offset``, ``link_cell_column`` and
            ``link_level``.
        grid, rain_grid
            As plain numbers, see :func:`~citytide.workflows.hydro.inputs.ground_arrays.pack_grid`.
        map_s
            Those of ``output_s`` if omitted.
        device
            ``"cpu"`` or ``"gpu"``.
        scheme
            The fields of :class:`FloodScheme`.

        Raises
        ------
        KeyError
            If an array is missing.
        TypeError
            If a parameter is unknown or missing.
        """
        on = Grid(**grid)
        return cls(
            grid=on,
            height=arrays["height"],
            manning=arrays["manning"],
            valid=arrays["valid"],
            rain=arrays["rain"],
            rain_start_s=arrays["rain_start_s"],
            rain_end_s=rain_end_s,
            rain_factor=arrays["rain_factor"].astype(np.float64),
            rain_grid=Grid(**rain_grid) if rain_grid else None,
            rain_zone=None if rain_grid else arrays["rain_zone"],
            held=arrays["held"],
            sea_depth=arrays["sea_depth"],
            sea_s=arrays["sea_s"],
            sea_level_m=arrays["sea_level_m"],
            inflow_row=arrays["inflow_row"],
            inflow_column=arrays["inflow_column"],
            inflow_s=arrays["inflow_s"],
            inflow_m3_s=arrays["inflow_m3_s"],
            soils=_read_soils(arrays),
            soil_zone=arrays.get("soil_zone"),
            roads=_read_roads(arrays, on),
            point_cell=arrays.get("point_cell"),
            output_s=tuple(output_s),
            map_s=tuple(output_s if map_s is None else map_s),
            point_s=tuple(point_s),
            scheme=FloodScheme(**scheme),
            device=device,
        )

    @property
    def n_members(self) -> int:
        """Members in the block."""
        return int(self.rain_factor.size)


def _read_soils(arrays: Arrays) -> SoilColumn | None:
    if "soil_zone" not in arrays:
        return None
    return SoilColumn(arrays["soil_conductivity"], arrays["soil_suction"], arrays["soil_deficit"])


def _read_roads(arrays: Arrays, grid: Grid) -> FloodRoads | None:
    if "link_cell_offset" not in arrays:
        return None
    column = arrays["link_cell_column"]
    cells = Crosswalk(arrays["link_cell_offset"], column, np.ones(column.size), grid.n_cells)
    return FloodRoads(cells, arrays["link_level"])
