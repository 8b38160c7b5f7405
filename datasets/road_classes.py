"""What a road of OpenStreetMap is assumed to be where its tags do not say: speed, lanes, capacity by class.

Capacities are what a lane passes in an hour with the junctions that such roads have, not what it passes between them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DROPPED", "OTHER", "ROAD_CLASSES", "RoadClass", "find_class"]


@dataclass(frozen=True)
class RoadClass:
    """Assumptions for one value of the tag ``highway``; lanes count one direction."""

    speed_km_h: float
    lanes: int
    capacity_veh_h_lane: float


ROAD_CLASSES = {
    "motorway": RoadClass(90.0, 3, 1900.0),
    "trunk": RoadClass(70.0, 3, 1600.0),
    "primary": RoadClass(50.0, 3, 1000.0),
    "secondary": RoadClass(40.0, 2, 850.0),
    "tertiary": RoadClass(35.0, 1, 700.0),
    "motorway_link": RoadClass(50.0, 1, 1400.0),
    "trunk_link": RoadClass(45.0, 1, 1200.0),
    "primary_link": RoadClass(35.0, 1, 900.0),
    "secondary_link": RoadClass(30.0, 1, 800.0),
    "tertiary_link": RoadClass(30.0, 1, 650.0),
    "unclassified": RoadClass(30.0, 1, 550.0),
    "residential": RoadClass(25.0, 1, 450.0),
    "living_street": RoadClass(15.0, 1, 300.0),
    "service": RoadClass(15.0, 1, 300.0),
}
OTHER = RoadClass(20.0, 1, 300.0)

# By mode: an edge goes when all of its highway tags are in the set.
DROPPED = {
    "car": frozenset({"footway", "path", "steps", "pedestrian", "cycleway", "track", "corridor"}),
    "all": frozenset[str](),
}


def find_class(tags: list[str]) -> RoadClass:
    """Return the slowest class among an edge's tags: the merged road is as good as its worst part.

    Examples
    --------
    >>> find_class(["primary", "residential"]).speed_km_h
    25.0
    """
    known = [ROAD_CLASSES[tag] for tag in tags if tag in ROAD_CLASSES]
    return min(known, key=lambda road: road.speed_km_h * road.capacity_veh_h_lane) if known else OTHER
