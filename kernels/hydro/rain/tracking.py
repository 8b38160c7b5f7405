# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
r"""Corners followed from one picture to the next: Lucas and Kanade's method on a pyramid of pictures.

The shift :math:`d` of a corner makes the pictures agree best over a window around it; each step solves

.. math:: \sum \begin{pmatrix} I_x^2 & I_x I_y \\ I_x I_y & I_y^2 \end{pmatrix} \delta
          = \sum (I(p) - J(p + d)) \begin{pmatrix} I_x \\ I_y \end{pmatrix}, \qquad d \leftarrow d + \delta,

first where the pictures are small and the shifts are short, then with twice the pixels and twice the shift.

References
----------
.. [1] Lucas & Kanade (1981), IJCAI 81, 674-679
.. [2] Bouguet (2001), Pyramidal implementation of the affine Lucas Kanade feature tracker, Intel Corporation
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...engines import Engine, Sweeps, prange, routine

__all__ = ["track_corners"]

WEAKEST = 1e-4  # eigenvalue per pixel of a window: below it nothing can be told
SMALL_STEP = 0.01  # pixels, after which a corner counts as found
STEPS = 10


@routine
def between_four(picture, y, x, w00, w01, w10, w11):
    """Weighted mean of a pixel, its right, its upper and its upper right neighbour."""
    low = w00 * picture[y, x] + w01 * picture[y, x + 1]
    return low + w10 * picture[y + 1, x] + w11 * picture[y + 1, x + 1]


def _cpu(out, first, along, up, second, corner, pad, half, weakest, small, steps):
    """``out (corner, 3)``: shift along x and y, at the start a guess, and whether the corner was found."""
    side = 2 * half + 1
    n_y, n_x = first.shape[0] - 2 * pad, first.shape[1] - 2 * pad
    for c in prange(out.shape[0]):
        patch = np.empty((side, side))
        slope_x, slope_y = np.empty((side, side)), np.empty((side, side))
        row, column = math.floor(corner[c, 0]), math.floor(corner[c, 1])
        high, right = corner[c, 0] - row, corner[c, 1] - column
        w00, w01, w10, w11 = (1 - high) * (1 - right), (1 - high) * right, high * (1 - right), high * right
        xx, xy, yy = 0.0, 0.0, 0.0
        for i in range(side):
            y = row - half + pad + i
            for j in range(side):
                x = column - half + pad + j
                patch[i, j] = between_four(first, y, x, w00, w01, w10, w11)
                gx, gy = between_four(along, y, x, w00, w01, w10, w11), between_four(up, y, x, w00, w01, w10, w11)
                slope_x[i, j], slope_y[i, j] = gx, gy
                xx, xy, yy = xx + gx * gx, xy + gx * gy, yy + gy * gy
        det = xx * yy - xy * xy
        least = 0.5 * (xx + yy - math.sqrt((xx - yy) ** 2 + 4.0 * xy * xy)) / (side * side)
        if least < weakest or det <= 0.0:
            out[c, 2] = 0.0
            continue
        found = 0.0
        for _ in range(steps):
            at_y, at_x = corner[c, 0] + out[c, 1], corner[c, 1] + out[c, 0]
            if not (at_y >= 0.0 and at_y <= n_y - 1 and at_x >= 0.0 and at_x <= n_x - 1):
                found = 0.0
                break
            row, column = math.floor(at_y), math.floor(at_x)
            high, right = at_y - row, at_x - column
            w00, w01, w10, w11 = (1 - high) * (1 - right), (1 - high) * right, high * (1 - right), high * right
            bx, by = 0.0, 0.0
            # what lies off the second picture says nothing
            low, high_end = max(0, half - row), min(side, n_y - 1 - row + half)
            left, right_end = max(0, half - column), min(side, n_x - 1 - column + half)
            for i in range(low, high_end):
                y = row - half + pad + i
                for j in range(left, right_end):
                    x = column - half + pad + j
                    there = between_four(second, y, x, w00, w01, w10, w11)
                    off = patch[i, j] - there
                    bx += off * slope_x[i, j]
                    by += off * slope_y[i, j]
            step_x, step_y = (yy * bx - xy * by) / det, (xx * by - xy * bx) / det
            out[c, 0] += step_x
            out[c, 1] += step_y
            found = 1.0
            if step_x * step_x + step_y * step_y < small * small:
                break
        out[c, 2] = found


TRACKING = Sweeps(cpu=_cpu, between_four=between_four)


def track_corners(
    first: npt.NDArray[np.floating],
    second: npt.NDArray[np.floating],
    corner: npt.NDArray[np.int64],
    *,
    known: npt.NDArray[np.bool_] | None = None,
    window: int = 51,
    levels: int = 3,
    engine: Engine | Any = "auto",
    threads: int = 1,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Follow corners from one picture to the next.

    Parameters
    ----------
    first, second : (y, x) array of float
        Brightness, from 0 to 255; finite.
    corner : (corner, 2) array of int
        Rows and columns in the first.
    known : (y, x) array of bool
        Cells of the first that count; all by default.
    window
        Side of the surroundings that are compared, odd [cells].
    levels
        Times that the pictures are halved.

    Returns
    -------
    shift : (corner, 2) array
        Along x, then along y [cells].
    found : (corner,) array of bool
        False for a corner whose surroundings are flat, or that left the picture.

    Examples
    --------
    >>> y, x = np.mgrid[:80, :80]
    >>> hill = lambda east: 200.0 * np.exp(-((x - 40 - east) ** 2 + (y - 40) ** 2) / 200.0)
    >>> shift, found = track_corners(hill(0.0), hill(2.5), np.array([[40, 40]]), window=31)
    >>> (shift.round(2) + 0.0).tolist(), found.tolist()
    ([[2.5, 0.0]], [True])
    """
    half = window // 2
    pictures = [_halve(first, levels), _halve(second, levels)]
    out = np.zeros((len(corner), 3))
    ok = np.ones(len(corner), dtype=bool)
    chosen = TRACKING.choose(out, engine)
    pad = half + 2
    weight = _thin(np.ones(first.shape, dtype=bool) if known is None else known, levels)
    for level in range(len(pictures[0]) - 1, -1, -1):
        here, there = pictures[0][level], pictures[1][level]
        along, up = _slopes(here)
        slopes = (np.pad(slope * weight[level], pad) for slope in (along, up))  # what lies off the first says nothing
        padded = [np.pad(here, pad, mode="edge"), *slopes, np.pad(there, pad, mode="edge")]
        place = corner / 2.0**level
        place = np.minimum(place, np.array(here.shape) - 1.0)
        TRACKING(chosen, out, *padded, place, pad, half, WEAKEST, SMALL_STEP, STEPS, threads=threads)
        if level == 0:
            ok &= out[:, 2] > 0.0
        else:
            out[:, :2] *= 2.0
    return out[:, :2], ok


