"""Exact discrete noise on counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .policy import CountedTable, Policy

__all__ = ["add_noise", "refuse_unbounded_noise"]

Columns = Mapping[str, NDArray[Any]]


def refuse_unbounded_noise(table: CountedTable, policy: Policy) -> None:
    """Refuse noise that cannot be drawn: nothing is counted or written yet.

    Raises
    ------
    RunError
        If the table does not bound what one person adds, or OpenDP is not installed.
    """
    if not policy.epsilon:
        return
    if table.most_cells < 1:
        raise RunError(
            "noise needs a bound on the cells to which one person contributes, but the table has most_cells="
            f"{table.most_cells}: state it in CountedTable(most_cells=...), or set epsilon=0"
        )
    try:
        import opendp.prelude  # noqa: F401
    except ImportError:
        raise RunError(
            f"noise needs OpenDP, but it is not installed and the policy has epsilon={policy.epsilon:g}: install it "
            "with `pip install citytide[privacy]`, or set epsilon=0"
        ) from None


def add_noise(counts: Columns, table: CountedTable, policy: Policy) -> dict[str, NDArray[np.int64]]:
    """Counts with noise of the exact discrete Laplace distribution, drawn by OpenDP.

    The scale is ``most_cells`` times the number of drawn columns over ``epsilon``. A count below zero becomes zero. A
    count that is the sum of others in its row is not drawn: it is their sum again.

    Parameters
    ----------
    counts
        Exact counts by column; (row,).

    Returns
    -------
    dict[str, NDArray[np.int64]]
        The same columns.
    """
    import opendp.prelude as dp

    dp.enable_features("contrib")
    drawn = [name for name in counts if name not in table.sums]
    scale = table.most_cells * len(drawn) / policy.epsilon
    draw = dp.m.make_laplace(dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int), scale=scale)
    noisy = {name: np.maximum(np.array(draw(counts[name].tolist()), np.int64), 0) for name in drawn}
    waiting = [name for name in counts if name in table.sums]
    while waiting:  # a sum may be a part of another
        ready = next(name for name in waiting if all(part in noisy for part in table.sums[name]))
        noisy[ready] = np.sum([noisy[part] for part in table.sums[ready]], axis=0)
        waiting.remove(ready)
    return {name: noisy[name] for name in counts}
