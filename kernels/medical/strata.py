# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Persons of each stratum, and how many of them have each code."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..engines import Array, Contract, Engine, Traversal, choose_engine, kernel
from .columns import check_n_codes, take_whole
from .offsets import check_offsets

__all__ = ["StrataCounts", "count_strata"]


class StrataCounts(NamedTuple):
    """Whole numbers: those of parts of the persons add up to those of all."""

    persons: npt.NDArray[np.int64]
    """(stratum,) persons."""
    having: npt.NDArray[np.int64]
    """(stratum, code) persons who have the code."""


def _count(offset, code, stratum, persons, having):
    for person in range(stratum.size):
        here = stratum[person]
        persons[here] += 1
        for at in range(offset[person], offset[person + 1]):
            having[here, code[at]] += 1


STRATA = Traversal(_count)


@kernel(
    Contract(
        takes={
            "first_offset": Array(("person_edge",), dtype="int64"),
            "first_code": Array(("first",), dtype="uint32"),
            "stratum": Array(("person",), dtype="int64"),
        },
        gives={
            "persons": Array(("stratum",), "1", dtype="int64"),
            "having": Array(("stratum", "code"), "1", dtype="int64"),
        },
        structure="StrataCounts",
        engines=STRATA.engines,
    )
)
def count_strata(
    first_offset: npt.ArrayLike,
    first_code: npt.ArrayLike,
    stratum: npt.ArrayLike,
    n_strata: int,
    n_codes: int,
    *,
    engine: Engine | Literal["auto"] = "auto",
) -> StrataCounts:
    """Count the persons of each stratum, and those who have each code.

    Parameters
    ----------
    first_offset : (person + 1,) array of int
        Where a person's codes begin.
    first_code : (first,) array of int
        Each once for a person, below ``n_codes``.
    stratum : (person,) array of int
        Each person's stratum, from 0 and below ``n_strata``.
    n_strata, n_codes
        Sizes of the tables.
    engine
        ``"numba"``, ``"python"`` (uncompiled, for small arrays) or ``"auto"``.

    Returns
    -------
    StrataCounts
        ``persons`` (stratum,) and ``having`` (stratum, code).

    Raises
    ------
    ValueError
        If arrays do not fit each other, or a code or a stratum is out of range.

    Examples
    --------
    >>> persons, having = count_strata([0, 2, 2, 3], [0, 1, 1], [0, 0, 1], 2, 2)
    >>> persons.tolist(), having.tolist()
    ([2, 1], [[1, 1], [0, 1]])
    """
    check_n_codes(n_codes)
    codes, places = take_whole("first_code", first_code, "uint32"), take_whole("stratum", stratum, "int64")
    cuts = check_offsets("first_offset", first_offset, codes.size)
    if places.shape != (len(cuts) - 1,):
        raise ValueError(f"stratum must hold one number per person ({len(cuts) - 1}), got shape {places.shape}")
    if n_strata < 0:
        raise ValueError(f"n_strata must be >= 0, got {n_strata}")
    if codes.size and codes.max() >= n_codes:
        raise ValueError(f"first_code must be below n_codes ({n_codes}), got {codes.max()}")
    if places.size and not 0 <= places.min() <= places.max() < n_strata:
        wrong = places.min() if places.min() < 0 else places.max()
        raise ValueError(f"stratum must be from 0 and below n_strata ({n_strata}), got {wrong}")
    counts = StrataCounts(np.zeros(n_strata, np.int64), np.zeros((n_strata, n_codes), np.int64))
    STRATA.on(choose_engine(STRATA.engines, engine))(cuts, codes, places, *counts)
    return counts
