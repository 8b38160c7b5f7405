"""Sums over persons that a few of them dominate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ..policy import Policy

__all__ = ["find_dominated_sums"]

LARGEST_KEPT = 2  # shares of single persons that stand beside a sum


def find_dominated_sums(
    total: NDArray[Any], largest: NDArray[Any], second: NDArray[Any], policy: Policy
) -> NDArray[np.bool_]:
    """Which sums tell too much of the persons with the largest shares, by the p% rule or the nk rule of ACRO.

    By the p% rule the second largest person could estimate the largest share to within ``p_percent``: what is left of
    the sum without the two is less than that part of the largest share. By the nk rule the ``nk_n`` largest shares are
    at least ``nk_k`` of the sum. A sum of zero is not dominated.

    Parameters
    ----------
    total, largest, second
        The sum, and the largest and second largest share of one person in it; >= 0.

    Raises
    ------
    RunError
        If a share is negative, if the shares exceed the sum, or if the nk rule asks for more than two shares.

    Examples
    --------
    >>> find_dominated_sums(np.array([100.0, 100.0]), np.array([60.0, 80.0]), np.array([20.0, 15.0]), Policy())
    array([False,  True])
    """
    if not 1 <= policy.nk_n <= LARGEST_KEPT:
        raise RunError(
            f"nk_n must be 1 or 2, because a table keeps the two largest shares of a sum, got {policy.nk_n}: "
            "set nk_n=2 in the policy"
        )
    total, largest, second = (np.asarray(values, np.float64) for values in (total, largest, second))
    if not ((second >= 0) & (largest >= second)).all():
        raise RunError(
            "shares of single persons in a sum must be >= 0 and the largest first, because dominance is not defined "
            "for negative shares: count negative amounts in a column of their own"
        )
    rest = total - largest - second
    if not (rest >= -1e-9 * np.abs(total)).all():
        raise RunError(
            "a sum over persons must be at least its two largest shares together, but in "
            f"{int((rest < -1e-9 * np.abs(total)).sum())} rows it is less: count sum and shares over the same persons"
        )
    few = largest + second if policy.nk_n == LARGEST_KEPT else largest
    by_p = (largest > 0) & (rest < policy.p_percent * largest)
    return np.asarray(by_p | ((total > 0) & (few >= policy.nk_k * total)))
