"""Radar pictures of MeteoSwiss: rain as colours of a palette, one GIF every five minutes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....kernels.space.grid import Grid
from ...errors import InputError
from ...place.crs import name_crs
from ..rain.field import RainField

__all__ = ["read_radar_gif"]

CRS = "EPSG:21781"  # Swiss grid LV03
GRID = Grid(255_000.0, -160_000.0, 1000.0, 640, 710)
_NAME = re.compile(r"[A-Z]{3}(\d{2})(\d{3})(\d{2})(\d{2})")  # AQC, year, day of the year, hour, minute
_DRY_BELOW, _HIGHEST, _UNKNOWN = 2, 250, 255


def read_radar_gif(files: Sequence[Path], *, crs: str | None = None) -> RainField:
    r"""Read the radar pictures of the Swiss network.

    A pixel's place :math:`i` in the palette means, for :math:`2 \le i \le 250`,

    .. math:: R = \left( 10^{(i - 71.5)/20} / 316 \right)^{1/1.5}

    millimetres in five minutes; 255 is out of sight, anything else is dry.

    Parameters
    ----------
    files
        Named after product and time, as in ``AQC151351545F_00005.801.gif``: 2015, day 135, 15:45 UTC.
    crs
        ``EPSG:21781`` by default, which the pictures do not name.

    Returns
    -------
    RainField
        640 x 710 cells of 1 km, the picture's lowest row first, in the order of the files.

    Raises
    ------
    InputError
        If a name has no time, or a file is no picture of this size with a palette.

    References
    ----------
    .. [1] Germann, Galli, Boscacci & Bolliger (2006), doi:10.1256/qj.05.190 (Z = 316 R^1.5).
    """
    table = _make_table()
    time, rate = [], []
    for file in files:
        time.append(_read_time(file))
        rate.append(table[_read_picture(file)][::-1])
    return RainField(
        name_crs(crs or CRS), GRID, np.array(time, dtype=np.int64), 0, np.stack(rate), sources=tuple(files)
    )


def _make_table() -> npt.NDArray[np.float32]:
    """Rate of each place of the palette [mm h-1]."""
    place = np.arange(256, dtype=np.float64)
    rate = 12.0 * (10.0 ** ((place - 71.5) / 20.0) / 316.0) ** (1.0 / 1.5)
    rate[(place < _DRY_BELOW) | (place > _HIGHEST)] = 0.0
    rate[_UNKNOWN] = np.nan
    return rate.astype(np.float32)


def _read_time(file: Path) -> int:
    found = _NAME.match(file.name)
    if found is None:
        raise InputError(
            "the name of the picture must hold a time",
            file=file,
            way_out="keep names such as AQC151351545F_00005.801.gif: year, day of the year, hour and minute in UTC",
        )
    year, day, hour, minute = (int(part) for part in found.groups())
    if not (1 <= day <= 366 and hour < 24 and minute < 60):
        raise InputError(f"the name of the picture holds day {day}, {hour:02d}:{minute:02d}", file=file,
                         way_out="correct the name")  # fmt: skip
    start = datetime(2000 + year, 1, 1, tzinfo=UTC)
    return int((start + timedelta(days=day - 1, hours=hour, minutes=minute)).timestamp())


def _read_picture(file: Path) -> npt.NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as picture:
            mode, pixels = picture.mode, np.asarray(picture)
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError) as error:
        raise InputError(f"the picture cannot be read ({type(error).__name__})", file=file,
                         way_out="fetch it again") from None  # fmt: skip
    if mode != "P" or pixels.shape != GRID.shape:
        raise InputError(
            f"the picture is {' x '.join(map(str, pixels.shape))} in mode {mode}",
            file=file,
            way_out=f"give pictures of {GRID.n_y} x {GRID.n_x} pixels with a palette",
        )
    return pixels
