"""Points to warn: their places, names and depths, from tables and map files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.gauges.warning_points import read_warning_points
from citytide.datasets.place.transformation import transform

PLANE = "EPSG:4547"


def write(folder: Path, text: str, name: str = "points.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def test_table_in_metres_with_depths_of_its_own(tmp_path: Path) -> None:
    table = "name,x,y,threshold_m\nunderpass,500010,2490020,0.5;0.15\nschool,500900.5,2491000,\n"
    found = read_warning_points(write(tmp_path, table), crs=PLANE)
    assert found.name == ("underpass", "school") and found.threshold_m == ((0.15, 0.5), ())
    assert found.x.tolist() == [500010.0, 500900.5] and found.y.tolist() == [2490020.0, 2491000.0]


def test_chinese_table_in_degrees_is_carried_to_the_plane(tmp_path: Path) -> None:
    table = "编号,lon,lat,警戒水深(厘米)\n下穿1,114.0,22.5,27\n"
    found = read_warning_points(write(tmp_path, table, encoding="gb18030"), crs=PLANE)
    x, y = transform([114.0], [22.5], "EPSG:4326", PLANE)
    assert found.name == ("下穿1",) and found.threshold_m == ((0.27,),)
    assert found.x.tolist() == x.tolist() and found.y.tolist() == y.tolist()


def test_points_of_a_map(tmp_path: Path) -> None:
    feature = {
        "type": "Feature", "properties": {"name": "gate"}, "geometry": {"type": "Point", "coordinates": [114.0, 22.5]},
    }  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    found = read_warning_points(write(tmp_path, text, "points.geojson"), crs=PLANE)
    assert found.name == ("gate",) and found.threshold_m == ((),) and 4.9e5 < found.x[0] < 5.1e5


def test_a_comment_of_units_is_refused_and_others_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="comment '# units: cm' is not read: units, time zones, datums"):
        read_warning_points(write(tmp_path, "# units: cm\nname,x,y,threshold_m\na,1,2,0.2\n"), crs=PLANE)
    found = read_warning_points(write(tmp_path, "# of 2023\nname,x,y,threshold_m\na,1,2,0.2\n"), crs=PLANE)
    assert found.notes == ("points.csv: comments are not read: # of 2023",)


def test_units_of_depths_are_read_in_tables_and_maps(tmp_path: Path) -> None:
    for heading in ("threshold (cm)", "depth (cm)", "threshold_cm", "警戒水深(厘米)"):
        found = read_warning_points(write(tmp_path, f"name,x,y,{heading},ward\na,1,2,15;30,A\nb,3,4,,A\n"), crs=PLANE)
        assert found.threshold_m == ((0.15, 0.3), ()) and found.notes == ("points.csv: not read: ward.",)
    found = read_warning_points(write(tmp_path, "name;x;y;threshold_m\na;1,5;2;0,15\n"), crs=PLANE)
    assert found.threshold_m == ((0.15,),) and found.x.tolist() == [1.5]
    feature = {
        "type": "Feature", "properties": {"name": "gate", "threshold (cm)": 15},
        "geometry": {"type": "Point", "coordinates": [114.0, 22.5]},
    }  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    assert read_warning_points(write(tmp_path, text, "p.geojson"), crs=PLANE).threshold_m == ((0.15,),)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("x,y\n1,2\n", "the points must have names; the columns are x, y"),
        ("name,x,y\na,1,2\na,3,4\n", "line 3: point 'a' is given twice"),
        ("name,x,y\n,1,2\n", "line 2: the point has no name"),
        ("name,x,y,threshold_m\na,1,2,deep\n", "line 2: threshold_m is 'deep'; give depths in m, divided"),
        ("name,x,y,threshold_m\na,1,2,0.1;-1\n", "line 2: threshold_m is '0.1;-1'; give depths above 0 m"),
        ("name,x,y\na,1,nan\n", "finite"),
        ('name,x,y,threshold_m\na,1,2,"1,5"\n', "line 2: threshold_m is '1,5', one depth or two; write 1.5, or 1;5"),
        ("name,x,y,threshold\na,1,2,15\n", "line 1: threshold must have a unit; write it in the heading"),
        ("name,x,y,threshold (m)\na,1,2,15\n", "line 2: threshold .m. is '15'; give depths above 0 m and up to 10 m"),
        ("name,x,y,threshold (s)\na,1,2,15\n", "threshold .s. is in 's', which cannot be converted to 'm'"),
        ("name,x,y,threshold_m (cm)\na,1,2,15\n", "names two units, 'm' and 'cm'; keep one"),
        ("name,x,y,alert_level\na,1,2,15\n", "column 'alert_level' is not understood as depths to warn of; name it"),
        ("name,x,y,threshold_m,depth (cm)\na,1,2,1,5\n", "2 columns of depths to warn of: threshold_m, depth .cm."),
    ],
)
def test_tables_that_cannot_be_used_say_why(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_warning_points(write(tmp_path, table), crs=PLANE)


def test_degrees_win_over_metres_beside_them(tmp_path: Path) -> None:
    table = write(tmp_path, "name,x,y,lon,lat\na,0,0,114.06,22.54\n")
    found = read_warning_points(table, crs=PLANE)
    expected = transform(114.06, 22.54, "EPSG:4326", PLANE)
    assert (found.x[0], found.y[0]) == pytest.approx(tuple(map(float, expected)))


def test_road_is_no_point(tmp_path: Path) -> None:
    table = 'name,wkt\nroad,"LINESTRING (0 0, 1 1)"\n'
    with pytest.raises(InputError, match="a warning point must be a point"):
        read_warning_points(write(tmp_path, table), crs=PLANE)
