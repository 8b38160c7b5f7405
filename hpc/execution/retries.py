"""What happens to a block whose worker died: the kind of ending decides, not a count of retries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..plan.grants import Grant, Need
from .endings import Ending

__all__ = ["Verdict", "WorkerLoss", "decide"]

LOSSES = 3  # workers that may die over one block, nobody saying why, before it is blamed
ALONE = 2  # whole allocations that one block may use up before it is said to need a longer one


@dataclass(frozen=True)
class WorkerLoss:
    """The end of a worker that was running a block: ``alone`` if the block had the whole allocation."""

    ending: Ending
    worker: str
    alone: bool = False


@dataclass(frozen=True)
class Verdict:
    """Where the block runs next, or why it does not."""

    action: Literal["again", "pool", "stop"]
    pool: str = ""
    sentence: str = ""


def decide(history: Sequence[WorkerLoss], pool: str, pools: Sequence[Grant], need: Need | None = None) -> Verdict:
    """What to do with a block after its latest loss; it never moves to a GPU that its ``need`` does not fit.

    Out of memory: once more on the next larger pool. Walltime, preemption, a failed node, a cancelled job: again, at no
    cost; only a block that used up whole allocations from their first second needs a longer one. A death that nobody
    explains counts.
    """
    here = next(grant for grant in pools if grant.name == pool)
    pools = [grant for grant in pools if need is None or grant.has_gpu_for(need)]
    latest = history[-1].ending
    counted = Counter(loss.ending for loss in history)
    if latest is Ending.OUT_OF_MEMORY:
        larger = _above(here, pools, lambda g: g.memory_per_worker > here.memory_per_worker)
        if larger and counted[latest] == 1:
            return Verdict("pool", larger.name, f"out of memory in pool {pool!r}: once more in {larger.name!r}")
        tried = f"out of memory with {here.memory_per_worker / 1e9:.3g} GB a worker (pool {pool!r})"
        return Verdict("stop", sentence=f"{tried}: give workers more memory, or make blocks smaller")
    if latest is Ending.TIME_LIMIT:
        if sum(loss.ending is latest and loss.alone for loss in history) < ALONE:
            return Verdict("again")
        longer = _above(here, pools, lambda g: (g.walltime_s or 0) > (here.walltime_s or 0))
        if longer:
            return Verdict("pool", longer.name, f"the walltime of pool {pool!r} is too short: on in {longer.name!r}")
        limit = f"does not end within the walltime of pool {pool!r} ({here.walltime_s} s)"
        return Verdict("stop", sentence=f"{limit}: give the pool a longer walltime, or make blocks smaller")
    if latest in (Ending.LOST, Ending.USER_CODE) and counted[Ending.LOST] + counted[Ending.USER_CODE] >= LOSSES:
        died = f"the worker died each of {LOSSES} times it ran this block"
        return Verdict(
            "stop", sentence=f"{died}, most likely out of memory: give workers more memory, or smaller blocks"
        )
    return Verdict("again")


def _above(here: Grant, pools: Sequence[Grant], exceeds: Callable[[Grant], bool]) -> Grant | None:
    """The smallest pool of the same kind that offers more."""
    same = [grant for grant in pools if (grant.gpus > 0) == (here.gpus > 0) and exceeds(grant)]
    return min(same, key=lambda grant: (grant.memory_per_worker, grant.walltime_s or 0), default=None)
