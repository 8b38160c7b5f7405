"""Lanes for cars in one direction."""

from __future__ import annotations

import pytest

from citytide.datasets.traffic.roads.lanes import find_lanes, find_unread_lanes


@pytest.mark.parametrize(
    ("tags", "ahead", "back"),
    [
        ({}, None, None),
        ({"lanes": "4"}, 2.0, 2.0),
        ({"lanes": "3"}, 1.5, 1.5),
        ({"lanes": "1"}, 0.5, 0.5),
        ({"lanes": "4", "lanes:forward": "3", "lanes:backward": "1"}, 3.0, 1.0),
        ({"lanes": "4", "lanes:forward": "3"}, 3.0, 1.0),
        ({"lanes": "3", "lanes:backward": "2"}, 1.0, 2.0),
        ({"lanes": "5", "lanes:both_ways": "1"}, 2.0, 2.0),
        ({"lanes": "5", "lanes:forward": "3", "lanes:both_ways": "1"}, 3.0, 1.0),
        ({"lanes:forward": "2"}, 2.0, None),
        ({"lanes": "2", "lanes:forward": "2"}, 2.0, None),
        ({"lanes": "3", "lanes:backward": "2", "lanes:both_ways": "1"}, None, 2.0),
        ({"lanes": "3", "lanes:forward": "3", "lanes:backward": "0"}, 3.0, 0.0),
        ({"lanes": "3", "lanes:psv:forward": "1"}, 1.0, 1.0),
        ({"lanes": "3", "lanes:psv:forward": "2"}, 0.0, 1.0),
        ({"lanes": "4", "lanes:forward": "2", "access:lanes:forward": "yes|no"}, 1.0, 2.0),
        ({"lanes": "4", "vehicle:lanes:forward": "|no", "bus:lanes:forward": "|designated"}, 1.0, 2.0),
        ({"lanes": "2", "vehicle:lanes:forward": "yes|no", "bicycle:lanes:forward": "|designated"}, 1.0, 1.0),
        ({"lanes": "3", "bus:lanes:forward": "no|designated"}, 1.0, 1.0),
        ({"lanes": "6", "lanes:psv": "2"}, 2.0, 2.0),
        ({"lanes": "6", "lanes:bus:forward": "1"}, 2.0, 3.0),
        ({"lanes": "4", "lanes:forward": "2", "lanes:backward": "2", "lanes:psv": "2"}, 1.0, 1.0),
        ({"lanes": "4", "lanes:forward": "2", "lanes:backward": "2", "lanes:psv:backward": "1"}, 2.0, 1.0),
        ({"lanes": "4", "bus:lanes:forward": "no|designated", "bus:lanes:backward": "yes|yes"}, 1.0, 2.0),
        ({"lanes": "['4', '2']"}, 1.0, 1.0),
        ({"lanes": "2;4"}, 1.0, 1.0),
        ({"lanes": "双向6车道"}, 3.0, 3.0),
        ({"lanes": "单向3车道"}, None, None),
        ({"lanes": "0"}, None, None),
        ({"lanes": "many"}, None, None),
    ],
)
def test_lanes_of_a_two_way_road(tags: dict[str, str], ahead: float | None, back: float | None) -> None:
    assert find_lanes(tags, True, is_two_way=True) == ahead
    assert find_lanes(tags, False, is_two_way=True) == back


@pytest.mark.parametrize(
    ("tags", "lanes"),
    [
        ({}, None),
        ({"lanes": "1"}, 1.0),
        ({"lanes": "3"}, 3.0),
        ({"lanes": "3", "lanes:psv": "1"}, 2.0),
        ({"lanes": "3", "lanes:bus:backward": "1"}, 2.0),
        ({"lanes": "3", "bus:lanes": "no|no|designated"}, 2.0),
        ({"lanes": "3", "lanes:psv": "1", "psv:lanes": "||designated"}, 2.0),
        ({"lanes:forward": "2"}, 2.0),
        ({"lanes": "1", "lanes:psv": "1"}, 0.0),
        ({"lanes": "3", "vehicle:lanes": "yes|yes|no"}, 2.0),
        ({"lanes": "3", "vehicle:lanes": "yes|yes|no", "motor_vehicle:lanes": "||yes"}, 3.0),
        ({"lanes": "1", "access:lanes": "yes|no", "bicycle:lanes": "|designated"}, 1.0),
        ({"lanes": "2", "bus:lanes": "['no|designated', 'no']"}, 1.0),
    ],
)
def test_lanes_of_a_one_way_road(tags: dict[str, str], lanes: float | None) -> None:
    assert find_lanes(tags, True, is_two_way=False) == lanes


@pytest.mark.parametrize(
    ("tags", "unread"),
    [
        ({"lanes": "2+1"}, ["lanes=2+1"]),
        ({"lanes": "two"}, ["lanes=two"]),
        ({"lanes": "-2"}, ["lanes=-2"]),
        ({"lanes": "['2', 'x']", "lanes:forward": "1;y"}, ["lanes=x", "lanes:forward=y"]),
        ({"lanes:psv": "yes"}, ["lanes:psv=yes"]),
        ({"hov:lanes": "designated|"}, ["hov:lanes"]),
        ({"lanes:hov": "1", "busway": "lane", "busway:left": "no"}, ["busway", "lanes:hov"]),
        ({"maxspeed:lanes:backward": "80|60"}, ["maxspeed:lanes:backward"]),
        ({"lanes": "2", "busway:both": "no", "hov:lanes": "no|no", "lanes:bus:forward": "1"}, []),
    ],
)
def test_tags_of_lanes_that_are_not_read_are_named(tags: dict[str, str], unread: list[str]) -> None:
    assert find_unread_lanes(tags) == unread
