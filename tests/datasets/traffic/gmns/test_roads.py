"""Roads of GMNS folders as cities take them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.road_files import open_roads
from citytide.workflows.city.build import CityRequest, build_city

# A triangle as the specification writes it: text ids, undirected links, empty capacities, no demand.
NODE = "node_id,name,x_coord,y_coord\na,A,114.00,22.50\nb,B,114.01,22.50\nc,C,114.005,22.51\n"
LINK = """link_id,name,from_node_id,to_node_id,directed,geometry,length,facility_type,lanes,capacity,free_speed,\
allowed_uses
ab,深南大道,a,b,false,,1.03,Primary,,,50,auto
bc,,b,c,true,"LINESTRING (114.01 22.5, 114.01 22.51, 114.005 22.51)",1.63,minor arterial,2,,,
ca,,c,a,true,,1.23,residential,1,450,30,"auto;bike"
walk,,a,c,false,,1.23,sidewalk,,,,walk
"""
CONFIG = "long_length,speed,crs\nkm,km/h,EPSG:4326\n"


def write(folder: Path, **changed: str) -> Path:
    for name, text in {"node": NODE, "link": LINK, "config": CONFIG, **changed}.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_a_network_without_demand_is_roads(tmp_path: Path) -> None:
    roads = open_roads(write(tmp_path))
    assert roads.link_id.tolist() == [1, 2, 3, 11], "rows, and the way back of the first"
    assert roads.tail.tolist() == [0, 1, 2, 1] and roads.head.tolist() == [1, 2, 0, 0]
    assert roads.capacity_veh_h.tolist() == [3000.0, 1700.0, 450.0, 3000.0]
    assert roads.lanes.tolist() == [3.0, 2.0, 1.0, 3.0] and roads.speed_km_h.tolist() == [50.0, 40.0, 30.0, 50.0]
    np.testing.assert_allclose(roads.length_m, [1030.0, 1630.0, 1230.0, 1030.0])
    assert roads.name == ("深南大道", "bc", "ca", "深南大道")
    assert np.diff(roads.vertex_offset).tolist() == [2, 3, 2, 2]
    assert roads.vertex_x[roads.vertex_offset[1] : roads.vertex_offset[2]].tolist() == [114.01, 114.01, 114.005]
    assert [file.name for file in roads.sources] == ["node.csv", "link.csv", "config.csv"]
    assert not any("speed_kph" in note for note in roads.notes)
    for said in ("Capacities of 3 of 4 links are not stated", "1 undirected rows", "no bridges or tunnels"):
        assert any(said in note for note in roads.notes), said


def test_a_city_is_built_from_a_folder(tmp_path: Path) -> None:
    city = build_city(CityRequest(roads=str(write(tmp_path))))
    assert city.roads.n_links == 4 and city.roads.link_id.tolist() == [1, 2, 3, 11]


def test_own_link_ids_are_kept_and_level_is_read(tmp_path: Path) -> None:
    link = LINK.replace("\nab,", "\n31,").replace("\nbc,", "\n7,").replace("\nca,", "\n5,").replace("\nwalk,", "\n6,")
    link = link.replace("capacity", "bridge,capacity").replace(",2,,,", ",2,yes,,,").replace(",,,50", ",,,,50")
    roads = open_roads(write(tmp_path, link=link.replace("1,450", "1,no,450").replace(",,,,walk", ",,,,,walk")))
    assert roads.link_id.tolist() == [5, 7, 31, 131] and roads.level.tolist() == [0, 1, 0, 0]
    assert roads.tail.tolist() == [2, 1, 0, 1]


def test_connectors_of_zones_are_no_roads(tmp_path: Path) -> None:
    node = NODE.replace("y_coord", "y_coord,node_type").replace(".50\n", ".50,\n").replace(".51\n", ".51,\n")
    node += "z,Z,114.002,22.505,centroid\n"
    ends = "z1,,z,a,false,,0,,1,9999,,\nz2,,z,c,false,,0,,1,9999,,\n"
    roads = open_roads(write(tmp_path, node=node, link=LINK + ends))
    assert roads.n_links == 4 and any("4 links are connectors of zones: left out." in note for note in roads.notes)


def test_a_city_asks_whether_the_ends_of_roads_are_connectors(tmp_path: Path) -> None:
    node = NODE.replace("y_coord", "y_coord,zone_id").replace(".50\n", ".50,\n").replace(".51\n", ".51,\n")
    node += "z,Z,114.002,22.505,1\n"
    ends = "z1,,z,a,false,,0.59,residential,1,9999,30,\n"
    with pytest.raises(
        InputError, match=r"whether paths may pass through the 1 nodes of zones, of 4 nodes; set zone_n"
    ):
        open_roads(write(tmp_path, node=node, link=LINK + ends))
    assert open_roads(tmp_path, zone_nodes="block").n_links == 4
    assert open_roads(tmp_path, zone_nodes="pass").n_links == 6


def test_railways_are_no_roads(tmp_path: Path) -> None:
    rail = "rail,,a,c,false,,1.23,railway,1,450,30,\n"
    roads = open_roads(write(tmp_path, link=LINK + rail))
    assert roads.n_links == 4
    assert any("2 rows of link.csv are of classes that are not for cars: left out." in note for note in roads.notes)


def test_times_that_are_stated_win_in_a_city_too(tmp_path: Path) -> None:
    link = LINK.replace("allowed_uses", "vdf_fftt,allowed_uses").replace(",50,auto", ",50,1.545,auto")
    link = link.replace("2,,,\n", "2,,,,\n").replace('30,"', '30,,"').replace(",walk\n", ",,walk\n")
    np.testing.assert_allclose(open_roads(write(tmp_path, link=link)).speed_km_h, [40.0, 40.0, 30.0, 40.0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"config": "long_length,speed\nkm,km/h\n"}, r"the layer must have a CRS, it names none; declare one"),
        ({"config": "crs,speed\nEPSG:4326,km/h\n"}, r"nothing states the unit of length; set length_unit=m, km"),
        ({"node": "node_id\na\nb\nc\n"}, r"node.csv has no columns x_coord and y_coord, and a city needs places"),
        ({"link": LINK.replace("30,", "300,")}, r"line 4: free_speed gives 300 km/h, outside 2 to 200 km/h"),
        ({"link": LINK.replace("Primary", "A1")}, r"line 2: capacity is empty, and the class 'A1' is unknown; give"),
        ({"config": CONFIG.replace("km,", "mile,")}, r"length is typically \S+ times"),
        ({"link": LINK.replace("false", "true").replace("c,a", "a,c")}, r"no roads for mode 'car' make a connected"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_roads(write(tmp_path, **changed))


def test_options_of_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"oneway means nothing to this format, which has a rule of its own; omit it"):
        open_roads(write(tmp_path), oneway="boolean")
