"""Persons of a long table: one row each gives up to three records."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import NO_DAY
from ..records import DEATH, OBSERVED, PERSON, SEXES, Records
from ..rows.columns import build_records, refuse_reversed
from ..rows.days import check_format, read_days
from ..rows.rows import Rows, show_text
from ..rows.texts import read_texts, spread_texts
from .mappings import DateColumn, PersonTable, SexColumn

__all__ = ["list_person_columns", "list_person_rows", "read_persons"]


def list_person_rows(table: PersonTable) -> tuple[int, ...]:
    """What records a table of persons gives."""
    observed = (OBSERVED,) if table.observed_from or table.observed_to else ()
    return (PERSON, *observed, *((DEATH,) if table.death else ()))


def list_person_columns(table: PersonTable, row: int | None = None) -> tuple[str, ...]:
    """Columns that a mapping names in the table of persons, all or those of one kind of record."""
    by_row: dict[int, tuple[DateColumn | SexColumn | None, ...]] = {
        PERSON: (table.birth, table.sex),
        OBSERVED: (table.observed_from, table.observed_to),
        DEATH: (table.death,),
    }
    held = [one.column for at, parts in by_row.items() if row in (None, at) for one in parts if one is not None]
    area = [table.area] if table.area and row in (None, PERSON) else []
    return tuple(dict.fromkeys((table.id, *held, *area)))


def read_persons(rows: Rows, table: PersonTable, row: int) -> Records:
    """Records of one kind of a part of a table of persons.

    Parameters
    ----------
    rows
        With the columns that this kind needs.
    table
        What the mapping says of it.
    row
        ``PERSON``, ``OBSERVED`` or ``DEATH``.

    Raises
    ------
    InputError
        If a row cannot be read.
    """
    person = spread_texts(rows, table.id, "an identifier")
    named = person != ""
    if row == DEATH:
        day = _read_optional(rows, table.death)
        return build_records(DEATH, person, named & (day != NO_DAY), {}, day=day)
    if row == OBSERVED:
        start, end = _read_optional(rows, table.observed_from), _read_optional(rows, table.observed_to)
        if table.observed_from and table.observed_to:
            refuse_reversed(rows, start, end, table.observed_from.column, table.observed_to.column)
        return build_records(OBSERVED, person, named & ((start != NO_DAY) | (end != NO_DAY)), {}, day=start, until=end)
    birth = _read_optional(rows, table.birth)
    sex = _read_sexes(rows, table.sex) if table.sex else np.zeros(rows.n_rows, np.uint8)
    counts = {
        "rows of persons without a person": np.count_nonzero(~named),
        f"persons whose sex is {SEXES[0]}": np.count_nonzero(named & (sex == 0)),
        "persons whose day of birth is not known": np.count_nonzero(named & (birth == NO_DAY)),
    }
    known = birth != NO_DAY
    if table.birth and table.birth.format and check_format(table.birth.format):
        of_year = not any(sign in table.birth.format for sign in ("%m", "%b", "%B"))
        words = "a month of birth, taken as 15 June" if of_year else "a day of birth, taken as the first of the month"
        counts[f"persons without {words}"] = np.count_nonzero(named & known)
        if of_year:
            birth = np.where(known, _find_middle(birth), birth).astype(np.int32)
    area = spread_texts(rows, table.area, "an area") if table.area else ""
    return build_records(PERSON, person, named, counts, day=birth, sex=sex, area=area)


def _find_middle(day: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """15 June of the years of these days."""
    years = day.astype("M8[D]").astype("M8[Y]")
    return np.asarray((years.astype("M8[M]") + 5).astype("M8[D]").astype(np.int64) + 14)


def _read_optional(rows: Rows, column: DateColumn | None) -> npt.NDArray[np.int32]:
    if column is None:
        return np.full(rows.n_rows, NO_DAY, np.int32)
    return read_days(rows, column.column, column.format)


def _read_sexes(rows: Rows, column: SexColumn) -> npt.NDArray[np.uint8]:
    texts, place = read_texts(rows, column.column, "a sex")
    sexes = np.zeros(len(texts), np.uint8)
    values: dict[str, Any] = {"": SEXES[0], **column.values}
    for i, text in enumerate(texts.tolist()):
        at = np.flatnonzero(place == i)
        if text not in values and len(at):
            known = ", ".join(repr(one) for one in column.values)
            raise rows.refuse(
                f"column {column.column!r} must hold one of {known} or nothing, got {show_text(text)}",
                int(at[0]),
                "add it to persons.sex.values of the mapping, as male, female or unknown",
            )
        sexes[i] = SEXES.index(values.get(text, SEXES[0]))
    return np.asarray(sexes[place], np.uint8)
