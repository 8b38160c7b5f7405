"""Classes of change, symmetric around no change, and the numbers written beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .canvas import FAINT, sample_scale

__all__ = ["ChangeScale", "find_top", "make_change_scale", "round_down", "shorten"]

Floats = NDArray[np.float64]
TOP_SHARE = 0.995  # of the sizes: a few outliers must not thin out all the others


class ChangeScale(NamedTuple):
    """``edges`` of the classes, ``colours`` (one more), the class of ``no change``, and the ``top`` size drawn."""

    edges: Floats
    colours: list[str]
    middle: int
    top: float

    def classify(self, change: Floats) -> NDArray[np.intp]:
        """The class of each change; -1 where nothing changes."""
        kind = np.searchsorted(self.edges, change, side="right")
        kind[kind == self.middle] = -1
        return kind

    def ticks(self) -> dict[int, str]:
        """Text at the lower edge of some classes."""
        return {
            slot: ("+" if slot > self.middle else "") + shorten(float(self.edges[slot - 1])) for slot in (1, 3, 6, 8)
        }


def make_change_scale(change: Floats) -> ChangeScale:
    """Classes for changes of this size.

    Examples
    --------
    >>> make_change_scale(np.array([-30.0, 0.0, 15.0])).edges.tolist()
    [-15.0, -10.0, -5.0, -0.5, 0.5, 5.0, 10.0, 15.0]
    """
    top = find_top(np.abs(change[change != 0]))
    edges = np.array([-3, -2, -1, -0.1, 0.1, 1, 2, 3]) * round_down(top / 3)
    colours = sample_scale("change", len(edges) + 1)
    middle = len(edges) // 2
    colours[middle] = FAINT
    return ChangeScale(edges, colours, middle, top)


def find_top(size: Floats) -> float:
    """The size drawn largest; 0 if there is none."""
    return float(np.quantile(size, TOP_SHARE)) if size.size else 0.0


def shorten(value: float) -> str:
    """A number of at most a few characters: 500, 2k, 1.5M."""
    size, letter = next(((size, letter) for size, letter in ((1e6, "M"), (1e3, "k")) if abs(value) >= size), (1.0, ""))
    return f"{value / size:,.4g}{letter}".replace("-", "\N{MINUS SIGN}")


def round_down(value: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above ``value`` (1 where there is none).

    Examples
    --------
    >>> round_down(42.0), round_down(0.0)
    (20.0, 1.0)
    """
    if not value > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1.0, 2.0, 5.0) if step * power <= value * (1 + 1e-12)))
