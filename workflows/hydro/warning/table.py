"""Warnings out of depths: how likely a point is flooded, from when on, and how deep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["QUANTILES", "Warnings", "derive_warnings", "find_onsets"]

Floats = npt.NDArray[np.float64]
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Warnings:
    """One row for each point and threshold.

    Attributes
    ----------
    point
        (row,) which point.
    threshold_m
        (row,) depth that is warned of.
    probability
        (row,) share of members that reach it.
    onset_s
        (row, quantile) when, among the members that reach it; NaN where none does.
    peak_m
        (row, quantile) greatest depth, among all members.
    """

    point: npt.NDArray[np.int64]
    threshold_m: Floats
    probability: Floats
    onset_s: Floats
    peak_m: Floats

    def of_points(self, kept: npt.NDArray[np.bool_]) -> Warnings:
        """Those of the points that are ``kept`` (point,)."""
        rows = kept[self.point]
        return Warnings(
            *(getattr(self, name)[rows] for name in ("point", "threshold_m", "probability", "onset_s", "peak_m"))
        )

    def rank(self) -> npt.NDArray[np.int64]:
        """Rows by probability, then by depth and by how soon, the most urgent first."""
        soon = np.where(np.isnan(self.onset_s[:, 1]), np.inf, self.onset_s[:, 1])
        return np.lexsort((self.point, soon, -self.threshold_m, -self.probability))


def find_onsets(depth: npt.ArrayLike, time_s: npt.ArrayLike, threshold_m: float) -> Floats:
    """Find when depths first reach a threshold, on straight lines between the times.

    Parameters
    ----------
    depth : (..., time) array of float
        [m].
    time_s : (time,) array
        [s], ascending.
    threshold_m
        Above zero.

    Returns
    -------
    (...) array of float
        [s]; the first time where the depth is there from the beginning, NaN where it never is.

    Examples
    --------
    >>> find_onsets([[0.0, 0.1, 0.3], [0.4, 0.0, 0.0], [0.0, 0.1, 0.1]], [0, 60, 120], 0.2).tolist()
    [90.0, 0.0, nan]
    """
    depth, time = np.asarray(depth, dtype=np.float64), np.asarray(time_s, dtype=np.float64)
    reached = depth >= threshold_m
    step = reached.argmax(axis=-1)
    before = np.maximum(step - 1, 0)
    high = np.take_along_axis(depth, step[..., None], axis=-1)[..., 0]
    low = np.take_along_axis(depth, before[..., None], axis=-1)[..., 0]
    rise = high - low
    share = np.divide(threshold_m - low, rise, out=np.ones_like(rise), where=(step > 0) & (rise > 0.0))
    onset = time[before] + share * (time[step] - time[before])
    return np.where(reached.any(axis=-1), onset, np.nan)


def derive_warnings(depth: npt.ArrayLike, time_s: npt.ArrayLike, thresholds_m: Sequence[Sequence[float]]) -> Warnings:
    """Derive warnings from the depths of an ensemble.

    Parameters
    ----------
    depth : (member, time, point) array of float
        [m], members equally likely.
    time_s : (time,) array
        [s], ascending.
    thresholds_m
        Thresholds of each point [m], above zero.

    Returns
    -------
    Warnings
        Points in their order, thresholds within. Quantiles are values of members: of n ordered ones the k-th, where k
        is the least whole number with k / n at or above the quantile.

    Examples
    --------
    >>> found = derive_warnings([[[0.0], [0.4]], [[0.0], [0.1]]], [0, 100], [[0.2]])
    >>> found.probability.tolist(), found.onset_s.tolist(), found.peak_m.tolist()
    ([0.5], [[50.0, 50.0, 50.0]], [[0.1, 0.1, 0.4]])
    """
    depth = np.asarray(depth, dtype=np.float64)
    rows: list[tuple[int, float, float, Any, Any]] = []
    peak = depth.max(axis=1)
    for point, thresholds in enumerate(thresholds_m):
        for threshold in thresholds:
            onset = find_onsets(depth[:, :, point], time_s, threshold)
            reached = onset[~np.isnan(onset)]
            when = _quantiles(reached) if reached.size else np.full(len(QUANTILES), np.nan)
            rows.append((point, threshold, reached.size / len(depth), when, _quantiles(peak[:, point])))
    point_, threshold_, probability, onset_, peak_ = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    shape = (len(rows), len(QUANTILES))
    return Warnings(
        np.array(point_, dtype=np.int64),
        np.array(threshold_, dtype=np.float64),
        np.array(probability, dtype=np.float64),
        np.array(onset_, dtype=np.float64).reshape(shape),
        np.array(peak_, dtype=np.float64).reshape(shape),
    )


def _quantiles(values: Floats) -> Floats:
    return np.asarray(np.quantile(values, QUANTILES, method="inverted_cdf"))
