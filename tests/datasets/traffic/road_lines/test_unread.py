"""Names of columns that speak of what changes the answer are refused where they are not read; others are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from roadfiles import A, B, read_columns, write_map

from citytide.datasets.errors import InputError
from citytide.datasets.maps.features import read_features
from citytide.datasets.traffic.road_lines.columns import find_road_columns


@pytest.mark.parametrize(
    ("name", "cell", "problem"),
    [
        ("vmax_kmh", "50", "may hold speeds, and is not read; name it maxspeed, or speed"),
        ("v0prt", "50km/h", "may hold speeds"),
        ("vit_moy_vl", "50", "may hold speeds"),
        ("avgspeed", "50", "may hold speeds"),
        ("speed_obs", "50 km/h", "may hold speeds"),
        ("speedcat", "3", "holds classes of speed, which are not read; give speed limits"),
        ("SpeedClass", "3", "holds classes of speed"),
        ("lanesforward", "2", "may hold lanes, and is not read; name it lanes"),
        ("nb_voies", "2", "may hold lanes"),
        ("r_numlanes", "2", "may hold lanes"),
        ("capprt", "900", "may hold capacities, and is not read; name it capacity_veh_h"),
        ("capac", "900", "may hold capacities"),
        ("hourly_cap", "900", "may hold capacities"),
        ("minutes", "1.5", "holds travel times, which are not read"),
        ("t0", "1.5", "holds travel times"),
        ("time_min", "1.5", "holds travel times"),
        ("travel_time (min)", "1.5", "holds travel times"),
        ("speed_unit", "mph", "states a unit .*; write the unit in the heading"),
        ("closed (yes/no)", "yes", "marks roads"),
        ("sens", "Sens direct", "may hold directions, and is not read; name it oneway"),
        ("traffic_dir", "2", "may hold directions"),
        ("acces_vl", "Libre", "may hold who may drive"),
        ("buslanes", "yes", "may hold bus lanes"),
    ],
)
def test_words_of_known_tools_are_refused(tmp_path: Path, name: str, cell: str, problem: str) -> None:
    with pytest.raises(InputError, match=rf"line 1: column '{re.escape(name.lower())}' {problem}"):
        read_columns(tmp_path, {name: [cell, ""]})


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("planet_id", "5"), ("speed_source", "2020"), ("maxspeed_note", "3 signs"),
        ("pre_dir", "N"), ("landscape", "4"),
        ("surface", "asphalt"), ("escape", "1"), ("capital", "1"), ("SPEEDSRC", "11"), ("oneway_bicycle", "no"),
        ("miscellaneous", "3"), ("sensor", "7"), ("dironsign", "N"), ("lanes", "0"), ("time_of_edit", "12"),
    ],
)  # fmt: skip
def test_other_names_are_told(tmp_path: Path, name: str, cell: str) -> None:
    notes = read_columns(tmp_path, {name: [cell, ""]}).notes
    assert any(name.lower() in note for note in notes) or name == "lanes"


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"reverse_cost": ["-1", "2"]}, "column 'reverse_cost' is negative for one-way roads, and is not read; give a"),
        ({"cost": ["-1", "2"]}, "column 'cost' is negative for one-way roads"),
        ({"reverse_cost": ["1000000", "0.02"]}, "column 'reverse_cost' is very large for one-way roads"),
        ({"cost": ["3", "4"], "reverse_cost": ["1000000", "4"]}, "column 'reverse_cost' is very large"),
    ],
)
def test_costs_that_close_a_direction_are_refused(tmp_path: Path, columns: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_columns(tmp_path, columns)
    assert "oneway" in read_columns(tmp_path, {**columns, "oneway": ["yes", "no"]})


@pytest.mark.parametrize(
    ("name", "cell", "problem"),
    [
        ("motor_ve_1", "no", "'motor_ve_1' may hold who may drive, for its name is cut off, and is not read; save the"),
        (
            "bus_lanes_",
            "yes|designated",
            "'bus_lanes_' may hold bus lanes, .*; save the file as GeoPackage, which keeps",
        ),
        ("lanes_psv_", "1", "'lanes_psv_' may hold bus lanes, .* and name it lanes:psv"),
        ("capacity_v", "900", "'capacity_v' may hold capacities, .*; save the file as GeoPackage"),
    ],
)
def test_cut_names_of_shapefiles_are_refused(tmp_path: Path, name: str, cell: str, problem: str) -> None:
    file = write_map(tmp_path / "roads.shp", [(A, B)], {"highway": ["primary"], name: [cell]})
    with pytest.raises(InputError, match=problem):
        find_road_columns(read_features(file))
