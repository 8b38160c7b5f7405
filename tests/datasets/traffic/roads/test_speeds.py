"""Free-flow speeds from tags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.roads.graph import RoadEdge
from citytide.datasets.traffic.roads.speeds import read_speeds

FILE = Path("roads.graphml")


def read(tags: dict[str, str], *, km: float = 1.0, along: bool = True) -> tuple[float, list[str]]:
    notes: list[str] = []
    edge = RoadEdge(4, 7, 0, 12, {"osmid": "99", **tags}, along)
    speed, _ = read_speeds(FILE, [edge], ["primary"], np.array([km]), notes)
    return float(speed[0]), notes


@pytest.mark.parametrize(
    ("tags", "speed"),
    [
        ({}, 50.0),
        ({"maxspeed": "60"}, 60.0),
        ({"maxspeed": "['60', '40']"}, 40.0),
        ({"maxspeed": "60", "maxspeed:forward": "70"}, 70.0),
        ({"maxspeed": "60", "maxspeed:backward": "70"}, 60.0),
        ({"speed_kph": "42.5"}, 42.5),
        ({"travel_time": "72"}, 50.0),
        ({"speed_kph": "42.5", "travel_time": "84.7"}, 42.5),
        ({"speed_kph": "48.3", "maxspeed": "30 mph"}, 48.3),
        ({"speed_kph": "50.0", "maxspeed": "['60', '40']"}, 50.0),
        ({"speed_kph": "25.0", "maxspeed": "7"}, 25.0),
        ({"speed_kph": "50.0", "maxspeed": "CN:urban"}, 50.0),
    ],
)
def test_what_is_stated_wins(tags: dict[str, str], speed: float) -> None:
    assert read(tags)[0] == pytest.approx(speed)


def test_a_limit_against_the_line_is_that_of_the_other_edge() -> None:
    assert read({"maxspeed:forward": "70", "maxspeed:backward": "30"}, along=False)[0] == 30.0


def test_a_time_rounded_to_nothing_is_still_a_speed() -> None:
    assert 2.0 <= read({"travel_time": "0.0"}, km=0.0005)[0] <= 200.0


def test_notes_tell_the_source_and_the_words_not_read() -> None:
    assert "Speeds of 1 links are those of speed_kph." in read({"speed_kph": "50"})[1]
    assert "Speed limits that are not read: CN:urban (1)." in read({"maxspeed": "CN:urban"})[1]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (
            {"maxspeed": "500"},
            r"line 12: a speed must be from 2 to 200 km/h, edge 4-7 \(way 99\) has 500 km/h by maxsp",
        ),
        ({"maxspeed": "0"}, "a speed must be from 2 to 200 km/h"),
        ({"speed_kph": "0.5"}, "has 0.5 km/h by speed_kph"),
        ({"speed_kph": "fast"}, "speed_kph must be a number >= 0, edge 4-7"),
        ({"travel_time": "1.2"}, "has 3000 km/h by travel_time 1.2; are these seconds, and the lengths metres"),
        (
            {"speed_kph": "50", "travel_time": "1.2"},
            "travel_time must be length / speed_kph, .* 1.2 s for 1000 m at 50",
        ),
        ({"speed_kph": "13.9", "maxspeed": "50"}, "speed_kph and maxspeed must agree, .* 13.9 km/h and maxspeed 50"),
    ],
)
def test_what_cannot_be_true_is_refused(tags: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tags)
