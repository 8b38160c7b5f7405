"""Columns of many tables in OpenStreetMap's tags."""

from __future__ import annotations

from pathlib import Path

import pytest
from roadfiles import read_columns

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.road_lines.tags import LineTags, read_line_tags


def read(folder: Path, columns: dict[str, list[str]], speed_unit: str | None = None) -> LineTags:
    return read_line_tags(read_columns(folder, columns), speed_unit=speed_unit, oneway=None)


def test_each_direction_has_its_own_speed_and_capacity(tmp_path: Path) -> None:
    columns = {"speed_ab": ["50"], "speed_ba": ["30"], "capacity_ab": ["1800"], "capacity_ba": ["900"]}
    tags = read(tmp_path, columns, "km/h")
    assert tags.by_direction[True] == [{"maxspeed": "50.0", "capacity_veh_h": "1800.0"}]
    assert tags.by_direction[False] == [{"maxspeed": "30.0", "capacity_veh_h": "900.0"}]


@pytest.mark.parametrize(
    ("columns", "tags"),
    [
        ({"lanes_ab": ["2"], "lanes_ba": ["0"]}, {"lanes:forward": "2"}),
        ({"单向车道数": ["2"]}, {"lanes:forward": "2", "lanes:backward": "2"}),
        ({"roundabout": ["Y"]}, {"junction": "roundabout"}),
        ({"ar_auto": ["N"], "private": ["Y"]}, {"motorcar": "no", "access": "private"}),
        ({"allowed_uses": ["WALK, BIKE"]}, {"motorcar": "no"}),
        ({"allowed_uses": ["auto;walk"]}, {}),
        ({"modes": ["tw"], "a_node": ["1"], "b_node": ["2"]}, {"motorcar": "no"}),
        ({"motor_vehicle": ["N"]}, {"motor_vehicle": "no"}),
        ({"vehicle": ["0"], "access": ["TRUE"]}, {"vehicle": "no", "access": "yes"}),
        ({"motor_vehicle:backward": ["禁止"]}, {"motor_vehicle:backward": "no"}),
        ({"form_of_way": ["Roundabout"]}, {"junction": "roundabout"}),
        ({"road_structure": ["Road In Tunnel"]}, {"tunnel": "yes"}),
        ({"form_of_way": ["Dual Carriageway"], "oneway": ["yes"]}, {"oneway": "yes"}),
        ({"modes": ["bus"]}, {"motorcar": "no"}),
        ({"modes": ["car,bus"], "allowed_uses": ["auto"]}, {}),
        ({"mode": ["walk"]}, {"motorcar": "no"}),
        ({"maxspeed:forward": ["60"], "lanes:psv": ["1"]}, {"maxspeed:forward": "60", "lanes:psv": "1"}),
        ({"maxspeed": ["nan"], "bridge": ["no"]}, {"bridge": "no"}),
    ],
)
def test_words_of_other_tables_become_tags(tmp_path: Path, columns: dict[str, list[str]], tags: dict[str, str]) -> None:
    assert read(tmp_path, columns).rows == [{"highway": "primary", **tags}]


def test_ferries_and_closed_roads_are_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, {"ferry_type": ["H", "B"], "oneway": ["FT", "N"]}).closed == [False, True]
    assert read(tmp_path, {"ferry_type": ["H", "B", "R"]}).closed == [False, True, True]


def test_levels_tell_bridges_from_what_is_below(tmp_path: Path) -> None:
    columns = {"bridge": ["yes", "yes", "no", ""], "layer": ["", "2", "-1.0", ""], "tunnel": ["", "", "", "yes"]}
    assert read(tmp_path, columns).level == [1, 2, -1, -1]
    assert read(tmp_path, {"tunnel": ["building_passage"], "bridge": ["F"]}).level == [0]


@pytest.mark.parametrize(
    ("name", "word"),
    [("allowed_uses", "hovercraft"), ("allowed_uses", "no auto"), ("modes", "cbt"), ("tsysset", "B,C")],
)
def test_a_use_that_is_not_known_is_refused(tmp_path: Path, name: str, word: str) -> None:
    with pytest.raises(InputError, match=rf"line 2: {name} is '{word}'; write auto for roads open to cars"):
        read(tmp_path, {name: [word]})


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (
            {"form_of_way": ["Dual Carriageway"]},
            r"line 2: form_of_way is 'Dual Carriageway', one side of a road, and no",
        ),
        ({"lanes": ["4"], "lanes_ab": ["3"], "lanes_ba": ["3"]}, r"lanes is 4, and lanes_ab and lanes_ba are 3 and 3"),
        ({"单向车道数": ["2"], "lanes_ab": ["3"]}, r"单向车道数 is 2, and lanes_ab is 3; remove the column"),
        ({"capacity_veh_h": ["900"], "capacity_ab": ["1000"]}, r"capacity_veh_h is 900, and capacity_ab is 1000"),
        ({"speed (km/h)": ["50"], "maxspeed:backward": ["30"]}, r"maxspeed:backward is 30, and speed \(km/h\) is 50"),
        ({"capacity_ab (veh/day)": ["900"]}, r"names the unit 'veh/day', which is none of capacities read here"),
    ],
)
def test_columns_that_say_two_things_are_refused(tmp_path: Path, columns: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read(tmp_path, columns)
