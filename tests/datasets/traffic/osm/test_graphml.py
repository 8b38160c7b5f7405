from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.osm.graphml import read_graphml

KEYS = {"crs": "g", "x": "n", "y": "m", "highway": "h", "length": "l", "maxspeed": "s", "lanes": "w", "oneway": "o",
        "name": "t"}  # fmt: skip


def graph(edges: list[tuple[int, int, int, dict[str, str]]], *, head: str = "", mode: str = "directed") -> str:
    places = {5: (114.0, 22.5), 1: (114.01, 22.5), 9: (114.0, 22.51), 7: (114.01, 22.51)}
    keys = "".join(f'<key id="{k}" attr.name="{name}"/>' for name, k in KEYS.items())
    nodes = "".join(
        f'<node id="{n}"><data key="n">{x}</data><data key="m">{y}</data></node>\n' for n, (x, y) in places.items()
    )
    lines = ""
    for u, v, key, tags in edges:
        data = "".join(f'<data key="{KEYS[name]}">{value}</data>' for name, value in tags.items())
        lines += f'<edge source="{u}" target="{v}" id="{key}">{data}</edge>\n'
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n{head}<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{keys}'
        f'<graph edgedefault="{mode}"><data key="g">epsg:4326</data>\n{nodes}{lines}</graph></graphml>'
    )


def road(highway: str = "residential", **tags: str) -> dict[str, str]:
    return {"highway": highway, "length": "1000.0", "oneway": "False", **tags}


EDGES = [
    (9, 1, 0, road("primary", name="['深南大道', '红荔路']", maxspeed="60", lanes="6", oneway="True")),
    (1, 5, 1, road("['residential', 'footway']", maxspeed="30 mph")),
    (1, 5, 0, road("tertiary", lanes="['2', '4']")),
    (5, 9, 0, road("unclassified", maxspeed="CN:urban")),
    (5, 7, 0, road("['footway', 'steps']")),
    (7, 5, 0, road("footway")),
    (9, 7, 0, road("service")),
]
PAIRS = "origin,destination,demand\n1,9,10\n5,1,20\n"


def write(folder: Path, text: str | None = None, demand: str = PAIRS) -> dict[str, Path]:
    (folder / "roads.graphml").write_text(graph(EDGES) if text is None else text, encoding="utf-8")
    (folder / "demand.csv").write_text(demand, encoding="utf-8")
    return {"file": folder / "roads.graphml", "demand": folder / "demand.csv"}


def test_a_small_graph_is_filtered_rated_and_numbered(tmp_path: Path):
    toy = read_graphml(**write(tmp_path))
    assert toy.node_id.tolist() == [1, 5, 9], "node 7 is a dead end for cars"
    ends = [(int(toy.node_id[a]), int(toy.node_id[b])) for a, b in zip(toy.tail, toy.head, strict=True)]
    assert ends == [(1, 5), (1, 5), (5, 9), (9, 1)]
    assert toy.link_id.tolist() == [1, 2, 4, 6], "ranks of (u, v, key) among all seven edges"
    np.testing.assert_allclose(60.0 / toy.free_time, [35.0, 30 * 1.609344, 30.0, 60.0])
    assert toy.capacity.tolist() == [700.0, 450.0, 550.0, 6000.0]
    assert toy.link_name == ("", "", "", "深南大道 / 红荔路")
    assert (toy.origin.tolist(), toy.destination.tolist(), toy.demand.tolist()) == ([0, 1], [2, 0], [10.0, 20.0])
    assert toy.crs == "EPSG:4326" and toy.length.tolist() == [1.0] * 4
    assert read_graphml(**write(tmp_path), mode="all").n_links == 7


