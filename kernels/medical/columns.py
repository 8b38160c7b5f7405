"""Columns that a loop is about to index with or by, checked where a kernel takes them: compiled loops check nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .events import PersonEvents
from .offsets import check_offsets

__all__ = ["OF_EVENTS", "OF_PERSONS", "check_columns", "check_n_codes", "take_whole"]

OF_EVENTS = {
    "day": "int32", "code": "uint32", "kind": "uint8", "n_days": "uint16", "value": "float32", "cost_fen": "int32",
    "facility": "uint16",
}  # fmt: skip
OF_PERSONS = {
    "birth_day": "int32", "death_day": "int32", "observed_from": "int32", "observed_to": "int32", "sex": "uint8",
    "area": "uint32", "pseudonym": "uint64",
}  # fmt: skip


def take_whole(name: str, numbers: npt.ArrayLike, dtype: str) -> npt.NDArray[Any]:
    """A list of whole numbers as ``dtype``; an array that has it already is not copied.

    Raises
    ------
    ValueError
        If it is no list, a number is missing or has a fraction, or ``dtype`` cannot hold it.

    Examples
    --------
    >>> take_whole("code", [2, 0], "uint32")
    array([2, 0], dtype=uint32)
    """
    masked: Any = np.ma.asanyarray(numbers)
    limits = np.iinfo(dtype)
    rule = f"{name} must be a list of whole numbers from {limits.min} to {limits.max}"
    if masked.ndim != 1:
        raise ValueError(f"{rule}, got shape {masked.shape}")
    if np.ma.is_masked(masked):
        raise ValueError(f"{rule}, got none at {int(np.argmax(np.ma.getmaskarray(masked)))}: it is masked")
    given: npt.NDArray[Any] = np.ma.getdata(masked)
    if given.dtype == dtype or not given.size:
        return np.ascontiguousarray(given, dtype)
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{rule}, got {given.dtype}: convert it first")
    right = (given >= limits.min) & (given <= limits.max)
    if given.dtype.kind == "f":
        right &= given == np.floor(given)
    if not right.all():
        at = int(np.argmin(right))
        raise ValueError(f"{rule}, got {given[at]} at {at}")
    return np.ascontiguousarray(given, dtype)


def check_n_codes(n_codes: int, least: int = 1) -> None:
    """Refuse a size of the vocabulary that is none.

    Raises
    ------
    ValueError
        If it is no whole number, or less than ``least``.
    """
    if not isinstance(n_codes, int | np.integer) or n_codes < least:
        raise ValueError(f"n_codes must be a whole number of at least {least}, got {n_codes!r}")


def check_columns(events: PersonEvents, where: str = "") -> None:
    """Refuse events in host memory whose columns do not fit each other, or whose days fall within a person.

    Raises
    ------
    ValueError
        Naming the column.
    """
    n_persons, n_events = len(events.offset) - 1, len(events.day)
    check_offsets(f"offset{where}", events.offset, n_events)
    for columns, n, of in ((OF_EVENTS, n_events, "events"), (OF_PERSONS, n_persons, "persons")):
        for name, dtype in columns.items():
            _check_column(f"{name}{where}", getattr(events, name), n, of, dtype)
    if events.pseudonym.ndim != 2 or events.pseudonym.shape[1] != 2:
        raise ValueError(f"pseudonym{where} must be of shape (person, 2), got {events.pseudonym.shape}")
    falls = events.day[1:] < events.day[:-1]
    begins = events.offset[1:-1]
    falls[begins[(begins > 0) & (begins < n_events)] - 1] = False  # another person's events
    if falls.any():
        at = int(np.argmax(falls)) + 1
        raise ValueError(
            f"day{where} must rise within a person, got {events.day[at]} after {events.day[at - 1]} at event {at}: "
            "sort each person's events by day"
        )


def _check_column(name: str, column: Any, n: int, of: str, dtype: str) -> None:
    given = getattr(column, "dtype", type(column).__name__)
    if not isinstance(column, np.ndarray) or not (
        np.can_cast(column.dtype, dtype) if dtype != "float32" else column.dtype == dtype
    ):
        raise ValueError(f"{name} must be an array of {dtype}, got {given}: convert it with numpy.asarray")
    if len(column) != n:
        raise ValueError(f"{name} must hold one row for each of {n} {of}, got {len(column)}")
