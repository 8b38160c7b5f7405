"""Points that a flood warning is issued for: a file of them, or a synthetic city's underpasses and its valley."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ....datasets.errors import InputError
from ....datasets.place.crs_titles import title_crs

if TYPE_CHECKING:
    from ....datasets.city.city import City
    from ....datasets.maps.layers import TerrainLayer

__all__ = ["Points", "open_points"]


@dataclass(frozen=True)
class Points:
    """Where warnings are wanted.

    Attributes
    ----------
    name
        Name of each point.
    x, y
        (point,) in the CRS of the ground [m].
    cell
        (point,) flat index of its cell.
    threshold_m
        For each point, the depths that are warned of, ascending.
    """

    name: tuple[str, ...]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    cell: npt.NDArray[np.int64]
    threshold_m: tuple[tuple[float, ...], ...]
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)


def open_points(points: str | None, layer: TerrainLayer, city: City | None, thresholds_m: list[float]) -> Points:
    """Open the points, or take a synthetic city's underpasses and its valley.

    Raises
    ------
    InputError
        If there are none, or one lies off the ground.
    """
    default = tuple(sorted(set(thresholds_m)))
    if points is None:
        truths = city.truths if city is not None else ()
        if not truths:
            raise InputError(
                "points must be given: this ground has none of its own",
                way_out="give --set points=FILE (CSV or GeoJSON: name, x, y)",
            )
        names = tuple(str(truth["name"] or truth["kind"]) for truth in truths)
        x, y = (np.array([float(truth[axis]) for truth in truths]) for axis in ("x", "y"))
        given: list[tuple[float, ...]] = [()] * len(names)
        sources: tuple[Path, ...] = ()
        notes: tuple[str, ...] = ()
    else:
        from ....datasets.hydro.gauges.warning_points import read_warning_points

        found = read_warning_points(points, crs=layer.crs)
        names, x, y, given = tuple(found.name), found.x, found.y, list(found.threshold_m)
        sources, notes = (Path(points),), found.notes
    row, column = (
        np.floor((at - low) / layer.grid.cell_m).astype(np.int64)
        for at, low in ((y, layer.grid.south), (x, layer.grid.west))
    )
    is_on = (row >= 0) & (row < layer.grid.n_y) & (column >= 0) & (column < layer.grid.n_x)
    is_on[is_on] = layer.valid[row[is_on], column[is_on]]
    if not is_on.all():
        which = int(np.flatnonzero(~is_on)[0])
        raise InputError(
            f"points must lie on the ground, got {names[which]!r} at {x[which]:g}, {y[which]:g}",
            file=points,
            way_out=f"give points on valid ground of {layer.grid} in {title_crs(layer.crs)}",
        )
    return Points(
        names, x, y, row * layer.grid.n_x + column, tuple(own or default for own in given), sources, notes,
    )  # fmt: skip
