"""The order in which an equilibrium is sought: search, balance, audit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..engines import Engine
from .audit import Certificate
from .delay import Delay, LinkState
from .demand import Pairs
from .gradient_projection import BALANCE, LOAD, SEARCH
from .network import Floats, Graph
from .path_flows import PathStore, no_paths

__all__ = ["Solution", "solve_equilibrium"]

SWEEPS = 40
SHARE = 0.05
WORTH_AUDIT = 1.5


class Solution(NamedTuple):
    """An equilibrium by open link and by path, and its certificate."""

    flow: Floats
    store: PathStore
    certificate: Certificate
    history: Floats


def solve_equilibrium(
    graph: Graph,
    pairs: Pairs,
    delay: Delay,
    gap: float,
    max_iterations: int,
    store: PathStore | None,
    audit: Callable[[Floats], Certificate],
    engine: Engine,
) -> Solution:
    """Seek the equilibrium until the audit certifies ``gap``, the iterations are used up or costs overflow.

    Parameters
    ----------
    graph
        Open links.
    pairs
        Pairs between different nodes with positive demand.
    delay
        base, scale, capacity and power of the open links.
    gap, max_iterations
        When to stop.
    store
        Paths to start from, or None.
    audit
        Judges link flows.
    engine
        ``"numba"`` or ``"python"``.
    """
    search, balance, load = (sweep.on(engine) for sweep in (SEARCH, BALANCE, LOAD))
    n_links = len(delay.base)
    state = LinkState(np.zeros(n_links), delay, delay.base.copy(), np.zeros(n_links))
    is_cold = store is None
    store = no_paths(len(pairs.origin)) if store is None else store
    load(pairs.demand, store, state)
    history: list[tuple[float, float]] = []
    while True:
        objective, excess, cheapest, *found = search(graph, pairs, 0.1 * gap, store, state)
        store = PathStore(*found)
        has_overflowed = not (math.isfinite(objective) and math.isfinite(excess) and math.isfinite(cheapest))
        met = excess / (excess + cheapest) if cheapest > 0.0 else 0.0
        history.append((objective, math.nan if has_overflowed else met))
        last = len(history) >= max_iterations or has_overflowed  # no step leads back from costs that are no numbers
        if last or (met <= WORTH_AUDIT * gap and not is_cold) or cheapest == 0.0:
            load(pairs.demand, store, state)
            certificate = audit(state.flow)
            if last or certificate.relative_gap <= gap:
                history[-1] = (certificate.objective, certificate.relative_gap)
                return Solution(state.flow, store, certificate, np.array(history))
        balance(SWEEPS, max(SHARE * excess, 0.0), store, state)
        is_cold = False  # from now on every pair has had paths, and the excess met means something
