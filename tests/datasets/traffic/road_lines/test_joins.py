"""Where lines meet, and where one only passes over the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.road_lines.joins import cut_lines, find_places

FILE = Path("roads.csv")


@pytest.mark.parametrize("at", [0.0, 0.005, 12345.675, 0.0149999])
def test_ends_a_millimetre_apart_are_one_wherever_they_lie(at: float) -> None:
    points = np.array([[at, at], [at + 0.001, at], [at, at + 0.0101], [at + 0.5, at]])
    assert find_places(points, "local", file=FILE).tolist() == [0, 0, 0, 1]


def test_ends_two_centimetres_apart_are_two() -> None:
    assert find_places(np.array([[0.0, 0.0], [0.02, 0.0]]), "local", file=FILE).tolist() == [0, 1]


@pytest.mark.parametrize("latitude", [0.0, 60.5, -80.0])
def test_a_centimetre_is_one_on_the_ground_at_every_latitude(latitude: float) -> None:
    east = 1.0 / 111_195.0 / np.cos(np.deg2rad(latitude))
    points = np.array(
        [[24.0, latitude], [24.0 + 0.009 * east, latitude], [24.0 - 0.02 * east, latitude], [25.0, latitude]]
    )
    assert find_places(points, "EPSG:4326", file=FILE).tolist() == [0, 0, 1, 2]


def test_degrees_declared_as_metres_are_refused() -> None:
    points = np.column_stack([np.arange(0.0, 1.0, 0.005), np.zeros(200)])
    with pytest.raises(InputError, match=r"follow each other within 1 cm; check the CRS"):
        find_places(points, "local", file=FILE)


def cut(lines: list[list[int]], level: list[int]) -> list[list[int]]:
    """The places of each piece; equal places of different nodes differ in the first number of their pair."""
    offset = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
    pieces, _ = cut_lines(offset, np.concatenate(lines).astype(np.int64), np.array(level))
    return [lines[piece.line][piece.low : piece.high + 1] for piece in pieces]


@pytest.mark.parametrize(
    ("lines", "level", "pieces"),
    [
        ([[0, 1, 2], [3, 1, 4]], [0, 0], [[0, 1], [1, 2], [3, 1], [1, 4]]),  # a crossing
        ([[0, 1, 2], [3, 1, 4]], [0, 1], [[0, 1, 2], [3, 1, 4]]),  # a bridge over it
        ([[0, 1, 2], [3, 1]], [0, 1], [[0, 1], [1, 2], [3, 1]]),  # a bridge that ends on a street
        ([[0, 1, 2], [3, 1], [1, 4]], [1, 0, 0], [[0, 1], [1, 2], [3, 1], [1, 4]]),  # ramps of a bridge
        ([[0, 1, 2], [3, 1, 4], [5, 1]], [1, 0, 0], [[0, 1, 2], [3, 1], [1, 4], [5, 1]]),  # a side street below
        ([[0, 1, 2, 3, 1, 4]], [0], [[0, 1], [1, 2, 3, 1], [1, 4]]),  # a line that meets itself
        ([[0, 1, 2, 0], [3, 1]], [0, 0], [[0, 1], [1, 2, 0], [3, 1]]),  # a ring
        ([[0, 1, 2], [2, 1, 0]], [0, 0], [[0, 1, 2], [2, 1, 0]]),  # there and back
        ([[0, 1, 2], [2, 1, 0], [3, 1]], [0, 0, 0], [[0, 1], [1, 2], [2, 1], [1, 0], [3, 1]]),
    ],
)
def test_lines_are_cut_where_they_meet(lines: list[list[int]], level: list[int], pieces: list[list[int]]) -> None:
    assert cut(lines, level) == pieces


def test_a_street_below_a_bridge_has_another_node_than_the_bridge() -> None:
    """Both are cut where a side road of their own level ends, at one place."""
    offset = np.array([0, 3, 6, 8, 10])
    pieces, vertex = cut_lines(offset, np.array([0, 1, 2, 3, 1, 4, 5, 1, 6, 1]), np.array([1, 0, 0, 1]))
    at = {piece.end for piece in pieces if piece.line == 2}, {piece.end for piece in pieces if piece.line == 3}
    assert len(pieces) == 6 and at[0] != at[1] and len(vertex) == 8
