"""What must hold between the layers of a city, each said once, with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.space.crosswalk import Crosswalk
from ...kernels.space.grid import Grid
from ..errors import InputError
from ..maps.layers import AreaLayer, FacilityLayer, TerrainLayer
from ..place.crs import choose_plane
from ..place.crs_titles import title_crs
from ..place.distortion import is_true_plane, measure_stretch_at
from ..place.transformation import transform
from ..traffic.layers import RoadLayer
from .outlines import make_polygons

__all__ = [
    "FARTHEST_FACILITY_M", "MOST_CELLS", "find_core", "refuse_areas_apart", "refuse_links_outside", "refuse_many_cells",
    "refuse_odd_plane", "refuse_unreachable",
]  # fmt: skip

FARTHEST_FACILITY_M = 1000.0
MOST_CELLS = 200_000_000  # 13 GB: a city of Shenzhen's size takes 65 bytes a cell
_WEB_MAP = "Popular Visualisation Pseudo Mercator"  # EPSG:3857: refused on the equator too, where it is nearly true
SLIVER_M = 1.0  # borders that were drawn twice differ by less; an overlap or gap is wider somewhere


def _file(layer: Any) -> Path | None:
    return layer.sources[0] if layer.sources else None


def refuse_odd_plane(crs: str, roads: RoadLayer) -> None:
    """Refuse a city's plane that is none, is not in metres, or on which lengths are not those on the ground."""
    if crs == "local":
        return
    from pyproj import CRS

    plane = CRS.from_user_input(crs) if crs not in ("GCJ-02", "BD-09") else None
    if plane is None or not plane.is_projected or plane.axis_info[0].unit_conversion_factor != 1.0:
        raise InputError(
            f"{title_crs(crs)} is not a plane in metres", way_out="choose one for the city, such as --crs EPSG:4547"
        )
    if roads.crs == "local":
        return  # which no transform joins: that has an error of its own
    lon, lat = transform(roads.x, roads.y, roads.crs, "EPSG:4326", file=_file(roads))
    middle = float(np.mean(lon)), float(np.mean(lat))
    x, y = (float(one) for one in transform(*middle, "EPSG:4326", crs))
    way = plane.coordinate_operation
    is_web_map = way is not None and way.method_name == _WEB_MAP
    if is_web_map or not is_true_plane(x, y, crs):
        raise InputError(
            f"the plane {title_crs(crs)} is not true to scale: where the roads lie, 100 m on the ground are up to "
            f"{100.0 * measure_stretch_at(x, y, crs):.4g} m on it",
            way_out=f"omit --crs, or choose a plane made for the place, such as --crs {choose_plane(*middle)}",
        )


def refuse_many_cells(grid: Grid, name: str) -> None:
    """Refuse a grid whose city would not fit into a large machine's memory."""
    if grid.n_cells > MOST_CELLS:
        raise InputError(
            f"{name} is {grid.cell_m:g} m, which makes {grid.n_y:,} x {grid.n_x:,} cells",
            way_out=f"give a larger one: {MOST_CELLS:,} cells at most",
        )


def find_core(roads: RoadLayer) -> npt.NDArray[np.int64]:
    """Nodes of the largest part in which every node reaches every other, ascending."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    links = csr_array((np.ones(roads.n_links), (roads.tail, roads.head)), shape=(roads.n_nodes, roads.n_nodes))
    _, part = connected_components(links, connection="strong")
    return np.flatnonzero(part == np.bincount(part).argmax())


def refuse_links_outside(roads: RoadLayer, terrain: TerrainLayer, link_cell: Crosswalk) -> None:
    """Refuse a link whose line leaves the terrain's grid, or lies where the terrain has no data."""
    grid = terrain.grid
    out = link_cell.covered < 1.0 - 1e-9
    if out.any():
        raise _link_error(
            roads,
            terrain,
            out,
            f"lies outside the terrain ({grid.west:g} to {grid.east:g} E, {grid.south:g} to {grid.north:g} N)",
        )
    if not terrain.valid.all():
        bare = link_cell.gather(terrain.valid.ravel().astype(np.float64)) < 1.0 - 1e-9
        if bare.any():
            raise _link_error(roads, terrain, bare, "crosses cells where the terrain has no data")


