# mypy: allow-untyped-defs, allow-untyped-calls
"""How a loop over persons runs: from the first to the last on a core, one person a thread on a GPU."""

from __future__ import annotations

from typing import Any

from ...engines import Engine, EngineError, Routine, Sweeps, Traversal, cuda, routine
from ...rules import BINDING

__all__ = ["Pass", "add_to"]


@routine
def add_to(table, place, amount):
    """Add to a table that nobody else writes."""
    table[place] += amount


@routine
def _add_together(table, place, amount):
    cuda.atomic.add(table, place, amount)


class Pass:
    """A loop over a range of persons, ``body(begin, end, *args)``, on the engines that it has.

    Parameters
    ----------
    body
        The loop. It calls ``add_to(table, place, amount)`` for tables that several persons write.
    gpu
        ``gpu(lanes, *args)`` for one thread, which calls the body for the one person ``cuda.grid(2)[0]``; ``lanes`` is
        (1, person). None: the pass has no device code.
    """

    def __init__(self, body: Routine, gpu: Any = None) -> None:
        self.name = body.formula.__name__
        self.cpu = Traversal(body)
        self.gpu = Sweeps(gpu=gpu, add_to=_add_together) if gpu else None

    def __call__(self, engine: Engine, lanes: Any, *args: Any) -> None:
        n_persons = lanes.shape[1]
        if not n_persons:
            return
        if engine != "cuda":
            self.cpu.on(engine)(0, n_persons, *args)
        elif self.gpu is None:
            raise EngineError(f"engine 'cuda' cannot run {self.name!r}; usable: {', '.join(self.cpu.engines)}")
        else:
            with BINDING:
                sweep = self.gpu.compiled("cuda")
            sweep(lanes, *args)
