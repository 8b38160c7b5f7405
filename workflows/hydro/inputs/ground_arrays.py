"""The arrays and figures of a ground that every simulation of water on it starts from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....datasets.city.city import City
from ....datasets.maps.layers import TerrainLayer
from ....kernels.space.grid import Grid
from ...workflow import NamedArrays
from ..settings import FloodSettings
from .boundaries import Boundaries
from .soils import lay_out_soil, refuse_idle_settings

__all__ = [
    "as_texts",
    "choose_outputs",
    "lay_out_ground",
    "pack_grid",
]


def lay_out_ground(
    settings: FloodSettings, layer: TerrainLayer, city: City | None, boundaries: Boundaries
) -> NamedArrays:
    """The ground, its soil and boundaries, and what lies under the city's roads."""
    soil = lay_out_soil(settings.soil, settings.soil_saturation, layer)
    refuse_idle_settings(settings, layer, soil)
    arrays: NamedArrays = {
        "height": (("y", "x"), layer.height),
        "manning": (("y", "x"), layer.manning),
        "valid": (("y", "x"), layer.valid),
        "y": (("y",), layer.grid.y),
        "x": (("x",), layer.grid.x),
        **boundaries.lay_out(),
        **soil,
    }
    if city is not None and "link_cell" in city.crosswalks:
        cells = city.crosswalks["link_cell"]
        arrays |= {
            "link_cell_offset": (("link_bound",), cells.offset),
            "link_cell_column": (("link_cell_entry",), cells.column),
            "link_level": (("link",), city.roads.level),
            "link": (("link",), city.roads.link_id),
            "link_name": (("link",), as_texts(city.roads.name)),
        }
    return arrays


def choose_outputs(duration_s: float, every_s: float) -> list[float]:
    """Whole steps from the first to the end, which is always stored.

    Examples
    --------
    >>> choose_outputs(700.0, 300.0)
    [300.0, 600.0, 700.0]
    """
    n = int(np.floor(duration_s / every_s + 1e-9))
    outputs = [every_s * step for step in range(1, n + 1)]
    return outputs if outputs and outputs[-1] >= duration_s - 1e-9 else [*outputs, duration_s]


def pack_grid(grid: Grid) -> dict[str, Any]:
    """A grid as plain numbers, for a plan; ``Grid(**packed)`` is it again."""
    return {name: getattr(grid, name) for name in ("west", "south", "cell_m", "n_y", "n_x")}


def as_texts(values: Any) -> NDArray[Any]:
    """Texts of any length."""
    return np.array(list(values), dtype=np.dtypes.StringDType())