def _link_error(roads: RoadLayer, terrain: TerrainLayer, wrong: npt.NDArray[np.bool_], problem: str) -> InputError:
    link = int(np.argmax(wrong))
    first = int(roads.vertex_offset[link])
    beside = "" if wrong.sum() == 1 else f" (so do {int(wrong.sum()) - 1:,} more)"
    named = f" ({roads.name[link]})" if roads.name[link] else ""
    return InputError(
        f"link {roads.link_id[link]}{named}, which starts at {roads.vertex_x[first]:.0f}, {roads.vertex_y[first]:.0f} "
        f"in {title_crs(roads.crs)}, {problem}{beside}",
        file=_file(terrain) or _file(roads),
        way_out="give a terrain that covers all roads, or cut the roads to the terrain",
    )


def refuse_unreachable(facilities: FacilityLayer, distance_m: npt.NDArray[np.float64]) -> None:
    """Refuse a facility that is far from every node that all others can be reached from."""
    far = ~(distance_m <= FARTHEST_FACILITY_M)
    if far.any():
        row = int(np.argmax(far))
        beside = "" if far.sum() == 1 else f" (so are {int(far.sum()) - 1:,} more)"
        raise InputError(
            f"facility {facilities.facility_id[row]!r} ({facilities.name[row]}) must lie beside a road that can "
            f"be reached: the nearest one is {distance_m[row]:,.0f} m away{beside}",
            file=_file(facilities),
            way_out="correct its place, give the roads that lead to it, or omit it "
            f"(the limit is {FARTHEST_FACILITY_M:g} m)",
        )


def refuse_areas_apart(areas: AreaLayer, roads: RoadLayer, *, keep_gaps: bool = False) -> None:
    """Refuse areas that overlap, leave gaps between them unless these are meant, or lie elsewhere than the roads."""
    import shapely

    polygons = make_polygons(areas)
    broken = ~shapely.is_valid(polygons)
    if broken.any():
        row = int(np.argmax(broken))
        raise _area_error(
            areas, f"{_name(areas, row)} is not a valid polygon ({shapely.is_valid_reason(polygons[row])})"
        )
    _refuse_overlaps(areas, polygons)
    whole = shapely.union_all(polygons)
    for part in [] if keep_gaps else shapely.get_parts(whole):
        for ring in part.interiors:
            gap = shapely.polygons(ring)
            if not shapely.is_empty(shapely.buffer(gap, -SLIVER_M / 2)):
                near = [_name(areas, row) for row in np.flatnonzero(shapely.dwithin(polygons, gap, SLIVER_M))[:4]]
                at = shapely.point_on_surface(gap)
                raise InputError(
                    f"there is a gap of {gap.area:,.0f} m2 at {at.x:.0f}, {at.y:.0f} between {', '.join(near)}",
                    file=_file(areas),
                    way_out="correct the polygons, or declare that gaps are intended: --declare areas.gaps=meant",
                )
    roads_box = shapely.box(roads.x.min(), roads.y.min(), roads.x.max(), roads.y.max())
    if not shapely.intersects(whole, roads_box):
        west, south, east, north = shapely.bounds(whole)
        raise InputError(
            f"the areas ({west:.0f} to {east:.0f} E, {south:.0f} to {north:.0f} N in {title_crs(areas.crs)}) "
            "lie elsewhere than the roads",
            file=_file(areas),
            way_out="check that the file is of this city; if its CRS is another, declare it: --declare areas.crs=NAME",
        )


def _refuse_overlaps(areas: AreaLayer, polygons: npt.NDArray[Any]) -> None:
    import shapely

    one, other = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.intersection(polygons[one], polygons[other])
    wide = ~shapely.is_empty(shapely.buffer(shared, -SLIVER_M / 2))
    if wide.any():
        pair = int(np.lexsort((other[wide], one[wide]))[0])
        a, b, overlap = one[wide][pair], other[wide][pair], shared[wide][pair]
        raise _area_error(areas, f"{_name(areas, int(a))} and {_name(areas, int(b))} overlap by {overlap.area:,.0f} m2")


def _name(areas: AreaLayer, row: int) -> str:
    return f"area {areas.code[row]} ({areas.name[row]})"


def _area_error(areas: AreaLayer, problem: str) -> InputError:
    return InputError(problem, file=_file(areas), way_out="correct the polygons: people would be counted twice or lost")
