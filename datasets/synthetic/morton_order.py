"""Points in the order of a Morton curve: neighbours on the ground are neighbours in memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["sort_in_space"]


def sort_in_space(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the order of points along a Morton curve of 65,536 x 65,536 cells.

    References
    ----------
    .. [1] Morton (1966), A computer oriented geodetic data base and a new technique in file sequencing

    Examples
    --------
    >>> sort_in_space(np.array([1.0, 0.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0])).tolist()
    [3, 2, 1, 0]
    """
    code = np.zeros(x.size, dtype=np.int64)
    for axis, values in enumerate((x, y)):
        span = max(float(np.ptp(values)), 1e-9)
        cell = ((values - values.min()) / span * 65535.0).astype(np.int64)
        for bit in range(16):
            code |= ((cell >> bit) & 1) << (2 * bit + axis)
    return np.lexsort((y, x, code)).astype(np.int64)
