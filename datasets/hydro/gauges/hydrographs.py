"""Hydrographs: how high water stood, or how much of it flowed, through time, in a CSV table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.headings import (
    is_flag,
    match_columns,
    refuse_flags,
    refuse_other_quantity,
    refuse_several_stations,
    split_heading,
)
from ...text.missing import Missing, fill_gaps, read_values, refuse_implausible
from ...text.tables import Table, read_table
from ...text.time_columns import find_time_column, read_time_column
from ...text.times import show_time
from ...text.units import convert_units
from .level_datums import find_level_datum
from .readings import QUANTITIES, Quantity

__all__ = ["Hydrograph", "read_hydrograph"]

Floats = npt.NDArray[np.float64]
FLOWS = Quantity(
    "m3 s-1", 0.0, 4e5, ("discharge", "flow", "inflow", "streamflow", "q", "流量", "入流量")
)  # the Amazon at its highest carries 3.7e5
KINDS = {"water level": QUANTITIES["water level"], "discharge": FLOWS}


@dataclass(frozen=True)
class Hydrograph:
    """A water level [m] or a discharge [m3 s-1], on straight lines between its rows.

    Attributes
    ----------
    time_s
        (row,) growing: seconds since 1970-01-01 00:00 UTC if ``is_dated``, else since the start of a run.
    value
        (row,).
    notes
        What of the table was filled or not read.
    """

    file: Path
    time_s: Floats
    value: Floats
    is_dated: bool
    notes: tuple[str, ...] = ()

    def cut(self, span_s: float, *, start_utc_s: int | None = None, needs_dates: bool = False) -> tuple[Floats, Floats]:
        """Cut out what a run sees of it.

        Parameters
        ----------
        span_s
            How long the run lasts [s].
        start_utc_s
            When it starts, where that is known: without it the rows must not use dates.
        needs_dates
            Whether rows must, since "the start" could be taken for two moments.

        Returns
        -------
        time_s, value : (row,) array
            From 0 to ``span_s``.

        Raises
        ------
        InputError
            If the rows do not reach over the whole run, or their times cannot be laid on its.
        """
        if self.is_dated and start_utc_s is None:
            raise InputError(
                "the table uses calendar dates, but this run has no start date",
                file=self.file,
                way_out="give times since the start of the run, in a column time (s), time (min) or time (h)",
            )
        if needs_dates and not self.is_dated:
            raise InputError(
                f"the table must use calendar dates, because the run starts at {show_time(start_utc_s or 0, 'UTC')}",
                file=self.file,
                way_out="give dates in a column time, such as 2023-09-07T22:00+08:00",
            )
        start_s = float(start_utc_s or 0) if self.is_dated else 0.0
        time_s = self.time_s - start_s
        # of hours and days written with a few digits; days since a date have five before the point
        rounding = max(0.5 if self.is_dated else 1e-3, 1e-6 * span_s)
        if time_s[0] > rounding or time_s[-1] < span_s - rounding:
            first, last = (self._show(at) for at in (self.time_s[0], self.time_s[-1]))
            begin, end = (self._show(at + start_s) for at in (0.0, span_s))
            raise InputError(
                f"the table must cover the whole run, {begin} to {end}, got {first} to {last}",
                file=self.file,
                way_out="add rows that reach from its start to its end",
            )
        inside = (time_s > 0.0) & (time_s < span_s)
        kept = np.array([0.0, *time_s[inside], span_s])
        return kept, np.interp(kept, time_s, self.value)

    def _show(self, time_s: float) -> str:
        return show_time(int(time_s), "UTC") if self.is_dated else f"{time_s:g} s"


def read_hydrograph(
    file: str | Path,
    quantity: Literal["water level", "discharge"],
    *,
    time_zone: str | None = None,
    missing: Missing | None = None,
    height_datum: str | None = None,
) -> Hydrograph:
    """Read rows of a time and a value.

    Parameters
    ----------
    file
        CSV with a column of times, either dates (see :func:`~citytide.datasets.text.times.read_times`) or counted
        since the start of a run in the unit that the heading names, ``time (min)``; and one of values, whose heading
        names their unit: ``level (m)``, ``流量(立方米每秒)``. A level may name its height datum: ``level (m CN85)``.
    quantity
        What the values are.
    time_zone
        Zone of dates where neither they nor the heading name one.
    missing
        The codes for no value: such rows are interpolated between their neighbours, and a note says so.
    height_datum
        From where the ground's heights are counted: a heading that names another datum is refused.

    Returns
    -------
    Hydrograph

    Raises
    ------
    InputError
        If a column or a unit is missing, a value cannot be, times do not grow, or there is but one row.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "tide.csv"
    ...     _ = file.write_text("time (h),level (cm)\\n0,20\\n2,120\\n")
    ...     tide = read_hydrograph(file, "water level")
    >>> time_s, level_m = tide.cut(3600.0)
    >>> time_s.tolist(), level_m.tolist()
    ([0.0, 3600.0], [0.2, 0.7])
    """
    file, missing = Path(file), missing or Missing()
    table = read_table(file)
    rule = KINDS[quantity]
    time_column = find_time_column(table)
    column, units = _find_values(table, quantity, time_column)
    if time_column is None or column is None:
        lacking = "times" if time_column is None else f"{quantity}s"
        raise InputError(
            f"the table has no column of {lacking} among {', '.join(table.columns) or 'none'}",
            file=file,
            line=1,
            way_out=f"name two columns time and {rule.headings[0]} ({rule.units})",
        )
    refuse_several_stations(table, (time_column, column))
    datum_column: str | None = None
    if rule.is_height:
        units, _, datum_column = find_level_datum(table, column, units, height_datum, "the ground's heights are")
    time_s, is_dated = read_time_column(table, time_column, time_zone=time_zone)
    notes = refuse_flags(table, (time_column, column, datum_column))
    given, lost = read_values(table, column, missing)
    value = convert_units(given, units, rule.units, what=quantity, file=file, line=1)
    refuse_implausible(table, column, value, missing, least=rule.least, most=rule.most, units=rule.units)
    if len(table) < 2:
        raise InputError(
            "the table must have at least two rows", file=file, way_out="give at least the first and the last time"
        )
    back = np.flatnonzero(np.diff(time_s) <= 0.0)
    if back.size:
        row = int(back[0]) + 1
        text = table.columns[time_column][row].strip()
        raise table.error(
            row, f"{time_column} is {text}, which must be later than in the row before", "sort the rows by time"
        )
    value, filled = fill_gaps(table, column, time_s, value, lost)
    return Hydrograph(file, time_s, value, is_dated, (*notes, *filled))


def _find_values(table: Table, quantity: str, time_column: str | None) -> tuple[str | None, str | None]:
    """The column of values and the unit that it names."""
    known = match_columns(table, KINDS[quantity].headings)
    if len(known) > 1:
        raise InputError(
            f"the table has {len(known)} columns of {quantity}s: {', '.join(known)}",
            file=table.file,
            line=1,
            way_out="keep the one that is meant",
        )
    if known:
        return next(iter(known.items()))
    rest = [column for column in table.columns if column != time_column and not is_flag(column)]
    if len(rest) != 1:
        return None, None
    refuse_other_quantity(table, rest[0], KINDS[quantity].headings)
    return rest[0], split_heading(rest[0])[1]
