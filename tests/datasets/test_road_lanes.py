"""Lanes for cars in one direction."""

from __future__ import annotations

import pytest

from citytide.datasets.road_lanes import find_lanes


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
        ({"lanes": "6", "lanes:psv": "2"}, 2.0, 2.0),
        ({"lanes": "6", "lanes:bus:forward": "1"}, 2.0, 3.0),
        ({"lanes": "4", "lanes:forward": "2", "lanes:backward": "2", "lanes:psv": "2"}, 1.0, 1.0),
        ({"lanes": "4", "lanes:forward": "2", "lanes:backward": "2", "lanes:psv:backward": "1"}, 2.0, 1.0),
        ({"lanes": "4", "bus:lanes:forward": "no|designated", "bus:lanes:backward": "yes|yes"}, 1.0, 2.0),
        ({"lanes": "['4', '2']"}, 1.0, 1.0),
        ({"lanes": "2;4"}, 1.0, 1.0),
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
    ],
)
def test_lanes_of_a_one_way_road(tags: dict[str, str], lanes: float | None) -> None:
    assert find_lanes(tags, True, is_two_way=False) == lanes
