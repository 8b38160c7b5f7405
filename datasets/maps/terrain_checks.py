"""What must hold of a terrain before water runs over it: metres in all directions, and numbers that can be true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..place.crs import LOCAL, is_geographic, is_in_metres
from ..place.distortion import AREA_TOLERANCE, LARGEST_STRETCH, measure_area_scale_at, measure_stretch_at
from .layers import TerrainLayer

__all__ = [
    "is_true_to_scale",
    "measure_area_scale",
    "measure_stretch",
    "refuse_odd_ground",
    "refuse_odd_heights",
]

# The lowest dry land lies at -430 m; -999, -9999 and -32768 are what files write for nothing.
LOWEST_M, HIGHEST_M = -500.0, 9000.0
SMALLEST_CELL_M, LARGEST_CELL_M = 0.05, 10_000.0
STEEPEST = 5.0  # median of all slopes between neighbours: no city stands on a wall
_CODES = (-32768.0, -32767.0, -9999.0, -99999.0, 32767.0, 65535.0, 99999.0)  # that files write for no data
# Land may have these heights: they are codes where they stand apart from all other heights, by so much [m].
_LOW_CODES = (-99.0, -99.9, -99.99, -999.0, -999.9, -999.99, -9999.9, -9999.99, -99999.9)
_HIGH_CODES = (9999.0, 9999.9, 9999.99)
_APART_BELOW_M, _APART_ABOVE_M = 0.5, 20.0
_ROWS = 1000  # in which slopes are measured
_LARGEST_DEGREE_CELL = 1.0  # cells below it, within the range of longitudes and latitudes, are degrees


def _file(terrain: TerrainLayer) -> Path | None:
    return terrain.sources[0] if terrain.sources else None


def refuse_odd_heights(
    terrain: TerrainLayer,
    *,
    written: npt.NDArray[np.float32] | None = None,
    unit: str = "m",
    packed: npt.NDArray[np.float32] | None = None,
) -> None:
    """Refuse heights of valid cells that no city has.

    Parameters
    ----------
    terrain
        In any CRS.
    written, unit
        The numbers that the file states, and their unit.
    packed
        The numbers as the file holds them, where it packs them.

    Raises
    ------
    InputError
        With the first such cell.
    """
    height = terrain.height
    wrong = terrain.valid & ~((height > LOWEST_M) & (height < HIGHEST_M))
    for numbers in (written, packed):  # in cm, in feet or packed, a code may look like a height
        if numbers is not None:
            wrong |= _find_codes(terrain, numbers)
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        value = _tell((height if written is None else written)[row, column])
        held = value if packed is None else _tell(packed[row, column])
        is_far = not LOWEST_M < float(height[row, column]) < HIGHEST_M
        beside = "" if wrong.sum() == 1 else f", and {int(wrong.sum()) - 1:,} more are as far off"
        raise InputError(
            f"the height at {terrain.grid.x[column]:.10g}, {terrain.grid.y[row]:.10g} is {value:.9g} {unit}, "
            + ("" if packed is None else f"packed as {held:.9g}, ")
            + (f"outside {LOWEST_M:g} to {HIGHEST_M:g} m" if is_far else "a usual code for no data")
            + beside,
            file=_file(terrain),
            way_out=f"if it means no data, declare it as the NODATA value: nodata={held:.9g}; "
            "if the unit is another, declare height_units",
        )


def _tell(number: np.float32) -> float:
    """As short as a float32 can be told."""
    return float(str(number))


def _find_codes(terrain: TerrainLayer, numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Valid cells whose numbers files write for no data, and that are not heights like those around them."""
    found: npt.NDArray[np.bool_] = terrain.valid & np.isin(numbers, np.asarray(_CODES, np.float32))
    low, high = (terrain.valid & np.isin(numbers, np.asarray(codes, np.float32)) for codes in (_LOW_CODES, _HIGH_CODES))
    if low.any() or high.any():
        others = terrain.height[terrain.valid & ~(found | low | high)]
        least, most = (float(others.min()), float(others.max())) if others.size else (np.inf, -np.inf)
        found |= low & (terrain.height < least - _APART_BELOW_M)
        found |= high & (terrain.height > most + _APART_ABOVE_M)
    return found


def measure_area_scale(terrain: TerrainLayer) -> float:
    """Areas on the terrain's plane over those on the ellipsoid, at its middle; 1 where it lies nowhere on earth.

    Examples
    --------
    >>> from citytide.kernels.space.grid import Grid
    >>> flat, known = np.zeros((2, 2), np.float32), np.ones((2, 2), bool)
    >>> north = TerrainLayer("EPSG:3857", "EGM96", Grid(1e6, 8_399_738.0, 10.0, 2, 2), flat, flat, known)
    >>> round(measure_area_scale(north), 2)
    3.99
    """
    return measure_area_scale_at(*_find_middle(terrain), terrain.crs, file=_file(terrain))


def measure_stretch(terrain: TerrainLayer) -> float:
    """The most by which lengths on the terrain's plane, at its middle, are longer or shorter than on the ellipsoid.

    Examples
    --------
    >>> from citytide.kernels.space.grid import Grid
    >>> flat, known = np.zeros((2, 2), np.float32), np.ones((2, 2), bool)
    >>> equal_area = TerrainLayer("EPSG:6933", "EGM96", Grid(1e6, 6e6, 10.0, 2, 2), flat, flat, known)
    >>> round(measure_area_scale(equal_area), 2), round(measure_stretch(equal_area), 2)
    (1.0, 1.5)
    """
    return measure_stretch_at(*_find_middle(terrain), terrain.crs, file=_file(terrain))


