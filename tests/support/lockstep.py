"""Blocks of CUDA threads in plain Python, one thread at a time from one wait for the others to the next.

A GPU may run the threads of a block in any order between two calls of ``syncthreads``. Here the order is given: what a
thread reads that another one writes without a wait between them comes out differently in one order and the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["Lockstep"]


class Lockstep:
    """What stands for ``numba.cuda`` in the globals of a traversal, and runs it.

    Parameters
    ----------
    backwards
        Whether the last thread of a block runs first.
    """

    def __init__(self, *, backwards: bool) -> None:
        self.backwards = backwards
        self._own = threading.local()
        self._held: dict[Any, Any] = {}
        self._back = threading.Semaphore(0)
        self.shared = SimpleNamespace(array=self._share)
        self.atomic = SimpleNamespace(
            add=_update(lambda old, value: old + value), exch=_update(lambda old, value: value), max=_update(max),
            min=_update(min),
        )  # fmt: skip

    def run(self, function: Callable[..., None], launch: Any, *args: Any) -> None:
        """Run all blocks of a launch, one after another."""
        (blocks_x, blocks_y), threads = launch
        for block in np.ndindex(blocks_x, blocks_y):
            self._held = {}
            places = sorted(np.ndindex(*threads), reverse=self.backwards)
            runners = [self._start(function, block, place, threads, args) for place in places]
            while runners:
                for runner in runners:
                    runner.gate.release()
                    self._back.acquire()
                runners = [runner for runner in runners if not runner.is_done]

    def _start(self, function: Any, block: Any, place: Any, threads: Any, args: Any) -> SimpleNamespace:
        runner = SimpleNamespace(gate=threading.Semaphore(0), is_done=False, block=block, place=place, size=threads)

        def go() -> None:
            self._own.runner = runner
            runner.gate.acquire()
            try:
                function(*args)
            finally:
                runner.is_done = True
                self._back.release()

        threading.Thread(target=go, daemon=True).start()
        return runner

    def grid(self, _: int) -> tuple[int, int]:
        runner = self._own.runner
        x, y = (b * n + t for b, n, t in zip(runner.block, runner.size, runner.place, strict=True))
        return x, y

    @property
    def threadIdx(self) -> SimpleNamespace:
        x, y = self._own.runner.place
        return SimpleNamespace(x=x, y=y)

    @property
    def blockDim(self) -> SimpleNamespace:
        x, y = self._own.runner.size
        return SimpleNamespace(x=x, y=y)

    def syncthreads(self) -> None:
        runner = self._own.runner
        self._back.release()
        runner.gate.acquire()

    def _share(self, shape: Any, dtype: Any) -> Any:
        """The one array of a shape and dtype that a block shares; it begins with what no sum or label may use."""
        dtype = np.dtype(dtype)
        fill = np.nan if dtype.kind == "f" else np.iinfo(dtype).max
        return self._held.setdefault((shape, dtype), np.full(shape, fill, dtype))

    @staticmethod
    def cbrt(value: Any) -> Any:
        return np.cbrt(value)


def _update(combine: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    def update(array: Any, at: Any, value: Any) -> Any:
        old = array[at]
        array[at] = combine(old, value)
        return old

    return update
