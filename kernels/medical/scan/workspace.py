"""Arrays that a pass uses again from block to block, where its events are: in host memory or on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...device_arrays import place_beside

__all__ = ["Workspace"]


@dataclass
class Workspace:
    """New arrays for each block would cost more than what is done in them: the system hands out and clears pages.

    Examples
    --------
    >>> workspace = Workspace(np.zeros(1))
    >>> workspace.borrow("days", 10, "i4") is workspace.borrow("days", 8, "i4")
    True
    """

    like: Any
    """An array that is where the others are to be."""
    kept: dict[Any, Any] = field(default_factory=dict)

    def borrow(self, key: Any, size: int, dtype: str) -> Any:
        """An array of at least ``size``, whatever it holds."""
        key = (key, dtype)
        if key not in self.kept or len(self.kept[key]) < size:
            self.kept[key] = place_beside(self.like, np.zeros(max(size, 1), dtype))
        return self.kept[key]

    def keep(self, key: Any, make: Callable[[], Any]) -> Any:
        """An array that is made once, on the host, and keeps what it holds."""
        if key not in self.kept:
            self.kept[key] = place_beside(self.like, make())
        return self.kept[key]
