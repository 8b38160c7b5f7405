"""How rain moves: corners of the field are followed, odd ones dropped, the others spread over the whole field.

References
----------
.. [1] Bouguet (2001), Pyramidal implementation of the affine Lucas Kanade feature tracker, Intel Corporation
.. [2] Pulkkinen et al. (2019), doi:10.5194/gmd-12-4185-2019 (the steps around it, and their numbers)
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...engines import Array, Contract, Engine, EngineError, is_device_array, kernel
from .corners import find_corners
from .tracking import TRACKING, track_corners

__all__ = ["drop_outliers", "estimate_motion", "spread_motion"]

Floats = npt.NDArray[np.float64]

WET_MM_H = 0.1
WET_DB, DRY_DB = -10.0, -15.0  # of 0.1 mm/h, and of all that is less
BUFFER = 5  # cells around what is not known, in which no corner is sought
SQUARE = 20  # cells, in which vectors are replaced by their median
FARTHEST_STD = 3.0
NEIGHBOURS_OUTLIER, NEIGHBOURS_SPREAD = 30, 20
STRIDE = 8  # cells between the places at which vectors are averaged; what lies between is interpolated


@kernel(
    Contract(
        takes={"rain": Array(("frame", "y", "x"), "mm h-1")},
        gives={"motion": Array(("component", "y", "x"), "1", long_name="motion of rain in cells a frame, x first")},
        engines=TRACKING.engines,
    )
)
def estimate_motion(
    rain: Any,
    *,
    window: int = 51,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> Any:
    """Estimate the motion of rain from frames.

    Parameters
    ----------
    rain : (frame, y, x) array of float
        Two frames or more, one step apart, the last the newest [mm h-1]; NaN where it is not known.
    window
        Side of the surroundings of a corner that are compared, odd [cells].
    engine
        ``"numba"``, or ``"python"`` for small fields.
    threads
        More than one only for a single call that has its cores to itself; the answer is the same.

    Returns
    -------
    (2, y, x) array of float
        Cells that the rain moves in one step, towards higher x first, then towards higher y. Zero where no corner can
        be followed in any frame.

    Raises
    ------
    ValueError
        If there are less than two frames, the array holds no floats or infinite ones, or the window is even.
    EngineError
        If the frames are in a GPU's memory.

    Notes
    -----
    Motion stays on the host: it is found once a run, in the CPU time of six steps of one member of an ensemble. Which
    cells are corners is decided by exact comparisons; a GPU, which rounds otherwise, would follow other corners.

    References
    ----------
    .. [1] Bouguet (2001), Pyramidal implementation of the affine Lucas Kanade feature tracker, Intel Corporation

    Examples
    --------
    >>> y, x = np.mgrid[:100, :100]
    >>> cells = [(25, 30), (60, 45), (40, 70)]
    >>> def fall(step):
    ...     off = [(x - 2 * step - at_x) ** 2 + (y + step - at_y) ** 2 for at_y, at_x in cells]
    ...     return sum(40.0 * np.exp(-square / 60.0) for square in off)
    >>> motion = estimate_motion(np.stack([fall(0), fall(1), fall(2)]))
    >>> motion.mean(axis=(1, 2)).round(1).tolist()
    [2.0, -1.0]
    """
    if is_device_array(rain):
        raise EngineError(
            "rain must be in host memory, where its motion is found, got an array of a GPU: hand over "
            "cupy.asnumpy(rain), and bring the motion back with cupy.asarray"
        )
    rain = np.asarray(rain)
    if rain.ndim != 3 or len(rain) < 2 or rain.dtype.kind != "f":
        raise ValueError(f"rain must be two or more frames (frame, y, x) of floats, got {rain.dtype} of {rain.shape}")
    if np.isinf(rain).any():
        raise ValueError("rain must be finite, or NaN where it is not known; got an infinite rate")
    if window < 3 or window % 2 == 0:
        raise ValueError(f"window must be odd and at least 3, got {window}")
    pictures, clear = _to_pictures(rain)
    known = ~np.isnan(rain)
    is_wet = np.array([bool(frame.any()) for frame in pictures])
    places, shifts = [], []
    for earlier in np.flatnonzero(is_wet[:-1] & is_wet[1:]).tolist():
        first, second = pictures[earlier], pictures[earlier + 1]
        corner = find_corners(first, clear[earlier] & clear[earlier + 1])
        if len(corner):
            both = known[earlier] & known[earlier + 1]  # what one of the two does not know says nothing
            shift, found = track_corners(
                first, second, corner, known=both, window=window, engine=engine, threads=threads
            )
            found &= np.hypot(*shift.T) <= window  # farther than what is compared: it has lost its way
            places.append(corner[found].astype(np.float64))
            shifts.append(shift[found])
    if not sum(map(len, places)):
        return np.zeros((2, *rain.shape[1:]))
    place, shift = drop_outliers(np.concatenate(places), np.concatenate(shifts))
    return spread_motion(*_thin(place, shift), rain.shape[1:])


def _to_pictures(rain: npt.NDArray[Any]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Decibels from 0 to 255, and where corners may be sought."""
    from scipy import ndimage

    unknown = np.isnan(rain)
    wet = np.where(unknown, 0.0, rain).astype(np.float64)
    level = np.where(wet >= WET_MM_H, 10.0 * np.log10(np.maximum(wet, WET_MM_H)), DRY_DB)
    top = max(float(level.max()), WET_DB)
    pictures = (level - DRY_DB) * (255.0 / (top - DRY_DB))
    wide = 2 * BUFFER + 1
    near = np.stack([ndimage.maximum_filter(frame, wide, mode="constant") for frame in unknown.astype(np.uint8)])
    return pictures, near == 0


