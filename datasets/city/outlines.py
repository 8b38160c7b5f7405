"""Areas as polygons, and the road nodes that lie in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.space.crosswalk import Crosswalk
from ...kernels.space.nearest import find_nearest
from ..maps.layers import AreaLayer

__all__ = ["join_nodes", "make_polygons"]


def make_polygons(areas: AreaLayer) -> npt.NDArray[Any]:
    """The areas as shapely geometries, (area,).

    Examples
    --------
    >>> from citytide.datasets.synthetic.medical.population import make_areas
    >>> areas = make_areas(0.0, 0.0, 1000.0, 1000.0, n_areas=4, n_people=100, seed=1)
    >>> float(sum(polygon.area for polygon in make_polygons(areas)))
    1000000.0
    """
    import shapely

    points = np.column_stack([areas.vertex_x, areas.vertex_y])
    ring_of_vertex = np.repeat(np.arange(len(areas.hole)), np.diff(areas.vertex_offset))
    rings = shapely.linearrings(points, indices=ring_of_vertex)
    shell = ~areas.hole
    polygons = shapely.polygons(rings, indices=np.cumsum(shell) - 1)
    area_of_ring = np.repeat(np.arange(areas.n_areas), np.diff(areas.ring_offset))
    return np.asarray(shapely.multipolygons(polygons, indices=area_of_ring[shell]))


def join_nodes(
    areas: AreaLayer, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], core: npt.NDArray[np.int64]
) -> Crosswalk:
    """Spread an area evenly over the nodes in it; one without any goes to the node nearest to its middle.

    Parameters
    ----------
    areas
        In the plane of the nodes.
    x, y : (node,) arrays of float
        Places of all nodes [m].
    core : (place,) array of int
        The nodes that may be chosen, ascending.

    Returns
    -------
    Crosswalk
        Areas to nodes; every row sums to 1.
    """
    import shapely

    polygons = make_polygons(areas)
    tree = shapely.STRtree(shapely.points(x[core], y[core]))
    area, place = tree.query(polygons, predicate="intersects")
    # a node on the border of two areas belongs to the first
    order = np.lexsort((area, place))
    area, place = area[order], place[order]
    first = np.ones(len(place), bool)
    first[1:] = place[1:] != place[:-1]
    area, place = area[first], place[first]
    bare = np.setdiff1d(np.arange(areas.n_areas), area)
    if len(bare):
        middle = shapely.get_coordinates(shapely.point_on_surface(polygons[bare]))
        nearest, _ = find_nearest(middle[:, 0], middle[:, 1], x[core], y[core])
        area, place = np.concatenate([area, bare]), np.concatenate([place, nearest])
    order = np.lexsort((place, area))
    area, place = area[order], place[order]
    count = np.bincount(area, minlength=areas.n_areas)
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Crosswalk(offset, core[place], 1.0 / count[area], n_columns=len(x))
