from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.text.tables import Table, read_table
from citytide.datasets.traffic.demand.rides import has_rides, make_ride_demand
from citytide.kernels.space.datum import convert_wgs84_to_gcj02

SIDE = 8
EAST = 114.00 + 0.002 * np.arange(SIDE)
NORTH = 22.54 + 0.002 * np.arange(SIDE)
X, Y = (axis.ravel() for axis in np.meshgrid(EAST, NORTH))
ROADS = [np.array([[e, NORTH[0]], [e, NORTH[-1]]]) for e in EAST] + [
    np.array([[EAST[0], n], [EAST[-1], n]]) for n in NORTH
]


def rides(tmp_path: Path, shifted: bool = False, count: int = 200) -> Table:
    draw = np.random.default_rng(1)
    ends = []
    for _ in range(2):  # on the roads, a few metres off
        along = draw.uniform(0.0, 0.014, count)
        line = draw.integers(0, SIDE, count) * 0.002
        vertical = draw.random(count) < 0.5
        lon = 114.0 + np.where(vertical, line, along) + draw.normal(0, 2e-5, count)
        lat = 22.54 + np.where(vertical, along, line) + draw.normal(0, 2e-5, count)
        ends += list(convert_wgs84_to_gcj02(lon, lat) if shifted else (lon, lat))
    rows = "\n".join(",".join(f"{v:.7f}" for v in row) for row in zip(*ends, strict=True))
    (tmp_path / "rides.csv").write_text("SLon,SLat,ELon,ELat\n" + rows + "\n")
    return read_table(tmp_path / "rides.csv")


def test_rides_are_counted_at_their_nearest_nodes_and_scaled(tmp_path: Path):
    (tmp_path / "r.csv").write_text(
        "lng,lat,elng,elat\n114.0001,22.5401,114.0139,22.5539\n114.0001,22.5399,114.0002,22.5401\n"
        "114.0021,22.5401,120.0,30.0\n114.0001,22.5401,114.0139,22.5539\n"
    )
    table = read_table(tmp_path / "r.csv")
    assert has_rides(table)
    made = make_ride_demand(table, X, Y, ROADS, total=100.0, datum="wgs84")
    last = SIDE * SIDE - 1
    # Starts inside: two at node 0, one at node 1 (one lies south of the box); ends: two at the last, one at node 0.
    assert made.pairs.origin.tolist() == [0, 1, 1] and made.pairs.destination.tolist() == [last, 0, last]
    np.testing.assert_allclose(made.pairs.demand, np.array([4.0, 1.0, 2.0]) * 100.0 / 7.0)
    assert made.pairs.intrazonal == 0.0
    assert "3 starts at 2 nodes and 3 ends at 2 nodes, of 4 rides" in made.notes[1]


@pytest.mark.parametrize(("shifted", "name"), [(False, "WGS 84"), (True, "GCJ-02")])
def test_the_datum_of_the_rides_is_told_from_the_roads(tmp_path: Path, shifted: bool, name: str):
    made = make_ride_demand(rides(tmp_path, shifted), X, Y, ROADS)
    assert made.notes[0].startswith(f"The datum of the rides is told from the roads: {name}.")
    assert made.pairs.demand.sum() == pytest.approx(30_000.0)


def test_converted_rides_make_the_demand_of_the_plain_ones(tmp_path: Path):
    plain = make_ride_demand(rides(tmp_path), X, Y, ROADS).pairs
    converted = make_ride_demand(rides(tmp_path, shifted=True), X, Y, ROADS).pairs
    np.testing.assert_array_equal(plain.origin, converted.origin)
    np.testing.assert_allclose(plain.demand, converted.demand)


def test_a_datum_that_cannot_be_told_is_asked_for(tmp_path: Path):
    with pytest.raises(InputError, match=r"cannot be told: .* say which with datum=(wgs84|gcj02) or"):
        make_ride_demand(rides(tmp_path), X, Y, ROADS[:1])
    with pytest.raises(InputError, match="datum is 'bd09'; choose one of auto, wgs84, gcj02"):
        make_ride_demand(rides(tmp_path), X, Y, ROADS, datum="bd09")


def test_rides_of_another_place_and_swapped_columns_are_refused(tmp_path: Path):
    (tmp_path / "r.csv").write_text("lng,lat,elng,elat\n-73.9,40.7,-73.8,40.8\n")
    with pytest.raises(InputError, match="none of 1 rides starts or ends inside the network's box"):
        make_ride_demand(read_table(tmp_path / "r.csv"), X, Y, ROADS)
    (tmp_path / "r.csv").write_text("lng,lat,elng,elat\n22.541,114.001,22.541,114.001\n")
    with pytest.raises(InputError, match=r"line 2: lat is 114.001; give degrees; are longitude and latitude swapped"):
        make_ride_demand(read_table(tmp_path / "r.csv"), X, Y, ROADS)