def _halve(picture: npt.NDArray[np.floating], levels: int) -> list[npt.NDArray[np.float64]]:
    """A picture and its halves, smoothed before each halving."""
    from scipy import ndimage

    weights = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
    pictures = [np.asarray(picture, dtype=np.float64)]
    for _ in range(levels):
        if min(pictures[-1].shape) < 8:
            break
        smooth = ndimage.correlate1d(pictures[-1], weights, axis=0, mode="nearest")
        smooth = ndimage.correlate1d(smooth, weights, axis=1, mode="nearest")
        pictures.append(smooth[::2, ::2])
    return pictures


def _thin(known: npt.NDArray[np.bool_], levels: int) -> list[npt.NDArray[np.bool_]]:
    """What is known on each level: only what nothing unknown was smoothed into."""
    from scipy import ndimage

    masks = [ndimage.minimum_filter(known, 3, mode="nearest")]
    for _ in range(levels):
        masks.append(ndimage.minimum_filter(masks[-1], 5, mode="nearest")[::2, ::2])
    return masks


def _slopes(picture: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Scharr's derivatives along x and y [per cell]."""
    from scipy import ndimage

    across, change = np.array([3.0, 10.0, 3.0]) / 16.0, np.array([-0.5, 0.0, 0.5])

    def differ(axis: int) -> npt.NDArray[np.float64]:
        smooth = ndimage.correlate1d(picture, across, axis=1 - axis, mode="nearest")
        return np.asarray(ndimage.correlate1d(smooth, change, axis=axis, mode="nearest"))

    return differ(1), differ(0)
