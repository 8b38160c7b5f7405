"""ESRI ASCII grids, by our own few lines."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid
from ..errors import InputError

__all__ = ["GRID_TOLERANCE", "SQUARES", "AsciiGrid", "find_cell", "read_ascii_grid"]

_KEYS = {"ncols", "nrows", "xllcorner", "yllcorner", "xllcenter", "yllcenter", "cellsize", "dx", "dy", "nodata_value"}
GZIP = b"\x1f\x8b"
_NODATA = -9999.0  # of an ESRI ASCII grid that names none
SQUARES = "resample it to square cells"
GRID_TOLERANCE = 1e-3  # of a cell, over a whole raster: by which cells may miss a square, or another raster's


class AsciiGrid(NamedTuple):
    """A grid, its numbers and its NODATA value."""

    grid: Grid
    values: npt.NDArray[np.float64]  # (y, x) southernmost row first
    missing: float


def find_cell(dx: float, dy: float, shape: tuple[int, int], file: str | Path) -> float:
    """Return the side of cells that are squares up to rounding.

    Raises
    ------
    InputError
        If the sides add up to different lengths, by more than :data:`GRID_TOLERANCE` of a cell over the whole raster.

    Examples
    --------
    >>> find_cell(10.0, 10.0001, (12, 12), "dem.tif")
    10.00005
    """
    if not abs(dx - dy) * max(shape) <= GRID_TOLERANCE * min(dx, dy):
        raise InputError(f"the cells are {dx:.9g} by {dy:.9g}; they must be squares", file=file, way_out=SQUARES)
    return dx if dx == dy else (dx + dy) / 2


def read_ascii_grid(file: Path) -> AsciiGrid:
    """Read a grid, also one compressed by gzip.

    Raises
    ------
    InputError
        If its head lacks something, or the cells are not as many numbers as it says.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "dem.asc"
    ...     _ = file.write_text("ncols 1\\nnrows 2\\nxllcorner 0\\nyllcorner 0\\ncellsize 9\\n7\\n-9\\n")
    ...     read_ascii_grid(file).values.tolist()
    [[-9.0], [7.0]]
    """
    raw = file.read_bytes()
    try:
        plain = gzip.decompress(raw) if raw.startswith(GZIP) else raw
        text = plain.removeprefix(codecs.BOM_UTF8).decode("ascii")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"the file is not an ESRI ASCII grid ({error})", file=file, way_out="save it again") from None
    lines = text.splitlines()
    head, n_head = _read_head(lines, file)
    dx = dy = head.get("cellsize", 0.0)
    if "dx" in head or "dy" in head:
        dx, dy = (head.get(key, 0.0) for key in ("dx", "dy"))
    for key, value in (("ncols", head.get("ncols", 0.0)), ("nrows", head.get("nrows", 0.0)), ("cellsize", min(dx, dy))):
        if not 0.0 < value < np.inf or (key != "cellsize" and value != int(value)):
            raise InputError(
                f"{key} must be {'a length' if key == 'cellsize' else 'a whole number'} above 0",
                file=file,
                way_out="write it into the header of the file",
            )
    n_x, n_y = int(head["ncols"]), int(head["nrows"])
    cell = find_cell(dx, dy, (n_y, n_x), file)
    west = head["xllcorner"] if "xllcorner" in head else head.get("xllcenter", np.nan) - cell / 2
    south = head["yllcorner"] if "yllcorner" in head else head.get("yllcenter", np.nan) - cell / 2
    if not np.isfinite([west, south]).all():
        raise InputError("the lower left corner is missing", file=file, way_out="write xllcorner and yllcorner")
    words = " ".join(lines[n_head:]).split()
    if len(words) != n_x * n_y:
        raise InputError(
            f"the grid has {len(words):,} numbers, {n_y:,} rows of {n_x:,} are {n_x * n_y:,}",
            file=file,
            way_out="check whether the file is cut off",
        )
    try:
        values = np.array(words, dtype=np.float64).reshape(n_y, n_x)[::-1]
    except ValueError:
        at = next(k for k, word in enumerate(words) if not _is_number(word))
        raise InputError(
            f"row {at // n_x + 1}, column {at % n_x + 1} holds {words[at]!r}", file=file, way_out="give a number"
        ) from None
    return AsciiGrid(Grid(west, south, cell, n_y, n_x), values, head.get("nodata_value", _NODATA))


def _read_head(lines: list[str], file: Path) -> tuple[dict[str, float], int]:
    """The numbers by their key words, and the line from which on there are none; blank lines do not count."""
    head: dict[str, float] = {}
    for n, line in enumerate(lines):
        words = line.split()
        if not words:
            continue
        key = words[0].lower()
        if key not in _KEYS:
            return head, n
        if key in head:
            raise InputError(
                f"{words[0]} must be given once",
                file=file,
                line=n + 1,
                way_out="keep the right line",
            )
        try:
            head[key] = float(words[1])
        except (IndexError, ValueError):
            raise InputError(
                f"{words[0]} is {' '.join(words[1:])!r}", file=file, line=n + 1, way_out="give a number"
            ) from None
    return head, len(lines)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
