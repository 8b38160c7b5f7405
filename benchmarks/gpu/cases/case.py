"""What a case of the GPU's measurement is: arrays on the device, the work on them, and the host's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ....kernels.engines import Engine

__all__ = ["Answers", "Case", "Size", "Work", "find_error", "find_mean_error"]

Answers = Mapping[str, Any]
BOUND = {"f4": 1e-3, "f8": 1e-9}  # those of tests/cuda: a device fuses multiply and add, and has its own cube root


@dataclass(frozen=True)
class Size:
    """How much work is built."""

    n: int
    """Rows and columns, or what the case counts instead."""
    dtype: str = "f4"
    members: int = 1
    host: Engine | Literal["auto"] = "auto"
    """The engine of the host's answer."""


@dataclass(frozen=True)
class Work:
    """Arrays that lie in the device's memory, and what is done with them."""

    go: Callable[[int], Answers]
    """``go(steps)`` does that many steps there, and returns arrays there, by name."""
    answer: Callable[[int], Answers]
    """The same on the host, from the same input."""
    updates: int
    """Values that one step makes."""
    n_bytes: float
    """Bytes that one step must move between the device's memory and its processors, at the least."""


def find_error(found: Answers, expected: Answers) -> float:
    """The largest difference from the host's values, over the largest of these; of all arrays the worst.

    Infinite if shapes differ, or NaN or infinite values stand in other places.

    Examples
    --------
    >>> find_error({"depth": np.array([1.0, 3.9])}, {"depth": np.array([1.0, 4.0])})
    0.025000000000000022
    >>> find_error({"depth": np.array([1.0, np.nan])}, {"depth": np.array([1.0, 4.0])})
    inf
    """
    worst = 0.0
    for name, host in expected.items():
        mine, other = (np.asarray(array, np.float64) for array in (found[name], host))
        known = np.isfinite(other)
        if mine.shape != other.shape or not np.array_equal(mine[~known], other[~known], equal_nan=True):
            return float("inf")
        if not np.isfinite(mine[known]).all():
            return float("inf")
        off = float(np.abs(mine[known] - other[known]).max(initial=0.0))
        largest = float(np.abs(other[known]).max(initial=0.0))
        worst = max(worst, off / largest if largest else off)
    return worst


def find_mean_error(found: Answers, expected: Answers) -> float:
    """The mean difference over the mean of the host's values, where both are known.

    For values that an order decides: two of them may exchange their places. Infinite if more than 1 of 1000 is known
    to only one side.

    Examples
    --------
    >>> find_mean_error({"rain": np.array([1.0, 2.0])}, {"rain": np.array([2.0, 2.0])})
    0.25
    """
    worst = 0.0
    for name, host in expected.items():
        mine, other = (np.asarray(array, np.float64) for array in (found[name], host))
        if mine.shape != other.shape or (np.isfinite(mine) != np.isfinite(other)).mean() > 1e-3:
            return float("inf")
        known = np.isfinite(mine) & np.isfinite(other)
        mean = float(np.abs(other[known]).mean()) if known.any() else 0.0
        off = float(np.abs(mine[known] - other[known]).mean()) if known.any() else 0.0
        worst = max(worst, off / mean if mean else off)
    return worst


@dataclass(frozen=True)
class Case:
    """One kernel on one engine, at several sizes."""

    kernel: str
    """Its name in the table of kernels, such as ``hydro.advance_inertia``."""
    build: Callable[[Size], Work]
    name: str = ""
    """What tells it from other cases of the kernel."""
    engine: Engine = "cuda"
    unit: str = "cells"
    """What an update is."""
    sizes: tuple[int, int, int] = (100, 1000, 4000)
    """For the time of one step, for the comparison with the host, and far beyond the device's caches."""
    simulated: tuple[int, int, int] = (2, 3, 4)
    """The same in Numba's simulator, which runs a thread of Python for each of the device's."""
    dtypes: tuple[str, ...] = ("f4", "f8")
    members: tuple[int, ...] = (1,)
    steps: int = 16
    """Timed together."""
    compared_steps: int = 1
    bound: Mapping[str, float] = field(default_factory=lambda: BOUND)
    """The largest error allowed, by dtype."""
    error: Callable[[Answers, Answers], float] = find_error
    limit: str = "memory"
    """What limits it, if that is not the memory: then its share of the byte ceiling is small."""

    @property
    def label(self) -> str:
        """The kernel's name without its field, its engine, and what is special.

        Examples
        --------
        >>> Case("hydro.advance_inertia", build=print, name="maps and rain").label
        'advance_inertia (cuda, maps and rain)'
        """
        special = f", {self.name}" if self.name else ""
        return f"{self.kernel.partition('.')[2]} ({self.engine}{special})"
