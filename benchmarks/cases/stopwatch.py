"""Time a call in CPU and wall seconds, and print what a side of a paired run must print."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["print_answer", "time_goes"]

Result = TypeVar("Result")


def time_goes(function: Callable[[], Result], *, repeat: int = 1) -> tuple[dict[str, Any], Result]:
    """Call ``repeat`` times; the median CPU and wall seconds of one call, and the last result.

    CPU seconds are those of all threads of this process.

    Examples
    --------
    >>> seconds, result = time_goes(lambda: 6 * 7, repeat=3)
    >>> sorted(seconds), result
    (['cpu_seconds', 'repeat', 'wall_seconds'], 42)
    """
    if repeat < 1:
        raise ValueError(f"repeat must be at least 1, got {repeat}")
    cpu, wall = [], []
    for _ in range(repeat):
        w, c = time.perf_counter(), time.process_time()
        result = function()
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    return {"cpu_seconds": statistics.median(cpu), "wall_seconds": statistics.median(wall), "repeat": repeat}, result


def print_answer(answer: dict[str, Any]) -> None:
    """One JSON object on a line of its own: what :func:`~citytide.benchmarks.sides.parse_answer` reads."""
    print(json.dumps(answer), flush=True)
