"""What is known of a synthetic terrain in closed form: how much water its basins hold, and when rain fills them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from .basins import plan_basins

if TYPE_CHECKING:
    from ...maps.layers import TerrainLayer
    from ..ground import Ground, Underpass

__all__ = ["compute_fill_time_s", "find_truths"]


def find_truths(terrain: TerrainLayer, ground: Ground, underpasses: Sequence[Underpass]) -> tuple[dict[str, Any], ...]:
    """Find the basins of a synthetic terrain and measure them on its cells.

    Parameters
    ----------
    terrain
        From :func:`~citytide.datasets.synthetic.hydro.terrain.make_terrain`, with the same ground and underpasses.
    ground, underpasses
        That it was made from.

    Returns
    -------
    tuple of dict
        One for each underpass in their order, then the valley, of numbers and text only:

        ``kind, name``
            ``"underpass"`` or ``"valley"``.
        ``row0, row1, col0, col1``
            Half-open ranges of the cells inside the ring, which is one cell wide and lies around them.
        ``sill_m, floor_m``
            Height of the lowest cell of the ring, which water leaves over, and of the lowest cell inside.
        ``lowest_row, lowest_col, x, y``
            The first of the lowest cells, and its middle [m].
        ``volume_m3``
            Between the cells inside and the sill.
        ``catchment_m2``
            Area of the cells inside: with closed walls around them, what rains there stays there.
        ``ring_m2``
            Area of the ring. Where nothing closes the walls, some of what rains on their crests runs inwards: the
            basin fills no sooner than ``volume_m3 / ((catchment_m2 + ring_m2) x rain)``.

    Examples
    --------
    See :func:`compute_fill_time_s`.
    """
    truths = []
    area_m2 = terrain.grid.cell_m**2
    for basin in plan_basins(ground, underpasses, terrain.grid):
        whole = terrain.height[basin.row0 - 1 : basin.row1 + 1, basin.col0 - 1 : basin.col1 + 1].astype(np.float64)
        inside = whole[1:-1, 1:-1]
        sill = min(edge.min() for edge in (whole[0], whole[-1], whole[:, 0], whole[:, -1]))
        if not inside.max() < sill:
            raise InputError(
                f"{basin.kind} {basin.name!r} is not a basin of this terrain",
                way_out="give the ground and the underpasses that the terrain was made from",
            )
        row, column = divmod(int(np.argmin(inside)), inside.shape[1])
        truths.append(
            {
                "kind": basin.kind,
                "name": basin.name,
                "row0": basin.row0,
                "row1": basin.row1,
                "col0": basin.col0,
                "col1": basin.col1,
                "sill_m": float(sill),
                "floor_m": float(inside.min()),
                "lowest_row": basin.row0 + row,
                "lowest_col": basin.col0 + column,
                "x": float(terrain.grid.x[basin.col0 + column]),
                "y": float(terrain.grid.y[basin.row0 + row]),
                "volume_m3": float((sill - inside).sum()) * area_m2,
                "catchment_m2": inside.size * area_m2,
                "ring_m2": (whole.size - inside.size) * area_m2,
            }
        )
    return tuple(truths)


def compute_fill_time_s(truth: Mapping[str, Any], rain_mm_h: float) -> float:
    r"""Return when a basin is full under steady rain, with closed walls and no infiltration [s].

    .. math:: t = V / (A \, r)

    Full is the first time at which the water over the lowest cell reaches the sill.

    Parameters
    ----------
    truth
        One of :func:`find_truths`.
    rain_mm_h
        Above zero.

    Raises
    ------
    InputError
        If the rain is not above zero.

    Examples
    --------
    >>> round(compute_fill_time_s({"volume_m3": 2000.0, "catchment_m2": 1000.0}, 1000.0), 6)
    7200.0
    """
    if not 0.0 < rain_mm_h < np.inf:
        raise InputError(f"rain_mm_h must be finite and above 0, got {rain_mm_h}")
    return float(truth["volume_m3"]) / (float(truth["catchment_m2"]) * rain_mm_h / 3.6e6)
