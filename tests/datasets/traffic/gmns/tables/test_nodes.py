from pathlib import Path

import pytest
from gmns_folders import CONFIG, NODE, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError

PLANE = (
    NODE.replace("114.02,22.50", "502054.6,0").replace("114.00,22.50", "500000,0").replace("114.01,22.50", "501027,0")
)
DRAWING = NODE.replace("114.02,22.50", "3,1").replace("114.00,22.50", "1,1").replace("114.01,22.50", "2,1")


def test_a_crs_is_read_from_config_or_set(tmp_path: Path):
    config = CONFIG.replace("speed", "speed,crs").replace("km/h", "km/h,epsg:4490")
    assert open_instance(write(tmp_path, config=config)).crs == "EPSG:4490"
    with pytest.raises(InputError, match=r"config.csv: the file is in EPSG:4490, but EPSG:4547 is declared"):
        open_instance(write(tmp_path, config=config), crs="EPSG:4547")
    with pytest.raises(InputError, match=r"config.csv: CRS 'mars' is unknown"):
        open_instance(write(tmp_path, config=config.replace("epsg:4490", "mars")))
    assert open_instance(write(tmp_path, node=PLANE), crs="EPSG:4547").crs == "EPSG:4547"


def test_metres_of_an_unnamed_plane_are_kept_and_no_degrees(tmp_path: Path):
    toy = open_instance(write(tmp_path, node=PLANE))
    assert toy.crs == "unstated" and any("states no CRS; coordinates are kept" in note for note in toy.notes)
    wrong = PLANE.replace("501027,", "501,").replace("502054.6", "502").replace("500000", "500")
    with pytest.raises(
        InputError, match=r"length is typically \S+ m for each unit of x_coord and y_coord, whose CRS n"
    ):
        open_instance(write(tmp_path, node=wrong))


def test_kilometres_are_no_metres_of_a_local_plane(tmp_path: Path):
    wrong = NODE.replace("114.02,22.50", "2.05,0").replace("114.00,22.50", "0,0").replace("114.01,22.50", "1.03,0")
    with pytest.raises(InputError, match=r"length is typically \S+ times the straight lines between their nodes"):
        open_instance(write(tmp_path, node=wrong), crs="local")


def test_a_drawing_is_no_place(tmp_path: Path):
    with pytest.raises(
        InputError, match=r"length is typically 0.00\d+ times the straight lines .*; correct length, it"
    ):
        open_instance(write(tmp_path, node=DRAWING))
    times = "link_id,from_node_id,to_node_id,capacity,vdf_fftt,length\n1,10,20,900,1,1.1\n2,20,30,900,1,1.1\n"
    toy = open_instance(write(tmp_path, node=DRAWING, link=times))
    assert toy.crs == "unstated" and any("its numbers are no degrees" in note for note in toy.notes)
    assert open_instance(write(tmp_path, link=times)).crs == "EPSG:4326"