def drop_outliers(place: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """Drop vectors that lie more than three standard deviations (Mahalanobis) from their 30 nearest neighbours.

    Parameters
    ----------
    place, shift : (vector, 2) array

    Returns
    -------
    place, shift
        Those kept; all of them where there are too few to tell.

    Examples
    --------
    >>> place = np.argwhere(np.ones((6, 6))) * 10.0
    >>> shift = np.random.Generator(np.random.Philox(1)).normal(1.0, 0.1, (36, 2))
    >>> shift[7] = 9.0
    >>> len(drop_outliers(place, shift)[0]), bool((drop_outliers(place, shift)[1] < 9.0).all())
    (35, True)
    """
    from scipy.spatial import cKDTree

    k = min(NEIGHBOURS_OUTLIER, len(place) - 1)
    if k < 4:
        return place, shift
    near = cKDTree(place).query(place, k=k + 1)[1][:, 1:]
    beside = shift[near]
    off = beside - beside.mean(axis=1, keepdims=True)
    covariance = np.einsum("nki,nkj->nij", off, off) / (k - 1) + 1e-6 * np.eye(2)  # equal vectors are no outliers
    gap = shift - beside.mean(axis=1)
    distance = np.einsum("ni,ni->n", gap, np.linalg.solve(covariance, gap[:, :, None])[:, :, 0])
    kept = distance <= FARTHEST_STD**2
    return place[kept], shift[kept]


def _thin(place: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """The median of each square: where corners are dense, they count no more than elsewhere."""
    square = (place // SQUARE).astype(np.int64)
    _, member = np.unique(square, axis=0, return_inverse=True)
    member = member.reshape(-1)  # NumPy 2.0 gives a column
    order = np.argsort(member, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(member[order])) + 1)
    return (
        np.array([np.median(place[group], axis=0) for group in groups]),
        np.array([np.median(shift[group], axis=0) for group in groups]),
    )


def spread_motion(place: Floats, shift: Floats, shape: tuple[int, int]) -> Floats:
    r"""Spread vectors over a field, weighed by distance: :math:`w = (d + 1/2)^{-1/2}` of the 20 nearest.

    Parameters
    ----------
    place, shift : (vector, 2) array
        Rows and columns; along x and along y.
    shape
        Rows and columns of the field.

    Returns
    -------
    (2, y, x) array

    Examples
    --------
    >>> spread_motion(np.array([[0.0, 0.0]]), np.array([[2.0, -1.0]]), (3, 4))[:, 2, 3].tolist()
    [2.0, -1.0]
    """
    from scipy.spatial import cKDTree

    axes = [np.unique(np.append(np.arange(0, n, STRIDE), n - 1)).astype(np.float64) for n in shape]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    k = min(NEIGHBOURS_SPREAD, len(place))
    distance, near = (found.reshape(len(nodes), k) for found in cKDTree(place).query(nodes, k=k))
    weight = 1.0 / np.sqrt(distance + 0.5)
    mean = (weight[:, :, None] * shift[near]).sum(axis=1) / weight.sum(axis=1)[:, None]
    coarse = mean.reshape(axes[0].size, axes[1].size, 2)
    rows = _lerp(coarse, axes[0], np.arange(shape[0]), 0)
    return np.ascontiguousarray(np.moveaxis(_lerp(rows, axes[1], np.arange(shape[1]), 1), -1, 0))


def _lerp(values: Floats, axis: Floats, at: npt.NDArray[np.int64], dim: int) -> Floats:
    """Linear interpolation along one dim."""
    if axis.size == 1:
        return np.take(values, np.zeros(at.size, dtype=np.int64), axis=dim)
    below = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, axis.size - 2)
    share = (at - axis[below]) / (axis[below + 1] - axis[below])
    share = share.reshape([-1 if d == dim else 1 for d in range(values.ndim)])
    low, high = np.take(values, below, axis=dim), np.take(values, below + 1, axis=dim)
    return low + share * (high - low)
