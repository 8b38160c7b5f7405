"""Terrain from a raster of heights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..place.crs import LOCAL, is_geographic, is_in_metres
from ..place.crs_titles import title_crs
from ..place.heights import METRE, HeightUnit, find_height_datum, name_height_unit
from .layers import TerrainLayer
from .rasters import Raster, is_same_grid, read_raster
from .terrain_checks import refuse_odd_heights

__all__ = ["open_terrain"]

DEFAULT_MANNING = 0.035  # mixed urban ground: Chow (1959), Open-Channel Hydraulics, table 5-6
_ROUGHEST = 1.0
_SAME_UNIT = 1e-5  # relative: the foot of the US survey and the international one pass for one name, `ft`


def open_terrain(
    file: str | Path,
    *,
    crs: str | None = None,
    height_datum: str | None = None,
    height_units: str | None = None,
    nodata: float | None = None,
    manning: float = DEFAULT_MANNING,
    manning_file: str | Path | None = None,
) -> TerrainLayer:
    """Read a terrain.

    Parameters
    ----------
    file
        GeoTIFF or ESRI ASCII grid of heights.
    crs
        The CRS to assume if the file names none.
    height_datum
        From where the heights are counted, if the file has no vertical CRS that says it: a name of
        :data:`~citytide.datasets.place.heights.HEIGHT_DATUMS`, or name or code of a vertical CRS of EPSG.
    height_units
        The unit of the heights, if the file names none: ``m``, ``cm``, ``ft``, ``us-ft``. Metres are assumed, but
        heights on a plane in feet and numbers of 8 bits need it.
    nodata
        The code for no data, beside the one in the file; of packed heights, as the file holds it.
    manning
        Roughness [s m-1/3] of every cell.
    manning_file
        A raster of roughness on the same grid, in place of the one number.

    Returns
    -------
    TerrainLayer
        Heights in metres. NODATA is a mask; heights there are 0.

    Raises
    ------
    InputError
        If the file cannot be used or is a picture, the height datum is not declared, the unit is not a length, heights
        cannot be true, or the roughness is none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "dem.asc"
    ...     _ = file.write_text("ncols 2\\nnrows 1\\nxllcorner 0\\nyllcorner 0\\ncellsize 10\\n3 4\\n")
    ...     open_terrain(file, crs="EPSG:4547", height_datum="CN85").height.tolist()
    [[3.0, 4.0]]
    """
    file = Path(file)
    raster = read_raster(file, crs=crs, nodata=nodata)
    datum, unit = _agree_datum(raster, height_datum, file)
    unit, unit_note = _agree_unit(raster, height_units, unit, file)
    notes = list(raster.notes) + ([unit_note] if unit_note else [])
    if manning_file is None:
        if not 0.0 < manning < _ROUGHEST:
            raise InputError(
                f"manning must be above 0 and at most {_ROUGHEST:g} s m-1/3, got {manning:g}",
                file=file,
                way_out=f"give s m-1/3, between 0 and {_ROUGHEST:g}",
            )
        rough = np.full(raster.grid.shape, manning, np.float32)
        notes.append(f"Manning roughness is {manning:g} s m-1/3 everywhere: no file was given.")
    else:
        rough = _read_roughness(manning_file, raster)
        notes.append("Manning roughness was read from a file of its own.")
    height = np.where(raster.valid, raster.values, np.float32(0.0))
    if unit.metres != 1.0:
        height = (height.astype(np.float64) * unit.metres).astype(np.float32)
    sources = (file,) if manning_file is None else (file, Path(manning_file))
    terrain = TerrainLayer(
        raster.crs, datum, raster.grid, height, rough, raster.valid, sources=sources, notes=tuple(notes)
    )
    refuse_odd_heights(terrain, written=raster.values, unit=unit.name, packed=raster.packed)
    return terrain


def _agree_datum(raster: Raster, declared: str | None, file: Path) -> tuple[str, HeightUnit | None]:
    """The datum that the file states or, where it states none, the one declared; and the unit that goes with it."""
    stated = raster.height_datum
    if declared is None and stated is not None:
        return stated, raster.height_unit
    if declared is None and raster.crs == LOCAL:
        return LOCAL, raster.height_unit
    datum = find_height_datum(declared, file=file)
    if stated is not None and datum.name != stated:
        raise InputError(
            f"the file has heights above {stated}, {datum.name} is declared",
            file=file,
            way_out="omit the declaration, or correct the file",
        )
    return datum.name, _agree_two(raster.height_unit, datum.unit, "height_datum", file)


def _agree_two(stated: HeightUnit | None, other: HeightUnit | None, what: str, file: Path) -> HeightUnit | None:
    if stated is None or other is None:
        return stated or other
    if abs(stated.metres / other.metres - 1.0) > _SAME_UNIT:
        raise InputError(
            f"the file has heights in {stated.name}, but {what} is {other.name}",
            file=file,
            way_out=f"omit {what}, or correct the file",
        )
    return stated


def _agree_unit(raster: Raster, declared: str | None, named: HeightUnit | None, file: Path) -> tuple[HeightUnit, str]:
    """The unit of heights, and what the run's notes say of it."""
    if raster.looks == "palette":
        raise InputError(
            "the raster is a picture: its numbers are indices of a colour palette, not heights",
            file=file,
            way_out="give the raster of heights from which it was drawn",
        )
    band = None
    if raster.units is not None:
        try:
            band = name_height_unit(raster.units, file=file)
        except InputError:
            if declared is None or _is_quantity(raster.units):
                raise
    unit = _agree_two(named, band, "the band's unit", file)
    if declared is not None:
        unit = _agree_two(unit, name_height_unit(declared, file=file), "height_units", file)
    # A picture drawn from heights may keep their vertical CRS, from which GDAL takes the unit of the band.
    if raster.looks is not None and declared is None and (band is None or raster.height_unit is not None):
        raise InputError(
            f"the heights are {raster.looks} numbers, as in a picture such as a hillshade, and no unit is declared",
            file=file,
            way_out="if they are heights, declare their unit, such as height_units=m",
        )
    if unit is not None:
        return unit, "" if unit.metres == 1.0 else f"Heights were converted from {unit.name} to metres."
    if not (is_in_metres(raster.crs) or is_geographic(raster.crs)):
        raise InputError(
            f"the plane {title_crs(raster.crs)} is not in metres, and nothing says in which unit the heights are",
            file=file,
            way_out="declare height_units as m, ft or us-ft",
        )
    return METRE, "The file does not name the unit of its heights: metres were taken."


def _is_quantity(units: str) -> bool:
    from ..text.units import parse_units

    try:
        parse_units(units)
    except ValueError:
        return False
    return True


def _read_roughness(manning_file: str | Path, raster: Raster) -> npt.NDArray[np.float32]:
    other = read_raster(manning_file, assumed=raster.crs)
    if not is_same_grid(other.grid, raster.grid) or other.crs != raster.crs:
        raise InputError(
            f"the roughness is on {other.grid} in {title_crs(other.crs)}, the heights on {raster.grid} in "
            f"{title_crs(raster.crs)}",
            file=manning_file,
            way_out="resample the roughness to the grid of the heights",
        )
    wrong = raster.valid & ~(other.valid & (other.values > 0.0) & (other.values < _ROUGHEST))
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        raise InputError(
            f"the roughness at {other.grid.x[column]:g}, {other.grid.y[row]:g} is {other.values[row, column]:g}",
            file=manning_file,
            way_out=f"give s m-1/3, between 0 and {_ROUGHEST:g}, wherever there are heights",
        )
    return np.where(raster.valid, other.values, np.float32(DEFAULT_MANNING))
