"""What a block says of the machine that computed it: the engine, and the card of a GPU. Its ledger line keeps it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..plan.devices import find_own_gpu

__all__ = ["DeviceNote", "collect_notes", "describe_note", "note_device"]

DeviceNote = dict[str, str]  # engine and, of a GPU, card and driver
ON_GPU = ("cuda", "cupy")  # engines whose card is named
_block = threading.local()  # a worker computes as many blocks at one time as it has threads


def note_device(engine: str, card: str = "") -> None:
    """Note which engine computes the block that this thread runs; outside a block nothing happens.

    Parameters
    ----------
    engine
        Its name among the engines of kernels: ``"numba"``, ``"numpy"``, ``"cuda"`` or ``"cupy"``.
    card
        The name of the GPU; of an engine that runs on one, the worker's own if omitted.

    Examples
    --------
    >>> with collect_notes() as notes:
    ...     note_device("cuda", card="NVIDIA H200")
    ...     note_device("numba")
    >>> notes
    [{'engine': 'cuda', 'card': 'NVIDIA H200'}, {'engine': 'numba'}]
    """
    notes: list[DeviceNote] | None = getattr(_block, "notes", None)
    if notes is None:
        return
    note = {"engine": engine}
    if card:
        note["card"] = card
    elif engine in ON_GPU and (own := find_own_gpu()) is not None:
        note |= {"card": own.name, **({"driver": own.driver} if own.driver else {})}
    if note not in notes:
        notes.append(note)


@contextmanager
def collect_notes() -> Iterator[list[DeviceNote]]:
    """Collect what a block that this thread runs notes, each note once."""
    notes: list[DeviceNote] = []
    _block.notes = notes
    try:
        yield notes
    finally:
        _block.notes = None


def describe_note(note: DeviceNote) -> str:
    """Where a block ran, in words.

    Examples
    --------
    >>> describe_note({"engine": "cuda", "card": "NVIDIA H200", "driver": "570.124"})
    'NVIDIA H200, driver 570.124, engine cuda'
    >>> describe_note({"engine": "numba"})
    'CPU, engine numba'
    """
    words = [note.get("card") or ("GPU" if note.get("engine") in ON_GPU else "CPU")]
    words += [f"driver {note['driver']}"] if note.get("driver") else []
    return ", ".join([*words, f"engine {note.get('engine', 'unknown')}"])
