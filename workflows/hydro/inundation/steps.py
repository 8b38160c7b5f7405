"""What runs on workers for an inundation: members of an ensemble in, depths and maps out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....hpc.execution.parts import Parts
from ..simulation.case import FloodCase
from ..simulation.simulate import simulate_flood

__all__ = ["DeepestWater", "combine_floods", "count_floods", "finish_floods", "simulate_members"]

Arrays = dict[str, NDArray[Any]]


def simulate_members(case: FloodCase) -> Parts:
    """Simulate the members of a block on one surface; see :func:`~..simulation.simulate.simulate_flood`."""
    return (yield from simulate_flood(case))


@dataclass(frozen=True)
class DeepestWater:
    """Greatest depths (member, y, x) [m], and the depth above which a cell counts as flooded [m]."""

    deepest: NDArray[np.float32]
    threshold_m: float

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, threshold_m: float) -> DeepestWater:
        """Read the array ``deepest`` of ``flood.zarr``."""
        return cls(arrays["deepest"], threshold_m)


def count_floods(water: DeepestWater) -> Arrays:
    """How many members of a block stood above the threshold at some time.

    Examples
    --------
    >>> count_floods(DeepestWater(np.array([[[0.2, 0.0]], [[0.3, 0.05]]], np.float32), 0.1))["n_flooded"].tolist()
    [[2, 0]]
    """
    return {
        "n_flooded": (water.deepest > water.threshold_m).sum(axis=0, dtype=np.int64),
        "n": np.array([len(water.deepest)]),
    }


def combine_floods(partials: Sequence[Arrays]) -> Arrays:
    """Integer sums: the same under any grouping.

    Examples
    --------
    >>> combine_floods([{"n": np.array([2])}, {"n": np.array([3])}])["n"].tolist()
    [5]
    """
    return {name: np.sum([partial[name] for partial in partials], axis=0) for name in partials[0]}


def finish_floods(partial: Arrays) -> Arrays:
    """Counts, and the share of members."""
    return {"n_flooded": partial["n_flooded"], "share_flooded": partial["n_flooded"] / partial["n"][0]}
