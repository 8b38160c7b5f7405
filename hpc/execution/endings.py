"""How the process or job of a worker ended; what each means for its blocks is decided in ``retries``."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Ending"]


class Ending(StrEnum):
    DONE = "done"
    OUT_OF_MEMORY = "out of memory"
    TIME_LIMIT = "time limit"
    NODE_FAILURE = "node failure"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"
    USER_CODE = "user code"
    UNREGISTERED = "never registered"
    LOST = "lost"  # its process died for an unknown reason
