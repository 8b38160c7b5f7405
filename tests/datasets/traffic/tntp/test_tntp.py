from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tntp_folders import NET, TRIPS, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.tntp.tntp import read_tntp


def test_a_small_network_is_read_as_it_is_written(tmp_path: Path):
    toy = read_tntp(write(tmp_path))
    assert toy.name == "Toy"
    assert toy.tail.tolist() == [0, 0, 2, 3, 1] and toy.head.tolist() == [2, 2, 3, 1, 3]
    assert toy.link_id.tolist() == [1, 2, 3, 4, 5] and toy.node_id.tolist() == [1, 2, 3, 4]
    assert toy.capacity.tolist() == [100, 200, 100, 100, 0], "parallel links stay apart"
    assert toy.passable.tolist() == [False, False, True, True]
    assert toy.free_time[2] == 0.0 and toy.b[2] == 0.0 and toy.power[2] == 0.0
    assert toy.toll.tolist() == [5, 0, 0, 0, 0]
    assert (toy.origin.tolist(), toy.destination.tolist(), toy.demand.tolist()) == ([0], [1], [7.0])
    assert toy.intrazonal_demand == 2.0
    assert toy.units == {"time": "min", "length": "mile", "flow": "veh h-1", "toll": "1"}
    assert [file.name for file in toy.sources] == ["Toy_net.tntp", "Toy_trips.tntp"]
    assert any("capacity 0" in note for note in toy.notes) and any("nodes 1 to 2" in note for note in toy.notes)
    assert toy.crs.startswith("layout") and np.isfinite(toy.x).all()


def test_coordinates_come_from_the_node_file(tmp_path: Path):
    toy = read_tntp(write(tmp_path, node="Node\tX\tY\t;\n2\t20\t5\t;\n1\t10\t4\t;\n3\t30\t6\t;\n4\t40\t7\t;\n"))
    assert toy.x.tolist() == [10, 20, 30, 40] and toy.y.tolist() == [4, 5, 6, 7] and toy.crs == "EPSG:4326"
    lacking = read_tntp(write(tmp_path, node="1 10 4 ;\n"))
    assert lacking.crs.startswith("layout") and any("lacks 3 of 4 nodes" in note for note in lacking.notes)
    with pytest.raises(InputError, match=r"Toy_node.tntp, line 1: node 9 is not among nodes 1 to 4"):
        read_tntp(write(tmp_path, node="9 10 4 ;\n"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t1\t3\t100", "\t1\t9\t100", r"Toy_net.tntp, line 9: term_node 9 is not among nodes 1 to 4"),
        ("\t1\t3\t100", "\t0\t3\t100", r"line 9: init_node 0 is not among nodes 1 to 4"),
        ("\t1\t3\t100", "\t1.5\t3\t100", r"line 9: init_node 1.5 is not among"),
        ("\t3\t4\t100", "\t3\t4\t-100", r"line 11: capacity is -100; give a finite number from 0 up"),
        ("\t3\t4\t100", "\t3\t4\tnan", r"line 11: capacity is nan"),
        ("\t3\t4\t100", "\t3\t4\tmany", r"line 11: capacity is 'many'; give a number"),
        ("\t2.5\t0.15", "\t-2.5\t0.15", r"line 12: free_flow_time is -2.5"),
        ("\t2.5\t0.15", "\tinf\t0.15", r"line 12: free_flow_time is inf"),
        ("30\t5\t1", "30\t-5\t1", r"line 9: toll is -5"),
        ("<NUMBER OF LINKS> 5", "<NUMBER OF LINKS> 6", r"line 4: <NUMBER OF LINKS> promises 6 links, the file holds 5"),
        (
            "<NUMBER OF NODES> 4",
            "<NUMBER OF NODES> 99999999999999999999",
            r"line 2: .* and 5 links cannot join so many",
        ),
        ("<NUMBER OF LINKS> 5", "<NUMBER OF LINKS> five", r"line 4: <NUMBER OF LINKS> is 'five'"),
        ("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 8", r"<NUMBER OF ZONES> is 8, more than 4 nodes"),
        ("<FIRST THRU NODE> 3", "<FIRST THRU NODE> 7", r"<FIRST THRU NODE> is 7, beyond 4 nodes"),
        ("<END OF METADATA>", "", r"the line <END OF METADATA> is missing"),
        (
            "\t2\t4\t0\t1\t2\t0.15\t4\t30\t0\t1\t;\n",
            "\t2\t4\t0\t1\t2",
            r"line 13: the row holds 5 of 10 columns and lacks its ';'; is the file cut off",
        ),
        (
            "\t2\t4\t0\t1\t2\t0.15\t4\t30\t0\t1\t;\n",
            "\t2\t4\t0\t1\t2\t0.15\t4\t30\t0\t1",
            r"line 13: the row holds 10 of 10 columns and lacks its ';'",
        ),
    ],
)
def test_a_bad_network_is_refused_with_its_line(tmp_path: Path, old: str, new: str, message: str):
    assert old in NET
    with pytest.raises(InputError, match=message):
        read_tntp(write(tmp_path, net=NET.replace(old, new)))


