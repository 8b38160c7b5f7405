"""Batches: short blocks that are handed out together, and those whose worker died."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

__all__ = ["AHEAD", "LostBatch", "SentBatch", "choose_batch_size"]

AHEAD = 2  # batches handed out for each block that can run: one runs, the next is there
BATCH_S, BATCH_BLOCKS = 0.3, 64  # short blocks are handed out in batches of about so long [s], of at most so many


@dataclass
class SentBatch:
    """Blocks that were handed to a worker together."""

    blocks: list[int]
    pool: str
    number: int
    future: Any = None


@dataclass
class LostBatch:
    """Blocks that were running when their worker died, until it is known why it did."""

    worker: str
    blocks: list[int]
    pool: str
    alone: bool
    at: float = field(default_factory=time.time)


def choose_batch_size(blocks: int, slots: int, usual_s: float | None) -> int:
    """How many of the waiting blocks are handed out together, where ``slots`` of them can run at one time.

    Examples
    --------
    >>> choose_batch_size(1000, 2, None), choose_batch_size(1000, 2, 0.01), choose_batch_size(20, 2, 0.01)
    (1, 30, 5)
    """
    if usual_s is None or usual_s > BATCH_S / 2:
        return 1
    fair = -(-blocks // (AHEAD * slots))  # the last blocks are shared out
    return max(1, min(BATCH_BLOCKS, fair, int(BATCH_S / max(usual_s, 1e-6))))
