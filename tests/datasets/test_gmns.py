from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.instances import open_instance

NODE = """node_id,name,x_coord,y_coord,node_type,zone_id
30,c,114.02,22.50,,2
10,a,114.00,22.50,centroid,1
20,b,114.01,22.50,,
"""
LINK = """link_id,name,from_node_id,to_node_id,directed,length,lanes,free_speed,capacity,vdf_alpha,vdf_beta,toll
12,深南大道,20,30,true,1.1,2,60,1000,,,5
11,红荔路,10,20,true,1.1,,30,900,0.5,2,
13,,20,30,true,1.2,1,60,0,,,
"""
DEMAND = "o_zone_id,d_zone_id,volume\n1,2,300\n2,2,7\n"


def write(folder: Path, encoding: str = "utf-8", **files: str) -> Path:
    for name, text in {"node": NODE, "link": LINK, "demand": DEMAND, **files}.items():
        (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_small_network_is_read_in_every_encoding(tmp_path: Path, encoding: str):
    toy = open_instance(write(tmp_path, encoding))
    assert toy.node_id.tolist() == [10, 20, 30] and toy.link_id.tolist() == [11, 12, 13]
    assert toy.tail.tolist() == [0, 1, 1] and toy.head.tolist() == [1, 2, 2]
    assert toy.capacity.tolist() == [900.0, 2000.0, 0.0], "capacity counts per lane"
    assert toy.b.tolist() == [0.5, 0.15, 0.15] and toy.power.tolist() == [2.0, 4.0, 4.0]
    assert toy.toll.tolist() == [0.0, 5.0, 0.0]
    np.testing.assert_allclose(toy.free_time, [2.2, 1.1, 1.2])
    assert toy.passable.tolist() == [False, True, True]
    assert (toy.origin.tolist(), toy.destination.tolist(), toy.demand.tolist()) == ([0], [2], [300.0])
    assert toy.intrazonal_demand == 7.0
    assert toy.link_name == ("红荔路", "深南大道", "")
    assert toy.crs == "EPSG:4326" and toy.units["length"] == "km"
    assert any("fit the nodes' coordinates if read in km" in note for note in toy.notes)


def test_lengths_in_metres_are_recognised_by_the_coordinates(tmp_path: Path):
    metres = LINK.replace(",1.1,", ",1100,").replace(",1.2,", ",1200,")
    toy = open_instance(write(tmp_path, link=metres))
    np.testing.assert_allclose(toy.free_time, [2.2, 1.1, 1.2])
    assert toy.units["length"] == "m"


def test_stated_units_win_over_guesses(tmp_path: Path):
    config = "dataset_name,long_length,speed,crs\ntoy,miles,mph,EPSG:4326\n"
    toy = open_instance(write(tmp_path, config=config))
    np.testing.assert_allclose(toy.free_time, [2.2, 1.1, 1.2])
    assert toy.units["length"] == "mile" and len(toy.sources) == 4
    mixed = open_instance(write(tmp_path, config=config.replace("miles", "km")))
    np.testing.assert_allclose(mixed.free_time, np.array([2.2, 1.1, 1.2]) / 1.609344)
    with pytest.raises(InputError, match=r"config.csv, line 2: long_length is 'parsec'; give one of m, "):
        open_instance(write(tmp_path, config=config.replace("miles", "parsec")))


def test_a_zone_of_several_nodes_spreads_its_demand(tmp_path: Path):
    toy = open_instance(write(tmp_path, node=NODE.replace("22.50,,\n", "22.50,,1\n")))
    assert (toy.origin.tolist(), toy.demand.tolist()) == ([0, 1], [150.0, 150.0])
    assert toy.intrazonal_demand == 7.0


def test_without_coordinates_a_layout_is_stated(tmp_path: Path):
    node = "node_id,zone_id\n10,1\n20,\n30,2\n"
    toy = open_instance(write(tmp_path, node=node))
    assert toy.crs.startswith("layout") and any("Units are not stated" in note for note in toy.notes)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("link", "20,30,true,1.1", "20,99,true,1.1", r"link.csv, line 2: to_node_id 99 is not in node.csv"),
        ("link", "\n11,", "\n12,", r"link.csv, line 3: link_id 12 is given twice, first on line 2"),
        ("link", "\n11,", "\nN11,", r"link.csv, line 3: link_id is 'N11'; give a whole number"),
        ("link", "30,900", "30,-900", r"link.csv, line 3: capacity is -900"),
        ("link", "30,900", "30,nan", r"link.csv, line 3: capacity is nan"),
        ("link", "30,900", "0,900", r"link.csv, line 3: free_speed is 0; give a speed above 0"),
        ("link", "10,20,true", "10,20,false", r"line 3: the link is undirected; give one directed link each way"),
        ("link", "capacity", "cap", r"link.csv, line 1: column 'capacity' is missing; the columns are link_id, "),
        ("node", "\n30,", "\n10,", r"node.csv, line 3: node_id 10 is given twice, first on line 2"),
        ("node", "114.02", "nan", r"node.csv, line 2: x_coord is nan"),
        ("demand", "1,2,300", "1,5,300", r"demand.csv, line 2: d_zone_id 5 is the zone_id of no node"),
        ("demand", "1,2,300", "1,2,-300", r"demand.csv, line 2: volume is -300"),
        ("demand", "1,2,300", "2,2,300", r"demand.csv, line 3: demand from 2 to 2 is given twice, first on line 2"),
        ("demand", "1,2,300", "1,2", r"demand.csv, line 2: the row has 2 cells for 3 columns"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, file: str, old: str, new: str, message: str):
    text = {"node": NODE, "link": LINK, "demand": DEMAND}[file]
    assert old in text
    with pytest.raises(InputError, match=message):
        open_instance(write(tmp_path, **{file: text.replace(old, new)}))


def test_a_missing_table_is_named(tmp_path: Path):
    write(tmp_path)
    (tmp_path / "demand.csv").unlink()
    with pytest.raises(InputError, match=r"demand.csv: the file is missing"):
        open_instance(tmp_path)
