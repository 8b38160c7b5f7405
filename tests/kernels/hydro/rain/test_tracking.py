"""Corners followed: known shifts of smooth pictures, from one cell to many, and corners that cannot be followed."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.kernels.hydro.rain.tracking import track_corners

Y, X = np.mgrid[:160, :200].astype(np.float64)


def hills(east: float = 0.0, north: float = 0.0) -> np.ndarray:
    """Hills of several widths; the same ones moved."""
    rng = np.random.Generator(np.random.Philox(3))
    picture = np.zeros(Y.shape)
    for at_x, at_y, wide in zip(rng.uniform(0, 200, 60), rng.uniform(0, 160, 60), rng.uniform(4, 12, 60), strict=True):
        picture += 60.0 * np.exp(-((X - at_x - east) ** 2 + (Y - at_y - north) ** 2) / (2 * wide**2))
    return picture


CORNERS = np.array([[60, 80], [80, 100], [90, 120], [70, 60]])


@pytest.mark.parametrize(("east", "north"), [(0.0, 0.0), (0.3, -0.7), (3.0, 2.0), (-9.5, 6.25), (17.0, -13.0)])
def test_known_shift_is_found_to_a_twentieth_of_a_cell(east: float, north: float) -> None:
    shift, found = track_corners(hills(), hills(east, north), CORNERS)
    assert found.all()
    np.testing.assert_allclose(shift, [[east, north]] * len(CORNERS), atol=0.05)


def test_shift_beyond_the_pyramid_is_why_there_is_one() -> None:
    alone, _ = track_corners(hills(), hills(17.0, -13.0), CORNERS, levels=0, window=21)
    helped, _ = track_corners(hills(), hills(17.0, -13.0), CORNERS, levels=3, window=21)
    error = [np.abs(found - [17.0, -13.0]).max(axis=1) for found in (alone, helped)]
    assert np.median(error[1]) < 0.1 < np.median(error[0])


def test_flat_surroundings_and_leaving_the_picture_are_not_found() -> None:
    picture = np.zeros((160, 200))
    picture[75:85, 95:105] = 100.0
    _, found = track_corners(picture, picture, np.array([[80, 100], [20, 20]]), window=21)
    assert found.tolist() == [True, False]
    gone = np.roll(hills(), 40, axis=1)
    _, found = track_corners(hills(), gone, np.array([[80, 195]]))
    assert not found[0]


def test_threads_and_engines_leave_no_trace() -> None:
    first, second = hills()[:60, :60], hills(1.5, 0.5)[:60, :60]
    corner = np.array([[30, 30], [25, 35]])
    one = track_corners(first, second, corner, window=15)
    for options in ({"threads": 2}, {"engine": "python"}):
        other = track_corners(first, second, corner, window=15, **options)
        np.testing.assert_allclose(other[0], one[0], rtol=0, atol=0 if "threads" in options else 1e-9)
        assert np.array_equal(other[1], one[1])
