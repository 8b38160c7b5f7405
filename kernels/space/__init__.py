"""Where things are: positions, grids, and weights that carry a quantity from one kind of place to another.

Every kernel of the field is an attribute of this package: ``space.regrid(...)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exports import export_lazily

if TYPE_CHECKING:
    from .apportionment import apportion
    from .crosswalk import Crosswalk, cross_lines, cross_points, cross_polygons
    from .datum import (
        compute_distances_m,
        convert_bd09_to_gcj02,
        convert_bd09_to_wgs84,
        convert_gcj02_to_bd09,
        convert_gcj02_to_wgs84,
        convert_wgs84_to_bd09,
        convert_wgs84_to_gcj02,
        project,
    )
    from .grid import Grid
    from .nearest import find_nearest, find_nearest_line
    from .quads import QuadWeights
    from .regrid_weights import RegridWeights
    from .regridding import regrid, sample

__all__ = [
    "Crosswalk",
    "Grid",
    "QuadWeights",
    "RegridWeights",
    "apportion",
    "compute_distances_m",
    "convert_bd09_to_gcj02",
    "convert_bd09_to_wgs84",
    "convert_gcj02_to_bd09",
    "convert_gcj02_to_wgs84",
    "convert_wgs84_to_bd09",
    "convert_wgs84_to_gcj02",
    "cross_lines",
    "cross_points",
    "cross_polygons",
    "find_nearest",
    "find_nearest_line",
    "project",
    "regrid",
    "sample",
]

_HOMES = {
    "apportion": ".apportionment",
    "Crosswalk": ".crosswalk",
    "cross_lines": ".crosswalk",
    "cross_points": ".crosswalk",
    "cross_polygons": ".crosswalk",
    "compute_distances_m": ".datum",
    "convert_bd09_to_gcj02": ".datum",
    "convert_bd09_to_wgs84": ".datum",
    "convert_gcj02_to_bd09": ".datum",
    "convert_gcj02_to_wgs84": ".datum",
    "convert_wgs84_to_bd09": ".datum",
    "convert_wgs84_to_gcj02": ".datum",
    "project": ".datum",
    "Grid": ".grid",
    "find_nearest": ".nearest",
    "find_nearest_line": ".nearest",
    "QuadWeights": ".quads",
    "RegridWeights": ".regrid_weights",
    "regrid": ".regridding",
    "sample": ".regridding",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
