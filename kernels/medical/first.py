# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""The first time that each code occurs in a person: what pairs, prevalence and incidence are counted from."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..engines import Array, Contract, Engine, Traversal, choose_engine, kernel
from .columns import check_n_codes, take_whole
from .offsets import check_offsets

__all__ = ["FirstOccurrences", "find_first_occurrences"]


class FirstOccurrences(NamedTuple):
    """Each person's distinct codes, in the order of their first days; of one day in the order of codes."""

    first_offset: npt.NDArray[np.int64]
    """(person + 1,) where a person's codes begin."""
    first_day: npt.NDArray[np.int32]
    """(first,) ``UNDATED`` where a code has no day at all; these stand last."""
    first_code: npt.NDArray[np.uint32]
    """(first,) each once for a person."""


def _find(offset, day, code, n_codes, most, first_offset, first_day, first_code):
    seen = np.zeros(n_codes, np.uint32)  # the last person in whom a code was met, from 1 on: nothing to clear
    n = 0
    for person in range(offset.size - 1):
        begin = n
        same_day = n
        before = np.int64(-(2**31))
        for event in range(offset[person], offset[person + 1]):
            now = np.int64(day[event])
            here = code[event]
            if here >= n_codes or now < before:
                return -event - 1
            if now > before:
                same_day = n
                before = now
            if seen[here] != person + 1:
                seen[here] = person + 1
                at = n
                while at > same_day and first_code[at - 1] > here:  # events of a day come by kind, not by code
                    first_code[at] = first_code[at - 1]
                    at -= 1
                first_code[at] = here
                first_day[n] = day[event]
                n += 1
        n = min(n, begin + most)
        first_offset[person + 1] = n
    return n


FIRST = Traversal(_find)


@kernel(
    Contract(
        takes={
            "offset": Array(("person_edge",), dtype="int64"),
            "day": Array(("event",), dtype="int32"),
            "code": Array(("event",), dtype="uint32"),
        },
        gives={
            "first_offset": Array(("person_edge",), dtype="int64"),
            "first_day": Array(("first",), dtype="int32"),
            "first_code": Array(("first",), dtype="uint32"),
        },
        structure="FirstOccurrences",
        engines=FIRST.engines,
    )
)
def find_first_occurrences(
    offset: npt.ArrayLike,
    day: npt.ArrayLike,
    code: npt.ArrayLike,
    n_codes: int,
    *,
    most: int | None = None,
    engine: Engine | Literal["auto"] = "auto",
) -> FirstOccurrences:
    """Find each person's distinct codes, in the order in which they first occurred.

    Parameters
    ----------
    offset : (person + 1,) array of int
        Where a person's events begin.
    day : (event,) array of int
        Rising within a person; ``UNDATED`` where it is not known.
    code : (event,) array of int
        Below ``n_codes``, in any order within a day.
    n_codes
        Size of the vocabulary.
    most
        Codes that one person keeps at most, the first ones: the bound on what a person contributes to a table.
    engine
        ``"numba"``, ``"python"`` (uncompiled, for small arrays) or ``"auto"``.

    Returns
    -------
    FirstOccurrences
        ``first_offset``, ``first_day``, ``first_code``: sorted by (day, code) within a person.

    Raises
    ------
    ValueError
        If arrays do not fit each other, a code is not below ``n_codes``, or days of a person fall.

    Examples
    --------
    >>> offset, day, code = find_first_occurrences([0, 4], [3, 3, 5, 9], [2, 1, 2, 0], 3)
    >>> offset.tolist(), day.tolist(), code.tolist()
    ([0, 3], [3, 3, 9], [1, 2, 0])
    """
    check_n_codes(n_codes)
    days, codes = take_whole("day", day, "int32"), take_whole("code", code, "uint32")
    cuts = check_offsets("offset", offset, codes.size)
    if days.shape != codes.shape:
        raise ValueError(f"day and code must hold one number per event, got shapes {days.shape} and {codes.shape}")
    if most is not None and most < 1:
        raise ValueError(f"most must be at least 1, got {most}")
    first = FirstOccurrences(np.zeros_like(cuts), np.empty_like(days), np.empty_like(codes))
    bound = min(n_codes, most or n_codes)
    n = FIRST.on(choose_engine(FIRST.engines, engine))(cuts, days, codes, n_codes, bound, *first)
    if n < 0:
        event = -n - 1
        if codes[event] >= n_codes:
            raise ValueError(f"code must be below n_codes ({n_codes}), got {codes[event]} at event {event}")
        raise ValueError(f"day must rise within a person, got {days[event]} after {days[event - 1]} at event {event}")
    return FirstOccurrences(first.first_offset, first.first_day[:n], first.first_code[:n])
