"""Whole people on cells or nodes: nobody is lost, nobody is halved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .crosswalk import Crosswalk

__all__ = ["apportion"]

LongInts = npt.NDArray[np.int64]
MOST = 10**10


def apportion(people: npt.ArrayLike, crosswalk: Crosswalk) -> LongInts:
    """Spread whole numbers by weights, each row by the method of the largest remainder (Hamilton).

    Parameters
    ----------
    people : (row,) array of int
        Counts from 0 to 10**10: then the largest remainders are exact in float64.
    crosswalk
        A row that is covered in part is spread over that part.

    Returns
    -------
    (column,) int64
        Sums to ``people.sum()`` exactly; of equal remainders the lower column gets the next one.

    Raises
    ------
    ValueError
        If a count is no whole number from 0 to 10**10, or a row with people covers no column.

    References
    ----------
    .. [1] Balinski & Young (1982), Fair Representation, Yale University Press

    Examples
    --------
    >>> thirds = Crosswalk(np.array([0, 3]), np.array([0, 1, 2]), np.full(3, 1 / 3), 3)
    >>> apportion([100], thirds).tolist()
    [34, 33, 33]
    """
    given = np.asarray(people)
    if given.shape != (crosswalk.n_rows,) or given.dtype.kind not in "iu":
        raise ValueError(f"people must hold one whole number for each of {crosswalk.n_rows} rows, got {given.dtype}")
    if (given > MOST).any():
        bad = int(np.argmax(given > MOST))
        raise ValueError(f"row {bad} with {given[bad]} people has more than {MOST:,}")
    counts = given.astype(np.int64)
    covered = crosswalk.covered
    wrong = (counts < 0) | ((counts > 0) & ~(covered > 0.0))
    if wrong.any():
        bad = int(np.argmax(wrong))
        why = "is negative" if counts[bad] < 0 else "has no column to live on"
        raise ValueError(f"row {bad} with {counts[bad]} people {why}")
    row = crosswalk.row
    share = counts[row] * crosswalk.weight / covered[row]
    whole = np.floor(share * (1.0 - 1e-13)).astype(np.int64)  # never more than there are
    rest = counts - _add(row, whole, crosswalk.n_rows)
    order = np.lexsort((crosswalk.column, whole - share, row))
    rank = np.arange(len(order)) - crosswalk.offset[row[order]]
    whole[order] += rank < rest[row[order]]
    return _add(crosswalk.column, whole, crosswalk.n_columns)


def _add(place: LongInts, values: LongInts, size: int) -> LongInts:
    """Exact sums: ``bincount`` with weights would add in floating point."""
    total = np.zeros(size, np.int64)
    np.add.at(total, place, values)
    return total
