"""Areas keep their outlines, codes, names and whole numbers of people, whatever the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from citytide.datasets.city.outlines import make_polygons
from citytide.datasets.errors import InputError
from citytide.datasets.maps.areas import open_areas

RING = shapely.box(114.00, 22.50, 114.06, 22.56).difference(shapely.box(114.02, 22.52, 114.03, 22.53))
PARTS = shapely.union_all([shapely.box(114.06, 22.50, 114.08, 22.56), shapely.box(114.09, 22.50, 114.10, 22.51)])
ROWS = [("440304002", "莲花街道", 203_117, PARTS), ("440304001", "福田街道", 176_542, RING)]


def write_geojson(file: Path, rows: Any = ROWS, people: str = "人口", code: str = "行政区划代码") -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {code: c, "名称": n, people: p},
            "geometry": json.loads(shapely.to_geojson(g)),
        }
        for c, n, p, g in rows
    ]
    file.write_text(
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), encoding="utf-8"
    )
    return file


def write_csv(file: Path, encoding: str) -> Path:
    rows = [f'{c},{n},{p},"{g.wkt}"' for c, n, p, g in ROWS]
    file.write_text("code,name,people,wkt\n" + "\n".join(rows) + "\n", encoding=encoding)
    return file


def write_gpkg(file: Path) -> Path:
    from pyogrio.raw import write

    shapes = np.asarray(
        shapely.to_wkb([shapely.multipolygons([g] if g.geom_type == "Polygon" else list(g.geoms)) for *_, g in ROWS]),
        object,
    )
    columns = [np.array([row[0] for row in ROWS], object), np.array([row[1] for row in ROWS], object)]
    write(file, shapes, [*columns, np.array([row[2] for row in ROWS])], ["code", "name", "people"], driver="GPKG",
          geometry_type="MultiPolygon", crs="EPSG:4326")  # fmt: skip
    return file


@pytest.mark.parametrize("form", ["geojson", "utf-8", "utf-8-sig", "gb18030", "gpkg"])
def test_every_format_and_encoding_gives_the_same_areas(tmp_path: Path, form: str) -> None:
    file = tmp_path / "街道 人口"
    if form == "geojson":
        areas = open_areas(write_geojson(file.with_suffix(".geojson")))
    elif form == "gpkg":
        areas = open_areas(write_gpkg(file.with_suffix(".gpkg")))
    else:
        areas = open_areas(write_csv(file.with_suffix(".csv"), form), crs="EPSG:4326")
    assert areas.code == ("440304001", "440304002") and areas.name == ("福田街道", "莲花街道")
    assert areas.people.tolist() == [176_542, 203_117]
    assert areas.hole.tolist() == [False, True, False, False]
    assert all(shapely.equals(one, other) for one, other in zip(make_polygons(areas), [RING, PARTS], strict=True))


def test_real_districts_have_no_people_and_say_so(data: Path) -> None:
    with pytest.raises(
        InputError, match=r"districts.geojson: the areas must have numbers of people; add a column people"
    ):
        open_areas(data / "traffic/shenzhen/districts.geojson")


BOW = shapely.polygons([(0, 0), (1, 1), (1, 0), (0, 1)])


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (
            [("1", "甲", 5, RING), ("1", "乙", 5, PARTS)],
            r"feature 2: .* must have its own code, 1 is used twice",
        ),
        ([("1", "甲", 5.5, RING)], r"人口 of area 1 is '5.5'; give a whole number"),
        ([("1", "甲", -5, RING)], r"人口 of area 1 is '-5'"),
        ([("1", "甲", None, RING)], r"人口 of area 1 is ''"),
        ([("1", "甲", 5, shapely.points(0, 0))], r"area 1 甲 is not a polygon"),
        ([("1", "甲", 5, BOW)], r"area 1 甲 is not a valid polygon \(Self-intersection"),
        ([("1", "甲", 5, shapely.Polygon())], r"area 1 甲 is not a polygon"),
        ([("", "甲", 5, RING), ("2", "乙", 5, PARTS)], r"area '甲' has no code"),
    ],
)
def test_what_is_wrong_with_an_area_names_it(tmp_path: Path, rows: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        open_areas(write_geojson(tmp_path / "a.geojson", rows))


def test_an_unclosed_outline_names_the_area(tmp_path: Path) -> None:
    file = write_geojson(tmp_path / "a.geojson", [ROWS[0], ("2", "乙", 5, shapely.box(0, 0, 1, 1))])
    file.write_text(file.read_text(encoding="utf-8").replace(", [1.0, 0.0]]", "]"), encoding="utf-8")
    with pytest.raises(InputError, match=r"feature 2: 2 乙 has no geometry .*closed linestring\); close its rings"):
        open_areas(file)
    table = tmp_path / "a.csv"
    table.write_text('code,name,people,wkt\n2,b,5,"POLYGON ((0 0, 1 0, 1 1))"\n')
    with pytest.raises(InputError, match=r"a.csv, line 2: 2 b has no geometry .*closed linestring"):
        open_areas(table, crs="local")


def test_missing_people_may_be_allowed_and_are_noted(data: Path) -> None:
    areas = open_areas(data / "traffic/shenzhen/districts.geojson", people_optional=True)
    assert areas.n_areas == len(set(areas.code)) > 1 and not areas.people.any()
    assert areas.notes == ("The source of the areas has no people: every area counts 0.",)


def test_a_shifted_map_is_declared(tmp_path: Path) -> None:
    assert open_areas(write_geojson(tmp_path / "a.geojson"), crs="gcj02").crs == "GCJ-02"


@pytest.mark.parametrize("people", ["1e19", "10000000001", "1e300"])
def test_more_people_than_live_on_earth_are_refused(tmp_path: Path, people: str) -> None:
    file = tmp_path / "areas.csv"
    file.write_text(f'wkt,code,people\n"POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))",440304,{people}\n')
    with pytest.raises(InputError, match="whole number from 0 to"):
        open_areas(file, crs="EPSG:4547")
