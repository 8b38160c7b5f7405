"""Backoff after failures: how long a pool pauses, when it is given up, which nodes are excluded."""

from __future__ import annotations

from collections import Counter

from ..query.reasons import is_passing

__all__ = ["Backoff"]

BACK_OFF_S = 300.0  # longest pause after failures in a row
FAILURES = 8  # worker jobs in a row that never registered, before the run gives up
REFUSALS = 3  # submissions in a row that Slurm refuses for good
QUICK = 2  # quick failures on one node before it is left out


class Backoff:
    """What a reconciler remembers of failures, by pool and by node."""

    def __init__(self, poll_s: float) -> None:
        self.poll_s = poll_s
        self.trouble: str | None = None  # why there is no sense in going on
        self.refusal: dict[str, str] = {}  # what Slurm last said to a pool's submission, until it takes one
        self._failures: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._not_before: dict[str, float] = {}
        self._bad_nodes: Counter[str] = Counter()
        self._good_nodes: set[str] = set()

    def may_submit(self, pool: str, now: float) -> bool:
        return self.trouble is None and now >= self._not_before.get(pool, 0.0)

    def is_tried(self) -> bool:
        """Whether anything has failed lately."""
        return any(self._failures.values())

    def fail(self, pool: str, node: str, why: str, now: float) -> None:
        """A job ended before any worker of it registered."""
        self._failures[pool] += 1
        if node:
            self._bad_nodes[node] += 1
        self._pause(pool, self._failures[pool], now)
        if self._failures[pool] >= FAILURES:
            self.trouble = f"{FAILURES} worker jobs of pool {pool!r} in a row never registered; the last: {why}"

    def refuse(self, pool: str, why: str, now: float) -> None:
        """Slurm would not take a job."""
        self._refusals[pool] += 1
        self.refusal[pool] = why
        self._bad_nodes.clear()  # leaving nodes out may be why
        self._pause(pool, self._refusals[pool], now)
        if self._refusals[pool] >= REFUSALS and not is_passing(why):
            self.trouble = f"Slurm refuses worker jobs of pool {pool!r}: {why}; fix the profile and resume"

    def accept(self, pool: str) -> None:
        """Slurm took a job."""
        self._refusals.pop(pool, None)
        self.refusal.pop(pool, None)

    def succeed(self, pool: str, node: str) -> None:
        """A worker registered."""
        self._failures[pool] = 0
        self._not_before.pop(pool, None)
        self._good_nodes.add(node)

    def excluded(self) -> list[str]:
        """Nodes that fail quickly while others work; if all fail, it is not the nodes."""
        return sorted(n for n, count in self._bad_nodes.items() if count >= QUICK and self._good_nodes - {n})

    def _pause(self, pool: str, times: int, now: float) -> None:
        self._not_before[pool] = now + min(BACK_OFF_S, self.poll_s * 2.0**times)
