"""Speeds and capacities of road lines, with the unit that somebody states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from roadfiles import read_columns

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.road_lines.values import read_capacities, read_speeds


@pytest.mark.parametrize(
    ("column", "cells", "declared", "km_h"),
    [
        ("speed (km/h)", ["50", ""], None, [50.0, np.nan]),
        ("speed_kmh", ["50", "30"], None, [50.0, 30.0]),
        ("speed_mph", ["50", "30"], None, [80.4672, 48.28032]),
        ("speed", ["50", "0"], "mph", [80.4672, np.nan]),
        ("speedlimit", ["50 mph", "50 km/h"], None, [80.4672, 50.0]),
        ("speed_limit", ["13.9", "8.33"], "m/s", [50.04, 29.988]),
        ("speed", ["48", "47.3"], "km/h", [48.0, 47.3]),
        ("限速(公里/小时)", ["60", "40"], None, None),
    ],
)
def test_speeds_become_km_h(
    tmp_path: Path, column: str, cells: list[str], declared: str | None, km_h: list[float] | None
) -> None:
    read = read_speeds(read_columns(tmp_path, {column: cells}), declared)
    if km_h is None:
        assert read == {}  # by OpenStreetMap's rule: the tag is handed on
    else:
        assert read["speed"] == pytest.approx(np.array(km_h), nan_ok=True)


def test_a_speed_for_each_direction_is_read(tmp_path: Path) -> None:
    columns = {"FR_SPD_LIM": ["50", "998"], "TO_SPD_LIM": ["30", "0"]}
    read = read_speeds(read_columns(tmp_path, columns), "km/h")
    assert read["speed:forward"] == pytest.approx(np.array([50.0, np.nan]), nan_ok=True)
    assert read["speed:backward"] == pytest.approx(np.array([30.0, np.nan]), nan_ok=True)


def test_a_declared_unit_holds_for_a_maxspeed_too(tmp_path: Path) -> None:
    assert read_speeds(read_columns(tmp_path, {"maxspeed": ["30"]}), "mph")["maxspeed"].tolist() == [48.28032]
    assert read_speeds(read_columns(tmp_path, {"maxspeed": ["30"]}), None) == {}


@pytest.mark.parametrize(
    ("columns", "declared", "problem"),
    [
        ({"speed": ["50"]}, None, r"line 1: column 'speed' has no unit; declare speed_unit as km/h, mph or m/s"),
        ({"speed": ["13.9"]}, "km/h", r"column 'speed' looks like metres per second: 13.9 m/s is 50 km/h"),
        ({"maxspeed": ["13.9", "8.33"]}, None, r"column 'maxspeed' looks like metres per second"),
        ({"speed": ["500"]}, "km/h", r"line 2: speed is 500, which is 500 km/h; speeds should be 2 to 200 km/h"),
        ({"speed": ["1.5"]}, "km/h", r"line 2: speed is 1.5"),
        ({"speed (km/h)": ["50"]}, "mph", r"heading 'speed \(km/h\)' says km/h, but speed_unit is mph"),
        ({"speed (knots)": ["50"]}, None, r"names the unit 'knots', which is no unit of speed read here"),
        ({"speed": ["fast"]}, "km/h", r"line 2: speed is 'fast'; give a number, or one with its unit"),
        ({"speed": ["50"]}, "kilometres", r"speed_unit is 'kilometres'; choose one of km/h, mph, m/s"),
        ({"speed": ["50"], "maxspeed": ["70"]}, "km/h", r"line 2: maxspeed is 70, and speed is 50 km/h; remove"),
    ],
)
def test_a_speed_that_cannot_be_is_refused(
    tmp_path: Path, columns: dict[str, list[str]], declared: str | None, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        read_speeds(read_columns(tmp_path, columns), declared)


def test_capacities_say_what_they_are_of(tmp_path: Path) -> None:
    per_link, is_per_lane = read_capacities(read_columns(tmp_path, {"capacity (veh/h)": ["1800", ""]}))
    assert per_link["capacity"] == pytest.approx(np.array([1800.0, np.nan]), nan_ok=True) and not is_per_lane
    assert read_capacities(read_columns(tmp_path, {"capacity_per_lane": ["900"]}))[1]
    both, _ = read_capacities(read_columns(tmp_path, {"capacity_ab": ["1800"], "capacity_ba": ["0"]}))
    assert both["capacity:forward"].tolist() == [1800.0] and both["capacity:backward"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (
            {"capacity": ["1800"]},
            r"'capacity' does not say whether it is .* of a lane or of all lanes; name it",
        ),
        ({"capacity (veh/h)": ["-5"]}, r"line 2: capacity \(veh/h\) is -5; give vehicles per hour, above 0"),
        ({"capacity (veh/h)": ["many"]}, r"line 2: capacity \(veh/h\) is 'many'"),
    ],
)
def test_a_capacity_of_nobody_knows_what_is_refused(
    tmp_path: Path, columns: dict[str, list[str]], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        read_capacities(read_columns(tmp_path, columns))


def test_limits_in_metres_per_second_beside_whole_ones_are_refused(tmp_path: Path) -> None:
    cells = ["13.89", "16.67", "22.22", "15"]
    with pytest.raises(InputError, match=r"column 'maxspeed' looks like metres per second: 13.89 m/s is 50 km/h"):
        read_speeds(read_columns(tmp_path, {"maxspeed": cells}), None)
    assert read_speeds(read_columns(tmp_path, {"maxspeed": cells}), "m/s")["maxspeed"].tolist()[3] == 54.0
    assert read_speeds(read_columns(tmp_path, {"maxspeed": ["32.19", "48.28"]}), None) == {}
