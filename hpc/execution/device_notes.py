"""What a block says of what computed it: its engine, and the card if it was a GPU. The ledger keeps it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..plan.gpu.cards import name_own_gpu

__all__ = ["collect_devices", "note_device"]

ON_GPU = ("cupy", "cuda")
_block = threading.local()


def note_device(engine: str, card: str = "") -> None:
    """Note which engine computes the block that runs now; outside a block nothing happens.

    Parameters
    ----------
    engine
        An engine of the kernels, such as ``"cuda"`` or ``"numba"``.
    card
        The GPU's name; if omitted, that of the worker's own GPU, where the engine is one for GPUs.
    """
    noted: dict[str, str] | None = getattr(_block, "noted", None)
    if noted is not None:
        noted.setdefault(engine, card or (name_own_gpu() if engine in ON_GPU else ""))


@contextmanager
def collect_devices() -> Iterator[dict[str, str]]:
    """Engines that the block noted in this thread, each with its card; filled while the block runs."""
    outer, noted = getattr(_block, "noted", None), dict[str, str]()
    _block.noted = noted
    try:
        yield noted
    finally:
        _block.noted = outer
