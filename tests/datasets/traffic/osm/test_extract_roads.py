"""Roads and facilities of an OpenStreetMap extract, written here node by node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pytest
from osmium.osm.mutable import Node, Relation, Way

from citytide.datasets.errors import InputError
from citytide.datasets.maps.facilities import open_facilities
from citytide.datasets.maps.layers import FACILITY_KINDS
from citytide.datasets.traffic.layers import ROAD_KINDS
from citytide.datasets.traffic.road_files import open_roads

PLACES = {1: (114.050, 22.540), 2: (114.055, 22.541), 3: (114.060, 22.540), 4: (114.055, 22.545), 5: (114.055, 22.543)}
WAYS: list[tuple[int, list[int], dict[str, str]]] = [
    (10, [1, 2, 3], {"highway": "primary", "name": "福华路", "lanes": "4"}),
    (11, [3, 4], {"highway": "trunk", "oneway": "yes", "bridge": "yes", "name": "滨河大道"}),
    (12, [1, 4], {"highway": "residential", "oneway": "-1", "tunnel": "yes"}),
    (13, [2, 5, 4], {"highway": "tertiary", "maxspeed": "30 mph"}),
    (14, [1, 5], {"highway": "proposed"}),
    (15, [1, 3], {"highway": "service", "access": "private"}),
]


def write(
    file: Path, nodes: dict[int, dict[str, str]] | None = None, ways: Any = WAYS, bans: Sequence[dict[str, str]] = ()
) -> Path:
    with osmium.SimpleWriter(str(file)) as writer:
        for number, place in PLACES.items():
            writer.add_node(Node(id=number, location=place, tags=(nodes or {}).get(number, {})))
        for number, members, tags in ways:
            writer.add_way(Way(id=number, nodes=members, tags=tags))
        for number, tags in enumerate(bans, 1):
            members = [("w", 10, "from"), ("n", 3, "via"), ("w", 11, "to")]
            writer.add_relation(Relation(id=number, members=members, tags={"type": "restriction", **tags}))
    return file


def test_ways_are_cut_where_they_meet(tmp_path: Path) -> None:
    """Node 2 is a crossing, node 5 only a bend."""
    folder = tmp_path / "深圳 地图"
    folder.mkdir()
    roads = open_roads(write(folder / "福田.osm.pbf"))
    assert roads.node_id.tolist() == [1, 2, 3, 4]
    ends = {(int(roads.node_id[a]), int(roads.node_id[b])) for a, b in zip(roads.tail, roads.head, strict=True)}
    assert ends == {(1, 2), (2, 1), (2, 3), (3, 2), (3, 4), (4, 1), (2, 4), (4, 2)}
    by_ends = {
        (int(roads.node_id[a]), int(roads.node_id[b])): k
        for k, (a, b) in enumerate(zip(roads.tail, roads.head, strict=True))
    }
    assert roads.level[by_ends[3, 4]] == 1 and roads.level[by_ends[4, 1]] == -1
    assert roads.lanes[by_ends[1, 2]] == 2.0 and ROAD_KINDS[roads.kind[by_ends[3, 4]]] == "trunk"
    assert roads.speed_km_h[by_ends[2, 4]] == pytest.approx(48.28, abs=0.01)
    bend = by_ends[2, 4]
    assert roads.vertex_offset[bend + 1] - roads.vertex_offset[bend] == 3
    assert roads.length_m[bend] == pytest.approx(0.004 * 110_737.7, rel=1e-4)


def test_a_layer_tells_the_level_where_nothing_else_does(tmp_path: Path) -> None:
    tags = [{"layer": "-1"}, {"layer": "2"}, {"layer": "-1", "bridge": "yes"}, {}]
    ways = [(10 + k, [k + 1, (k + 1) % 4 + 1], {"highway": "primary", **more}) for k, more in enumerate(tags)]
    roads = open_roads(write(tmp_path / "a.osm.pbf", ways=ways))
    ends = roads.node_id[np.stack([roads.tail, roads.head], axis=1)].tolist()
    level = {tuple(pair): int(found) for pair, found in zip(ends, roads.level, strict=True)}
    assert [level[pair] for pair in ((1, 2), (2, 3), (3, 4), (4, 1))] == [-1, 1, 1, 0]


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    file = write(tmp_path / "a.osm.pbf")
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(InputError, match=r'osmium.*pip install "citytide\[geo\]"'):
        open_roads(file)
    with pytest.raises(InputError, match=r'osmium.*pip install "citytide\[geo\]"'):
        open_facilities(file)


def test_the_same_extract_gives_the_same_links(tmp_path: Path) -> None:
    one, other = open_roads(write(tmp_path / "a.osm.pbf")), open_roads(write(tmp_path / "b.osm.pbf", ways=WAYS[::-1]))
    assert np.array_equal(one.link_id, other.link_id) and np.array_equal(one.vertex_x, other.vertex_x)
    assert one.name == other.name


def test_facilities_are_nodes_and_the_middles_of_buildings(tmp_path: Path) -> None:
    tagged = {1: {"amenity": "hospital", "name": "市民医院", "beds": "1200"}, 2: {"emergency": "ambulance_station"}}
    building = (20, [3, 4, 5, 3], {"amenity": "clinic", "name": "社康"})
    care = open_facilities(write(tmp_path / "a.osm.pbf", tagged, [*WAYS, building]))
    assert care.facility_id == ("n1", "n2", "w20") and care.crs == "EPSG:4326"
    assert [FACILITY_KINDS[kind] for kind in care.kind] == ["hospital", "ambulance station", "clinic"]
    assert care.capacity[0] == 1200.0 and np.isnan(care.capacity[1])
    assert care.x[2] == pytest.approx(np.mean([PLACES[k][0] for k in (3, 4, 5)]))


def test_an_extract_without_roads_or_facilities_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a.osm.pbf: the extract has no roads"):
        open_roads(write(tmp_path / "a.osm.pbf", ways=[]))
    with pytest.raises(InputError, match=r"no facilities"):
        open_facilities(tmp_path / "a.osm.pbf")


def test_what_is_no_extract_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.osm.pbf").write_bytes(b"\x00\x00\x00\x0dnot an extract")
    with pytest.raises(InputError, match=r"a.osm.pbf: the extract cannot be read"):
        open_roads(tmp_path / "a.osm.pbf")
    with pytest.raises(InputError, match=r"b.osm.pbf: the file is missing"):
        open_roads(tmp_path / "b.osm.pbf")


def find_ends(file: Path, **options: Any) -> set[tuple[int, int]]:
    roads = open_roads(file, **options)
    return {(int(roads.node_id[a]), int(roads.node_id[b])) for a, b in zip(roads.tail, roads.head, strict=True)}


ALL = {(1, 2), (2, 1), (2, 3), (3, 2), (3, 4), (4, 1), (2, 4), (4, 2)}
PARK = {(2, 4), (4, 2)}


@pytest.mark.parametrize(
    ("tags", "gone"),
    [
        ({"motor_vehicle": "no"}, PARK),
        ({"motorcar": "no"}, PARK),
        ({"vehicle": "no"}, PARK),
        ({"access": "no"}, PARK),
        ({"access": "no", "motor_vehicle": "yes"}, set()),
        ({"oneway:motor_vehicle": "yes"}, {(4, 2)}),
        ({"oneway": "yes", "oneway:motorcar": "no"}, set()),
        ({"motor_vehicle:forward": "no"}, {(2, 4)}),
        ({"junction": "roundabout"}, {(4, 2)}),
        ({"highway": "motorway"}, {(4, 2)}),
        ({"highway": "motorway_link"}, set()),
        ({"highway": "busway"}, PARK),
        ({"highway": "bus_guideway"}, PARK),
        ({"highway": "construction"}, PARK),
    ],
)
def test_ways_are_driven_as_their_tags_say(tmp_path: Path, tags: dict[str, str], gone: set[tuple[int, int]]) -> None:
    halves = [(9, [1, 2], {"highway": "primary"}), (10, [2, 3], {"highway": "primary"})]
    ways = [*halves, *WAYS[1:3], (13, [2, 5, 4], {"highway": "tertiary", **tags})]
    assert find_ends(write(tmp_path / "a.osm.pbf", ways=ways)) == ALL - gone


def test_lanes_run_with_the_way(tmp_path: Path) -> None:
    tags = {"highway": "primary", "lanes": "4", "lanes:forward": "3", "lanes:backward": "1", "maxspeed:backward": "30"}
    roads = open_roads(write(tmp_path / "a.osm.pbf", ways=[*WAYS[:3], (13, [2, 5, 4], tags)]))
    at = {
        (int(roads.node_id[a]), int(roads.node_id[b])): k
        for k, (a, b) in enumerate(zip(roads.tail, roads.head, strict=True))
    }
    assert roads.lanes[[at[2, 4], at[4, 2]]].tolist() == [3.0, 1.0]
    assert roads.speed_km_h[[at[2, 4], at[4, 2]]].tolist() == [50.0, 30.0]


def test_a_way_ends_where_its_nodes_are_missing(tmp_path: Path) -> None:
    """Nodes 7 to 9 lie outside of the extract: 1 and 2 are not joined by a straight line."""
    ways = [*WAYS[1:4], (10, [2, 3], {"highway": "primary"}), (16, [1, 7, 8, 9, 2], {"highway": "primary"})]
    file = write(tmp_path / "a.osm.pbf", ways=ways)
    assert find_ends(file, core_share=0.0) == {(2, 3), (3, 2), (2, 4), (4, 2), (3, 4)}
    notes = open_roads(file, core_share=0.0).notes
    assert "1 ways have nodes that the extract does not hold, and end there." in notes


@pytest.mark.parametrize(
    ("tags", "is_passed"),
    [
        ({"barrier": "bollard"}, False),
        ({"barrier": "lift_gate"}, True),
        ({"barrier": "lift_gate", "access": "private"}, False),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, True),
    ],
)
def test_cars_do_not_pass_a_bollard(tmp_path: Path, tags: dict[str, str], is_passed: bool) -> None:
    file = write(tmp_path / "a.osm.pbf", {5: tags})
    assert (PARK <= find_ends(file)) == is_passed
    told = f"1 barriers cannot be passed by cars ({tags['barrier']} 1): ways end before them."
    assert (told in open_roads(file).notes) != is_passed
    assert PARK <= find_ends(file, mode="all")


def test_turn_restrictions_are_counted(tmp_path: Path) -> None:
    bans = [
        {"restriction": "no_left_turn"},
        {"restriction": "no_left_turn", "except": "bicycle;bus"},
        {"restriction": "only_straight_on"},
        {"restriction": "no_u_turn", "except": "bus;motorcar"},
    ]
    notes = open_roads(write(tmp_path / "a.osm.pbf", bans=bans)).notes
    told = "3 turn restrictions are not honoured (no_left_turn 2, only_straight_on 1): a route may turn where it is"
    assert any(note.startswith(told) for note in notes)


@pytest.mark.parametrize("suffix", [".pbf", ".osm", ".osm.bz2", ".osm.gz"])
def test_every_form_of_an_extract_gives_the_same_links(tmp_path: Path, suffix: str) -> None:
    known, roads = open_roads(write(tmp_path / "a.osm.pbf")), open_roads(write(tmp_path / f"b{suffix}"))
    assert np.array_equal(roads.link_id, known.link_id) and np.array_equal(roads.tail, known.tail)
    assert np.allclose(roads.length_m, known.length_m, rtol=1e-9) and roads.name == known.name
    assert open_facilities(write(tmp_path / f"c{suffix}", {1: {"amenity": "hospital"}})).facility_id == ("n1",)


def test_unknown_directions_and_speeds_name_the_way(tmp_path: Path) -> None:
    ways = [*WAYS[:3], (13, [2, 5, 4], {"highway": "tertiary", "oneway": "perhaps"})]
    with pytest.raises(InputError, match=r"a.osm.pbf: way 13: oneway must be yes, no or -1, got 'perhaps'"):
        open_roads(write(tmp_path / "a.osm.pbf", ways=ways))
    ways[-1] = (13, [2, 5, 4], {"highway": "tertiary", "maxspeed": "500"})
    with pytest.raises(InputError, match=r"b.osm.pbf: a speed must be from 2 to 200 km/h, edge 2-4 \(way 13\) has 500"):
        open_roads(write(tmp_path / "b.osm.pbf", ways=ways))


def test_small_town_has_its_known_size(data: Path) -> None:
    roads = open_roads(data / "traffic/osm/small_town.osm.pbf")
    assert roads.n_links == 737 and roads.length_m.sum() == pytest.approx(77_519.1, abs=0.1)
    assert "54 ways have nodes that the extract does not hold, and end there." in roads.notes
    assert any("77.5 of 85.2 km that are open to the mode car (91.0 %)" in note for note in roads.notes)
