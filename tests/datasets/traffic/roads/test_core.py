"""The connected core of a road graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.roads.core import RoadCore, read_core
from citytide.datasets.traffic.roads.graph import RoadEdge, RoadGraph

FILE = Path("roads.graphml")
PLACE = {1: (0.0, 0.0), 2: (1000.0, 0.0), 3: (1000.0, 1000.0), 4: (5000.0, 0.0), 5: (6000.0, 0.0)}
RING = [(1, 2), (2, 1), (2, 3), (3, 2)]


def make(ends: list[tuple[int, int]], *tags: dict[str, str], along: tuple[bool, ...] = ()) -> RoadGraph:
    """Streets of 1 km on a local plane; what ``tags`` and ``along`` do not give is plain."""
    edges = []
    for k, (source, target) in enumerate(ends):
        more = tags[k] if k < len(tags) else {}
        plain = {"highway": "primary", "oneway": "False", "length": "1000"}
        edges.append(RoadEdge(source, target, k, 10 + k, {**plain, **more}, along[k] if k < len(along) else True))
    return RoadGraph("local", PLACE, edges)


def read(graph: RoadGraph, **options: Any) -> RoadCore:
    return read_core(FILE, graph, **options)


def ends(core: RoadCore) -> list[tuple[int, int]]:
    return [(edge.source, edge.target) for edge in core.edges]


def test_the_core_is_rated_by_class_and_says_so() -> None:
    core = read(make(RING))
    assert ends(core) == [(1, 2), (2, 1), (2, 3), (3, 2)] and core.node_id.tolist() == [1, 2, 3]
    assert core.speed_km_h.tolist() == [50.0] * 4 and core.capacity_veh_h.tolist() == [3000.0] * 4
    assert "These links are 4.0 of 4.0 km that are open to the mode car (100.0 %)." in core.notes
    assert "Lanes by class count one direction, of one-way and two-way roads alike: primary 3." in core.notes


def test_lanes_follow_the_direction() -> None:
    tags = {"lanes": "4", "lanes:forward": "3", "lanes:backward": "1"}
    core = read(make(RING, tags, tags, along=(True, False)))
    assert core.lanes.tolist() == [3.0, 1.0, 3.0, 3.0] and core.capacity_veh_h[:2].tolist() == [3000.0, 1000.0]


def test_closed_streets_are_left_out_and_told() -> None:
    closed = {"motor_vehicle": "no"}
    core = read(make([*RING, (1, 3), (3, 1)], {}, {}, {}, {}, closed, closed))
    assert ends(core) == RING
    assert "2 edges are closed to the mode car by their access tags and left out." in core.notes
    assert len(read(make([*RING, (1, 3), (3, 1)], {}, {}, {}, {}, closed, closed), mode="all").edges) == 6


def test_a_closed_direction_is_left_out() -> None:
    tags = {"oneway:motor_vehicle": "yes"}
    core = read(make([*RING, (3, 1), (1, 3)], {}, {}, {}, {}, tags, tags, along=(True,) * 5 + (False,)))
    assert (3, 1) in ends(core) and (1, 3) not in ends(core)
    tags = {"motor_vehicle:forward": "no"}
    core = read(make([*RING, (3, 1), (1, 3)], {}, {}, {}, {}, tags, tags, along=(True,) * 5 + (False,)))
    assert (3, 1) not in ends(core) and (1, 3) in ends(core)


def test_a_street_whose_lanes_are_all_for_buses_is_left_out() -> None:
    core = read(make([*RING, (3, 1)], {}, {}, {}, {}, {"lanes": "1", "lanes:psv": "1", "oneway": "True"}))
    assert ends(core) == RING and any(note.startswith("1 edges have lanes for buses only") for note in core.notes)


def test_a_stated_capacity_wins() -> None:
    core = read(make(RING, {"capacity_veh_h": "1234.5"}))
    assert core.capacity_veh_h.tolist() == [1234.5, 3000.0, 3000.0, 3000.0]
    with pytest.raises(InputError, match=r"line 10: a capacity must be above 0, edge 1-2 has '-3'; give vehicles"):
        read(make(RING, {"capacity_veh_h": "-3"}))


def test_a_small_core_is_refused_with_its_share() -> None:
    apart = make([*RING, (4, 5), (5, 4)])
    with pytest.raises(InputError, match=r"must hold 80 % .* holds 4.0 of 6.0 km .*\(66.7 %\); .* core_share=0.666"):
        read(apart)
    assert ends(read(apart, core_share="0.666")) == RING
    with pytest.raises(InputError, match=r"core_share must be from 0 to 1, got '80'"):
        read(apart, core_share="80")


def test_unknown_classes_are_refused_with_their_kilometres() -> None:
    graph = make([*RING, (3, 1)], {}, {}, {}, {}, {"highway": "2_Klass"})
    with pytest.raises(InputError, match=r"roads.graphml: the class of each road must be known.*'2_Klass' \(1.0 km\)"):
        read(graph)
    assert (3, 1) in ends(read(graph, classes="2_Klass=secondary"))
    assert (3, 1) not in ends(read(graph, classes="2_Klass=drop"))


def test_roads_without_a_class_are_refused() -> None:
    with pytest.raises(InputError, match=r"'\(empty\)' \(1.0 km\); say what they are with classes=\(empty\)=CLASS"):
        read(make(RING, {"highway": ""}))
    core = read(make(RING, {"highway": ""}), classes="(empty)=residential")
    assert core.classes == ["residential", "primary", "primary", "primary"]


def test_what_is_no_road_goes() -> None:
    words = ["busway", "bridleway", "proposed", "raceway", "rest_area", "abandoned", "crossing", "ladder"]
    more = [(1, 3), (3, 1)] * 4
    graph = make([*RING, *more], {}, {}, {}, {}, *({"highway": word} for word in words))
    assert ends(read(graph)) == RING


def test_what_is_known_and_not_read_is_told() -> None:
    tags = {
        "maxspeed:conditional": "30 @ (22:00-06:00)",
        "toll": "yes",
        "motorcar": "perhaps",
        "vehicle": "destination",
    }
    notes = read(make(RING, tags)).notes
    assert (
        "Tags that are known and not read, by links: maxspeed:conditional (1), motorcar=perhaps (1), toll (1)." in notes
    )
    assert any(note.startswith("1 links are open to traffic with a destination there only") for note in notes)


@pytest.mark.parametrize(
    ("tags", "unit", "message"),
    [
        (
            {"length": "1"},
            None,
            "line 10: a length must be within a factor of 2 of its line, edge 1-2 has 1 m",
        ),
        (
            {"length": "3280", "geometry": "LINESTRING (0 0, 1000 0)"},
            None,
            "has 3280 m and a line of 1000 m",
        ),
        ({}, "km", "has 1e.06 m and a line of 1000 m"),
        ({}, "furlong", "length_unit must be one of m, km, mile, ft, got 'furlong'"),
        ({"geometry": "LINESTRING (0 0 1, 1000 0)"}, None, "the geometry of edge 1-2 must be WKT such as LINESTRING"),
        ({"geometry": "POINT (0 0)"}, None, r"the geometry of edge 1-2 must be WKT .* got 'POINT \(0 0\)'"),
    ],
)
def test_lengths_that_cannot_be_true_are_refused(tags: dict[str, str], unit: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(make(RING, tags), length_unit=unit)


def test_lengths_in_feet_are_read_where_they_are_declared() -> None:
    feet = [{"length": repr(1000 / 0.3048)}] * 4
    assert np.allclose(read(make(RING, *feet), length_unit="ft").length_km, 1.0, rtol=1e-12)
    with pytest.raises(InputError, match="Say length_unit=ft"):
        read(make(RING, *feet))


def test_a_link_of_length_zero_is_exempt() -> None:
    assert read(make(RING, {"length": "0"})).length_km.tolist() == [0.0, 1.0, 1.0, 1.0]


def test_heights_of_a_line_are_not_read() -> None:
    core = read(make(RING, {"geometry": "LINESTRING Z (0 0 5, 500 0 6, 1000 0 7)"}))
    assert core.lines[0].tolist() == [[0.0, 0.0], [500.0, 0.0], [1000.0, 0.0]]


@pytest.mark.parametrize("oneway", [None, "", "['True', 'False']", "[True, False]", "perhaps"])
def test_edges_tell_whether_lanes_are_shared_where_oneway_does_not(oneway: str | None) -> None:
    """1-2 has a way back of its length; between 2 and 3 the two ways differ, as two carriageways do; 3-1 has none."""
    tags: dict[str, str] = {"lanes": "2"} if oneway is None else {"lanes": "2", "oneway": oneway}
    graph = make([(1, 2), (2, 1), (2, 3), (3, 2), (3, 1)], *[tags] * 3, {**tags, "length": "1010"}, tags)
    if oneway is None:
        graph = RoadGraph("local", PLACE, [
            replace(edge, tags={key: text for key, text in edge.tags.items() if key != "oneway"})
            for edge in graph.edges
        ])  # fmt: skip
    core = read(graph)
    assert dict(zip(ends(core), core.lanes.tolist(), strict=True)) == {
        (1, 2): 1.0, (2, 1): 1.0, (2, 3): 2.0, (3, 1): 2.0, (3, 2): 2.0,
    }  # fmt: skip


@pytest.mark.parametrize(("oneway", "lanes"), [("-1", 2.0), ("['-1', 'yes']", 2.0), ("reversible", 1.0), ("no", 1.0)])
def test_oneway_tells_whether_lanes_are_shared(oneway: str, lanes: float) -> None:
    assert read(make(RING, {"lanes": "2", "oneway": oneway})).lanes[0] == lanes


def test_tags_of_lanes_that_are_not_read_are_told() -> None:
    core = read(make(RING, {"lanes": "2+1", "hov:lanes": "designated|"}))
    assert core.lanes[0] == 3.0
    assert "Tags that are known and not read, by links: hov:lanes (1), lanes=2+1 (1)." in core.notes
    assert any("lanes of 4 of 4 links are not in the source, or not read, and" in note for note in core.notes)


def test_more_lanes_than_any_road_has_are_refused() -> None:
    with pytest.raises(InputError, match=r"line 10: a road must have at most 30 lanes, edge 1-2 has 50; correct lanes"):
        read(make(RING, {"lanes": "50"}))


def test_a_total_that_leaves_nothing_closes_no_direction() -> None:
    tags = {"lanes": "2", "lanes:forward": "2"}
    core = read(make(RING, tags, tags, along=(True, False)))
    assert ends(core) == RING and core.lanes[:2].tolist() == [2.0, 3.0]


def test_what_goes_by_its_class_is_told_with_its_kilometres() -> None:
    extra = [{"highway": "footway"}, {"highway": "['steps', 'path']"}, {"highway": "Sti"}]
    graph = make([*RING, (1, 3), (3, 1), (3, 1)], {}, {}, {}, {}, *extra)
    notes = read(graph, classes="Sti=drop,Stig=drop").notes
    assert "3 edges of 3.0 km are left out by their class: Sti 1, footway 1, steps/path 1." in notes
    assert "Words that classes declares and no road has: stig." in notes
    assert not any("left out by their class" in note or "classes declares" in note for note in read(make(RING)).notes)
