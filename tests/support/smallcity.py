"""A city small enough to know by heart: two streets that cross, four areas, one hospital, one gauge."""

from __future__ import annotations

import numpy as np

from citytide.datasets.city.layers import CityLayers
from citytide.datasets.hydro.layers import ReadingLayer, StationLayer, StormLayer
from citytide.datasets.maps.layers import AreaLayer, FacilityLayer, TerrainLayer
from citytide.datasets.traffic.layers import DemandLayer, RoadLayer
from citytide.kernels.space.grid import Grid

WEST, SOUTH = 505000.0, 2493000.0


def ring(west: float, south: float, east: float, north: float) -> list[tuple[float, float]]:
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def make_areas(boxes: list[tuple[float, float, float, float]], crs: str = "EPSG:4547") -> AreaLayer:
    points = np.array([point for box in boxes for point in ring(*box)])
    n = len(boxes)
    return AreaLayer(
        crs=crs,
        code=tuple(f"44030400{k}" for k in range(n)),
        name=tuple(f"街道{k}" for k in range(n)),
        people=np.arange(1, n + 1, dtype=np.int64) * 1000,
        ring_offset=np.arange(n + 1, dtype=np.int64),
        hole=np.zeros(n, bool),
        vertex_offset=np.arange(n + 1, dtype=np.int64) * 5,
        vertex_x=points[:, 0],
        vertex_y=points[:, 1],
    )


def make_roads() -> RoadLayer:
    """A cross of 200 m arms around a middle node, both ways, and a spur that nothing returns from."""
    x = WEST + np.array([250.0, 50.0, 450.0, 250.0, 250.0, 460.0])
    y = SOUTH + np.array([250.0, 250.0, 250.0, 50.0, 450.0, 460.0])
    ends = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (2, 0), (2, 5), (3, 0), (4, 0)]
    tail, head = np.array(ends, dtype=np.int32).T
    n = len(ends)
    line_x = np.column_stack([x[tail], x[head]]).ravel()
    line_y = np.column_stack([y[tail], y[head]]).ravel()
    return RoadLayer(
        crs="EPSG:4547",
        node_id=np.array([10, 11, 12, 13, 14, 15]),
        x=x,
        y=y,
        link_id=np.arange(1, n + 1),
        tail=np.ascontiguousarray(tail),
        head=np.ascontiguousarray(head),
        kind=np.full(n, 3, np.uint8),
        lanes=np.full(n, 2.0),
        speed_km_h=np.full(n, 50.0),
        capacity_veh_h=np.full(n, 1800.0),
        level=np.array([0, 0, -1, 1, 0, 0, 0, -1, 1], np.int8),
        length_m=np.hypot(x[tail] - x[head], y[tail] - y[head]),
        vertex_offset=np.arange(n + 1, dtype=np.int64) * 2,
        vertex_x=line_x,
        vertex_y=line_y,
        name=tuple(f"福华{k}路" for k in range(n)),
    )


def make_small_layers() -> CityLayers:
    grid = Grid(WEST, SOUTH, 10.0, 50, 50)
    half = [
        (0.0, 0.0, 250.0, 250.0),
        (250.0, 0.0, 500.0, 250.0),
        (0.0, 250.0, 250.0, 500.0),
        (250.0, 250.0, 500.0, 500.0),
    ]
    return CityLayers(
        name="small",
        roads=make_roads(),
        terrain=TerrainLayer(
            crs="EPSG:4547",
            height_datum="CN85",
            grid=grid,
            height=np.add.outer(np.arange(50, dtype=np.float32), np.zeros(50, np.float32)),
            manning=np.full(grid.shape, 0.03, np.float32),
            valid=np.ones(grid.shape, bool),
        ),
        areas=make_areas([(WEST + w, SOUTH + s, WEST + e, SOUTH + n) for w, s, e, n in half]),
        facilities=FacilityLayer(
            crs="EPSG:4547",
            facility_id=("H1",),
            kind=np.array([1], np.uint8),
            name=("福田医院",),
            x=np.array([WEST + 440.0]),
            y=np.array([SOUTH + 300.0]),
            capacity=np.array([np.nan]),
        ),
        stations=StationLayer(
            crs="EPSG:4547",
            station_id=("G1", "G2"),
            kind=np.array([1, 2], np.uint8),
            name=("一号", "二号"),
            x=np.array([WEST + 100.0, WEST + 240.0]),
            y=np.array([SOUTH + 240.0, SOUTH + 100.0]),
        ),
        readings=ReadingLayer(
            quantity="rain rate",
            units="mm h-1",
            station=np.array([0, 0, 1], np.int32),
            time=np.array([1694095200, 1694098800, 1694095200]),
            value=np.array([0.0, 12.5, 3.0]),
        ),
        storms=StormLayer(
            "EPSG:4547", np.array([1694095200]), *(np.array([v]) for v in (3600.0, WEST, SOUTH, 5.0, 0.0, 800.0, 60.0))
        ),
        demand=DemandLayer(np.array([1, 3], np.int32), np.array([2, 4], np.int32), np.array([100.0, 50.0])),
        truths=({"kind": "valley", "name": "v", "volume_m3": 12.5},),
    )
