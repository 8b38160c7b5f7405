"""Rain rates through time, one column for each zone, in a CSV table."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..encodings import read_text
from ..errors import InputError
from ..units import convert_units

__all__ = ["read_rain_series"]

Floats = npt.NDArray[np.float64]


def read_rain_series(file: str | Path, *, units: str | None) -> tuple[Floats, Floats]:
    """Read rows of time and rates.

    Parameters
    ----------
    file
        CSV with or without a line of names: first the time since the start [s], then a rate for each zone 0, 1, ...; a
        rate holds until the next row, the last one to the end.
    units
        Of the rates, as UDUNITS writes them; the table cannot say, so it must be declared.

    Returns
    -------
    start_s : (row,) array
        From 0 up [s].
    rate : (row, zone) array
        [mm h-1].

    Raises
    ------
    InputError
        If the file cannot be read, a cell is no number, a rate is negative, rows differ in length, or times do not
        start at 0 and grow.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "rain.csv"
    ...     _ = file.write_text("time_s,hills,plain\\n0,36,18\\n600,0,0\\n")
    ...     start_s, rate = read_rain_series(file, units="mm h-1")
    >>> start_s.tolist(), rate.tolist()
    ([0.0, 600.0], [[36.0, 18.0], [0.0, 0.0]])
    """
    file = Path(file)
    if units is None:
        raise InputError(
            "the table does not say the unit of its rates", file=file, way_out="declare one: --set rain_units='mm h-1'"
        )
    rows: list[list[float]] = []
    first = 0
    for number, cells in enumerate(csv.reader(read_text(file).splitlines()), start=1):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = [float(cell) for cell in cells]
        except ValueError as error:
            if not rows and not first:
                first = number  # the names
                continue
            raise InputError(str(error), file=file, line=number, way_out="give numbers") from None
        if rows and len(row) != len(rows[0]):
            raise InputError(
                f"{len(row)} columns after rows of {len(rows[0])}", file=file, line=number, way_out="fill every cell"
            )
        if len(row) < 2 or not np.isfinite(row).all() or min(row[1:]) < 0.0:
            raise InputError(
                f"the row holds {','.join(cells)}",
                file=file,
                line=number,
                way_out="give a time and at least one rate, finite and none of them negative",
            )
        if (rows and row[0] <= rows[-1][0]) or (not rows and row[0] != 0.0):
            raise InputError(
                f"the time is {row[0]:g} s", file=file, line=number, way_out="start at 0 and let times grow row by row"
            )
        rows.append(row)
    if not rows:
        raise InputError("there are no rows", file=file, way_out="give a time and a rate in each row")
    table = np.array(rows)
    return table[:, 0], convert_units(table[:, 1:], units, "mm h-1", what="rain", file=file)
