"""Roads of every format become links with lines, levels and lanes; the core is kept and stays numbered as it was."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.osm.graphml import read_graphml
from citytide.datasets.traffic.road_files import open_roads

# A triangle of streets around a park near the middle of Futian, one of them a one-way bridge.
LINES = {
    "福华路": ([(114.050, 22.540), (114.055, 22.541), (114.060, 22.540)], "primary", "no", "3", "", ""),
    "滨河大道": ([(114.060, 22.540), (114.055, 22.545)], "trunk", "yes", "2", "yes", ""),
    "金田路": ([(114.055, 22.545), (114.050, 22.540)], "residential", "no", "", "", "yes"),
    "公园小径": ([(114.055, 22.541), (114.055, 22.543)], "footway", "no", "", "", ""),
}
HEADINGS = ("name", "highway", "oneway", "lanes", "bridge", "tunnel")


def write_csv(file: Path) -> Path:
    rows = [f'"{shapely.linestrings(points).wkt}",{name},{",".join(tags)}' for name, (points, *tags) in LINES.items()]
    file.write_text("WKT," + ",".join(HEADINGS) + "\n" + "\n".join(rows) + "\n", encoding="gb18030")
    return file


def write_gdal(file: Path, driver: str, **options: Any) -> Path:
    from pyogrio.raw import write

    shapes = shapely.to_wkb([shapely.linestrings(points) for points, *_ in LINES.values()])
    columns = [np.array(list(LINES), object)]
    columns += [np.array([tags[k] for _, *tags in LINES.values()], object) for k in range(5)]
    write(file, np.asarray(shapes, object), columns, list(HEADINGS), driver=driver, geometry_type="LineString",
          crs="EPSG:4326", **options)  # fmt: skip
    return file


def make(folder: Path, form: str) -> Path:
    place = folder / "深圳 路网"
    place.mkdir()
    if form == "csv":
        return write_csv(place / "道路 一.csv")
    if form == "gpkg":
        return write_gdal(place / "道路 一.gpkg", "GPKG")
    if form == "geojson":
        return write_gdal(place / "道路 一.geojson", "GeoJSON")
    file = write_gdal(place / "道路 一.shp", "ESRI Shapefile", encoding="GB18030")
    if form == "shp without cpg":
        file.with_suffix(".cpg").unlink()
    return file


@pytest.mark.parametrize("form", ["csv", "gpkg", "geojson", "shp", "shp without cpg"])
def test_every_format_gives_the_same_links(tmp_path: Path, form: str) -> None:
    file = make(tmp_path, form)
    roads = open_roads(file, crs="EPSG:4326" if form == "csv" else None)
    assert roads.crs == "EPSG:4326" and roads.n_nodes == 4 and roads.n_links == 7  # a path ends on 福华路
    assert sorted(set(roads.name)) == sorted(["滨河大道", "福华路", "金田路"])
    by_name = {name: k for k, name in enumerate(roads.name)}
    assert roads.level[by_name["滨河大道"]] == 1 and roads.level[by_name["金田路"]] == -1
    assert roads.lanes[by_name["滨河大道"]] == 2.0  # one-way: all its lanes run this way
    assert roads.lanes[by_name["福华路"]] == 1.5  # both ways share three
    first = by_name["福华路"]
    assert roads.vertex_offset[first + 1] - roads.vertex_offset[first] == 2
    assert 500.0 < roads.length_m[first] < 550.0


@pytest.mark.parametrize("form", ["csv", "shp"])
def test_lines_run_from_tail_to_head(tmp_path: Path, form: str) -> None:
    roads = open_roads(make(tmp_path, form), crs="EPSG:4326" if form == "csv" else None)
    assert np.allclose(roads.vertex_x[roads.vertex_offset[:-1]], roads.x[roads.tail], atol=1e-6)
    assert np.allclose(roads.vertex_y[roads.vertex_offset[1:] - 1], roads.y[roads.head], atol=1e-6)


def test_futian_keeps_the_links_that_assignment_knows(data: Path) -> None:
    file = data / "traffic/futian/roads.graphml"
    roads, known = open_roads(file), read_graphml(file, demand=data / "traffic/shenzhen/taxi_rides.csv")
    assert roads.n_nodes == 1338 and roads.n_links == 2751
    for name in ("link_id", "tail", "head", "x", "y"):
        assert np.array_equal(getattr(roads, name), getattr(known, name)), name
    assert np.allclose(roads.length_m, known.length * 1000.0) and np.array_equal(roads.capacity_veh_h, known.capacity)
    assert {int(level) for level in np.unique(roads.level)} == {-1, 0, 1}
    assert np.allclose(roads.vertex_x[roads.vertex_offset[:-1]], roads.x[roads.tail], atol=1e-5)


def test_athens_is_read_too(data: Path) -> None:
    roads = open_roads(data / "traffic/pneuma/roads.graphml")
    assert roads.n_links > 100 and 23.6 < roads.x.mean() < 23.8


def test_a_declared_crs_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"file is in EPSG:4326, .*GCJ-02.* declared"):
        open_roads(make(tmp_path, "gpkg"), crs="GCJ-02")


def test_a_table_without_a_crs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"道路 一.csv.*CRS"):
        open_roads(make(tmp_path, "csv"))


def test_a_mode_nobody_drives_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mode is 'boat'; choose one of car, all"):
        open_roads(tmp_path / "roads.graphml", mode="boat")


def test_points_are_no_roads(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("highway,lon,lat\nprimary,114,22\n")
    with pytest.raises(InputError, match=r"points.csv, line 2: the feature is no line"):
        open_roads(file, crs="EPSG:4326")


def test_lines_without_a_class_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    file.write_text('wkt,colour\n"LINESTRING (0 0, 1 1)",red\n')
    with pytest.raises(InputError, match=r"no class; name a column highway.*wkt, colour"):
        open_roads(file, crs="local")


@pytest.mark.parametrize("word", ["no", "No", "F", "N", "FALSE", "0", "0.0", "none", "nan", "否", ""])
def test_words_for_no_bridge_and_no_tunnel_stay_on_the_ground(tmp_path: Path, word: str) -> None:
    file = tmp_path / "roads.csv"
    file.write_text(f'wkt,highway,bridge,tunnel\n"LINESTRING (0 0, 100 0)",primary,{word},{word}\n', encoding="utf-8")
    assert open_roads(file, crs="local").level.tolist() == [0, 0]


@pytest.mark.parametrize(("word", "n_links"), [("1.0", None), ("yes", None), ("0.0", 2), ("B", 2), ("no", 2)])
def test_one_way_of_any_table_is_understood(tmp_path: Path, word: str, n_links: int | None) -> None:
    file = tmp_path / "roads.csv"
    back = '"LINESTRING (100 0, 50 50, 0 0)",primary,yes\n' if n_links is None else ""
    file.write_text(f'wkt,highway,oneway\n"LINESTRING (0 0, 100 0)",primary,{word}\n{back}')
    assert open_roads(file, crs="local").n_links == 2


def test_unknown_one_way_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "roads.csv"
    file.write_text('wkt,highway,oneway\n"LINESTRING (0 0, 100 0)",primary,xyz\n')
    with pytest.raises(InputError, match="oneway is 'xyz'"):
        open_roads(file, crs="EPSG:4547")


@pytest.mark.parametrize(
    ("word", "classes", "n_links"),
    [("motorway", None, 4), ("高速公路", None, 4), ("S1100", None, 4), ("K0", "K0=motorway", 4), ("K0", "K0=trunk", 8)],
)
def test_motorways_of_tables_are_one_way_by_any_word(
    tmp_path: Path, word: str, classes: str | None, n_links: int
) -> None:
    corners = [(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)]
    rows = [f'{word},"LINESTRING ({a} {b}, {c} {d})"' for (a, b), (c, d) in pairwise(corners)]
    file = tmp_path / "roads.csv"
    file.write_text("\n".join(["highway,wkt", *rows]) + "\n", encoding="utf-8")
    assert open_roads(file, crs="local", classes=classes).n_links == n_links


@pytest.mark.parametrize(("name", "told"), [("a.osm.xml", r"\.xml"), ("folder", "a file without a suffix")])
def test_a_format_that_is_not_read_names_those_that_are(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(InputError, match=rf"roads are not read from {told}; give .graphml, .pbf, .osm, .* GMNS tables"):
        open_roads(tmp_path / name)
