"""A release as its log keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kept"]


@dataclass(frozen=True)
class Kept:
    """A release of a key: its line in the log, and the tables that the log keeps privately beside it.

    Its text shows the line alone, never a count or who was counted.

    Parameters
    ----------
    line
        The line: run, step, measure, purpose, epsilon, notes and what the log adds, such as hashes and its number.
    exact
        The exact columns, before anything was withheld.
    released
        The columns that were released; masked where a value is withheld.
    cohort
        Who was counted: (2, bucket) of uint64, persons per bucket and the sum of their hashes modulo 2^64.
    """

    line: Mapping[str, Any]
    exact: Mapping[str, NDArray[Any]] = field(repr=False)
    released: Mapping[str, np.ma.MaskedArray[Any, Any]] = field(repr=False)
    cohort: NDArray[np.uint64] = field(repr=False)
