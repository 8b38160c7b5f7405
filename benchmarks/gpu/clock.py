"""How much of the day is left: nothing is begun that has no time, and what hangs is ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Clock"]


class Clock:
    """Counts from when it was made.

    Parameters
    ----------
    limit_s
        All the time there is [s].
    margin_s
        What is kept at the end: a measurement that was begun may take that long.
    spent_s
        What was spent before it was made [s].
    now
        The time [s], for tests.

    Examples
    --------
    >>> clock = Clock(100.0, margin_s=10.0, now=iter([0.0, 30.0, 80.0]).__next__)
    >>> clock.has_time(until=0.5), clock.has_time(until=0.5)
    (True, False)
    """

    def __init__(
        self, limit_s: float, *, margin_s: float = 0.0, spent_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.limit_s, self.margin_s, self._now = limit_s, margin_s, now
        self._began = now() - spent_s

    @property
    def spent_s(self) -> float:
        """Seconds since it was made."""
        return self._now() - self._began

    def has_time(self, until: float = 1.0) -> bool:
        """Whether something may begin in a part of the day that ends at this share of the limit."""
        return self.spent_s < until * (self.limit_s - self.margin_s)

    def left_s(self, until: float = 1.0) -> float:
        """Seconds until a part of the day ends; 0 if it has ended."""
        return max(0.0, until * (self.limit_s - self.margin_s) - self.spent_s)

    def ring(self, stop: Callable[[], None]) -> threading.Timer:
        """Call ``stop`` from another thread at the limit, whatever this one waits for; cancel it in time."""
        timer = threading.Timer(max(0.0, self.limit_s - self.spent_s), stop)
        timer.daemon = True
        timer.start()
        return timer
