"""A few straight streets and two underpasses: enough for what does not depend on a street plan."""

import numpy as np

from citytide.datasets.synthetic.ground import Ground, Underpass
from citytide.datasets.synthetic.hydro.terrain import make_terrain
from citytide.datasets.traffic.layers import ROAD_KINDS, RoadLayer
from citytide.kernels.space.grid import Grid

BOX = (500_000.0, 2_490_000.0, 502_000.0, 2_492_000.0)


def draw_streets(*lines, kind="primary", lanes=2.0):
    """Two-way streets from (x, y) to (x, y) with a level each."""
    n = len(lines)
    ends = np.array([line[:4] for line in lines], dtype=float)
    level = np.array([line[4] for line in lines], dtype=np.int8)
    links = np.repeat(np.arange(n), 2)
    back = np.tile([False, True], n)
    x = np.where(back[:, None], ends[links][:, [2, 0]], ends[links][:, [0, 2]])
    y = np.where(back[:, None], ends[links][:, [3, 1]], ends[links][:, [1, 3]])
    ones = np.ones(2 * n)
    return RoadLayer(
        crs="EPSG:4547",
        node_id=np.arange(1, 2 * n + 1),
        x=ends[:, [0, 2]].ravel(),
        y=ends[:, [1, 3]].ravel(),
        link_id=np.arange(1, 2 * n + 1),
        tail=(2 * links + back).astype(np.int32),
        head=(2 * links + ~back).astype(np.int32),
        kind=np.full(2 * n, ROAD_KINDS.index(kind), dtype=np.uint8),
        lanes=lanes * ones,
        speed_km_h=50.0 * ones,
        capacity_veh_h=1000.0 * ones,
        level=level[links],
        length_m=np.hypot(np.diff(x), np.diff(y)).ravel(),
        vertex_offset=np.arange(0, 4 * n + 1, 2),
        vertex_x=x.ravel(),
        vertex_y=y.ravel(),
        name=tuple(f"road {link}" for link in links),
        is_synthetic=True,
    )


def find_places(ground: Ground, cell_m: float) -> list[Underpass]:
    """One underpass along each axis, at the first places that hold one, far from each other."""
    found: list[Underpass] = []
    for x in np.arange(BOX[0] + 300.0, BOX[2] - 200.0, 85.0):
        for y in np.arange(BOX[1] + 300.0, BOX[3] - 200.0, 85.0):
            place = Underpass(x, y, "xy"[len(found)], 120.0, 30.0, name=f"dive {len(found)}")
            far = all(abs(x - other.x) + abs(y - other.y) > 700.0 for other in found)
            if far and ground.can_hold(place, cell_m=cell_m):
                found.append(place)
                if len(found) == 2:
                    return found
    raise AssertionError("no room for two underpasses")


def draw_city(ground: Ground):
    """Two streets across the river, one on a bridge, and one beside it."""
    middle = float(ground.river_x(BOX[1] + 1000.0))
    return draw_streets(
        (BOX[0] + 100.0, BOX[1] + 1000.0, middle - 60.0, BOX[1] + 1000.0, 0),
        (middle - 60.0, BOX[1] + 1000.0, middle + 60.0, BOX[1] + 1000.0, 1),
        (BOX[0] + 150.0, BOX[1] + 250.0, BOX[0] + 450.0, BOX[1] + 1900.0, 0),
    )


def build(ground: Ground, cell_m: float, **options):
    """The terrain of these streets, and its underpasses."""
    places = find_places(ground, cell_m)
    return make_terrain(ground, draw_city(ground), places, Grid.cover(*BOX, cell_m=cell_m), **options), places
