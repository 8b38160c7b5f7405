"""Comparison of a table with earlier releases of the same measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .kept import Kept

__all__ = ["count_differing_persons", "find_close_cohort", "is_nested", "name_release", "refuse_close_cohorts"]

Cohort = NDArray[np.uint64]


def count_differing_persons(cohort: Cohort, other: Cohort) -> int:
    """How many persons are in one cohort and not in the other, at least.

    In each bucket of pseudonyms the numbers of persons differ by some, or are equal while the sums of their hashes
    differ: then at least two persons do. The true number can be larger where persons of one bucket came and others
    left, and is never smaller.

    Parameters
    ----------
    cohort, other
        Persons of each bucket, and the sum of their hashes modulo 2^64; (2, bucket).

    Examples
    --------
    >>> first, second = np.array([[3, 1], [77, 5]], np.uint64), np.array([[3, 2], [78, 9]], np.uint64)
    >>> count_differing_persons(first, second)
    3
    """
    if cohort.shape != other.shape:
        raise RunError(
            "cohorts must have the same buckets to be compared, but one has "
            f"{cohort.shape[1]} and an earlier release {other.shape[1]}: import both stores with the same buckets"
        )
    persons, others = cohort[0].astype(np.int64), other[0].astype(np.int64)
    differing = np.abs(persons - others)
    return int(np.where((differing == 0) & (cohort[1] != other[1]), 2, differing).sum())


def is_nested(cohort: Cohort, other: Cohort) -> bool:
    """Whether one cohort may hold all persons of the other: in no bucket it has fewer."""
    persons, others = cohort[0].astype(np.int64), other[0].astype(np.int64)
    return bool((persons <= others).all() or (others <= persons).all())


def name_release(line: Mapping[str, Any]) -> str:
    """A release as messages name it."""
    number = f"release {line['number']}" if "number" in line else "a release"
    return f"{number} (run {line.get('run_id')}, step {line.get('step')})"


def refuse_close_cohorts(cohort: Cohort, earlier: Sequence[Kept], min_cell: int) -> None:
    """Refuse a release whose persons differ from those of an earlier one by fewer than ``min_cell``.

    Raises
    ------
    RunError
        If so: the difference of the two tables would tell of these persons alone.
    """
    if kept := find_close_cohort(cohort, earlier, min_cell):
        raise RunError(
            f"the persons of two releases must be the same or differ by at least {min_cell}, but those of this "
            f"one differ from those of {name_release(kept.line)} by fewer than {min_cell} persons: ask for the "
            f"same cohort, or for one that differs by at least {min_cell} persons"
        )


def find_close_cohort(cohort: Cohort, earlier: Sequence[Kept], min_cell: int) -> Kept | None:
    """The first earlier release whose persons differ by fewer than ``min_cell``, but by some."""
    return next((kept for kept in earlier if 0 < count_differing_persons(cohort, kept.cohort) < min_cell), None)