@pytest.mark.parametrize(
    ("trips", "message"),
    [
        (TRIPS.replace("2 :    7.0", "3 :    7.0"), r"Toy_trips.tntp, line 8: destination 3 is not among zones 1 to 2"),
        (TRIPS.replace("Origin 1", "Origin 5"), r"line 8: origin 5 is not among zones 1 to 2"),
        (TRIPS.replace("2 :    7.0", "99999999999999999999 : 7.0"), r"a zone has more than 18 digits"),
        (TRIPS.replace("Origin 1", "Origin 99999999999999999999"), r"a zone has more than 18 digits"),
        (TRIPS.replace("7.0", "-7.0"), r"line 8: demand from 1 to 2 is -7; give a finite number from 0 up"),
        (TRIPS.replace("7.0", "nan"), r"line 8: demand from 1 to 2 is nan"),
        (TRIPS.replace("7.0", "x"), r"line 8: '2 :    x' is not an entry; write 'DESTINATION : FLOW;'"),
        (TRIPS.replace("7.0;", "7."), r"line 8: '2 :    7.' is not ended by ';': the file is cut off here"),
        (TRIPS.replace("    2 :    7.0;", ""), r"line 2: the entries add up to 2, but <TOTAL OD FLOW> promises 9"),
        (TRIPS.replace("1 :    2.0", "2 :    2.0"), r"line 8: demand from 1 to 2 is given twice, first on line 8"),
        (TRIPS.replace("Origin 1", "Origin"), r"line 7: 'Origin' names no origin"),
        (TRIPS.replace("Origin 1", ""), r"line 8: .* stands before the first origin"),
        (TRIPS.replace("2 :    7.0;", "2 7.0 : ;"), r"line 8: '2 7.0 :' is not an entry"),
        ("<NUMBER OF ZONES> 2", "the line <END OF METADATA> is missing"),
    ],
)
def test_a_bad_trip_table_is_refused_with_its_line(tmp_path: Path, trips: str, message: str):
    with pytest.raises(InputError, match=message):
        read_tntp(write(tmp_path, trips=trips))


def test_missing_files_are_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"no \*_net.tntp lies here"):
        read_tntp(tmp_path)
    (tmp_path / "Toy_Net.tntp").write_text(NET)
    with pytest.raises(InputError, match=r"no \*_trips.tntp lies beside Toy_Net.tntp; put the trip table there"):
        read_tntp(tmp_path)
    write(tmp_path)
    with pytest.raises(InputError, match=r"elsewhere.tntp: the file is missing"):
        read_tntp(tmp_path / "Toy_net.tntp", demand=tmp_path / "elsewhere.tntp")
    (tmp_path / "Other_net.tntp").write_text(NET)
    with pytest.raises(InputError, match=r"several networks lie here: Other_net.tntp, "):
        read_tntp(tmp_path)


