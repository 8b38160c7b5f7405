"""Words that maps use for classes of road, and the word of OpenStreetMap that each stands for.

Words are compared in lower case, with _ for spaces and hyphens.

References
----------
.. [1] OpenStreetMap Wiki, Key:highway, and its page of road classes in China
.. [2] Ordnance Survey, OS Open Roads: code lists of road function and classification
.. [3] United States Census Bureau, MAF/TIGER feature class codes (MTFCC), S1100 to S1830
"""

from __future__ import annotations

__all__ = ["NOT_FOR_CARS", "NO_ROADS", "SYNONYMS"]

# Of OpenStreetMap, and kept for modes other than the car.
NOT_FOR_CARS = frozenset({
    "footway", "path", "steps", "pedestrian", "cycleway", "track", "corridor", "bridleway", "busway", "bus_guideway",
    "via_ferrata",
})  # fmt: skip

# Nothing that anybody travels on, or not yet, or no more.
NO_ROADS = frozenset({
    "proposed", "planned", "construction", "abandoned", "disused", "razed", "demolished", "dismantled", "removed",
    "destroyed", "historic", "no", "raceway", "rest_area", "services", "platform", "bus_stop", "elevator", "ladder",
    "crossing", "escape", "emergency_bay", "traffic_island", "traffic_signals", "traffic_mirror", "street_lamp",
    "stop", "give_way", "speed_camera", "toll_gantry", "turning_circle", "turning_loop", "mini_roundabout",
    "motorway_junction", "passing_place", "milestone", "trailhead", "emergency_access_point", "speed_display",
    "hitchhiking", "cyclist_waiting_aid",
})  # fmt: skip

SYNONYMS = {
    "road": "unclassified",  # OpenStreetMap: a road whose class nobody has looked up
    "track_grade1": "track", "track_grade2": "track", "track_grade3": "track", "track_grade4": "track",
    "track_grade5": "track",
    # China: administrative classes, classes of city streets, technical classes
    "高速公路": "motorway", "高速": "motorway", "国道": "trunk", "城市快速路": "trunk", "快速路": "trunk",
    "省道": "primary", "主干路": "primary", "主干道": "primary", "城市主干路": "primary", "城市主干道": "primary",
    "县道": "secondary", "次干路": "secondary", "次干道": "secondary", "城市次干路": "secondary",
    "城市次干道": "secondary", "乡道": "tertiary", "支路": "tertiary", "城市支路": "tertiary", "村道": "unclassified",
    "一级公路": "primary", "二级公路": "secondary", "三级公路": "tertiary", "四级公路": "unclassified",
    "居住区道路": "residential", "小区道路": "residential", "内部道路": "service", "步行街": "pedestrian",
    "人行道": "footway", "自行车道": "cycleway", "公交专用道": "busway",
    # Great Britain
    "a_road": "primary", "b_road": "secondary", "minor_road": "tertiary", "classified_unnumbered": "tertiary",
    "local_road": "residential", "local_access_road": "service", "secondary_access_road": "service",
    # United States, S1740 and S1750 are private and internal
    "s1100": "motorway", "s1200": "primary", "s1400": "residential", "s1500": "track", "s1630": "motorway_link",
    "s1640": "service", "s1710": "footway", "s1720": "steps", "s1730": "service", "s1740": "no", "s1750": "no",
    "s1780": "service", "s1820": "cycleway", "s1830": "bridleway",
}  # fmt: skip
