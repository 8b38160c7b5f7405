"""One-way streets in the spellings of many tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from roadfiles import read_columns

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.road_lines.ways import read_ways

ALONG, AGAINST, BOTH = "yes", "-1", "no"


@pytest.mark.parametrize(
    ("column", "cells", "meant"),
    [
        ("oneway", ["yes", "no", "-1", ""], [ALONG, BOTH, AGAINST, ""]),
        ("oneway", ["TRUE", "FALSE", "reverse"], [ALONG, BOTH, AGAINST]),
        ("oneway", ["1.0", "0.0", "-1.0"], [ALONG, BOTH, AGAINST]),
        ("oneway", ["Y", "N", ""], [ALONG, BOTH, ""]),
        ("oneway", ["F", "T", "B"], [ALONG, AGAINST, BOTH]),
        ("oneway", ["FT", "TF", "B", ""], [ALONG, AGAINST, BOTH, ""]),
        ("oneway", ["->", "<-", "<->"], [ALONG, AGAINST, BOTH]),
        ("单行", ["是", "否"], [ALONG, BOTH]),
        ("dir_travel", ["F", "T", "B"], [ALONG, AGAINST, BOTH]),
        ("direction", ["0", "1", "2", "3"], [BOTH, BOTH, ALONG, AGAINST]),
        ("direction", ["0", "1", "-1"], [BOTH, ALONG, AGAINST]),
        ("方向", ["双向", "正向", "逆向", "单向"], [BOTH, ALONG, AGAINST, ALONG]),
        ("directed", ["true", "f"], [ALONG, BOTH]),
    ],
)
def test_each_spelling_is_read(tmp_path: Path, column: str, cells: list[str], meant: list[str]) -> None:
    assert read_ways(read_columns(tmp_path, {column: cells}), None)[0] == meant


@pytest.mark.parametrize(
    ("column", "cells", "declared", "meant"),
    [
        ("oneway", ["t", "f"], "boolean", [ALONG, BOTH]),
        ("oneway", ["t", "f"], "osm-letters", [AGAINST, ALONG]),
        ("direction", ["1", "0"], "link-direction", [ALONG, BOTH]),
        ("direction", ["1", "0"], "navigation", [BOTH, BOTH]),
        ("direction", ["1", "2"], "navigation", [BOTH, ALONG]),
        ("direction", ["F", "T", "B"], "osm-letters", [ALONG, AGAINST, BOTH]),
        ("dir_travel", ["F", "T"], "osm-letters", [ALONG, AGAINST]),
        ("oneway", ["N", ""], "boolean", [BOTH, ""]),
        ("oneway", ["N", "N"], None, [BOTH, BOTH]),
    ],
)
def test_what_is_declared_decides(
    tmp_path: Path, column: str, cells: list[str], declared: str | None, meant: list[str]
) -> None:
    assert read_ways(read_columns(tmp_path, {column: cells}), declared)[0] == meant


@pytest.mark.parametrize(
    ("columns", "declared", "problem"),
    [
        (
            {"oneway": ["t", "f"]},
            None,
            r"line 1: column 'oneway' holds F and T, .*; declare oneway=osm-letters",
        ),
        ({"oneway": ["f", "f"]}, None, r"column 'oneway' holds F, which may be"),
        ({"oneway": ["F", "T", "B"]}, "boolean", r"line 4: oneway is 'B'; write yes, no or -1"),
        ({"oneway": ["t", "yes"]}, "boolean", r"line 3: oneway is 'yes'"),
        (
            {"oneway": ["B", "N"]},
            None,
            r"holds N and B: N may be no, or closed.*, or declare oneway=boolean if N is no",
        ),
        ({"oneway": ["N", "", "N"]}, None, r"column 'oneway' holds N and empty cells: N may be no, or closed"),
        ({"direction": ["1", "2"]}, None, r"no other numbers than 1 and 2: .*declare oneway=navigation"),
        ({"dir": ["2", "2"]}, None, r"column 'dir' holds no other numbers than 1 and 2"),
        ({"oneway": ["xyz", ""]}, None, r"line 2: oneway is 'xyz'"),
        ({"direction": ["1", "0"]}, None, r"holds only 0 and 1: .*declare oneway=link-direction .*=navigation"),
        ({"direction": ["2", "-1"]}, None, r"line 3: direction is '-1'"),
        ({"direction": ["N", "S"]}, None, r"line 2: direction is 'N'.*remove the column"),
        ({"oneway": ["yes", "no"], "dir_travel": ["F", "T"]}, None, r"line 3: oneway is 'no', and dir_travel is 'T'"),
        (
            {"oneway": ["0", "1"]},
            "navigation",
            r"oneway=navigation is declared .*no column is read with it; omit oneway",
        ),
        ({"oneway": ["FT", "TF"]}, "boolean", r"oneway=boolean is declared"),
        ({"dir_travel": ["F", "T"]}, "boolean", r"oneway=boolean is declared"),
        ({"name": ["A"]}, "osm-letters", r"oneway=osm-letters is declared \(F along the line, T against it, B both\)"),
        ({"oneway": ["yes"]}, "letters", r"oneway is 'letters'; choose one of osm-letters, boolean, link-direction"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(
    tmp_path: Path, columns: dict[str, list[str]], declared: str | None, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        read_ways(read_columns(tmp_path, columns), declared)


def test_roads_closed_in_both_directions_are_told(tmp_path: Path) -> None:
    assert read_ways(read_columns(tmp_path, {"oneway": ["FT", "N", "TF"]}), None)[1] == [False, True, False]


def test_a_compass_direction_beside_oneway_is_noted(tmp_path: Path) -> None:
    senses, _, notes = read_ways(read_columns(tmp_path, {"oneway": ["yes", "no"], "direction": ["N", "S"]}), None)
    assert senses == [ALONG, BOTH] and "column direction is not read: oneway tells the directions" in notes[0]


def test_a_link_table_says_what_its_numbers_mean(tmp_path: Path) -> None:
    columns = {"direction": ["1", "0"], "a_node": ["1", "2"], "b_node": ["2", "3"]}
    assert read_ways(read_columns(tmp_path, columns), None)[0] == [ALONG, BOTH]
    with pytest.raises(InputError, match=r"line 3: direction is '2'"):
        read_ways(read_columns(tmp_path, {**columns, "direction": ["1", "2"]}), None)
