"""Corners: found where two edges meet, never where there is one or none."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.hydro.rain.corners import find_corners


def square(shape: tuple[int, int] = (60, 80)) -> np.ndarray:
    picture = np.zeros(shape)
    picture[15:40, 20:55] = 100.0
    return picture


def test_corners_of_a_square_are_found_and_nothing_on_its_edges() -> None:
    found = find_corners(square())
    expected = np.array([[15, 20], [15, 54], [39, 20], [39, 54]])
    away = np.abs(found[:, None] - expected[None]).max(axis=2)
    assert (away.min(axis=0) <= 2).all() and (away.min(axis=1) <= 4).all()


def test_flat_picture_and_a_straight_edge_have_none() -> None:
    assert find_corners(np.full((30, 30), 7.0)).shape == (0, 2)
    edge = np.zeros((40, 40))
    edge[:, 20:] = 1.0
    assert find_corners(edge).shape == (0, 2)


def test_forbidden_cells_hold_no_corner() -> None:
    allowed = np.ones((60, 80), dtype=bool)
    allowed[:, :40] = False
    found = find_corners(square(), allowed)
    assert len(found) == 2 and (found[:, 1] >= 40).all()


@given(st.integers(0, 1000), st.integers(3, 15), st.integers(1, 20))
def test_corners_keep_apart_and_are_no_more_than_asked(seed: int, apart: int, most: int) -> None:
    picture = np.random.Generator(np.random.Philox(seed)).random((50, 60))
    found = find_corners(picture, apart=apart, most=most)
    assert 1 <= len(found) <= most
    gap = np.abs(found[:, None] - found[None]).max(axis=2) + np.eye(len(found), dtype=int) * 99
    assert (gap >= apart).all()
