"""Trips come from pairs of nodes, or from rides in whichever datum the roads give away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.city.trips import read_trips
from citytide.datasets.errors import InputError
from citytide.datasets.place.transformation import transform
from citytide.datasets.traffic.layers import RoadLayer
from citytide.kernels.space.datum import convert_wgs84_to_gcj02


def test_pairs_are_read_by_node_id_and_scaled(roads: RoadLayer, tmp_path: Path) -> None:
    file = tmp_path / "trips.csv"
    file.write_text("origin,destination,demand\n11,12,30\n13,14,10\n")
    demand = read_trips(roads, file, total="80")
    assert demand.origin.tolist() == [1, 3] and demand.destination.tolist() == [2, 4]
    assert demand.demand_veh_h.tolist() == [60.0, 20.0]


def test_one_period_of_several_is_read(roads: RoadLayer, tmp_path: Path) -> None:
    file = tmp_path / "trips.csv"
    file.write_text("origin,destination,demand,period\n11,12,30,AM\n11,12,10,PM\n")
    with pytest.raises(InputError, match="column 'period' holds several: AM, PM"):
        read_trips(roads, file)
    assert read_trips(roads, file, period="PM").demand_veh_h.tolist() == [10.0]
    assert read_trips(roads, file, period="AM").notes == ("trips.csv: period is AM in every row that is read.",)
    file.write_text("zone,11,12\n11,0,0\n12,0,0\n")
    with pytest.raises(InputError, match=r"a demand of 0 cannot be scaled; omit demand.total, or give trips"):
        read_trips(roads, file, total=80)


def test_rides_of_the_shifted_datum_find_their_nodes(roads: RoadLayer, tmp_path: Path) -> None:
    longitude, latitude = convert_wgs84_to_gcj02(*transform(roads.x, roads.y, roads.crs, "EPSG:4326"))
    file = tmp_path / "rides.csv"
    rows = [f"{longitude[a]},{latitude[a]},{longitude[b]},{latitude[b]}" for a, b in ((0, 1), (0, 2))]
    file.write_text("lng,lat,elng,elat\n" + "\n".join(rows) + "\n")
    demand = read_trips(roads, file, total=10.0, datum="gcj02")
    assert set(demand.origin.tolist()) == {0}
    assert np.isclose(demand.demand_veh_h.sum(), 10.0)


def test_a_total_that_is_no_amount_is_refused(roads: RoadLayer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"demand.total is 'many'; give vehicles per hour"):
        read_trips(roads, tmp_path / "trips.csv", total="many")
