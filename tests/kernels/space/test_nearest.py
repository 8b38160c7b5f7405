"""The nearest place or line, against every one of them tried."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.space.nearest import find_nearest, find_nearest_line

PLACES = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=12)


@given(PLACES, PLACES)
def test_the_nearest_place_is_the_first_of_the_nearest(
    points: list[tuple[int, int]], places: list[tuple[int, int]]
) -> None:
    x, y = np.array(points, dtype=float).T
    to_x, to_y = np.array(places, dtype=float).T
    found, distance = find_nearest(x, y, to_x, to_y)
    apart = np.hypot(x[:, None] - to_x, y[:, None] - to_y)
    assert np.allclose(distance, apart.min(axis=1))
    # of places that coincide the first is taken
    assert all(places.index(places[k]) == k for k in found.tolist())


@given(PLACES, st.integers(0, 2**32 - 1))
def test_the_nearest_line_is_the_nearest_of_its_points(points: list[tuple[int, int]], seed: int) -> None:
    import shapely

    rng = np.random.default_rng(seed)
    offset = np.concatenate([[0], np.cumsum(rng.integers(2, 5, 6))])
    line_x, line_y = rng.uniform(-6, 6, (2, offset[-1]))
    x, y = np.array(points, dtype=float).T
    found, distance = find_nearest_line(x, y, offset, line_x, line_y)
    lines = [shapely.linestrings(np.column_stack([line_x, line_y])[a:b]) for a, b in pairwise(offset)]
    apart = shapely.distance(shapely.points(x, y)[:, None], np.array(lines)[None, :])
    assert np.allclose(distance, apart.min(axis=1))
    assert np.allclose(apart[np.arange(len(x)), found], apart.min(axis=1))


def test_of_both_ways_of_a_street_the_first_is_taken() -> None:
    line, _ = find_nearest_line([3.0], [0.1], [0, 2, 4], [0.0, 10.0, 10.0, 0.0], [0.0, 0.3, 0.3, 0.0])
    assert line.tolist() == [0]


def test_no_place_to_be_near_to_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one place to find, got none"):
        find_nearest([0.0], [0.0], [], [])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_of_four_equally_near_places_the_first_is_found(order: tuple[int, ...]) -> None:
    corners = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])[list(order)]
    place, _ = find_nearest([5.0], [5.0], corners[:, 0], corners[:, 1])
    assert place.tolist() == [0]
