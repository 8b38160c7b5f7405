"""Where worker processes come from: one process that has imported everything already, and is forked for each worker.

It imports while the driver opens its inputs, and a worker is ready in a blink instead of after two seconds of imports.
"""

from __future__ import annotations

import multiprocessing.forkserver
import multiprocessing.spawn
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

__all__ = ["choose_method", "restore_environment", "start_forkserver", "without_main"]

EVERY_WORKER = ("distributed", "distributed.nanny", "zarr", "citytide.hpc.execution.worker")
_budget: dict[str, str] | None = None  # of the forkserver, once it runs: importing settles threads
_served: dict[str, str] = {}  # hash of each module of steps when the forkserver first served a run that reaches it


def start_forkserver(budget: dict[str, str], modules: Sequence[str] = ()) -> None:
    """Start it, if none runs yet, under a thread budget and with these modules imported.

    It ends with this process.
    """
    global _budget
    if _budget is not None:
        return
    in_main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_main else None  # inherited: Ctrl-C is the driver's
    try:
        with restore_environment(budget):
            os.environ.update(budget)
            multiprocessing.forkserver.set_forkserver_preload([*EVERY_WORKER, *modules])
            with without_main():
                multiprocessing.forkserver.ensure_running()
    finally:
        if in_main:
            signal.signal(signal.SIGINT, handler)
    _budget = budget


@contextmanager
def restore_environment(names: Iterable[str], given: Mapping[str, str] | None = None) -> Iterator[None]:
    """Restore these variables of the environment at the end; until then those ``given`` have their values.

    Distributed's nannies put those of their workers into the driver's too, where Numba then refuses to compile.
    """
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(given or {})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def choose_method(budget: dict[str, str], code: Mapping[str, str] | None = None) -> Literal["forkserver", "spawn"]:
    """``forkserver`` if it runs with this thread budget, else ``spawn``.

    Also ``spawn`` if a module of the run's ``code`` (its hash by name) is not what it was: the forkserver may have
    imported it before it was edited, as in a notebook.
    """
    if _budget != budget or any([_served.setdefault(name, held) != held for name, held in (code or {}).items()]):
        return "spawn"
    import distributed.utils

    # Distributed would import pandas and others into the driver to preload them; the forkserver has what is needed.
    # A release without this mark imports them: the driver is slower to start, and nothing else changes.
    if hasattr(distributed.utils, "_forkserver_preload_set"):
        distributed.utils._forkserver_preload_set = True
    return "forkserver"


@contextmanager
def without_main(beginning: str = "") -> Iterator[None]:
    """Start processes without importing the caller's script: all, or those whose name has this beginning.

    Blocks are named by import path, so no worker needs it; and a notebook, ``python -`` or a script without a main
    guard would otherwise fail to start any. Python does not document the function that is replaced: where it is
    missing, Python's own rule stands, and a script needs its main guard.
    """
    original = getattr(multiprocessing.spawn, "get_preparation_data", None)
    if original is None:
        yield
        return

    def prepared(name: str) -> Any:
        data = original(name)
        return {k: v for k, v in data.items() if not (name.startswith(beginning) and k.startswith("init_main"))}

    multiprocessing.spawn.get_preparation_data = prepared
    try:
        yield
    finally:
        multiprocessing.spawn.get_preparation_data = original
