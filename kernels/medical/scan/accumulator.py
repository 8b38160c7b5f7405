"""What a pass over events asks of an accumulator, and how tables of blocks are put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ...engines import Engine
from .block import Block

__all__ = ["Accumulator", "Combination", "Finishing", "Tables", "merge_tables"]

Combination = Literal["sum", "top2"]
Tables = dict[str, npt.NDArray[np.int64]]


class Accumulator(Protocol):
    """Counts something in one pass over persons. Frozen; its tables are whole numbers."""

    def combine(self) -> Mapping[str, Combination]:
        """How two blocks' tables become one: ``"sum"``; ``"top2"``: the first dim holds the two largest of both."""
        ...

    def shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        """The shape of each table; refuses codes that are not in the vocabulary."""
        ...

    def count(self, block: Block, tables: Mapping[str, npt.NDArray[np.int64]]) -> None:
        """Add the persons of a block to the tables, which are flat."""
        ...


@runtime_checkable
class Finishing(Protocol):
    """An accumulator that also fills tables of its own, out of which the pass makes the others at its end."""

    def working_shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        """The shape of each table that is gone after the pass; ``count`` gets it with the others."""
        ...

    def finish(self, tables: Tables, working: Tables, engine: Engine) -> None:
        """Complete the tables, in host memory, after the last block."""
        ...


def merge_tables(accumulator: Accumulator, one: Tables, other: Tables) -> Tables:
    """The tables of the persons of both: those of one pass over all, if nobody is in both.

    Examples
    --------
    >>> from ..accumulators.costs import CostSum
    >>> one, other = np.array([[5], [3]]), np.array([[4], [0]])
    >>> tables = [{"cost_fen": top[:1], "persons": top[:1], "largest": top} for top in (one, other)]
    >>> merge_tables(CostSum(), *tables)["largest"].tolist()
    [[5], [4]]
    """
    merged = {}
    for name, how in accumulator.combine().items():
        if how == "sum":
            merged[name] = one[name] + other[name]
        else:
            merged[name] = -np.sort(-np.concatenate([one[name], other[name]]), axis=0)[:2]
    return merged
