"""Items of OpenStreetMap extracts in XML, written here line by line."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import osmium
import pytest
from osmium.osm.mutable import Node, Way

from citytide.datasets.errors import InputError
from citytide.datasets.maps.osm_extract import read_osm_items
from citytide.datasets.traffic.road_files import open_roads

NODES = [(1, 0.0, 0.0), (2, 0.01, 0.0), (3, 0.01, 0.01), (4, 0.0, 0.01)]
RING = [(10, (1, 2, 3)), (11, (3, 4, 1))]


def node(number: int, x: float, y: float, more: str = "", tags: str = "") -> str:
    return f"<node id='{number}' lon='{114 + x}' lat='{22.5 + y}' {more}>{tags}</node>"


def way(number: int, members: tuple[int, ...], more: str = "", highway: str = "primary") -> str:
    refs = "".join(f"<nd ref='{ref}'/>" for ref in members)
    return f"<way id='{number}' {more}>{refs}<tag k='highway' v='{highway}'/></way>"


NODE_LINES = [node(*one) for one in NODES]
WAY_LINES = [way(*one) for one in RING]


def write(file: Path, *lines: str) -> Path:
    text = "\n".join(["<osm version='0.6'>", *lines, "</osm>"]).encode()
    file.write_bytes({".bz2": bz2.compress, ".gz": gzip.compress}.get(file.suffix, bytes)(text))
    return file


@pytest.mark.parametrize(
    "lines",
    [
        [*WAY_LINES, *NODE_LINES],
        [*NODE_LINES[:2], *WAY_LINES, *NODE_LINES[2:]],
        [*NODE_LINES, *WAY_LINES, *WAY_LINES, *NODE_LINES],
        [*NODE_LINES, *WAY_LINES, way(12, (1, 3), "action='delete'")],
        [*NODE_LINES, *WAY_LINES, way(12, (1, 3), "visible='false'")],
        [*NODE_LINES, *WAY_LINES, node(5, 0.0, 0.0, "action='delete'"), way(12, (1, 5, 3), "action='delete'")],
        [
            *NODE_LINES[:3],
            node(-4, 0.0, 0.01),
            WAY_LINES[0],
            way(-11, (3, -4, 1), "action='modify'"),
        ],
        [
            *NODE_LINES,
            WAY_LINES[0],
            "<way id='11'><nd ref='3'/><nd ref='77' lon='114' lat='22.51'/><nd ref='1'/>"
            "<tag k='highway' v='primary'/></way>",
        ],
    ],
    ids=["ways first", "between", "twice", "deleted", "invisible", "deleted node", "new ids", "places in the way"],
)
@pytest.mark.parametrize("suffix", [".osm", ".osm.bz2", ".osm.gz"])
def test_what_the_extract_holds_is_read_once(tmp_path: Path, lines: list[str], suffix: str) -> None:
    known = open_roads(write(tmp_path / "known.osm", *NODE_LINES, *WAY_LINES))
    roads = open_roads(write(tmp_path / f"a{suffix}", *lines))
    assert known.n_links == 4 and roads.n_links == 4 and roads.node_id.tolist() == [1, 3]
    assert sorted(roads.length_m.tolist()) == pytest.approx(sorted(known.length_m.tolist()), rel=1e-9)
    assert not any("does not hold" in note for note in roads.notes)


def test_a_node_that_is_deleted_or_missing_ends_the_way(tmp_path: Path) -> None:
    lines = [*NODE_LINES[:3], node(4, 0.0, 0.01, "action='delete'"), *WAY_LINES]
    for kept in (lines, [lines[k] for k in (0, 1, 2, 4, 5)]):
        roads = open_roads(write(tmp_path / "a.osm", *kept))
        assert roads.n_links == 2
        assert "1 ways have nodes that the extract does not hold, and end there." in roads.notes


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (way(11, (3, 4, 1), "version='2'", "residential"), "way 11"),
        (way(11, (3, 1), "version='2'"), "way 11"),
        ("<way id='11' version='2' visible='false'/>", "way 11"),
        (node(4, 0.0, 0.02, "version='2'"), "node 4"),
    ],
)
def test_versions_of_one_item_are_refused(tmp_path: Path, more: str, name: str) -> None:
    file = write(tmp_path / "a.osm", *NODE_LINES, *WAY_LINES, more)
    with pytest.raises(InputError, match=rf"a.osm: each item must be given once, {name} is given in several versions"):
        open_roads(file)


def test_a_history_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.osh.pbf"
    with osmium.SimpleWriter(str(file)) as writer:
        writer.add_node(Node(id=1, location=(114.0, 22.5), version=1))
        writer.add_way(Way(id=10, nodes=[1, 2], tags={"highway": "primary"}, version=1))
    with pytest.raises(InputError, match=r"this history file is given in several versions; .* osmium time-filter"):
        read_osm_items(file, "highway")


def test_motorways_by_declared_words_are_one_way(tmp_path: Path) -> None:
    file = write(tmp_path / "a.osm", *NODE_LINES, *(way(*one, highway="Klasse 0") for one in RING))
    roads = open_roads(file, classes="Klasse 0=motorway")
    assert roads.n_links == 2 and open_roads(file, classes="Klasse 0=primary").n_links == 4


@pytest.mark.parametrize("suffix", [".osm", ".osm.bz2", ".osm.gz"])
def test_an_extract_that_is_cut_off_is_refused(tmp_path: Path, suffix: str) -> None:
    file = write(tmp_path / f"a{suffix}", *NODE_LINES, *WAY_LINES, way(12, (1, 3), "action='delete'"))
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(InputError, match="the extract cannot be read"):
        open_roads(file)
