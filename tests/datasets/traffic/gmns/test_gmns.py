from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gmns_folders import CONFIG, LINK, NODE, TABLES, write, write_instance

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.instances import Instance
from citytide.kernels.traffic.assignment import assign_traffic


def solve(instance: Instance) -> float:
    network, closed = instance.network()
    answer = assign_traffic(
        network, instance.origin, instance.destination, instance.demand, closed=closed, gap=1e-8, max_iterations=5000
    )
    assert answer.converged
    return answer.objective


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
    assert toy.crs == "EPSG:4326" and toy.units["length"] == "km" and len(toy.sources) == 4
    assert any("length [km] by free_speed [km/h]" in note for note in toy.notes)
    assert any("1 links have a toll; it counts by toll_weight" in note for note in toy.notes)


def test_units_that_nothing_states_are_asked_for(tmp_path: Path):
    folder = write(tmp_path, config=None)
    asked = r"nothing states the unit of length and of free_speed; set length_unit=m, km, mile or ft \(km fits the "
    with pytest.raises(InputError, match=asked + r"nodes' coordinates\) and speed_unit=km/h, mph or m/s, or state lo"):
        open_instance(folder)
    with pytest.raises(InputError, match=r"nothing states the unit of free_speed; set speed_unit=km/h, mph or m/s"):
        open_instance(folder, length_unit="km")
    toy = open_instance(folder, length_unit="km", speed_unit="km/h")
    np.testing.assert_allclose(toy.free_time, [2.2, 1.1, 1.2])
    metres = LINK.replace(",1.1,", ",1100,").replace(",1.2,", ",1200,").replace(",60,", ",16.6666666666667,")
    toy = open_instance(
        write(tmp_path, config=None, link=metres.replace(",30,9", ",8.3333333333333,9")),
        length_unit="m",
        speed_unit="m/s",
    )
    np.testing.assert_allclose(toy.free_time, [2.2, 1.1, 1.2])
    with pytest.raises(InputError, match=r"length_unit must be one of m, km, mile, ft, got 'parsec'"):
        open_instance(folder, length_unit="parsec")


def test_a_setting_that_contradicts_config_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"config.csv, line 2: long_length is 'km', and length_unit=m is set; omit le"):
        open_instance(write(tmp_path), length_unit="m")
    with pytest.raises(InputError, match=r"config.csv, line 2: long_length is 'parsec'; give one of m, "):
        open_instance(write(tmp_path, config=CONFIG.replace("km,km/h", "parsec,km/h")))
    with pytest.raises(InputError, match=r"config.csv has more than one row"):
        open_instance(write(tmp_path, config=CONFIG + "toy,km,mph\n"))


def test_a_zone_of_several_nodes_spreads_its_demand(tmp_path: Path):
    toy = open_instance(write(tmp_path, node=NODE.replace("22.50,,\n", "22.50,,1\n")))
    assert (toy.origin.tolist(), toy.demand.tolist()) == ([0, 1], [150.0, 150.0])
    assert toy.intrazonal_demand == 7.0


def test_without_coordinates_a_layout_is_stated(tmp_path: Path):
    toy = open_instance(write(tmp_path, node="node_id,zone_id\n10,1\n20,\n30,2\n"))
    assert toy.crs.startswith("layout")


def test_identifiers_may_be_any_text(tmp_path: Path):
    link = LINK.replace("\n11,", "\nN11,").replace(",20,30", ",b,c").replace(",10,20", ",a,b")
    node = NODE.replace("30,c", "c,").replace("10,a", "a,").replace("20,b", "b,")
    toy = open_instance(write(tmp_path, link=link, node=node))
    assert toy.link_id.tolist() == [1, 2, 3] and toy.node_id.tolist() == [1, 2, 3]
    assert toy.link_name == ("深南大道", "红荔路", "13"), "a text stands in for a name"
    assert toy.tail.tolist() == [2, 1, 2] and toy.origin.tolist() == [1]
    assert any("link_id has texts such as 'N11'; rows are numbered from 1" in note for note in toy.notes)
    with pytest.raises(InputError, match=r"link.csv, line 4: link_id N11 is given twice, first on line 3"):
        open_instance(write(tmp_path, link=link.replace("\n13,", "\nN11,")))


def test_undirected_links_are_driven_both_ways(tmp_path: Path):
    toy = open_instance(write(tmp_path, link=LINK.replace("10,20,true", "10,20,false")))
    assert toy.link_id.tolist() == [11, 12, 13, 111]
    assert (toy.tail[3], toy.head[3], toy.free_time[3], toy.capacity[3]) == (1, 0, toy.free_time[0], 900.0)
    assert any("1 undirected rows of link.csv are driven both ways" in note for note in toy.notes)
    with pytest.raises(InputError, match=r"line 3: dir_flag is 0, and no column says whether the link is directed"):
        open_instance(write(tmp_path, link=LINK.replace("directed", "dir_flag").replace("10,20,true", "10,20,0")
                            .replace("true", "1")))  # fmt: skip


