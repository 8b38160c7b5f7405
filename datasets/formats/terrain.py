"""Terrain from a raster of heights."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..city.layers import TerrainLayer
from ..errors import InputError
from ..place import LOCAL, name_height_datum
from .rasters import read_raster

__all__ = ["open_terrain"]

DEFAULT_MANNING = 0.035  # mixed urban ground: Chow (1959), Open-Channel Hydraulics, table 5-6
_ROUGHEST = 1.0
_LOWEST_M, _HIGHEST_M = -9000.0, 9000.0  # of any city; -9999 and -32768 are what files write for nothing


def open_terrain(
    file: str | Path,
    *,
    crs: str | None = None,
    height_datum: str | None = None,
    manning: float = DEFAULT_MANNING,
    manning_file: str | Path | None = None,
) -> TerrainLayer:
    """Read a terrain.

    Parameters
    ----------
    file
        GeoTIFF or ESRI ASCII grid of heights [m].
    crs
        Of a file that names none.
    height_datum
        From where the heights are counted; no raster format says it reliably, so it must be declared.
    manning
        Roughness [s m-1/3] of every cell.
    manning_file
        A raster of roughness on the same grid, in place of the one number.

    Returns
    -------
    TerrainLayer
        NODATA is a mask; heights there are 0.

    Raises
    ------
    InputError
        If the file cannot be used, the height datum is not declared, or the roughness is none.

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
    raster = read_raster(file, crs=crs)
    if height_datum is None and raster.crs == LOCAL:
        height_datum = LOCAL
    datum = name_height_datum(height_datum, file=file)
    if manning_file is None:
        if not 0.0 < manning < _ROUGHEST:
            raise InputError(f"manning is {manning:g}", file=file, way_out=f"give s m-1/3, between 0 and {_ROUGHEST:g}")
        rough = np.full(raster.grid.shape, manning, np.float32)
        note = f"Manning roughness is {manning:g} s m-1/3 everywhere: no file was given."
    else:
        other = read_raster(manning_file, crs=crs)
        if other.grid != raster.grid or other.crs != raster.crs:
            raise InputError(
                f"the roughness is on {other.grid} in {other.crs}, the heights on {raster.grid} in {raster.crs}",
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
        rough = np.where(raster.valid, other.values, np.float32(DEFAULT_MANNING))
        note = "Manning roughness was read from a file of its own."
    height = np.where(raster.valid, raster.values, np.float32(0.0))
    if (wrong := ~((height > _LOWEST_M) & (height < _HIGHEST_M))).any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        raise InputError(
            f"the height at {raster.grid.x[column]:.10g}, {raster.grid.y[row]:.10g} is {height[row, column]:g} m",
            file=file,
            way_out="name this number as the file's NODATA value, or give heights in metres",
        )
    sources = (file,) if manning_file is None else (file, Path(manning_file))
    return TerrainLayer(raster.crs, datum, raster.grid, height, rough, raster.valid, sources=sources, notes=(note,))
