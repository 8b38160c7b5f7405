"""Columns of records from what a reader found: what it does not give is empty or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsInt

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import NO_DAY
from ..records import Records
from .rows import Rows

__all__ = ["build_records", "refuse_reversed"]

_BLANK: dict[str, tuple[Any, Any]] = {
    "day": (np.int32, NO_DAY), "until": (np.int32, NO_DAY), "code": (np.str_, ""), "kind": (np.uint8, 0),
    "value": (np.float32, np.nan), "cost_fen": (np.int32, -1), "facility": (np.str_, ""), "sex": (np.uint8, 0),
    "area": (np.str_, ""),
}  # fmt: skip


def build_records(
    row: int,
    person: npt.NDArray[np.str_],
    keep: npt.NDArray[np.bool_],
    counts: Mapping[str, SupportsInt],
    **columns: Any,
) -> Records:
    """Records of the rows that are kept.

    Parameters
    ----------
    row
        What a record is.
    person
        (row,) identifiers.
    keep
        (row,) which rows become records.
    counts
        What was left out or is worth knowing, in words; zeros are dropped.
    columns
        (row,) arrays, or one value for all, by the names of ``Records``.
    """
    filled: dict[str, Any] = {}
    for name, (dtype, blank) in _BLANK.items():
        given = columns.get(name, blank)
        if np.ndim(given) == 0:
            n = int(np.count_nonzero(keep))
            filled[name] = np.full(n, given, dtype if dtype is not np.str_ else f"U{max(1, len(given))}")
        else:
            filled[name] = np.asarray(given, dtype)[keep]
    told = {words: int(n) for words, n in counts.items() if int(n)}
    return Records(row=row, person=person[keep], counts=told, **filled)


def refuse_reversed(
    rows: Rows, start: npt.NDArray[np.int32], end: npt.NDArray[np.int32], first: str, last: str
) -> None:
    """Refuse rows whose last day lies before their first one.

    Raises
    ------
    InputError
        With the first of them.
    """
    wrong = np.flatnonzero((start != NO_DAY) & (end != NO_DAY) & (end < start))
    if len(wrong):
        at = int(wrong[0])
        days = [str(np.datetime64(int(day), "D")) for day in (start[at], end[at])]
        raise rows.refuse(
            f"column {last!r} must not lie before {first!r}, got {days[1]} after {days[0]}",
            at,
            "correct the rows, or empty the end if it is not known",
        )
