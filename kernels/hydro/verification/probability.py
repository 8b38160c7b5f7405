r"""How good stated probabilities were.

The Brier score is the mean square of what probabilities were off by. Of forecasts that fall into bins :math:`k` of
:math:`n_k` cases, mean probability :math:`p_k` and frequency :math:`o_k`, with :math:`\bar o` over all,

.. math::
   \frac1n \sum (p - o)^2 = \underbrace{\frac1n \sum n_k (p_k - o_k)^2}_{reliability}
   - \underbrace{\frac1n \sum n_k (o_k - \bar o)^2}_{resolution}
   + \underbrace{\bar o (1 - \bar o)}_{uncertainty}

exactly where all forecasts of a bin are one, and nearly so in narrow bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module, as_alike
from ...engines import Array, Contract, kernel

__all__ = ["Reliability", "count_reliability", "score_brier", "score_brier_skill"]

Scores = npt.NDArray[np.float64]
TAKES = {
    "probability": Array(("...",), "1"),
    "happened": Array(("...",), dtype="bool"),
    "valid": Array(("...",), dtype="bool"),
}


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often what was given a probability came, by bins of that probability; ``a + b`` counts both.

    Examples
    --------
    >>> table = count_reliability([0.1, 0.1, 0.9, 0.9], [False, False, True, False], n_bins=2)
    >>> table.cases.tolist(), table.forecast.tolist(), table.frequency.tolist()
    ([2, 2], [0.1, 0.9], [0.0, 0.5])
    """

    edges: Scores
    """(bin + 1,) probabilities from 0 to 1; a bin holds its lower edge, the last one 1 too."""
    cases: npt.NDArray[np.int64]
    """(bin,) forecasts."""
    events: npt.NDArray[np.int64]
    """(bin,) forecasts that came true."""
    promised: Scores
    """(bin,) sum of the probabilities."""

    def __add__(self, other: Reliability) -> Reliability:
        """Both sets of cases in one table."""
        if not isinstance(other, Reliability):
            return NotImplemented
        own, others = as_alike(edges=self.edges, other_edges=other.edges)
        if not array_module(own).array_equal(own, others):
            raise ValueError("tables must have the same bins to be added")
        return Reliability(
            self.edges, self.cases + other.cases, self.events + other.events, self.promised + other.promised
        )

    @property
    def forecast(self) -> Scores:
        """(bin,) mean probability, NaN in an empty bin."""
        return _divide(self.promised, self.cases)

    @property
    def frequency(self) -> Scores:
        """(bin,) share that happened, NaN in an empty bin."""
        return _divide(self.events, self.cases)

    @property
    def reliability(self) -> float:
        """Mean square distance of probability and frequency: less is better."""
        off = self.cases * (self.forecast - self.frequency) ** 2
        return float(_divide(array_module(off).nansum(off), self.cases.sum()))

    @property
    def resolution(self) -> float:
        """Mean square distance of the bins' frequencies from that of all: more is better."""
        off = self.cases * (self.frequency - _divide(self.events.sum(), self.cases.sum())) ** 2
        return float(_divide(array_module(off).nansum(off), self.cases.sum()))

    @property
    def uncertainty(self) -> float:
        """Brier score of the frequency of all as a forecast."""
        share = float(_divide(self.events.sum(), self.cases.sum()))
        return share * (1.0 - share)


@kernel(
    Contract(
        takes=TAKES,
        gives={"brier_score": Array((), "1", long_name="Brier score")},
        engines=("numpy", "cupy"),
    )
)
def score_brier(
    probability: npt.ArrayLike,
    happened: npt.ArrayLike,
    *,
    valid: npt.ArrayLike | None = None,
    axis: int | tuple[int, ...] | None = None,
) -> Scores:
    """Compute the Brier score: the mean squared error of probabilities.

    Parameters
    ----------
    probability : array of float
        Probability, in [0, 1].
    happened : array of bool
        Whether the event happened; the shape broadcasts with ``probability``.
    valid : array of bool, optional
        Cases that count at all; the rest may hold NaN.
    axis
        Dims to average over; None averages over all.

    Returns
    -------
    array of float
        From 0 (sure and right) to 1 (sure and wrong), NaN where no case counts; of CuPy arrays a CuPy array, also
        of one number.

    Raises
    ------
    ValueError
        If a probability that counts lies outside 0 to 1, an array does not hold truth values, or shapes do not fit.
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2 (half of his, as usual now)

    Examples
    --------
    >>> float(score_brier([1.0, 0.5, 0.0], [True, False, False]).round(6))
    0.083333
    """
    chance, came, counts = _check(probability, happened, valid)
    off = array_module(chance).where(counts, chance - came, 0.0)
    return _divide((off * off).sum(axis=axis), counts.sum(axis=axis))


