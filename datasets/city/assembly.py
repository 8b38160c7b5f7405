"""From layers to a city: one plane, checked against each other, joined by weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ...kernels.space.crosswalk import Crosswalk, cross_lines, cross_polygons
from ...kernels.space.nearest import find_nearest, find_nearest_line
from ..errors import InputError
from ..maps.layers import AreaLayer, TerrainLayer
from ..maps.terrain_checks import is_true_to_scale, refuse_odd_ground
from ..place.axis_order import refuse_swapped
from ..place.crs import choose_plane, is_in_metres, name_crs
from ..place.crs_titles import title_crs
from ..place.distortion import is_true_plane
from ..place.heights import refuse_mixed_heights
from ..place.transformation import transform
from ..traffic.layers import RoadLayer
from .checks import find_core, refuse_areas_apart, refuse_links_outside, refuse_odd_plane, refuse_unreachable
from .city import City
from .layers import CityLayers
from .outlines import join_nodes

__all__ = ["assemble_city", "choose_plane_of", "move_layer"]

Layer = TypeVar("Layer")
Tell = Callable[[str], None]
_FARTHEST_STATION_M = 100_000.0  # a radar sees as far; beyond it a unit or a CRS is wrong
_PLACES = {  # the coordinates of each layer
    "roads": (("x", "y"), ("vertex_x", "vertex_y")),
    "areas": (("vertex_x", "vertex_y"),),
    "facilities": (("x", "y"),),
    "stations": (("x", "y"),),
    "storms": (("x", "y"),),
}


def assemble_city(
    layers: CityLayers,
    *,
    crs: str | None = None,
    time_zone: str = "Asia/Shanghai",
    keep_gaps: bool = False,
    tell: Tell = lambda step: None,
) -> City:
    """Bring all layers onto one plane, refuse what does not fit together, and compute the crosswalks.

    Parameters
    ----------
    layers
        As readers or generators left them.
    crs
        The city's plane; when left out that of the terrain, of projected roads, or the zone in which the roads lie.
    time_zone
        In which the city's times are shown.
    keep_gaps
        Gaps between areas (a lake, a reserve) are meant.
    tell
        Is called with the name of each step before it starts.

    Raises
    ------
    InputError
        If layers lie in places that no transform joins, longitude and latitude are swapped, heights have different
        datums, areas overlap or leave gaps, a link lies outside the terrain, or a facility on no reachable road.

    Examples
    --------
    >>> from citytide.datasets.synthetic.city import make_city
    >>> city = assemble_city(make_city(seed=1, size="2km"))
    >>> sorted(city.crosswalks)
    ['area_cell', 'area_node', 'facility_node', 'link_cell', 'station_link']
    """
    plane = choose_plane_of(layers) if crs is None else name_crs(crs)
    refuse_odd_plane(plane, layers.roads)
    terrain = layers.terrain
    if terrain is not None and terrain.crs != plane:
        raise InputError(
            f"the terrain is in {title_crs(terrain.crs)}, the city in {title_crs(plane)}",
            file=_file(terrain),
            way_out=_cure_terrain(terrain, plane),
        )
    if terrain is not None:
        refuse_odd_ground(terrain, resample="--crs of a plane of the city, with --declare terrain.resample_m={side}")
    heights = {
        "the terrain": terrain and terrain.height_datum,
        "the readings": layers.readings and layers.readings.height_datum,
    }
    refuse_mixed_heights({what: datum for what, datum in heights.items() if datum})
    tell("transforming layers")
    moved = {name: move_layer(name, getattr(layers, name), plane, layers.roads) for name in _PLACES}
    roads: RoadLayer = moved["roads"]
    core = find_core(roads)
    crosswalks: dict[str, Crosswalk] = {}
    if terrain is not None:
        tell("links to cells")
        crosswalks["link_cell"] = cross_lines(roads.vertex_offset, roads.vertex_x, roads.vertex_y, terrain.grid)
        refuse_links_outside(roads, terrain, crosswalks["link_cell"])
    if moved["areas"] is not None:
        tell("areas to cells and nodes")
        crosswalks |= _join_areas(moved["areas"], roads, terrain, core, keep_gaps)
        moved["areas"] = _note_cover(moved["areas"], crosswalks.get("area_cell"))
    if moved["facilities"] is not None:
        tell("facilities to nodes")
        nearest, distance = find_nearest(moved["facilities"].x, moved["facilities"].y, roads.x[core], roads.y[core])
        refuse_unreachable(moved["facilities"], distance)
        crosswalks["facility_node"] = _choose_one(core[nearest], roads.n_nodes)
    if moved["stations"] is not None:
        tell("stations to links")
        stations = moved["stations"]
        link, apart = find_nearest_line(stations.x, stations.y, roads.vertex_offset, roads.vertex_x, roads.vertex_y)
        if (apart > _FARTHEST_STATION_M).any():
            far = int(np.argmax(apart))
            raise InputError(
                f"station {stations.station_id[far]} lies {apart[far] / 1000:,.0f} km from every road",
                file=_file(stations),
                way_out="check its coordinates, their unit and their CRS, or omit it",
            )
        crosswalks["station_link"] = _choose_one(link, roads.n_links)
    return City(
        name=layers.name, crs=plane, time_zone=time_zone, terrain=terrain, readings=layers.readings,
        demand=layers.demand, crosswalks=crosswalks, truths=layers.truths, **moved,
    )  # fmt: skip


def _cure_terrain(terrain: TerrainLayer, plane: str) -> str:
    resample = "have it resampled: --declare terrain.resample_m=METRES"
    if not is_in_metres(terrain.crs) or "local" in (terrain.crs, plane):
        return (
            resample if "local" not in (terrain.crs, plane) else "a local plane joins no other: give all layers on it"
        )
    return f"take the terrain's plane with --crs {terrain.crs}, or {resample}"


def choose_plane_of(layers: CityLayers) -> str:
    """The plane in metres of the terrain, of projected roads, or of the zone in which the roads lie.

    A plane whose metres are not those on the ground, such as EPSG:3857, is not chosen.
    """
    if layers.terrain is not None and is_in_metres(layers.terrain.crs) and is_true_to_scale(layers.terrain):
        return layers.terrain.crs
    if is_true_plane(float(np.mean(layers.roads.x)), float(np.mean(layers.roads.y)), layers.roads.crs):
        return layers.roads.crs
    longitude, latitude = transform(
        layers.roads.x, layers.roads.y, layers.roads.crs, "EPSG:4326", file=_file(layers.roads)
    )
    return choose_plane(longitude, latitude)


def _file(layer: Any) -> Path | None:
    return layer.sources[0] if layer.sources else None


def move_layer(name: str, layer: Any, plane: str, roads: RoadLayer) -> Any:
    """A layer by its name (``"areas"``, ...) in another plane; swapped longitude and latitude are refused."""
    if layer is None:
        return None
    file = layer.sources[0] if getattr(layer, "sources", ()) else None
    within = None if layer is roads else _box(roads)
    for x_name, y_name in _PLACES[name]:
        refuse_swapped(getattr(layer, x_name), getattr(layer, y_name), file=file, within=within, crs=layer.crs)
    if layer.crs == plane:
        return layer
    moved: dict[str, Any] = {"crs": plane}
    for x_name, y_name in _PLACES[name]:
        x, y = getattr(layer, x_name), getattr(layer, y_name)
        moved[x_name], moved[y_name] = transform(x, y, layer.crs, plane, file=file)
    return replace(layer, **moved)


def _box(roads: RoadLayer) -> tuple[float, float, float, float] | None:
    """West, south, east, north of the roads [degrees]; None for a place that is not on earth."""
    if roads.crs == "local":
        return None
    longitude, latitude = transform(roads.x, roads.y, roads.crs, "EPSG:4326", file=_file(roads))
    return float(longitude.min()), float(latitude.min()), float(longitude.max()), float(latitude.max())


def _join_areas(
    areas: AreaLayer, roads: RoadLayer, terrain: TerrainLayer | None, core: npt.NDArray[np.int64], keep_gaps: bool
) -> dict[str, Crosswalk]:
    refuse_areas_apart(areas, roads, keep_gaps=keep_gaps)
    found = {"area_node": join_nodes(areas, roads.x, roads.y, core)}
    if terrain is not None:
        found["area_cell"] = cross_polygons(
            areas.ring_offset, areas.hole, areas.vertex_offset, areas.vertex_x, areas.vertex_y, terrain.grid
        )
    return found


def _note_cover(areas: AreaLayer, area_cell: Crosswalk | None) -> AreaLayer:
    """People of an area that the terrain covers in part live, for it, in that part."""
    if area_cell is None or not (part := area_cell.covered < 1.0 - 1e-9).any():
        return areas
    if (homeless := (areas.people > 0) & ~(area_cell.covered > 0.0)).any():
        area = int(np.argmax(homeless))
        raise InputError(
            f"area {areas.code[area]} with {areas.people[area]:,} people must hold a cell of the terrain",
            file=_file(areas),
            way_out="give a terrain that covers it, or omit the area",
        )
    note = f"{int(part.sum()):,} of {areas.n_areas:,} areas reach beyond the terrain."
    return replace(areas, notes=(*areas.notes, note))


def _choose_one(column: npt.NDArray[np.int64], n_columns: int) -> Crosswalk:
    return Crosswalk(
        np.arange(len(column) + 1), np.asarray(column, np.int64), np.ones(len(column)), n_columns=n_columns
    )
