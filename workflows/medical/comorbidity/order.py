r"""Which of two codes comes first, from what a release shows of it.

The exact test of :math:`a` against :math:`b` persons is twice the smaller tail of a binomial distribution of
:math:`a + b` persons and share 1/2. One more person can only bring it nearer to 1 while :math:`a < b`, and only take it
away from 1 once :math:`a \ge b`, because the sum of one more fair draw grows by 0 or by 1. So among the :math:`a` that
a withheld cell allows, the p-value is the greatest at the one that is nearest to :math:`b`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....hpc.release.policy import Policy

__all__ = ["Order", "find_order"]

Masked = np.ma.MaskedArray[Any, Any]
Integers = NDArray[np.int64]


class Order(NamedTuple):
    """Each (pair,), masked where it cannot be told."""

    a_first: Masked
    """Persons with a first: the shown number, or of those that are possible the one with the greatest p-value."""
    b_first: Masked
    """The same of b."""
    is_b: Masked
    """Whether b comes first in more persons, whatever is withheld."""


def find_order(both: Masked, a_first: Masked, b_first: Masked, policy: Policy) -> Order:
    """Bound what is withheld of the order of two codes by what is shown.

    Parameters
    ----------
    both, a_first, b_first
        (pair,) released counts. Where one direction is shown, the other one and the ties are ``both`` without it.
    policy
        A withheld count, or the one that was withheld with it, is below ``min_cell``. With noise, or if counts that
        differ little from earlier releases are withheld too, nothing is assumed of either.

    Examples
    --------
    >>> found = find_order(
    ...     np.ma.array([60, 128]), np.ma.array([0, 0], mask=True), np.ma.array([12, 73]), Policy(min_cell=10)
    ... )
    >>> found.a_first.tolist(), found.is_b.tolist()
    ([9, 55], [None, True])
    """
    no_a, no_b, no_sum = (np.ma.getmaskarray(counts) for counts in (a_first, b_first, both))
    one = (no_a ^ no_b) & ~no_sum
    whole, a, b = (np.ma.filled(counts, 0).astype(np.int64) for counts in (both, a_first, b_first))
    shown = np.where(no_a, b, a)
    rest = np.maximum(whole - shown, 0)  # persons of the other direction and the ties
    is_small = not (policy.epsilon or policy.on_difference == "withhold")
    other = _choose_other(shown[one], rest[one], policy.min_cell if is_small else None)
    filled = np.zeros(len(shown), np.int64)
    filled[one] = other
    known = ~(no_a | no_b)
    a, b = np.where(one & no_a, filled, a), np.where(one & no_b, filled, b)
    is_b = np.where(known, b > a, no_a)
    # The other direction may be of nobody, so that it comes first is never sure.
    surely = np.zeros(len(shown), bool)
    surely[one] = rest[one] < shown[one]
    told = (known & (a != b)) | surely
    return Order(
        np.ma.array(a, mask=~(known | one)), np.ma.array(b, mask=~(known | one)), np.ma.array(is_b, mask=~told)
    )


def _choose_other(shown: Integers, rest: Integers, min_cell: int | None) -> Integers:
    """Of the possible numbers of the withheld direction the one with the greatest p-value.

    Either the ties are few, and it is nearly the rest, or it is few itself.
    """
    from ....kernels.medical import compare_pairs

    nearest = np.maximum(shown, 1)  # of nobody: one person more is no evidence either
    if min_cell is None:
        return np.minimum(nearest, rest)
    high = np.clip(nearest, np.maximum(rest - min_cell + 1, 0), rest)
    low = np.minimum(nearest, np.minimum(min_cell - 1, rest))
    p_high, p_low = (
        np.ma.filled(compare_pairs(rest + shown, shown, other, rest + shown, rest + shown, rest + shown).p_value, 1.0)
        for other in (high, low)
    )
    return np.where(p_low > p_high, low, high)