def test_a_table_that_states_no_directions_is_driven_one_way(tmp_path: Path):
    toy = open_instance(write(tmp_path, link=LINK.replace("directed", "note")))
    assert toy.n_links == 3
    assert "link.csv states nowhere if links are directed: each row is driven one way only." in toy.notes
    with pytest.raises(InputError, match=r"line 3: directed is empty, and other rows state it; write true or false"):
        open_instance(write(tmp_path, link=LINK.replace("10,20,true", "10,20,")))


def test_undirected_rows_there_and_back_are_refused(tmp_path: Path):
    twice = LINK.replace("true", "false").replace(",20,30,", ",30,20,", 1).replace(",1.2,", ",1.1,")
    with pytest.raises(
        InputError, match=r"line 4: directed is false, and so it is on line 2, .* other way: the street"
    ):
        open_instance(write(tmp_path, link=twice))
    two = open_instance(write(tmp_path, link=twice.replace("30,20,false,1.1,2", "30,20,false,1.15,2")))
    assert two.n_links == 6, "other lengths are of two streets"
    assert "2 links repeat the ends of another one; each is kept as a road of its own." in two.notes


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("link", "20,30,true,1.1", "20,99,true,1.1", r"link.csv, line 2: to_node_id 99 is not in node.csv"),
        ("link", "\n11,", "\n12,", r"link.csv, line 3: link_id 12 is given twice, first on line 2"),
        ("link", "30,900", "30,-900", r"link.csv, line 3: capacity is -900"),
        ("link", "30,900", "30,inf", r"link.csv, line 3: capacity is inf"),
        ("link", "30,900", "30,nan", r"link.csv, line 3: capacity is empty, and no facility_type is stated; give a c"),
        ("link", "30,900", "0,900", r"link.csv, line 3: free_speed is 0; give a speed above 0"),
        ("link", "10,20,true", "10,20,both", r"line 3: directed is 'both'; write true or false"),
        ("link", "capacity", "cap", r"link.csv, line 1: column 'capacity' is missing, and 'cap' may be it"),
        ("link", "vdf_alpha", "vdf_type", r"link.csv, line 3: vdf_type is '0.5'; only the BPR function is read"),
        ("link", "toll", "vdf_plf", r"link.csv, line 2: vdf_plf is 5, and only 1 is read"),
        ("node", "\n30,", "\n10,", r"node.csv, line 3: node_id 10 is given twice, first on line 2"),
        ("node", "114.02", "nan", r"node.csv, line 2: x_coord is nan"),
        ("demand", "1,2,300", "1,5,300", r"demand.csv, line 2: d_zone_id 5 is the zone_id of no node"),
        ("demand", "1,2,300", "1,2,-300", r"demand.csv, line 2: volume is -300"),
        ("demand", "1,2,300", "2,2,300", r"demand.csv, line 3: demand from 2 to 2 is given twice, first on line 2"),
        ("demand", "1,2,300", "1,2", r"demand.csv, line 2: the row has 2 cells for 3 columns"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, file: str, old: str, new: str, message: str):
    text = TABLES[file]
    assert old in text
    with pytest.raises(InputError, match=message):
        open_instance(write(tmp_path, **{file: text.replace(old, new)}))


def test_a_missing_demand_is_named_with_both_ways_out(tmp_path: Path):
    with pytest.raises(InputError, match=r"demand.csv: the file is missing; name the demand with demand=FILE; a netwo"):
        open_instance(write(tmp_path, demand=None))


@pytest.mark.parametrize(
    ("name", "options", "objective"),
    [
        ("Berlin-Friedrichshain", {"zone_nodes": "block"}, 618038.88),
        ("Sioux-Falls-sample", {}, 4231335.29),
        ("Sioux-Falls-sample", {"zone_nodes": "pass"}, 4231335.29),
    ],
)
def test_published_samples_reach_their_optimum(data: Path, name: str, options: dict[str, Any], objective: float):
    sample = open_instance(data / "traffic" / "gmns" / name, **options)
    assert solve(sample) == pytest.approx(objective, rel=1e-6)
    assert any("Free-flow times" in note and "are those of vdf_fftt [min]" in note for note in sample.notes)
    assert any("the straight lines between their nodes" in note for note in sample.notes), "a failing check is a note"
    assert sample.crs == ("EPSG:4326" if name.startswith("Sioux") else "unstated")
    assert sample.units["length"] == "mile"


def test_berlin_asks_whether_paths_pass_through_zones(data: Path):
    with pytest.raises(InputError, match=r"whether paths may pass through the 23 nodes of zones, of 224 nodes; set"):
        open_instance(data / "traffic" / "gmns" / "Berlin-Friedrichshain")


def test_anaheim_has_one_optimum_in_tntp_and_gmns(data: Path, tmp_path: Path):
    written = write_instance(tmp_path, open_instance("anaheim"), 38)
    assert solve(open_instance(written, zone_nodes="block")) == pytest.approx(1286032.17, rel=1e-6)
    assert solve(open_instance(written, zone_nodes="pass")) == pytest.approx(1205591, rel=1e-5)
