"""Stations are read from tables and map files, whatever wrote them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.gauges.stations import open_stations
from citytide.datasets.hydro.layers import STATION_KINDS, StationLayer

TABLE = "站号,站名,类型,经度,纬度\nG3558,莲花山,雨量站,114.05,22.55\nW12,滨河 隧道,水位站,114.07,22.53\n"


def write(folder: Path, text: str, name: str = "stations.csv", encoding: str = "utf-8") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


def assert_equal(one: StationLayer, other: StationLayer) -> None:
    assert (one.crs, one.station_id, one.name, one.notes) == (other.crs, other.station_id, other.name, other.notes)
    for field in ("kind", "x", "y"):
        assert getattr(one, field).tobytes() == getattr(other, field).tobytes()


def test_three_encodings_and_both_line_ends_give_one_layer(tmp_path: Path) -> None:
    layers = [
        open_stations(write(tmp_path, text, f"深圳 {k}.csv", encoding), crs="EPSG:4490")
        for k, (text, encoding) in enumerate(
            [
                (TABLE, "utf-8"),
                (TABLE, "utf-8-sig"),
                (TABLE, "gb18030"),
                (TABLE.replace("\n", "\r\n"), "gb18030"),
            ]
        )
    ]
    assert layers[0].station_id == ("G3558", "W12") and layers[0].name == ("莲花山", "滨河 隧道")
    assert [STATION_KINDS[kind] for kind in layers[0].kind] == ["rain gauge", "water level"]
    assert layers[0].x.tolist() == [114.05, 114.07] and layers[0].y.tolist() == [22.55, 22.53]
    for layer in layers[1:]:
        assert_equal(layer, layers[0])


@pytest.mark.parametrize(
    "heading",
    [
        "station_id,name,kind,lon,lat",
        "ID,Name,Type,Longitude,Latitude",
        "stcd,stnm,sttp,lgtd,lttd",
        "区站号,名称,站类,东经,北纬",
        "station,station_name,kind,x (°),y (°)",
    ],
)
def test_usual_headings_are_understood(tmp_path: Path, heading: str) -> None:
    want = open_stations(write(tmp_path, TABLE), crs="GCJ-02")
    assert_equal(open_stations(write(tmp_path, heading + TABLE[TABLE.index("\n") :]), crs="gcj02"), want)


def test_a_plane_takes_x_and_y_where_a_table_has_degrees_too(tmp_path: Path) -> None:
    file = write(tmp_path, "id,lon,lat,x,y\nA,114.05,22.55,505144.8,2489168.2\n")
    assert open_stations(file, crs="EPSG:4547").x.tolist() == [505144.8]
    assert open_stations(file, crs="EPSG:4326").x.tolist() == [114.05]


def test_names_and_kinds_may_be_left_out(tmp_path: Path) -> None:
    layer = open_stations(write(tmp_path, "id,lon,lat\nA,114.05,22.55\n"), crs="EPSG:4326")
    assert layer.name == ("A",) and layer.kind.tolist() == [0] and layer.notes == ()


def test_an_unknown_kind_is_noted(tmp_path: Path) -> None:
    layer = open_stations(write(tmp_path, "id,kind,lon,lat\nA,sundial,114.05,22.55\n"), crs="EPSG:4326")
    assert layer.kind.tolist() == [0] and layer.notes == ("Stations of kind sundial are kept as 'other'.",)


def geojson(x: float, y: float, **properties: str) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": [x, y]}}


def test_geojson_points_are_the_same_layer(tmp_path: Path) -> None:
    features = [
        geojson(114.05, 22.55, 站号="G3558", 站名="莲花山", 类型="雨量站"),
        geojson(114.07, 22.53, 站号="W12", 站名="滨河 隧道", 类型="水位站"),
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    layer = open_stations(write(tmp_path, text, "stations.geojson"))
    assert_equal(layer, open_stations(write(tmp_path, TABLE), crs="EPSG:4326"))
    twice = json.dumps({"type": "FeatureCollection", "features": [features[0], features[0]]})
    with pytest.raises(InputError, match="feature 2: station 'G3558' is given twice, first on feature 1"):
        open_stations(write(tmp_path, twice, "twice.geojson"))
    line = {**features[0], "geometry": {"type": "LineString", "coordinates": [[114, 22], [114, 23]]}}
    with pytest.raises(InputError, match="feature 1: a station must be a point"):
        open_stations(write(tmp_path, json.dumps({"type": "FeatureCollection", "features": [line]}), "line.geojson"))


@pytest.mark.parametrize(
    ("text", "crs", "told"),
    [
        (TABLE, None, r"stations\.csv: the layer must have a CRS, it names none; declare one, such as EPSG:4547"),
        (TABLE, "EPSG:0", r"stations\.csv: CRS 'EPSG:0' is unknown"),
        (TABLE, "EPSG:4547", r"line 1: columns 经度 and 纬度 are degrees, but EPSG:4547 is a plane of metres; declare"),
        (
            TABLE + "G3558,又,雨量站,114.0,22.5\n",
            "EPSG:4326",
            "line 4: station 'G3558' is given twice, first on line",
        ),
        (TABLE + ",又,雨量站,114.0,22.5\n", "EPSG:4326", "line 4: 站号 is empty; fill it in every row"),
        (
            TABLE + "G2,又,雨量站,22.5,114.0\n",
            "EPSG:4326",
            r"line 4: longitude 22\.5 and latitude 114 are swapped;",
        ),
        (TABLE + "G2,又,雨量站,东,22.5\n", "EPSG:4326", "line 4: 经度 is '东'; give a number"),
        ("id,x,y\nA,2493941.2,505955.8\n", "EPSG:4547", "line 2: x 2493941.2 and y 505955.8 in EPSG:4547 are swapped;"),
        ("id,x,y\nA,505955.8,2493941.2\n", "EPSG:4326", "are not degrees; if they are metres, declare the CRS"),
        (
            "id,name\nA,B\n",
            "EPSG:4326",
            "line 1: the table must have columns of places; name two columns lon, lat or x, y",
        ),
        ("name,x,y\nA,1,2\n", "EPSG:4326", "line 1: the table has no station ids; name a column station_id"),
        ("id,x,y\n", "EPSG:4326", "the table must have at least one row"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str, crs: str | None, told: str) -> None:
    with pytest.raises(InputError, match=told):
        open_stations(write(tmp_path, text), crs=crs)


def test_the_numbers_of_the_table_are_those_of_the_layer(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(113.7, 114.6, 500), rng.uniform(22.4, 22.9, 500)
    rows = "".join(f"S{k},{a!r},{b!r}\n" for k, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True)))
    layer = open_stations(write(tmp_path, "id,lon,lat\n" + rows), crs="EPSG:4326")
    assert layer.x.tobytes() == x.tobytes() and layer.y.tobytes() == y.tobytes()


def test_units_of_places_are_read(tmp_path: Path) -> None:
    file = tmp_path / "gauges.csv"
    file.write_text("id;x (km);y_km\nG1;500,5;2490,25\n")
    found = open_stations(file, crs="EPSG:4547")
    assert (found.x.tolist(), found.y.tolist()) == ([500500.0], [2490250.0])
    file.write_text("id,lon_deg,lat_deg,owner\nG1,114.5,22.5,city\n")
    found = open_stations(file, crs="EPSG:4326")
    assert (found.x.tolist(), found.y.tolist(), found.notes) == ([114.5], [22.5], ("gauges.csv: not read: owner.",))
    file.write_text("id,lon,lat,crs\nG1,114.5,22.5,GCJ-02\n")
    with pytest.raises(
        InputError,
        match="column 'crs' is not read: units, time zones, datums and codes",
    ):
        open_stations(file, crs="EPSG:4326")
    file.write_text("id,x (deg),y (deg)\nG1,500000,2490000\n")
    with pytest.raises(InputError, match=r"heading 'x \(deg\)' says 'deg', and the CRS is a plane of metres"):
        open_stations(file, crs="EPSG:4547")
    file.write_text("id,lon (m),lat (m)\nG1,114,22\n")
    with pytest.raises(InputError, match=r"lon \(m\) is in 'm', which cannot be converted to 'degree'"):
        open_stations(file, crs="EPSG:4326")