def test_a_table_of_pairs_is_scaled_on_request(tmp_path: Path):
    toy = read_graphml(**write(tmp_path), demand_total="60")
    assert toy.demand.tolist() == [20.0, 40.0] and any("scaled by 2 to 60 veh/h" in note for note in toy.notes)
    with pytest.raises(InputError, match="demand_total is 'lots'; give vehicles per hour, above 0"):
        read_graphml(**write(tmp_path), demand_total="lots")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (graph(EDGES)[:-40], r"roads.graphml, line \d+: this is no complete XML"),
        ("hello", r"line 1: this is no complete XML"),
        (graph([]), "the graph has no edges"),
        (graph([(5, 99, 0, road())]), r"line 7: edge 5-99 ends at node 99, which the file does not have"),
        (graph([(5, 1, 0, {"highway": "service"}), (1, 5, 0, road())]), r"edge 5-1 has length ''"),
        (graph([(5, 1, 0, road(length="-3")), (1, 5, 0, road())]), r"edge 5-1 has length '-3'"),
        (graph([(5, 1, 0, road(length="nan")), (1, 5, 0, road())]), r"edge 5-1 has length 'nan'"),
        (graph([(5, 1, 0, road()), (5, 1, 0, road())]), r"line 8: edge 5-1 with key 0 is given twice, first on line 7"),
        (graph(EDGES, mode="undirected"), "the graph is undirected; save the directed graph"),
        (graph([(5, 1, 0, road("footway"))]), "no roads for mode 'car' make a connected network"),
        (graph(EDGES).replace('id="7"', 'id="seven"'), r"line 6: a node's id must be a whole number, got 'seven'"),
        (graph(EDGES).replace('id="7"', 'id="9"'), r"line 6: node 9 is given twice"),
        (graph(EDGES).replace(">22.51<", ">north<", 1), r"line 5: node 9 has no x and y"),
    ],
)
def test_a_bad_graph_is_refused_with_its_line(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message):
        read_graphml(**write(tmp_path, text))


def test_entities_are_refused_before_they_grow(tmp_path: Path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n'
    with pytest.raises(InputError, match="declares a document type, which is refused"):
        read_graphml(**write(tmp_path, graph(EDGES, head=bomb)))


@pytest.mark.parametrize(
    ("demand", "message"),
    [
        (PAIRS.replace("1,9", "1,8"), "line 2: destination 8 is no node of the network"),
        (PAIRS.replace("1,9", "5,1"), "line 3: demand from 5 to 1 is given twice, first on line 2"),
        (PAIRS.replace("10", "-10"), "line 2: demand is -10"),
        ("a,b\n1,2\n", "column 'origin' is missing"),
    ],
)
def test_a_bad_demand_is_refused_with_its_line(tmp_path: Path, demand: str, message: str):
    with pytest.raises(InputError, match=message):
        read_graphml(**write(tmp_path, demand=demand))


def test_a_graph_without_demand_or_with_an_unknown_mode_is_refused(tmp_path: Path):
    files = write(tmp_path)
    with pytest.raises(InputError, match="a road graph brings no demand; name a CSV"):
        open_instance(files["file"])
    with pytest.raises(InputError, match="mode is 'boat'; choose one of car, all"):
        read_graphml(**files, mode="boat")
    with pytest.raises(InputError, match=r"gone.graphml: the file cannot be read"):
        read_graphml(tmp_path / "gone.graphml", demand=files["demand"])


def test_futian_has_its_known_size(data: Path, tmp_path: Path):
    file, rides = data / "traffic/futian/roads.graphml", data / "traffic/shenzhen/taxi_rides.csv"
    futian = open_instance(file, demand=rides)
    assert (futian.n_nodes, futian.n_links) == (1338, 2751), "93 edges carry access no, private or bus"
    assert futian.length.sum() == pytest.approx(263.975909, rel=1e-9)
    text = file.read_text(encoding="utf-8")
    untagged = tmp_path / "roads.graphml"
    untagged.write_text(text.replace('attr.name="access"', 'attr.name="gate"'), encoding="utf-8")
    whole = open_instance(untagged, demand=rides)
    assert (whole.n_nodes, whole.n_links) == (1379, 2855) and whole.length.sum() == pytest.approx(272.9, abs=0.05)
    assert np.diff(futian.link_id).min() > 0 and 1 <= futian.link_id[0] and futian.link_id[-1] <= 4009
    assert futian.demand.sum() == pytest.approx(30_000.0, rel=1e-12) and futian.intrazonal_demand == 0.0
    assert futian.link_name is not None and "深南大道" in futian.link_name
    assert any("WGS 84. Inside the box" in note for note in futian.notes)
