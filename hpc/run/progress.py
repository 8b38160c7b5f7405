"""How far a run is: a bar on a terminal, a plain line now and then in a job log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

__all__ = ["Reporter", "say"]

LINE_EVERY_S = 10.0
WAIT_S, WAIT_AGAIN_S = 5.0, 60.0


def say(message: str) -> None:
    """A sentence for the person at the screen; stdout stays free for results."""
    print(f"citytide: {message}", file=sys.stderr, flush=True)


class Reporter:
    """Progress of the steps of one run on stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._bars: Progress | None = None
        if not quiet and sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bars = Progress(*columns, console=Console(stderr=True), transient=False)
        self._task: TaskID | None = None
        self._name, self._done, self._total, self._told = "", 0, 0, 0.0
        self._waiting: float | None = None

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bars:
            self._bars.stop()

    def start(self, name: str, done: int, total: int) -> None:
        self._name, self._done, self._total, self._told = name, done, total, time.monotonic()
        if self._bars:
            self._task = self._bars.add_task(name, total=total, completed=done)
        elif not self.quiet:
            say(f"{name}: {done} of {total} blocks are done" if done else f"{name}: {total} blocks to do")

    def advance(self) -> None:
        self._done += 1
        if self._bars and self._task is not None:
            self._bars.update(self._task, completed=self._done)
        elif not self.quiet and (self._done == self._total or time.monotonic() - self._told > LINE_EVERY_S):
            self._told = time.monotonic()
            say(f"{self._name}: {self._done} of {self._total} blocks")

    def wait(self, sentences: tuple[str, ...]) -> None:
        """Why nothing runs: said once it has lasted a while, and again every minute."""
        now = time.monotonic()
        if not sentences:
            self._waiting = None
            return
        if self._waiting is None:
            self._waiting = now + WAIT_S
        if now >= self._waiting and not self.quiet:
            for sentence in sentences[:3]:
                say(sentence)
            if len(sentences) > 3:
                say(f"... and {len(sentences) - 3} more jobs wait")
            self._waiting = now + WAIT_AGAIN_S
