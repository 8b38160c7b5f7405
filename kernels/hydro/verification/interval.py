"""How sure one may be of any score: its interval, from cases drawn again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module, as_alike
from ...engines import Array, Contract, kernel

__all__ = ["Interval", "estimate_interval"]

Scores = npt.NDArray[np.float64]
PURPOSE = 510  # of the random numbers that draw cases


class Interval(NamedTuple):
    """A score with what may be believed of it."""

    value: Scores
    """Of the cases as they are."""
    low: Scores
    """Quantile of the draws below which half of the rest lies."""
    high: Scores
    """Quantile of the draws above which the other half lies."""
    undefined: npt.NDArray[np.int64]
    """Draws that had no score, such as those without any event; they are not counted."""


@kernel(
    Contract(
        takes={"cases": Array(("case", "..."))},
        gives={
            "value": Array(("...",)),
            "low": Array(("...",)),
            "high": Array(("...",)),
            "undefined": Array(("...",), "1", dtype="int64"),
        },
        structure="Interval",
        engines=("numpy", "cupy"),
    )
)
def estimate_interval(
    score: Callable[..., npt.ArrayLike],
    *cases: npt.ArrayLike,
    seed: int,
    n_draws: int = 1000,
    level: float = 0.9,
) -> Interval:
    """Estimate the confidence interval of any score by the percentile bootstrap over cases.

    Parameters
    ----------
    score
        Called with arrays like ``cases``; returns a number or an array of them (all of one draw), which is CuPy's
        only if the cases are.
    *cases : (case, ...) array
        What is drawn from, with replacement, along the first dim: storms, say, with all points of a storm together,
        as what happened at neighbouring points is no new evidence.
    seed
        Draw number n is the same whatever else is drawn. The numbers are drawn on the host, so CuPy arrays get the
        same draws; their places are copied to the GPU, draw by draw.
    n_draws, level
        Number of draws, and the share of them inside the interval.

    Returns
    -------
    Interval
        Each field of the shape of a score. NaN where no draw has one.

    Raises
    ------
    ValueError
        If there are no cases or not the same number in all arrays, no draw, or a level outside (0, 1).
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Efron (1979), doi:10.1214/aos/1176344552
    .. [2] Hamill (1999), doi:10.1175/1520-0434(1999)014<0155:HTFENP>2.0.CO;2 (whole cases are drawn)

    Examples
    --------
    >>> found = estimate_interval(np.mean, np.arange(100.0), seed=1)
    >>> float(found.value), bool(found.low < 49.5 < found.high)
    (49.5, True)
    """
    arrays = as_alike(**{f"cases[{at}]": values for at, values in enumerate(cases)})
    xp = array_module(*arrays)
    sizes = {array.shape[:1] for array in arrays}
    if len(sizes) != 1 or sizes & {(), (0,)}:
        raise ValueError(f"cases must be arrays of one length of at least 1, got {[a.shape for a in arrays]}")
    if n_draws < 1:
        raise ValueError(f"n_draws must be at least 1, got {n_draws}")
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be in (0, 1), got {level}")
    (n,) = sizes.pop()
    draws = []
    for draw in range(n_draws):
        bits = np.random.Philox(key=np.array([seed, PURPOSE], np.uint64), counter=np.array([0, 0, draw, 0], np.uint64))
        chosen = xp.asarray(np.random.Generator(bits).integers(0, n, n))
        draws.append(_score_draw(score, *(array[chosen] for array in arrays)))
    found = xp.stack(draws)
    undefined = xp.isnan(found).sum(axis=0)
    low, high = _find_quantiles(found, undefined, (0.5 - level / 2.0, 0.5 + level / 2.0))
    return Interval(_score_draw(score, *arrays), low, high, xp.asarray(undefined))


def _score_draw(score: Callable[..., Any], *cases: Any) -> Scores:
    _, found = as_alike(cases=cases[0], score=score(*cases))
    scores: Scores = found.astype(np.float64)
    return scores


def _find_quantiles(found: Scores, undefined: Any, shares: tuple[float, float]) -> tuple[Scores, Scores]:
    """NaN, which sorts last, is ignored; the answer is NaN where there is nothing else."""
    xp = array_module(found)
    ordered = xp.sort(found, axis=0)
    last = xp.maximum(len(found) - undefined - 1, 0)
    ends = []
    for share in shares:
        place = share * last
        below = xp.floor(place).astype(np.int64)
        pair = (below, xp.minimum(below + 1, last))
        first, second = (xp.take_along_axis(ordered, xp.asarray(at)[None], 0)[0] for at in pair)
        ends.append(xp.asarray(first + (place - below) * (second - first)))
    return ends[0], ends[1]