@kernel(
    Contract(
        takes={**TAKES, "climatology": Array(("...",), "1")},
        gives={"brier_skill_score": Array((), "1", long_name="Brier skill score")},
        engines=("numpy", "cupy"),
    )
)
def score_brier_skill(
    probability: npt.ArrayLike,
    happened: npt.ArrayLike,
    *,
    climatology: npt.ArrayLike | None = None,
    valid: npt.ArrayLike | None = None,
    axis: int | tuple[int, ...] | None = None,
) -> Scores:
    """Compute the Brier skill score, with the climatology as reference.

    Parameters
    ----------
    probability, happened, valid, axis
        As :func:`score_brier` takes them.
    climatology : array of float, optional
        Probability without any forecast; None takes the frequency in the cases at hand, which is the hardest to beat.

    Returns
    -------
    array of float
        1 for a perfect forecast, 0 for one no better than the climatology; NaN where that makes no error at all.

    Raises
    ------
    ValueError
        As :func:`score_brier` does.

    References
    ----------
    .. [1] Wilks (2019), Statistical Methods in the Atmospheric Sciences, 4th edition, section 9.4

    Examples
    --------
    >>> float(score_brier_skill([0.9, 0.1, 0.2, 0.8], [True, False, False, True]).round(3))
    0.9
    """
    chance, came, counts = _check(probability, happened, valid)
    xp = array_module(chance)
    if climatology is None:
        climatology = _divide((came & counts).sum(axis=axis, keepdims=True), counts.sum(axis=axis, keepdims=True))
        climatology = xp.nan_to_num(climatology, nan=0.5)  # nothing counts there: the score is NaN all the same
    _, climatology = as_alike(probability=chance, climatology=climatology)
    usual = score_brier(climatology, came, valid=counts, axis=axis)
    ratio = _divide(score_brier(chance, came, valid=counts, axis=axis), usual)
    skill: Scores = xp.asarray(1.0 - ratio)
    return skill


@kernel(
    Contract(
        takes=TAKES,
        gives={
            "edges": Array(("bin_edge",), "1"),
            "cases": Array(("bin",), "1", dtype="int64"),
            "events": Array(("bin",), "1", dtype="int64"),
            "promised": Array(("bin",), "1"),
        },
        structure="Reliability",
        engines=("numpy", "cupy"),
    )
)
def count_reliability(
    probability: npt.ArrayLike, happened: npt.ArrayLike, *, n_bins: int = 10, valid: npt.ArrayLike | None = None
) -> Reliability:
    """Count, for each bin of the probability, how often the event happened (reliability diagram).

    Parameters
    ----------
    probability, happened, valid
        As :func:`score_brier` takes them.
    n_bins
        Bins of one width. Of m members, m + 1 bins keep all their shares apart.

    Returns
    -------
    Reliability
        Which knows the three parts of the Brier score.

    Raises
    ------
    ValueError
        As :func:`score_brier` does, or if there is no bin.

    References
    ----------
    .. [1] Murphy (1973), doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2

    Examples
    --------
    >>> table = count_reliability([0.0, 0.5, 0.5, 1.0], [False, False, True, True], n_bins=3)
    >>> table.reliability, table.resolution, table.uncertainty
    (0.0, 0.125, 0.25)
    """
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins}")
    chance, came, counts = _check(probability, happened, valid)
    xp = array_module(chance)
    stated, true = (array.ravel()[counts.ravel()] for array in (chance, came))
    edges = xp.arange(n_bins + 1) / n_bins
    place = xp.searchsorted(edges[1:-1], stated, side="right")
    if xp is np:
        return Reliability(
            edges,
            np.bincount(place, minlength=n_bins).astype(np.int64),
            np.bincount(place[true], minlength=n_bins).astype(np.int64),
            np.bincount(place, stated, minlength=n_bins).astype(np.float64),
        )
    # CuPy's bincount refuses an empty array and adds floats in no fixed order: the same call would give other digits.
    held = [place == number for number in range(n_bins)]
    return Reliability(
        edges,
        xp.stack([xp.sum(own, dtype=np.int64) for own in held]),
        xp.stack([xp.sum(own & true, dtype=np.int64) for own in held]),
        xp.stack([xp.where(own, stated, 0.0).sum() for own in held]),
    )


def _check(probability: Any, happened: Any, valid: Any) -> tuple[Scores, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    chance, came, counts = as_alike(
        probability=probability, happened=happened, valid=True if valid is None else valid
    )  # fmt: skip
    chance = chance.astype(np.float64, copy=False)
    for name, array in (("happened", came), ("valid", counts)):
        if array.dtype != np.bool_:
            raise ValueError(f"{name} must hold True or False, got {array.dtype}: compare with a threshold first")
    try:
        chance, came, counts = array_module(chance).broadcast_arrays(chance, came, counts)
    except ValueError:
        raise ValueError(
            f"shapes do not broadcast together: probability {chance.shape}, happened {came.shape}, valid {counts.shape}"
        ) from None
    wrong = counts & ~((chance >= 0.0) & (chance <= 1.0))
    if wrong.any():
        raise ValueError(f"probability must be in [0, 1], got {float(chance.ravel()[wrong.ravel()][0])}")
    return chance, came, counts


def _divide(part: Any, whole: Any) -> Scores:
    xp = array_module(part, whole)
    some = whole != 0
    share: Scores = xp.where(some, part / xp.where(some, whole, 1), np.nan)
    return share
