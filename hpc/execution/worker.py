"""Preloaded by every worker: leave Ctrl-C to the driver, and load what every block needs before the first one."""

from __future__ import annotations

import signal
from typing import Any

__all__ = ["dask_setup"]


def dask_setup(worker: Any) -> None:
    """Dask calls this in the worker's main thread before it takes work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to everybody; only the driver drains
