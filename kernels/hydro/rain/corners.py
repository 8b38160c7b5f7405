"""Corners of a picture: places whose surroundings change in both directions, so that they can be found again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["find_corners"]

Floats = npt.NDArray[np.float64]


def find_corners(
    picture: npt.NDArray[np.floating],
    allowed: npt.NDArray[np.bool_] | None = None,
    *,
    most: int = 1000,
    quality: float = 0.01,
    apart: int = 10,
    block: int = 5,
) -> npt.NDArray[np.int64]:
    r"""Find the places where the lesser eigenvalue of the structure tensor is greatest.

    .. math:: \lambda = \min \operatorname{eig} \sum_{\text{block}} \begin{pmatrix} I_x^2 & I_x I_y \\ I_x I_y & I_y^2
              \end{pmatrix}

    Parameters
    ----------
    picture : (y, x) array of float
        Any brightness; finite.
    allowed : (y, x) array of bool
        Where corners may be; everywhere by default.
    most
        Corners to keep.
    quality
        Share of the greatest eigenvalue that a corner must have.
    apart
        Least distance between two of them, along the rows or the columns [cells].
    block
        Side of the surroundings [cells].

    Returns
    -------
    (corner, 2) array of int
        Row and column, the strongest first.

    References
    ----------
    .. [1] Shi & Tomasi (1994), doi:10.1109/CVPR.1994.323794

    Examples
    --------
    >>> picture = np.zeros((40, 40))
    >>> picture[10:30, 10:30] = 1.0
    >>> sorted(map(tuple, (find_corners(picture).round(-1)).tolist()))
    [(10, 10), (10, 30), (30, 10), (30, 30)]
    """
    from scipy import ndimage

    image = np.asarray(picture, dtype=np.float64)
    along, up = ndimage.sobel(image, axis=1, mode="nearest"), ndimage.sobel(image, axis=0, mode="nearest")
    xx, xy, yy = (
        ndimage.uniform_filter(product, block, mode="nearest") for product in (along * along, along * up, up * up)
    )
    strength = 0.5 * (xx + yy - np.sqrt((xx - yy) ** 2 + 4.0 * xy**2))
    if allowed is not None:
        strength = np.where(allowed, strength, 0.0)
    best = strength.max(initial=0.0)
    if best <= 0.0:
        return np.zeros((0, 2), dtype=np.int64)
    is_peak = (strength == ndimage.maximum_filter(strength, 3, mode="nearest")) & (strength > quality * best)
    places = np.argwhere(is_peak)
    order = np.argsort(-strength[is_peak], kind="stable")
    return _keep_apart(places[order], picture.shape, apart, most)


def _keep_apart(places: npt.NDArray[np.int64], shape: tuple[int, ...], apart: int, most: int) -> npt.NDArray[np.int64]:
    """The strongest, each in a square of its own."""
    taken = np.zeros(shape, dtype=bool)
    kept = []
    for row, column in places.tolist():
        if taken[row, column]:
            continue
        kept.append((row, column))
        if len(kept) == most:
            break
        taken[max(0, row - apart + 1) : row + apart, max(0, column - apart + 1) : column + apart] = True
    return np.array(kept, dtype=np.int64).reshape(-1, 2)
