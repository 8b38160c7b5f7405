"""Interrupts: the first asks a run to come to an end, the second ends it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ..errors import resume_command
from ..run.progress import say
from .blocks import STOP

__all__ = ["drain_on_interrupt"]


@contextmanager
def drain_on_interrupt(run: Path) -> Iterator[None]:
    """First Ctrl-C or SIGTERM: running blocks finish and are kept, no other starts. Second: stop at once."""
    asked = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            (run / STOP).touch()
            say(f"finishing the blocks that run; Ctrl-C again to stop at once. To go on: {resume_command(run)}")
        else:
            say(f"stopped. To go on: {resume_command(run)}")
            os._exit(130)  # workers notice that their parent is gone and end

    (run / STOP).unlink(missing_ok=True)
    try:
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread (a notebook's executor): the caller keeps its own handlers
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
