"""Map files of every kind give the same texts and geometries, or say what is wrong and where."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from citytide.datasets.errors import InputError
from citytide.datasets.maps.features import read_features

POINTS = shapely.points([[114.05, 22.54], [114.06, 22.55]])
NAMES = ["福田区 市民中心", "罗湖"]


def write(file: Path, crs: str | None = "EPSG:4326", **options: Any) -> Path:
    from pyogrio.raw import write as write_raw

    columns = [np.array(NAMES, object), np.array([1.5, np.nan]), np.array([7, 8])]
    options = {"driver": "ESRI Shapefile" if file.suffix == ".shp" else "GPKG", **options}
    shapes = np.asarray(shapely.to_wkb(POINTS), object)
    write_raw(file, shapes, columns, ["Name", "width", "n"], geometry_type="Point", crs=crs, **options)
    return file


def write_geojson(file: Path, crs: str | None = None, points: Any = ((114.05, 22.54),)) -> Path:
    document: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    for place in points:
        shape = None if place is None else {"type": "Point", "coordinates": place}
        document["features"].append({"type": "Feature", "properties": {"name": "甲"}, "geometry": shape})
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("told", [True, False])
def test_a_shapefile_is_read_with_and_without_its_cpg(tmp_path: Path, encoding: str, told: bool) -> None:
    folder = tmp_path / "深圳 数据"
    folder.mkdir()
    file = write(folder / "点 一.shp", encoding=encoding)
    if not told:
        file.with_suffix(".cpg").unlink()
    found = read_features(file)
    assert found.columns["name"] == NAMES and found.columns["n"] == ["7", "8"]
    assert shapely.equals(found.geometry, POINTS).all() and found.crs == "EPSG:4326"
    assert np.array_equal(found.numbers("width"), [1.5, np.nan], equal_nan=True)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_shapefile_without_a_projection_must_be_declared(tmp_path: Path) -> None:
    file = write(tmp_path / "a.shp", crs=None)
    with pytest.raises(InputError, match=r"a.shp: the layer must have a CRS, it names none; declare one"):
        read_features(file)
    assert read_features(file, crs="GCJ-02").crs == "GCJ-02"


def test_one_of_several_layers_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "a.gpkg", layer="roads")
    file = write(tmp_path / "a.gpkg", layer="parks", append=True)
    with pytest.raises(InputError, match=r"a.gpkg: the file has 2 layers; .*roads, parks"):
        read_features(file)
    assert len(read_features(file, layer="parks")) == 2


@pytest.mark.parametrize(
    ("held", "declared", "named"),
    [
        (None, None, "EPSG:4326"),
        (None, "EPSG:4547", "EPSG:4547"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "BD-09", "BD-09"),
        ("urn:ogc:def:crs:EPSG::4547", None, "EPSG:4547"),
    ],
)
def test_geojson_names_its_crs_or_is_declared(
    tmp_path: Path, held: str | None, declared: str | None, named: str
) -> None:
    assert read_features(write_geojson(tmp_path / "a.geojson", held), crs=declared).crs == named


@pytest.mark.parametrize("held", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::32650"])
def test_geojson_that_names_another_crs_is_refused(tmp_path: Path, held: str) -> None:
    with pytest.raises(InputError, match=r"a.geojson: the file is in EPSG:\d+, but EPSG:4547 is declared"):
        read_features(write_geojson(tmp_path / "a.geojson", held), crs="EPSG:4547")


def test_a_vertex_at_no_finite_place_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('name,wkt\n甲,POINT EMPTY\n乙,"LINESTRING (114 22, inf 22)"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"a.csv, line 3: 乙 has a vertex at \(inf, 22\)"):
        read_features(file, crs="EPSG:4326")


def test_a_feature_without_a_geometry_is_kept_for_its_reader(tmp_path: Path) -> None:
    found = read_features(write_geojson(tmp_path / "a.geojson", points=[None, (114.05, 22.54)]))
    assert shapely.is_missing(found.geometry).tolist() == [True, False]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.geojson", "{", r"a.geojson: the file is not GeoJSON"),
        ("a.geojson", '{"features": []}', r"a.geojson: the file has no features"),
        ("a.csv", "name,x,y\n", r"a.csv: the table must have at least one row"),
        ("a.csv", "name\n甲\n", r"a.csv, line 1: the table must have columns of places; .*the columns are name"),
        ("a.csv", "name,wkt\n甲,POINT 1 2\n", r"a.csv, line 2: 甲 has no geometry that can be read"),
        ("a.gpkg", "noise", r"a.gpkg: the file cannot be read"),
        ("a.dwg", "noise", r"a.dwg: the format .dwg is not read here; give .geojson"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=complaint):
        read_features(file, crs="EPSG:4326")


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.gpkg")
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    with pytest.raises(InputError, match=r'a.gpkg: pyogrio.*pip install "citytide\[geo\]"'):
        read_features(file)


@pytest.mark.parametrize("crs", ['"EPSG:4547"', "4547", '{"properties": {"name": "EPSG:4547"}}'])
def test_crs_of_a_geojson_may_be_written_in_several_ways(tmp_path: Path, crs: str) -> None:
    file = tmp_path / "points.geojson"
    point = '{"type": "Feature", "properties": null, "geometry": {"type": "Point", "coordinates": [500000, 2500000]}}'
    file.write_text(f'{{"type": "FeatureCollection", "crs": {crs}, "features": [{point}]}}')
    assert read_features(file).crs == "EPSG:4547"


def test_geojson_with_a_list_for_properties_is_one_error(tmp_path: Path) -> None:
    file = tmp_path / "points.geojson"
    point = '{"type": "Feature", "properties": [1], "geometry": {"type": "Point", "coordinates": [1, 2]}}'
    file.write_text(f'{{"type": "FeatureCollection", "features": [{point}]}}')
    with pytest.raises(InputError, match="not GeoJSON"):
        read_features(file)


def test_names_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    """The later of the two would win without a word."""
    point = {"type": "Point", "coordinates": [114.05, 22.54]}
    feature = {"type": "Feature", "geometry": point, "properties": {"Lanes": 2, "lanes": 3}}
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(
        InputError, match=r"a.geojson: column 'lanes' must be unique, it is there twice in different case; keep one"
    ):
        read_features(file)