def test_headers_that_are_only_imprecise_become_notes(tmp_path: Path):
    net = NET.replace("<NUMBER OF LINKS> 5", "<NUMBER OF LINKS> 4").replace("<FIRST THRU NODE> 3\n", "")
    net = net.replace("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 2\n<SURVEY> 1999\n<SOURCE>")
    folder = write(tmp_path, net=net, trips=TRIPS.replace("9.0", "8.0").replace("ZONES> 2", "ZONES> 3\n<DATE> today"))
    toy = read_tntp(folder, zone_nodes="pass")
    notes = " ".join(toy.notes)
    assert "states 4 links and holds 5" in notes and "Paths may pass through every node, zones included." in notes
    assert "Toy_net.tntp: not read: <SURVEY> 1999, <SOURCE>." in notes and "not read: <DATE> today." in notes
    assert "states 3 zones, the network 2" in notes and "total flow of 8" in notes
    assert toy.n_links == 5 and toy.passable.all()


def test_a_total_that_is_a_little_short_is_told(tmp_path: Path):
    toy = read_tntp(write(tmp_path, trips=TRIPS.replace("9.0", "9.0005")))
    assert any("states a total flow of 9.0005; its entries, which count, add up to 9" in note for note in toy.notes)


def test_a_column_that_is_not_the_toll_is_not_taken_for_it(tmp_path: Path):
    toy = read_tntp(write(tmp_path, net=NET.replace("\ttoll\tlink_type", "\tcritical_speed\tlanes")))
    assert not toy.toll.any()


def test_zones_without_a_first_through_node_are_asked_for(tmp_path: Path):
    folder = write(tmp_path, net=NET.replace("<FIRST THRU NODE> 3\n", ""))
    with pytest.raises(InputError, match=r"no <FIRST THRU NODE>: may paths pass through its 2 zones; set zone_nodes="):
        read_tntp(folder)
    assert read_tntp(folder, zone_nodes="block").passable.tolist() == [False, False, True, True]
    assert read_tntp(folder, zone_nodes="pass").passable.all()
    with pytest.raises(InputError, match="zone_nodes is 'maybe'; choose one of block, pass"):
        read_tntp(folder, zone_nodes="maybe")
    write(tmp_path)
    assert read_tntp(folder, zone_nodes="block").passable.tolist() == [False, False, True, True]
    with pytest.raises(InputError, match=r"line 3: zone_nodes is 'pass', and <FIRST THRU NODE> is 3; omit the setting"):
        read_tntp(folder, zone_nodes="pass")
    write(tmp_path, net=NET.replace("THRU", "THROUGH"))
    assert read_tntp(folder).passable.tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    "names",
    [
        ("Town_network.tntp", "Town_trips.tntp", "Town_nodes.tntp"),
        ("Town_Net.tntp", "Town_Trips.tntp", "Town_Nodes.tntp"),
        ("Town_network_2016_01.TNTP", "Town_trips_2016_01.tntp", "Town_nodes_2016_01.tntp"),
        ("town-net.tntp", "Town-OD.tntp", "town-node.tntp"),
        ("town_net.tntp", "town_trips_am.tntp", "anything_node.tntp"),
    ],
)
def test_files_are_found_under_the_names_they_have_in_the_wild(tmp_path: Path, names: tuple[str, str, str]):
    node = "1 10 4 ;\n2 20 5 ;\n3 30 6 ;\n4 40 7 ;\n"
    for name, text in zip(names, (NET, TRIPS, node), strict=True):
        (tmp_path / name).write_text(text)
    for source in (tmp_path, tmp_path / names[0]):
        toy = open_instance(source)
        assert [file.name for file in toy.sources] == list(names) and toy.name.lower() == "town"
    with pytest.raises(InputError, match=r"by its name this is a file of trips; name the network file, \*_net.tntp"):
        open_instance(tmp_path / names[1])


def test_trips_of_another_network_are_not_taken(tmp_path: Path):
    for name, text in (("A_net.tntp", NET), ("B_net.tntp", NET), ("B_trips.tntp", TRIPS)):
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=r"no \*_trips.tntp lies beside A_net.tntp; .* name it with trips=FILE"):
        open_instance(tmp_path / "A_net.tntp")
    assert open_instance(tmp_path / "B_net.tntp").demand.tolist() == [7.0]
    assert open_instance(tmp_path / "A_net.tntp", trips=tmp_path / "B_trips.tntp").demand.tolist() == [7.0]


