"""The greatest depth and unit discharge under each link of a city from one output to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....kernels.hydro.member_fields.peaks import IntervalPeaks
from ....kernels.hydro.surface_water.water import Water
from .model import FloodModel

__all__ = ["list_link_cells", "open_link_peaks"]


def list_link_cells(model: FloodModel) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cells under each link: where those of a link begin (link + 1,), and flat indices over the surface (entry,).

    Without roads there are no links.
    """
    if model.case.roads is None:
        return np.zeros(1, np.int64), np.zeros(0, np.int64)
    cells = model.case.roads.cells
    return cells.offset.astype(np.int64), model.find_cells(cells.column)


def open_link_peaks(model: FloodModel, water: Water) -> IntervalPeaks | None:
    """Note the peaks under links from this water on; None without roads, and then the water's maps stay as they are."""
    return None if model.case.roads is None else IntervalPeaks(water, *list_link_cells(model))
