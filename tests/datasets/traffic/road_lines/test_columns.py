"""Headings of road lines: known ones are read or refused by name, the others are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from roadfiles import A, B, read_columns, write_lines, write_map

from citytide.datasets.errors import InputError
from citytide.datasets.maps.features import read_features
from citytide.datasets.traffic.road_lines.columns import find_road_columns, spread_tags


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    held = read_columns(tmp_path, {"surface": ["asphalt"], "车道数": ["4"], "travel_time_ab": ["3"], "speed": ["50"]})
    assert held.cell("lanes", 0) == "4" and held.cell("speed", 0) == "50" and held.cell("bridge", 0) == ""
    assert held.notes == ("roads.csv: not read: surface, travel_time_ab.",)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (
            {"speed": ["50"], "speedlimit": ["60"]},
            r"line 1: columns 'speed' and 'speedlimit' both hold the speed; remove",
        ),
        ({"oneway": ["yes"], "单行": ["否"]}, r"columns 'oneway' and '单行' both hold the oneway"),
        ({"speed_cat": ["3"]}, r"column 'speed_cat' holds classes of speed, which are not read; give speed limits"),
        ({"lane_cat": ["2"]}, r"column 'lane_cat' holds classes of lanes, which are not read"),
        ({"travel_time": ["3"]}, r"column 'travel_time' holds travel times, which are not read; give speeds"),
        (
            {"maxspeed_mph": ["30"]},
            r"column 'maxspeed_mph' may hold speeds, and is not read; name it maxspeed, or speed",
        ),
        ({"总车道数量": ["4"]}, r"column '总车道数量' may hold lanes, and is not read; name it lanes"),
        ({"capacity_vph": ["900"]}, r"column 'capacity_vph' may hold capacities, and is not read"),
        ({"oneway_car": ["yes"]}, r"column 'oneway_car' may hold directions, and is not read; name it oneway"),
        ({"travel_time_ab": ["3"]}, r"column 'travel_time_ab' holds travel times, which are not read; give speeds"),
        ({"closed": ["1", "0"]}, r"column 'closed' marks roads \('1', '0'\) and is not read"),
        ({"status": ["built", "planned"]}, r"column 'status' marks rows \('built', 'planned'\) and is not read"),
        ({"other_tags": ["{bad}"]}, r"line 2: other_tags is '\{bad\}'"),
    ],
)
def test_what_changes_the_answer_is_refused(tmp_path: Path, columns: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_columns(tmp_path, columns)


def test_two_columns_that_agree_are_one(tmp_path: Path) -> None:
    assert read_columns(tmp_path, {"lanes": ["2"], "n_lanes": ["2"]}).cell("lanes", 0) == "2"


def test_tags_that_gdal_keeps_together_are_spread(tmp_path: Path) -> None:
    held = read_columns(tmp_path, {"other_tags": ['"oneway"=>"yes","lanes"=>"2"', '"maxspeed"=>"50"']})
    assert [held.cell("oneway", k) for k in (0, 1)] == ["yes", ""] and held.cell("maxspeed", 1) == "50"
    held = read_columns(tmp_path, {"all_tags": ['{"oneway": "-1"}']})
    assert held.cell("oneway", 0) == "-1"


def test_other_lines_of_a_map_are_no_roads(tmp_path: Path) -> None:
    columns = {"highway": ["primary", "", ""], "railway": ["", "rail", ""]}
    file = write_lines(tmp_path / "roads.csv", [(A, B)] * 3, columns)
    assert find_road_columns(read_features(file, crs="local")).no_road == [False, True, False]


def test_a_class_of_several_names_is_refused_unless_one_is_certain(tmp_path: Path) -> None:
    columns = {"class": ["primary"], "type": ["bus"]}
    file = write_lines(tmp_path / "roads.csv", [(A, B)], columns)
    with pytest.raises(InputError, match=r"columns 'class' and 'type' both hold the class of road"):
        find_road_columns(read_features(file, crs="local"))
    assert read_columns(tmp_path, columns).cell("highway", 0) == "primary"


def test_names_that_a_shapefile_has_cut_are_known(tmp_path: Path) -> None:
    columns = {"highway": ["primary"], "lanes_forw": ["3"], "motor_vehi": ["no"], "capacity_a": ["900"]}
    held = find_road_columns(spread_tags(read_features(write_map(tmp_path / "roads.shp", [(A, B)], columns))))
    assert held.cell("lanes:forward", 0) == "3" and held.cell("motor_vehicle", 0) == "no"
    assert held.cell("capacity:forward", 0) == "900"


def test_a_source_of_data_is_no_node(tmp_path: Path) -> None:
    assert "from" not in read_columns(tmp_path, {"source": ["survey"]})
    assert "from" in read_columns(tmp_path, {"source": ["1"], "target": ["2"]})


def test_from_and_to_win_over_the_sorted_ends_of_an_undirected_graph(tmp_path: Path) -> None:
    held = read_columns(tmp_path, {"u": ["1"], "v": ["2"], "from": ["2"], "to": ["1"]})
    assert held.cell("from", 0) == "2" and held.cell("to", 0) == "1"
    assert "u and v are not read: from and to tell how lines are driven" in held.notes[0]
    with pytest.raises(InputError, match=r"columns 'u' and 'from_node' both hold the node that a line comes from"):
        read_columns(tmp_path, {"u": ["1"], "v": ["2"], "from_node": ["2"], "to_node": ["1"]})


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("f_node", "from"), ("tonodeno", "to"), ("inode", "from"), ("SpdLmtS2E", "speed:forward"),
        ("LaneNumE2S", "lanes:backward"), ("permlanes", "lanes:direction"), ("cap_ab", "capacity:forward"),
        ("双向车道数", "lanes"), ("meters", "length"), ("tsysset", "modes"),
    ],
)  # fmt: skip
def test_names_of_other_tools_are_known(tmp_path: Path, name: str, what: str) -> None:
    assert what in read_columns(tmp_path, {name: ["2"]})


@pytest.mark.parametrize(
    ("heading", "what"),
    [
        ("lanes (per direction)", "lanes:direction"), ("车道数(单向)", "lanes:direction"), ("lanes (total)", "lanes"),
        ("Lanes (-)", "lanes"),
    ],
)  # fmt: skip
def test_brackets_tell_which_lanes_count(tmp_path: Path, heading: str, what: str) -> None:
    assert what in read_columns(tmp_path, {heading: ["2"]})
    with pytest.raises(InputError, match=r"heading 'lanes \(m\)' does not say which lanes count; name it lanes_per"):
        read_columns(tmp_path, {"lanes (m)": ["2"]})


@pytest.mark.parametrize("bag", ['"oneway"=>"yes","lanes"=>"2', '"oneway"=>"yes",lan'])
def test_tags_that_are_cut_off_are_refused(tmp_path: Path, bag: str) -> None:
    with pytest.raises(InputError, match=r"line 2: other_tags is cut off, or no pairs of tags, near .*GeoPackage"):
        read_columns(tmp_path, {"other_tags": [bag]})


def test_tags_within_a_feature_are_read(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[114.0, 22.5], [114.01, 22.5]]}
    feature = {"type": "Feature", "properties": {"tags": {"highway": "primary", "oneway": "yes"}}, "geometry": line}
    file = tmp_path / "roads.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert find_road_columns(spread_tags(read_features(file))).cell("oneway", 0) == "yes"


def test_roads_of_ordnance_survey_are_classed_by_their_function(tmp_path: Path) -> None:
    columns = {"road_classification": ["Unclassified"], "road_function": ["Local Road"], "highway": [""]}
    assert read_columns(tmp_path, columns).cell("highway", 0) == "Local Road"
    del columns["road_function"]
    assert read_columns(tmp_path, columns).cell("highway", 0) == "Unclassified"
