r"""Pairs of codes against chance: relative risk, correlation, and which of the two comes first.

.. math::
   RR = \frac{n_{ab}}{E_{ab}}, \qquad
   \phi = \frac{N n_{ab} - n_a n_b}{\sqrt{n_a n_b (N - n_a)(N - n_b)}}

:math:`E_{ab}` is the number expected from exact strata, or :math:`n_a n_b / N` without any. The interval is that of
:math:`n_{ab}` as a Poisson number (Garwood), over :math:`E_{ab}`, which is taken as known: how standardised ratios are
reported in epidemiology. It serves the crude and the stratified ratio alike, and a count of 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..engines import Array, Contract, kernel

__all__ = ["PairComparison", "compare_pairs"]

Masked = np.ma.MaskedArray[Any, np.dtype[np.float64]]
_COUNTS = ("both", "a_first", "b_first", "n_a", "n_b", "n")
_GIVES = ("rr", "rr_low", "rr_high", "phi", "p_value", "q_value")


class PairComparison(NamedTuple):
    """Each (pair,) of float64, masked where a count that it needs is withheld, or where it is not defined."""

    rr: Masked
    """Persons with both over those expected."""
    rr_low: Masked
    rr_high: Masked
    """Ends of the interval."""
    phi: Masked
    """Correlation of having a with having b, from -1 to 1."""
    p_value: Masked
    """Exact test of whether a comes first as often as b does, two-sided."""
    q_value: Masked
    """The same as a false discovery rate among all pairs that were tested."""


@kernel(
    Contract(
        takes={
            **{name: Array(("pair",), "1", dtype="int64") for name in _COUNTS},
            "expected": Array(("pair",), "1", dtype="float64"),
        },
        gives={name: Array(("pair",), "1", dtype="float64") for name in _GIVES},
        structure="PairComparison",
        engines=("numpy",),
    )
)
def compare_pairs(
    both: npt.ArrayLike,
    a_first: npt.ArrayLike,
    b_first: npt.ArrayLike,
    n_a: npt.ArrayLike,
    n_b: npt.ArrayLike,
    n: npt.ArrayLike,
    expected: npt.ArrayLike | None = None,
    *,
    confidence: float = 0.95,
) -> PairComparison:
    """Compare pairs of codes with chance, from counts of persons.

    Parameters
    ----------
    both, a_first, b_first, n_a, n_b : (pair,) arrays of int, masked or not
        Persons with both codes, those in whom a or b came first, and those with either.
    n : int
        All persons.
    expected : (pair,) array of float, optional
        Persons with both by chance, as ``expect_pairs`` has them; if omitted, ``n_a n_b / n``.
    confidence
        Of the interval.

    Returns
    -------
    PairComparison
        ``rr``, ``rr_low``, ``rr_high``, ``phi``, ``p_value``, ``q_value``. A number is masked where it would be
        computed from a masked one, or where it has nothing to divide by or nobody to test. Only pairs that are tested
        count for the false discovery rate.

    Raises
    ------
    ValueError
        If confidence is not between 0 and 1, a count is NaN or infinite, counts contradict each other, or expected
        is negative or NaN.

    References
    ----------
    .. [1] Hidalgo et al. (2009), doi:10.1371/journal.pcbi.1000353 (relative risk and phi)
    .. [2] Garwood (1936), doi:10.1093/biomet/28.3-4.437; Ulm (1990), doi:10.1093/oxfordjournals.aje.a115507
    .. [3] Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> found = compare_pairs([30], [20], [5], [100], [150], 1000)
    >>> [round(float(number[0]), 4) for number in found]
    [2.0, 1.3494, 2.8551, 0.14, 0.0041, 0.0041]
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    had, before, after, with_a, with_b, all_of = (_as_float(x) for x in (both, a_first, b_first, n_a, n_b, n))
    _refuse_contradictions(had, before, after, with_a, with_b, all_of)
    chance = with_a * with_b / all_of if expected is None else _as_float(expected)
    for at in np.flatnonzero(np.ma.filled(~(chance >= 0.0), False))[:1]:
        raise ValueError(f"expected must be >= 0, got {np.ma.getdata(chance)[at]} at pair {at}")
    chance = np.ma.masked_where(np.ma.getdata(chance) <= 0.0, chance)
    low, high = _bound_poisson(np.ma.getdata(had), confidence)
    spread = np.ma.sqrt(with_a * with_b * (all_of - with_a) * (all_of - with_b))
    p_value = _test_direction(before, after)
    return PairComparison(*map(_blank, (
        had / chance,
        np.ma.array(low, mask=np.ma.getmaskarray(had)) / chance,
        np.ma.array(high, mask=np.ma.getmaskarray(had)) / chance,
        (had * all_of - with_a * with_b) / np.ma.masked_equal(spread, 0.0),
        p_value,
        _control_false_discoveries(p_value),
    )))  # fmt: skip


