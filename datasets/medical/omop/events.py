"""Events and deaths of the CDM."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import NO_DAY, UNDATED
from ..records import DEATH, EVENT, KINDS, Records
from ..rows.columns import build_records, refuse_reversed
from ..rows.days import read_days
from ..rows.numbers import read_durations, read_values
from ..rows.rows import Rows
from ..rows.texts import spread_texts
from .tables import EVENT_TABLES

__all__ = ["read_deaths", "read_events"]


def read_deaths(rows: Rows) -> Records:
    """Records of a part of DEATH."""
    person, day = spread_texts(rows, "person_id", "an identifier"), read_days(rows, "death_date")
    named, dated = person != "", day != NO_DAY
    counts = {
        "rows of DEATH without a person": np.count_nonzero(~named),
        "deaths without a date": np.count_nonzero(named & ~dated),
    }
    return build_records(DEATH, person, named & dated, counts, day=day)


def read_events(rows: Rows, table: str) -> Records:
    """Records of a part of a table of events.

    Parameters
    ----------
    rows
        With the table's columns.
    table
        One of ``EVENT_TABLES``.
    """
    one = EVENT_TABLES[table]
    person, code = spread_texts(rows, "person_id", "an identifier"), spread_texts(rows, one.concept, "a concept")
    day = read_days(rows, one.start)
    until = _read_until(rows, table, day)
    named, known = person != "", (code != "") & (code != "0")
    keep = named & known
    undated = keep & (day == NO_DAY)
    counts = {
        f"rows of {table} without a person": np.count_nonzero(~named),
        f"rows of {table} whose concept is 0 or missing (no matching concept)": np.count_nonzero(named & ~known),
        f"rows of {table} without a date (kept, undated)": np.count_nonzero(undated),
    }
    others: dict[str, npt.NDArray[np.generic]] = {}
    if one.value in rows.columns:
        others["value"] = read_values(rows, one.value)
    if one.facility in rows.columns:
        facility = spread_texts(rows, one.facility, "a facility")
        others["facility"] = np.where(facility == "0", "", facility)
    until = np.where(day == NO_DAY, NO_DAY, until)
    day = np.where(day == NO_DAY, UNDATED, day)
    kind = KINDS.index(one.kind)
    return build_records(EVENT, person, keep, counts, day=day, until=until, code=code, kind=kind, **others)


def _read_until(rows: Rows, table: str, day: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    one = EVENT_TABLES[table]
    until = np.full(rows.n_rows, NO_DAY, np.int32)
    if one.end in rows.columns:
        until = read_days(rows, one.end)
        refuse_reversed(rows, day, until, one.start, one.end)
    if one.days_supply in rows.columns:
        supply = read_durations(rows, one.days_supply)
        open_end = (until == NO_DAY) & (day != NO_DAY) & (supply > 0)
        until = np.where(open_end, day + supply - 1, until).astype(np.int32)
    return until
