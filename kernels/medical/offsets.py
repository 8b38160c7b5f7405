"""Offsets that cut rows by person, checked where a kernel takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["check_offsets"]


def check_offsets(name: str, offset: npt.ArrayLike, n_rows: int) -> npt.NDArray[np.int64]:
    """Offsets as int64, once they are known to cut ``n_rows`` rows.

    Raises
    ------
    ValueError
        If they do not begin at 0, fall anywhere, or do not end at ``n_rows``.

    Examples
    --------
    >>> check_offsets("offset", [0, 2, 2, 5], 5).tolist()
    [0, 2, 2, 5]
    """
    given = np.asarray(offset)
    cuts: npt.NDArray[Any] = np.ascontiguousarray(given, np.int64)
    if (
        cuts.ndim != 1
        or not cuts.size
        or cuts[0] != 0
        or cuts[-1] != n_rows
        or (cuts[1:] < cuts[:-1]).any()
        or (given.dtype.kind == "f" and (cuts != given).any())
    ):
        raise ValueError(
            f"{name} must rise from 0 to the number of rows ({n_rows}), one more than there are persons, got "
            f"{cuts[:1].tolist()} to {cuts[-1:].tolist()} in shape {cuts.shape}"
        )
    return cuts