def test_trips_may_be_a_table_or_a_matrix_of_the_zones(tmp_path: Path):
    write(tmp_path)
    (tmp_path / "od.csv").write_text("from,to,volume\n1,2,30\n1,1,4\n")
    toy = read_tntp(tmp_path, demand=tmp_path / "od.csv")
    assert (toy.origin.tolist(), toy.destination.tolist(), toy.demand.tolist()) == ([0], [1], [30])
    assert toy.intrazonal_demand == 4 and [file.name for file in toy.sources][1] == "od.csv"
    (tmp_path / "od.csv").write_text("from,to,volume\n1,3,30\n")
    with pytest.raises(InputError, match=r"od.csv, line 2: to 3 is no zone of the network"):
        read_tntp(tmp_path, demand=tmp_path / "od.csv")
    with pytest.raises(
        InputError, match=r"demand_period is 'am', and a TNTP trip table has no period; omit the option"
    ):
        read_tntp(tmp_path, demand_period="am")


@pytest.mark.parametrize("file", ["net", "trips"])
def test_factors_of_either_header_weigh_toll_and_distance(tmp_path: Path, file: str):
    lines = "<TOLL FACTOR> 0.02\n<DISTANCE FACTOR> 0.5\n<END"
    texts = {"net": NET, "trips": TRIPS}
    texts[file] = texts[file].replace("<END", lines)
    toy = read_tntp(write(tmp_path, **texts))
    assert (toy.toll_weight, toy.distance_weight) == (0.02, 0.5)
    assert toy.network()[0].fixed_cost.tolist() == [0.6, 0.5, 0.5, 0.5, 0.5]
    assert any("state a toll_weight of 0.02" in note for note in toy.notes)


def test_headers_that_contradict_or_scale_are_refused(tmp_path: Path):
    net = NET.replace("<END", "<TOLL FACTOR> 0.02\n<END")
    with pytest.raises(InputError, match=r"Toy_trips.tntp, line 3: <TOLL FACTOR> is 0.03, and 0.02 in Toy_net.tntp"):
        read_tntp(write(tmp_path, net=net, trips=TRIPS.replace("<END", "<TOLL FACTOR> 0.03\n<END")))
    with pytest.raises(InputError, match=r"line 3: <DEMAND FACTOR> is '10' and is not read; apply it to the rows"):
        read_tntp(write(tmp_path, trips=TRIPS.replace("<END", "<DEMAND FACTOR> 10\n<END")))
    with pytest.raises(InputError, match=r"line 2: <NUMBER OF ZONES> is '2' on line 1 and '3' here; keep one"):
        read_tntp(write(tmp_path, net=NET.replace("<NUMBER OF NODES>", "<NUMBER OF ZONES> 3\n<NUMBER OF NODES>")))


def test_blocked_nodes_that_are_no_zones_are_told(tmp_path: Path):
    toy = read_tntp(write(tmp_path, net=NET.replace("<FIRST THRU NODE> 3", "<FIRST THRU NODE> 4")))
    assert "Paths do not pass through nodes 1 to 3; nodes 3 to 3 of them are no zones." in toy.notes


def test_an_asymmetric_instance_is_said_to_be_taken_as_separable(tmp_path: Path):
    for name, text in (("Town-Asym_net.tntp", NET), ("Town-Asym_trips.tntp", TRIPS)):
        (tmp_path / name).write_text(text)
    assert any("asymmetric" in note and "its own flow alone" in note for note in open_instance(tmp_path).notes)


