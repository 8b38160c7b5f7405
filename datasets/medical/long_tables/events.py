"""Events of a long table, by the mapping of its columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import NO_DAY, UNDATED
from ..records import EVENT, KINDS, Records
from ..rows.columns import build_records, refuse_reversed
from ..rows.days import read_days
from ..rows.numbers import read_costs, read_durations, read_values
from ..rows.rows import Rows, show_text
from ..rows.texts import read_texts, spread_texts
from .mappings import KindColumn, Mapping

__all__ = ["list_event_columns", "read_events"]


def list_event_columns(mapping: Mapping) -> tuple[str, ...]:
    """Columns that a mapping names in the table of events."""
    kind = mapping.kind.column if isinstance(mapping.kind, KindColumn) else ""
    cost = mapping.cost.column if mapping.cost else ""
    end = mapping.end.column if mapping.end else ""
    named = (
        mapping.person,
        mapping.date.column,
        mapping.code,
        kind,
        mapping.value,
        cost,
        mapping.facility,
        mapping.days,
    )
    return tuple(dict.fromkeys(filter(None, (*named, end))))


def read_events(rows: Rows, mapping: Mapping) -> Records:
    """Records of a part of a long table.

    Raises
    ------
    InputError
        If a row cannot be read.
    """
    person = spread_texts(rows, mapping.person, "an identifier")
    code = spread_texts(rows, mapping.code, "a code")
    day = read_days(rows, mapping.date.column, mapping.date.format)
    named, coded = person != "", code != ""
    keep = named & coded
    counts = {
        "rows without a person": np.count_nonzero(~named),
        "rows without a code": np.count_nonzero(named & ~coded),
        "rows without a date (kept, undated)": np.count_nonzero(keep & (day == NO_DAY)),
    }
    others: dict[str, Any] = {"kind": _read_kinds(rows, mapping)}
    if mapping.value:
        others["value"] = read_values(rows, mapping.value)
    if mapping.cost:
        others["cost_fen"] = read_costs(rows, mapping.cost.column, mapping.cost.unit)
    if mapping.facility:
        others["facility"] = spread_texts(rows, mapping.facility, "a facility")
    until = np.where(day == NO_DAY, NO_DAY, _read_until(rows, mapping, day))
    day = np.where(day == NO_DAY, UNDATED, day)
    return build_records(EVENT, person, keep, counts, day=day, until=until, code=code, **others)


def _read_until(rows: Rows, mapping: Mapping, day: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    if mapping.end:
        end = read_days(rows, mapping.end.column, mapping.end.format)
        refuse_reversed(rows, day, end, mapping.date.column, mapping.end.column)
        return end
    if mapping.days:
        days = read_durations(rows, mapping.days)
        return np.where(days > 0, day + days - 1, NO_DAY).astype(np.int32)
    return np.full(rows.n_rows, NO_DAY, np.int32)


def _read_kinds(rows: Rows, mapping: Mapping) -> Any:
    if not isinstance(mapping.kind, KindColumn):
        return KINDS.index(mapping.kind)
    texts, place = read_texts(rows, mapping.kind.column, "a kind")
    kinds = np.zeros(len(texts), np.uint8)
    for i, text in enumerate(texts.tolist()):
        at = np.flatnonzero(place == i)
        if not len(at):
            continue
        if text not in mapping.kind.values:
            known = ", ".join(repr(one) for one in mapping.kind.values)
            raise rows.refuse(
                f"column {mapping.kind.column!r} must hold one of {known}, got {show_text(text)}",
                int(at[0]),
                f"add it to kind.values of the mapping, as one of {', '.join(KINDS)}",
            )
        kinds[i] = KINDS.index(mapping.kind.values[text])
    return kinds[place]
