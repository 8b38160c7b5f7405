"""Every variable of a city's store, declared once: name, layer, dims, dtype, units, one sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..hydro.layers import STATION_KINDS, ReadingLayer, StationLayer, StormLayer
from ..maps.layers import FACILITY_KINDS, AreaLayer, FacilityLayer, TerrainLayer
from ..traffic.layers import ROAD_KINDS, DemandLayer, RoadLayer

__all__ = ["CROSSWALKS", "LAYERS", "VARIABLES", "CityVariable", "crosswalk_variables"]

LAYERS: dict[str, type[Any]] = {
    "roads": RoadLayer,
    "terrain": TerrainLayer,
    "areas": AreaLayer,
    "facilities": FacilityLayer,
    "stations": StationLayer,
    "readings": ReadingLayer,
    "storms": StormLayer,
    "demand": DemandLayer,
}
# The layers that a crosswalk joins.
CROSSWALKS = {
    "link_cell": ("roads", "terrain"),
    "area_cell": ("areas", "terrain"),
    "area_node": ("areas", "roads"),
    "facility_node": ("facilities", "roads"),
    "station_link": ("stations", "roads"),
}
_UTC = "seconds since 1970-01-01 00:00:00"


@dataclass(frozen=True)
class CityVariable:
    """One array of ``city.zarr`` and the attribute of a layer that it is."""

    layer: str
    name: str
    attribute: str
    dims: tuple[str, ...]
    dtype: str
    units: str
    long_name: str
    more: dict[str, Any] = field(default_factory=dict)


def _flags(kinds: tuple[str, ...]) -> dict[str, Any]:
    return {"flag_values": list(range(len(kinds))), "flag_meanings": " ".join(kind.replace(" ", "_") for kind in kinds)}


def _declare(layer: str, *rows: tuple[Any, ...]) -> tuple[CityVariable, ...]:
    return tuple(CityVariable(layer, *row) for row in rows)


_EAST = {"standard_name": "projection_x_coordinate"}
_NORTH = {"standard_name": "projection_y_coordinate"}

VARIABLES: tuple[CityVariable, ...] = (
    *_declare(
        "roads",
        ("node", "node_id", ("node",), "int64", "1", "stable identifier of the node"),
        ("node_x", "x", ("node",), "float64", "m", "easting of the node", _EAST),
        ("node_y", "y", ("node",), "float64", "m", "northing of the node", _NORTH),
        ("link", "link_id", ("link",), "int64", "1", "stable identifier of the link"),
        ("link_tail", "tail", ("link",), "int32", "1", "index of the node where the link starts"),
        ("link_head", "head", ("link",), "int32", "1", "index of the node where the link ends"),
        ("link_kind", "kind", ("link",), "uint8", "1", "kind of road", _flags(ROAD_KINDS)),
        ("link_lanes", "lanes", ("link",), "float64", "1", "lanes of this direction"),
        ("link_speed", "speed_km_h", ("link",), "float64", "km h-1", "free-flow speed"),
        ("link_capacity", "capacity_veh_h", ("link",), "float64", "h-1", "vehicles per hour of all lanes"),
        ("link_level", "level", ("link",), "int8", "1", "bridge 1, ground 0, tunnel or underpass -1"),
        ("link_length", "length_m", ("link",), "float64", "m", "length along the road"),
        ("link_name", "name", ("link",), "string", "1", "name of the road"),
        ("link_vertex_offset", "vertex_offset", ("link_bound",), "int64", "1", "first vertex of each link's line"),
        ("link_vertex_x", "vertex_x", ("link_vertex",), "float64", "m", "easting of the vertex", _EAST),
        ("link_vertex_y", "vertex_y", ("link_vertex",), "float64", "m", "northing of the vertex", _NORTH),
    ),
    *_declare(
        "terrain",
        ("height", "height", ("y", "x"), "float32", "m", "height of the ground above the city's height datum"),
        ("manning", "manning", ("y", "x"), "float32", "s m-1/3", "Manning roughness of the ground"),
        ("valid", "valid", ("y", "x"), "bool", "1", "whether the source has a height here"),
    ),
    *_declare(
        "areas",
        ("area", "code", ("area",), "string", "1", "administrative division code"),
        ("area_name", "name", ("area",), "string", "1", "name of the area"),
        ("area_people", "people", ("area",), "int64", "1", "people who live in the area"),
        ("area_ring_offset", "ring_offset", ("area_bound",), "int64", "1", "first ring of each area"),
        ("ring_hole", "hole", ("ring",), "bool", "1", "whether the ring is a hole in the one before"),
        ("ring_vertex_offset", "vertex_offset", ("ring_bound",), "int64", "1", "first vertex of each ring"),
        ("ring_vertex_x", "vertex_x", ("ring_vertex",), "float64", "m", "easting of the vertex", _EAST),
        ("ring_vertex_y", "vertex_y", ("ring_vertex",), "float64", "m", "northing of the vertex", _NORTH),
    ),
    *_declare(
        "facilities",
        ("facility", "facility_id", ("facility",), "string", "1", "stable identifier of the facility"),
        ("facility_kind", "kind", ("facility",), "uint8", "1", "kind of facility", _flags(FACILITY_KINDS)),
        ("facility_name", "name", ("facility",), "string", "1", "name of the facility"),
        ("facility_x", "x", ("facility",), "float64", "m", "easting of the facility", _EAST),
        ("facility_y", "y", ("facility",), "float64", "m", "northing of the facility", _NORTH),
        ("facility_capacity", "capacity", ("facility",), "float64", "1", "beds, vehicles or places; NaN where unknown"),
    ),
    *_declare(
        "stations",
        ("station", "station_id", ("station",), "string", "1", "stable identifier of the station"),
        ("station_kind", "kind", ("station",), "uint8", "1", "what the station measures", _flags(STATION_KINDS)),
        ("station_name", "name", ("station",), "string", "1", "name of the station"),
        ("station_x", "x", ("station",), "float64", "m", "easting of the station", _EAST),
        ("station_y", "y", ("station",), "float64", "m", "northing of the station", _NORTH),
    ),
    *_declare(
        "readings",
        ("reading_station", "station", ("reading",), "int32", "1", "index of the station"),
        ("reading_time", "time", ("reading",), "int64", _UTC, "end of the interval, UTC", {"standard_name": "time"}),
        ("reading_value", "value", ("reading",), "float64", "1", "what was read, in the units of the layer"),
    ),
    *_declare(
        "storms",
        ("storm_start", "start", ("storm_cell",), "int64", _UTC, "when the cell begins to rain, UTC"),
        ("storm_duration", "duration_s", ("storm_cell",), "float64", "s", "how long the cell rains"),
        ("storm_x", "x", ("storm_cell",), "float64", "m", "easting of the cell at its start", _EAST),
        ("storm_y", "y", ("storm_cell",), "float64", "m", "northing of the cell at its start", _NORTH),
        ("storm_speed_x", "speed_x_m_s", ("storm_cell",), "float64", "m s-1", "speed of the cell to the east"),
        ("storm_speed_y", "speed_y_m_s", ("storm_cell",), "float64", "m s-1", "speed of the cell to the north"),
        ("storm_radius", "radius_m", ("storm_cell",), "float64", "m", "standard deviation of the cell's Gaussian"),
        ("storm_peak", "peak_mm_h", ("storm_cell",), "float64", "mm h-1", "rain rate in the middle at full strength"),
    ),
    *_declare(
        "demand",
        ("pair_origin", "origin", ("pair",), "int32", "1", "index of the node where the trips start"),
        ("pair_destination", "destination", ("pair",), "int32", "1", "index of the node where the trips end"),
        ("pair_demand", "demand_veh_h", ("pair",), "float64", "h-1", "vehicles per hour"),
    ),
)  # fmt: skip


def crosswalk_variables(name: str) -> tuple[CityVariable, CityVariable, CityVariable]:
    """The three arrays of a crosswalk, whose name is ``row_column``: offset, column, weight."""
    row, _, column = name.partition("_")
    entry = (f"{name}_entry",)
    layer = CROSSWALKS[name][0]
    return (
        CityVariable(layer, f"{name}_offset", "offset", (f"{row}_bound",), "int64", "1", f"first entry of each {row}"),
        CityVariable(layer, f"{name}_column", "column", entry, "int64", "1", f"index of the {column}"),
        CityVariable(layer, f"{name}_weight", "weight", entry, "float64", "1", f"share of the {row} in this {column}"),
    )