def _as_float(numbers: Any) -> Masked:
    given = np.ma.asarray(numbers)
    return np.ma.array(given.filled(0), np.float64, mask=np.ma.getmaskarray(given))


def _refuse_contradictions(both: Masked, a_first: Masked, b_first: Masked, n_a: Masked, n_b: Masked, n: Masked) -> None:
    """Comparisons with a masked number are masked, and refuse nothing."""
    for name, wrong in (
        ("a_first + b_first must be at most both", a_first + b_first > both),
        ("both must be at most n_a and n_b", (both > n_a) | (both > n_b)),
        ("n_a and n_b must be at most n", (n_a > n) | (n_b > n)),
        ("counts must be finite", ~np.isfinite(a_first + b_first + both + n_a + n_b + n)),
        ("counts must be >= 0", (a_first < 0) | (b_first < 0) | (both < 0)),
    ):
        at = np.flatnonzero(np.ma.filled(wrong, False))
        if len(at):
            raise ValueError(f"{name}, but they are not at pair {at[0]}")


def _bound_poisson(count: npt.NDArray[np.float64], confidence: float) -> tuple[Any, Any]:
    from scipy.special import gammaincinv

    tail = 0.5 * (1.0 - confidence)
    low = np.where(count > 0.0, gammaincinv(np.maximum(count, 1.0), tail), 0.0)
    return low, gammaincinv(count + 1.0, 1.0 - tail)


def _test_direction(a_first: Masked, b_first: Masked) -> Masked:
    """Of two equally likely outcomes: twice the probability of as few as the rarer one, at most 1."""
    from scipy.special import betainc

    n = np.ma.masked_less(a_first + b_first, 1.0)
    fewer = np.minimum(np.ma.getdata(a_first), np.ma.getdata(b_first))
    tail = betainc(np.maximum(np.ma.getdata(n) - fewer, 1.0), fewer + 1.0, 0.5)
    return np.ma.array(np.minimum(2.0 * tail, 1.0), mask=np.ma.getmaskarray(n))


def _control_false_discoveries(p_value: Masked) -> Masked:
    """Benjamini & Hochberg's step-up, over what is not masked."""
    mask = np.ma.getmaskarray(p_value)
    q_value = np.zeros(mask.shape)
    p = p_value.compressed()
    order = np.argsort(-p, kind="stable")
    raised = p[order] * len(p) / np.arange(len(p), 0, -1)
    q = np.empty_like(p)
    q[order] = np.minimum(np.minimum.accumulate(raised), 1.0)
    q_value[~mask] = q
    return np.ma.array(q_value, mask=mask)


def _blank(numbers: Masked) -> Masked:
    """NaN under the mask, and not what would have been computed."""
    mask = np.ma.getmaskarray(numbers)
    return np.ma.array(np.where(mask, np.nan, np.ma.getdata(numbers)), mask=mask)
