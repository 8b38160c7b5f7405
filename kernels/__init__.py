"""Numbers on arrays: one public function per kernel.

A kernel of your own is entered by ``from citytide.kernels import Array, Contract, kernel``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exports import export_lazily

if TYPE_CHECKING:
    from .contracts import Array, Contract, kernel

__all__ = [
    "Array",
    "Contract",
    "kernel",
]

_HOMES = {
    "Array": ".contracts",
    "Contract": ".contracts",
    "kernel": ".contracts",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
