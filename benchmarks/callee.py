"""The child process behind a function that is measured again and again: one call for each line it is sent."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["answer_calls", "time_call"]


def time_call(function: Callable[[], Any]) -> dict[str, Any]:
    """Call once; the CPU seconds of all threads of this process, wall seconds, and what the function says of itself.

    Examples
    --------
    >>> time_call(lambda: {"cpu_seconds": 2.0, "wall_seconds": 3.0, "flows": 4})
    {'cpu_seconds': 2.0, 'wall_seconds': 3.0, 'flows': 4}
    """
    wall, cpu = time.perf_counter(), time.process_time()
    said = function()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    said = dict(said) if isinstance(said, Mapping) else {}
    if "cpu_seconds" in said or "wall_seconds" in said:
        return said
    return {**said, "cpu_seconds": cpu, "wall_seconds": wall}


def answer_calls(path: str) -> None:
    """Import ``package.module:function``, then call it and write one JSON line for each line read."""
    # Whatever the function prints must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, _, name = path.partition(":")
    function: Callable[[], Any] | None = None
    for _ in sys.stdin:
        try:
            function = function or getattr(import_module(module), name)
            answer = json.dumps(time_call(function))
        except Exception as error:
            answer = json.dumps({"error": f"{type(error).__name__}: {error}"})
        answers.write(answer + "\n")
        answers.flush()


if __name__ == "__main__":
    answer_calls(sys.argv[1])
