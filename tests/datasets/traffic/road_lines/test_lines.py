"""Road lines become the network that the same roads are in other formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pytest
import shapely
from roadfiles import RING, A, B, C, D, M, write_lines, write_map

from citytide.datasets.errors import InputError
from citytide.datasets.place.transformation import transform
from citytide.datasets.traffic.road_files import open_roads
from citytide.datasets.traffic.roads.graph import read_road_graph

Columns = dict[str, list[Any]]
MAPS = ("EPSG:4326", "EPSG:3857", "EPSG:4547", "EPSG:2326")


def read(folder: Path, lines: Any, columns: Columns, *, crs: str = "local", **options: Any) -> Any:
    given = {"highway": ["primary"] * len(lines), **columns}
    return open_roads(write_lines(folder / "roads.csv", lines, given), crs=crs, core_share=0.0, **options)


def ends(roads: Any) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    places = list(zip(roads.x.tolist(), roads.y.tolist(), strict=True))
    return {(places[a], places[b]) for a, b in zip(roads.tail.tolist(), roads.head.tolist(), strict=True)}


def read_edges(file: Path) -> tuple[list[Any], Columns]:
    """Edges of an osmnx graph as its GeoDataFrame has them."""
    graph = read_road_graph(file)
    edges = sorted(graph.edges, key=lambda edge: (edge.source, edge.target, edge.key))
    straight = [shapely.linestrings([graph.place[edge.source], graph.place[edge.target]]) for edge in edges]
    drawn = [edge.tags.get("geometry") for edge in edges]
    lines = [shapely.from_wkt(text) if text else line for text, line in zip(drawn, straight, strict=True)]
    columns: Columns = {name: [getattr(edge, one) for edge in edges]
                        for name, one in (("u", "source"), ("v", "target"), ("key", "key"))}  # fmt: skip
    for name in dict.fromkeys(name for edge in edges for name in edge.tags if name != "geometry"):
        columns[name] = [edge.tags.get(name) for edge in edges]
    return lines, columns


@pytest.fixture(scope="module")
def town(data: Path) -> tuple[list[Any], Columns]:
    """Ways of a small town, one line each."""
    file = data / "traffic/osm/small_town.osm.pbf"
    found = osmium.FileProcessor(str(file)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
    ways = []
    for way in found:
        if way.is_way():
            line = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
            ways.append((line, {tag.k: tag.v for tag in way.tags}))
    ways = [way for way in ways if len(way[0]) > 1]
    keys = sorted({key for _, tags in ways for key in tags})
    return [line for line, _ in ways], {key: [tags.get(key) for _, tags in ways] for key in keys}


@pytest.mark.parametrize("form", ["gpkg", "geojson", "EPSG:3857", "EPSG:3067"])
def test_ways_of_a_town_are_one_network_as_lines_and_as_an_extract(
    data: Path, town: tuple[list[Any], Columns], tmp_path: Path, form: str
) -> None:
    lines, columns = town
    crs = form if form.startswith("EPSG") else "EPSG:4326"
    drawn = [np.column_stack(transform(*np.array(line).T, "EPSG:4326", crs)) for line in lines]
    suffix = form if form == "geojson" else "gpkg"
    roads = open_roads(write_map(tmp_path / f"town.{suffix}", drawn, columns, crs=crs))
    known = open_roads(data / "traffic/osm/small_town.osm.pbf")
    assert roads.n_links == pytest.approx(known.n_links, rel=0.01)
    assert roads.length_m.sum() == pytest.approx(known.length_m.sum(), rel=0.001)
    assert 700 < roads.n_links < 740 and 75_000.0 < roads.length_m.sum() < 78_000.0
    assert (roads.length_m @ roads.capacity_veh_h) == pytest.approx(known.length_m @ known.capacity_veh_h, rel=0.001)


@pytest.mark.parametrize("jitter_m", [0.001, 0.004])
def test_vertices_that_differ_by_millimetres_are_joined(
    town: tuple[list[Any], Columns], tmp_path: Path, jitter_m: float
) -> None:
    lines, columns = town
    known = open_roads(write_map(tmp_path / "town.gpkg", lines, columns))
    chance = np.random.default_rng(7)
    degrees = jitter_m / 111_195.0 * np.array([1.0 / np.cos(np.deg2rad(60.5)), 1.0])
    moved = [np.array(line) + chance.uniform(-1.0, 1.0, (len(line), 2)) * degrees for line in lines]
    roads = open_roads(write_map(tmp_path / "moved.gpkg", moved, columns))
    assert roads.n_links == known.n_links and roads.n_nodes == known.n_nodes
    assert roads.length_m.sum() == pytest.approx(known.length_m.sum(), rel=1e-4)


@pytest.mark.parametrize("place", ["futian", "pneuma"])
def test_a_table_of_directed_edges_is_the_graph_it_comes_from(data: Path, tmp_path: Path, place: str) -> None:
    file = data / f"traffic/{place}/roads.graphml"
    lines, columns = read_edges(file)
    roads, known = open_roads(write_map(tmp_path / "edges.gpkg", lines, columns)), open_roads(file)
    for name in ("node_id", "tail", "head", "link_id", "lanes", "speed_km_h", "capacity_veh_h", "level", "kind"):
        assert np.array_equal(getattr(roads, name), getattr(known, name)), name
    assert roads.length_m.sum() == pytest.approx(known.length_m.sum(), rel=1e-3)


def test_lines_drawn_either_way_run_from_node_to_node(data: Path, tmp_path: Path) -> None:
    lines, columns = read_edges(data / "traffic/pneuma/roads.graphml")
    chance = np.random.default_rng(3).random(len(lines)) < 0.5
    turned = [shapely.reverse(line) if turn else line for line, turn in zip(lines, chance.tolist(), strict=True)]
    known = open_roads(write_map(tmp_path / "edges.gpkg", lines, columns))
    old = {"from": columns["u"], "to": columns["v"], "key": columns["key"]}
    old |= {name: columns[name] for name in ("highway", "oneway", "lanes", "maxspeed")}
    roads = open_roads(write_map(tmp_path / "turned.gpkg", turned, old))
    assert np.array_equal(roads.tail, known.tail) and np.array_equal(roads.head, known.head)
    assert np.array_equal(roads.vertex_x, known.vertex_x)
    assert any("drawn against from and to, which tell the direction" in note for note in roads.notes)


@pytest.mark.parametrize("crs", MAPS)
def test_a_road_is_as_long_in_every_crs(tmp_path: Path, crs: str) -> None:
    corners = np.array([(114.05, 22.54), (114.06, 22.54), (114.06, 22.55)])
    drawn = np.column_stack(transform(*corners.T, "EPSG:4326", crs))
    roads = read(tmp_path, [drawn], {}, crs=crs)
    assert roads.length_m.tolist() == pytest.approx([1028.7 + 1107.4] * 2, rel=1e-4)


def test_a_road_in_feet_is_as_long_as_in_metres(tmp_path: Path) -> None:
    corners = np.array([(-118.25, 34.05), (-118.24, 34.05), (-118.24, 34.06)])
    feet = np.column_stack(transform(*corners.T, "EPSG:4326", "EPSG:2229"))
    degrees = read(tmp_path, [corners], {}, crs="EPSG:4326").length_m
    assert read(tmp_path, [feet], {}, crs="EPSG:2229").length_m == pytest.approx(degrees, rel=1e-5)


def test_a_link_table_is_read_as_it_is(data: Path, tmp_path: Path) -> None:
    """Sioux Falls with 76 links, each along its line; a two-way link has direction 0."""
    rows = (data / "traffic/tntp/SiouxFalls/SiouxFalls_net.tntp").read_text().split("~")[-1].splitlines()[1:]
    links = [row.split()[:3] for row in rows if row.strip()]
    nodes = (data / "traffic/tntp/SiouxFalls/SiouxFalls_node.tntp").read_text().splitlines()[1:]
    place = {row.split()[0]: (float(row.split()[1]), float(row.split()[2])) for row in nodes if row.strip()}
    lines = [(place[a], place[b]) for a, b, _ in links]
    columns = {
        "link_id": list(range(1, 77)), "a_node": [a for a, _, _ in links], "b_node": [b for _, b, _ in links],
        "direction": [1] * 76, "lanes_ab": [2] * 76, "lanes_ba": [0] * 76, "capacity_ab": [c for _, _, c in links],
        "capacity_ba": [0] * 76, "speed_ab": [50] * 76, "speed_ba": [0] * 76, "link_type": ["secondary"] * 76,
    }  # fmt: skip
    file = write_lines(tmp_path / "links.csv", lines, columns)
    roads = open_roads(file, crs="EPSG:4326", speed_unit="km/h")
    assert roads.n_links == 76 and roads.n_nodes == 24 and set(roads.lanes.tolist()) == {2.0}
    known = {(int(a), int(b)): float(c) for a, b, c in links}
    for tail, head, capacity in zip(roads.tail, roads.head, roads.capacity_veh_h, strict=True):
        assert known[int(roads.node_id[tail]), int(roads.node_id[head])] == capacity
    half = [k for k, (a, b, _) in enumerate(links) if int(a) < int(b)]
    two_way = {name: [cells[k] for k in half] for name, cells in columns.items()} | {"direction": [0] * 38}
    two_way |= {"lanes_ba": [3] * 38, "capacity_ba": [900] * 38, "speed_ba": [30] * 38}
    file = write_lines(tmp_path / "roads.csv", [lines[k] for k in half], two_way)
    roads = open_roads(file, crs="EPSG:4326", speed_unit="km/h")
    back = roads.node_id[roads.tail] > roads.node_id[roads.head]
    assert roads.n_links == 76 and set(roads.speed_km_h[back].tolist()) == {30.0}
    assert set(roads.lanes[back].tolist()) == {3.0} and set(roads.capacity_veh_h[back].tolist()) == {900.0}


@pytest.mark.parametrize(
    ("columns", "n_links"),
    [({}, 8), ({"junction": ["roundabout"] * 4}, 4), ({"highway": ["motorway"] * 4}, 4), ({"oneway": ["-1"] * 4}, 4)],
)
def test_one_rule_tells_what_is_one_way(tmp_path: Path, columns: Columns, n_links: int) -> None:
    roads = read(tmp_path, RING, columns)
    assert roads.n_links == n_links
    assert ((A, B) in ends(roads)) == (columns.get("oneway") is None)


def test_a_bridge_passes_over_and_a_street_does_not(tmp_path: Path) -> None:
    lines = [(A, M, C), (B, M, D), *RING]
    assert read(tmp_path, lines, {}).n_nodes == 5
    assert read(tmp_path, lines, {"bridge": ["yes", *[""] * 5]}).n_nodes == 4


def test_odd_lines_are_read_or_told(tmp_path: Path) -> None:
    ring = "MULTILINESTRING ((0 0, 100 0, 100 100), (100 100, 0 100, 0 0))"
    rows = [
        ring,
        "LINESTRING Z (0 0 5, 50 50 7, 100 100 9)",
        "LINESTRING (7 7, 7 7)",
        "LINESTRING (0 0, 50 50, 100 100)",
    ]
    file = tmp_path / "roads.csv"
    file.write_text("wkt,highway\n" + "\n".join(f'"{row}",primary' for row in rows))
    roads = open_roads(file, crs="local")
    assert (
        roads.n_nodes == 2 and roads.n_links == 6 and roads.length_m.sum() == pytest.approx(800.0 + 400.0 * 2**0.5 / 2)
    )
    told = " ".join(roads.notes)
    assert "1 lines are shorter than 1 cm and left out" in told and "1 lines that repeat another are read once" in told


def test_swapped_longitude_and_latitude_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"roads.csv, line 2: longitude 22.54 and latitude 114.05 are swapped"):
        read(tmp_path, [((22.54, 114.05), (22.55, 114.06))], {}, crs="EPSG:4326")


def test_a_capacity_of_a_lane_counts_for_each_lane(tmp_path: Path) -> None:
    roads = read(tmp_path, RING, {"capacity_per_lane": ["900"] * 4, "lanes": ["4"] * 4})
    assert set(roads.capacity_veh_h.tolist()) == {1800.0}
    with pytest.raises(InputError, match=r"line 2: the capacity is that of a lane, and the row has no lanes"):
        read(tmp_path, RING, {"capacity_per_lane": ["900"] * 4})


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    """Parallel links, and ends that differ by millimetres: ids are those of the roads, whatever the order."""
    lines = [(A, M, C), (B, M, D), *RING, (A, (50.0, -20.0), (100.0, 0.002)), (A, (50.0, -40.0), (99.998, 0.0))]
    lanes = [str(k + 1) for k in range(len(lines))]
    roads = read(tmp_path, lines, {"lanes": lanes})
    for order in (range(7, -1, -1), (3, 7, 1, 0, 5, 6, 2, 4)):
        other = read(tmp_path, [lines[k] for k in order], {"lanes": [lanes[k] for k in order]})
        for name in ("x", "y", "tail", "head", "link_id", "lanes", "vertex_x"):
            assert np.array_equal(getattr(roads, name), getattr(other, name)), name
        assert roads.length_m == pytest.approx(other.length_m, abs=0.01)


def test_a_part_that_is_too_small_is_refused(tmp_path: Path) -> None:
    far = [((1000.0 + x, y), (1000.0 + u, v)) for (x, y), (u, v) in RING]
    file = write_lines(tmp_path / "roads.csv", [*RING, *far], {"highway": ["primary"] * 8})
    with pytest.raises(InputError, match=r"50.* %.*core_share=0.5"):
        open_roads(file, crs="local")
    assert open_roads(file, crs="local", core_share=0.5).n_links == 8


def test_a_direction_of_a_road_that_is_drawn_both_ways_is_refused(tmp_path: Path) -> None:
    lines = [*RING, *[line[::-1] for line in RING]]
    with pytest.raises(InputError, match=r"line 2: column 'lanes:forward' speaks of one direction .*column reversed"):
        read(tmp_path, lines, {"lanes:forward": ["3"] * 8})
    turned = {"lanes:forward": ["3"] * 8, "lanes:backward": ["1"] * 8, "reversed": ["False"] * 4 + ["True"] * 4}
    roads = read(tmp_path, lines, turned)
    assert roads.n_links == 8 and sorted(roads.lanes.tolist()) == [1.0] * 4 + [3.0] * 4


def test_a_capacity_of_0_in_a_driven_direction_is_refused(tmp_path: Path) -> None:
    columns = {"capacity_ab": ["900"] * 4, "capacity_ba": ["0"] * 4}
    with pytest.raises(InputError, match=r"capacity must be above 0.*'0.0'"):
        read(tmp_path, RING, columns)
    assert set(read(tmp_path, RING, {**columns, "oneway": ["yes"] * 4}).capacity_veh_h.tolist()) == {900.0}


def test_two_parts_of_one_link_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    two = "MULTILINESTRING ((0 0, 100 0), (100 0, 100 100))"
    file.write_text(f'wkt,highway,u,v\n"{two}",primary,1,3\n')
    roads = open_roads(file, crs="local")
    assert roads.node_id.tolist() == [1, 3] and roads.length_m.tolist() == [200.0, 200.0]
    file.write_text('wkt,highway,u,v\n"MULTILINESTRING ((0 0, 1 0), (5 0, 9 0))",primary,1,3\n')
    with pytest.raises(InputError, match=r"line 2: the line has several parts, and the table names its two ends"):
        open_roads(file, crs="local")


def test_a_shapefile_of_geofabrik_is_read(tmp_path: Path) -> None:
    columns: Columns = {
        "osm_id": ["1", "2", "3", "4"], "code": ["5113"] * 4, "fclass": ["primary"] * 4, "oneway": ["F", "T", "B", "B"],
        "maxspeed": ["0", "60", "0", "30"], "layer": ["0"] * 4, "bridge": ["F", "T", "F", "F"], "tunnel": ["F"] * 4,
    }  # fmt: skip
    lines = [[(24.0 + x / 1e5, 60.0 + y / 1e5) for x, y in line] for line in (RING[0], RING[1][::-1], *RING[2:])]
    roads = open_roads(write_map(tmp_path / "roads.shp", lines, columns))
    assert roads.n_links == 6 and sorted(roads.speed_km_h.tolist()) == [30.0, 30.0, 50.0, 50.0, 50.0, 60.0]
    assert roads.level[roads.speed_km_h == 60.0].tolist() == [1]


def test_a_line_without_a_line_back_is_one_way_in_a_table_of_directions(tmp_path: Path) -> None:
    lines = [*RING, *[line[::-1] for line in RING[:3]]]
    columns = {"reversed": ["False"] * 4 + ["True"] * 3, "lanes": ["2"] * 7}
    roads = read(tmp_path, lines, columns)
    assert roads.n_links == 7 and sorted(roads.lanes.tolist()) == [1.0] * 6 + [2.0]


@pytest.mark.parametrize(
    ("column", "cells"),
    [("speed (km/h)", ["50", "80"]), ("capacity_veh_h", ["500", "800"]), ("length_m", ["99", "90"])],
)
def test_a_line_twice_with_another_value_is_refused_in_any_order(tmp_path: Path, column: str, cells: list[str]) -> None:
    for given in (cells, cells[::-1]):
        with pytest.raises(InputError, match=r"line 3: the line is that of line 2, with another"):
            read(tmp_path, [RING[0], *RING], {column: [*given, *[cells[0]] * 3]})


def test_a_part_of_a_line_is_not_the_road_again(tmp_path: Path) -> None:
    lines = [(A, B, C, D, A), RING[1]]
    roads = read(tmp_path, lines, {"lanes": ["2", "2"]})
    assert roads.n_links == 6 and roads.length_m.sum() == 800.0
    assert "1 parts of lines that repeat a part of another are read once" in " ".join(roads.notes)
    with pytest.raises(InputError, match=r"line 3: the line is that of line 2, with another lanes: '4' instead of '2'"):
        read(tmp_path, lines, {"lanes": ["2", "4"]})


def test_sorted_ends_do_not_turn_one_way_lines(tmp_path: Path) -> None:
    """An undirected graph of osmnx: u is below v, from and to tell how a line is driven."""
    columns: Columns = {"oneway": ["True"] * 4, "u": [1, 2, 3, 1], "v": [2, 3, 4, 4]}
    with pytest.raises(InputError, match=r"line 5: u is below v in every row, .*drawn from v to u; give columns from"):
        read(tmp_path, RING, columns)
    roads = read(tmp_path, RING, {**columns, "from": [1, 2, 3, 4], "to": [2, 3, 4, 1]})
    assert roads.n_links == 4 and (D, A) in ends(roads)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"speed_unit": "mph"}, "speed_unit=mph is declared, and the table has no speeds; omit speed_unit"),
        ({"length_unit": "km"}, "length_unit=km is declared, and the table has no lengths; omit length_unit"),
        ({"oneway": "boolean"}, "oneway=boolean is declared .*, and no column is read with it"),
    ],
)
def test_a_declaration_that_explains_nothing_is_refused(tmp_path: Path, given: dict[str, str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read(tmp_path, RING, {}, **given)


def test_a_path_declared_to_be_left_out_is_not_the_street_again(tmp_path: Path) -> None:
    columns: Columns = {"highway": ["primary"] * 4 + ["Waldweg"]}
    assert read(tmp_path, [*RING, RING[0]], columns, classes="Waldweg=drop").n_links == 8
    with pytest.raises(InputError, match=r"line 6: the line is that of line 2, with another highway: 'Waldweg'"):
        read(tmp_path, [*RING, RING[0]], columns, classes="Waldweg=residential")


def test_lanes_of_one_direction_leave_a_way_back(tmp_path: Path) -> None:
    assert read(tmp_path, RING, {"lanes": ["2"] * 4, "lanes_forward": ["2"] * 4}).n_links == 8