def test_parallel_links_and_impossible_speeds_are_told_and_length_zero_is_not(tmp_path: Path):
    notes = " ".join(read_tntp(write(tmp_path, net=NET.replace("\t1\t3\t200\t1\t", "\t1\t3\t200\t900\t"))).notes)
    assert "1 links repeat the ends of another one" in notes and "above 200 km/h on 1 links" in notes
    flat = read_tntp(write(tmp_path, net=NET.replace("\t1\t3\t100\t1\t", "\t1\t3\t100\t0\t")))
    assert flat.length[0] == 0.0 and flat.free_time[0] == 2.0 and not any("km/h" in note for note in flat.notes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_what_is_written_is_what_is_read(tmp_path: Path, seed: int, zones: int):
    draw = np.random.default_rng(seed)
    flow = np.where(draw.random((zones, zones)) < 0.6, np.round(draw.random((zones, zones)) * 1e4, 3), 0.0)
    blocks = []
    for origin in range(zones):
        row = [f"{d + 1} : {float(flow[origin, d])!r};" for d in draw.permutation(zones)]
        blocks.append(f"Origin  {origin + 1} \n" + "\n".join(" ".join(row[k : k + 5]) for k in range(0, zones, 5)))
    ends = draw.integers(1, zones + 1, (2 * zones, 2))
    numbers = np.round(draw.random((2 * zones, 5)) * 1e3, 5)
    rows = [
        f"\t{a}\t{b}\t" + "\t".join(map(repr, n.tolist())) + "\t0\t0\t1\t;"
        for (a, b), n in zip(ends, numbers, strict=True)
    ]
    net = f"<NUMBER OF ZONES> {zones}\n<NUMBER OF NODES> {zones}\n<END OF METADATA>\n" + "\n".join(rows)
    trips = "<END OF METADATA>\n" + "\n".join(blocks)
    toy = read_tntp(write(tmp_path, net=net, trips=trips))
    np.testing.assert_array_equal(np.column_stack([toy.tail, toy.head]) + 1, ends)
    np.testing.assert_array_equal(np.column_stack([toy.capacity, toy.length, toy.free_time, toy.b, toy.power]), numbers)
    read = np.zeros((zones, zones))
    read[toy.origin, toy.destination] = toy.demand
    np.testing.assert_array_equal(read, flow - np.diag(np.diag(flow)))


@pytest.mark.parametrize(
    ("folder", "size", "interzonal", "intrazonal", "blocked"),
    [
        ("SiouxFalls", (24, 76, 528), 360600.0, 0.0, 0),
        ("Anaheim", (416, 914, 1406), 104694.40, 0.0, 38),
        ("Chicago-Sketch", (933, 2950, 93135), 1137493.44, 123414.0, 0),
        ("Braess-Example", (4, 5, 1), 6.0, 0.0, 0),
    ],
)
def test_published_instances_have_their_published_sizes(
    data: Path, folder: str, size: tuple[int, int, int], interzonal: float, intrazonal: float, blocked: int
):
    instance = open_instance(data / "traffic" / "tntp" / folder)
    assert (instance.n_nodes, instance.n_links, instance.n_pairs) == size
    assert instance.demand.sum() == pytest.approx(interzonal, abs=0.005)
    assert instance.intrazonal_demand == pytest.approx(intrazonal, abs=0.005)
    assert (~instance.passable).sum() == blocked
    if folder == "Chicago-Sketch":
        assert (instance.free_time == 0.0).sum() == 774, "zero-cost connectors are kept"


@pytest.mark.parametrize(("folder", "objective"), [("SiouxFalls", 4231335.28710744), ("Anaheim", 1286032.17109603)])
def test_published_flows_give_the_published_objective(data: Path, folder: str, objective: float):
    """Reader and volume-delay functions together, without a solver."""
    instance = open_instance(data / "traffic" / "tntp" / folder)
    flow = np.loadtxt(data / "traffic" / "tntp" / folder / f"{folder}_flow.tntp", skiprows=1, usecols=(0, 1, 2))
    where = {(int(a), int(b)): x for a, b, x in flow}
    ends = zip(instance.node_id[instance.tail].tolist(), instance.node_id[instance.head].tolist(), strict=True)
    x = np.array([where[pair] for pair in ends])
    t, b, c, p = instance.free_time, instance.b, instance.capacity, instance.power
    z = float((t * (x + b * c / (p + 1) * (x / c) ** (p + 1))).sum())
    assert z == pytest.approx(objective, rel=1e-9)
