"""Lengths that a table states: used with a unit, compared without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from roadfiles import read_columns

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.road_lines.distances import read_distances

MEASURED = np.array([100.0, 200.0])


def test_without_a_column_lines_are_measured(tmp_path: Path) -> None:
    assert read_distances(read_columns(tmp_path, {"name": ["", ""]}), [0, 1], MEASURED, None)[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("cells", [["100", "201"], ["0.1", "0.2"], ["328", "656"], ["", "200"]])
def test_lengths_that_agree_in_some_unit_say_nothing_new(tmp_path: Path, cells: list[str]) -> None:
    factor, notes = read_distances(read_columns(tmp_path, {"length": cells}), [0, 1], MEASURED, None)
    assert factor.tolist() == [1.0, 1.0] and "length is not read: lengths are measured" in notes[0]


@pytest.mark.parametrize(
    ("column", "cells", "declared"),
    [("length (km)", ["0.12", "0"], None), ("length_m", ["120", ""], None), ("distance", ["120", "0"], "m")],
)
def test_lengths_with_a_unit_are_used(tmp_path: Path, column: str, cells: list[str], declared: str | None) -> None:
    factor, notes = read_distances(read_columns(tmp_path, {column: cells}), [0, 1], MEASURED, declared)
    assert factor == pytest.approx([1.2, 1.0]) and "lengths are those of" in notes[0]


@pytest.mark.parametrize(
    ("column", "cells", "declared", "problem"),
    [
        ("length", ["120", "240"], None, r"line 1: column 'length' differs from the lengths of the lines .* 1.2 times"),
        (
            "length",
            ["100", "200"],
            "km",
            r"column 'length' in km is 1000 times the length of the lines; check its unit",
        ),
        ("length_m", ["100", "200"], "km", r"heading 'length_m' says m, but length_unit is km"),
        ("length (yd)", ["1", "2"], None, r"names the unit 'yd', which is no unit of length read here"),
        ("length", ["long", "2"], "m", r"line 2: length is 'long'; give a number >= 0"),
        ("length", ["1", "2"], "yards", r"length_unit is 'yards'; choose one of m, km, mile, ft"),
    ],
)
def test_lengths_that_cannot_be_are_refused(
    tmp_path: Path, column: str, cells: list[str], declared: str | None, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        read_distances(read_columns(tmp_path, {column: cells}), [0, 1], MEASURED, declared)