def _find_middle(terrain: TerrainLayer) -> tuple[float, float]:
    grid = terrain.grid
    return (grid.west + grid.east) / 2, (grid.south + grid.north) / 2


def is_true_to_scale(terrain: TerrainLayer) -> bool:
    """Whether areas and lengths on the terrain's plane are nearly those on the ground."""
    return abs(measure_area_scale(terrain) - 1.0) <= AREA_TOLERANCE and measure_stretch(terrain) <= LARGEST_STRETCH


def refuse_odd_ground(terrain: TerrainLayer, *, resample: str = "--set resample_m={side}") -> None:
    """Refuse a terrain that water cannot run over: in degrees, feet or stretched metres, or that cannot be true.

    Parameters
    ----------
    terrain
        The ground.
    resample
        How a user asks for a terrain on a plane in metres; ``{side}`` is a length of cells that suits it.

    Raises
    ------
    InputError
        With the number that is odd, and the way out.

    Examples
    --------
    >>> from citytide.kernels.space.grid import Grid
    >>> flat, known = np.zeros((2, 2), np.float32), np.ones((2, 2), bool)
    >>> refuse_odd_ground(TerrainLayer("EPSG:4326", "EGM96", Grid(114.0, 22.5, 1 / 1200, 2, 2), flat, flat, known))
    Traceback (most recent call last):
    ...
    citytide.datasets.errors.InputError: the terrain is in degrees (EPSG:4326) but water needs a plane in metres; \
resample it: --set resample_m=90
    """
    grid, file = terrain.grid, _file(terrain)
    if not is_in_metres(terrain.crs):
        what = "is in degrees" if is_geographic(terrain.crs) else f"lies on a plane in {_name_axis(terrain.crs)}"
        raise InputError(
            f"the terrain {what} ({_shorten(terrain.crs)}) but water needs a plane in metres",
            file=file,
            way_out=f"resample it: {resample.format(side=_suit_side(terrain))}",
        )
    refuse_odd_heights(terrain)
    looks_like_degrees = (
        terrain.crs != LOCAL
        and grid.cell_m < _LARGEST_DEGREE_CELL
        and -360.0 <= grid.west < grid.east <= 360.0
        and -90.0 <= grid.south < grid.north <= 90.0
    )
    if looks_like_degrees or not SMALLEST_CELL_M <= grid.cell_m <= LARGEST_CELL_M:
        raise InputError(
            f"the cells are {grid.cell_m:.6g} m long and begin at {grid.west:.10g}, {grid.south:.10g} in "
            f"{_shorten(terrain.crs)}"
            + (", which looks like degrees" if looks_like_degrees or grid.cell_m < 1.0 else ""),
            file=file,
            way_out="declare their CRS, such as EPSG:4326 for degrees; cells may be "
            f"{SMALLEST_CELL_M:g} to {LARGEST_CELL_M:g} m long",
        )
    scale, stretch = measure_area_scale(terrain), measure_stretch(terrain)
    if abs(scale - 1.0) > AREA_TOLERANCE:
        raise InputError(
            f"areas on the plane {_shorten(terrain.crs)} are {scale:.3g} times those on the ground here",
            file=file,
            way_out=f"resample it to a plane of its place: {resample.format(side=_round(grid.cell_m / scale**0.5))}",
        )
    if stretch > LARGEST_STRETCH:
        raise InputError(
            f"the plane {_shorten(terrain.crs)} keeps areas, and lengths on it are up to {stretch:.3g} times too long "
            "or too short here",
            file=file,
            way_out=f"resample it to a plane of its place: {resample.format(side=_round(grid.cell_m))}",
        )
    slope = _median_slope(terrain)
    if slope > STEEPEST:
        raise InputError(
            f"half of all cells are steeper than {slope:.3g} m in one metre",
            file=file,
            way_out="check the unit of the heights (height_units) and the CRS of the cells",
        )


def _median_slope(terrain: TerrainLayer) -> float:
    """Of neighbours in some rows and some columns, which are enough for a median."""
    found = []
    for height, valid in ((terrain.height, terrain.valid), (terrain.height.T, terrain.valid.T)):
        rows = slice(None, None, 1 + len(height) // _ROWS)
        known = valid[rows, 1:] & valid[rows, :-1]
        found.append(np.abs(np.diff(height[rows], axis=1))[known])
    steps = np.concatenate(found)
    return float(np.median(steps)) / terrain.grid.cell_m if steps.size else 0.0


def _name_axis(crs: str) -> str:
    from pyproj import CRS

    return str(CRS.from_user_input(crs).axis_info[0].unit_name)


def _shorten(crs: str) -> str:
    return crs if len(crs) <= 60 else crs[:57] + "..."


def _suit_side(terrain: TerrainLayer) -> str:
    """About the length of its cells [m], in two digits."""
    if is_geographic(terrain.crs):
        metres = 111_000.0 * terrain.grid.cell_m
    else:
        from pyproj import CRS

        metres = float(CRS.from_user_input(terrain.crs).axis_info[0].unit_conversion_factor) * terrain.grid.cell_m
    return _round(metres)


def _round(metres: float) -> str:
    return f"{float(f'{metres:.1g}'):g}"
