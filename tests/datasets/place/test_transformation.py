"""Positions get from one CRS to another and back."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from citytide.datasets.errors import InputError
from citytide.datasets.place.transformation import transform

SHENZHEN = (114.0579, 22.5431)
DEGREES = ("EPSG:4326", "EPSG:4490", "GCJ-02", "BD-09")


def test_the_known_places_of_shenzhen() -> None:
    assert np.allclose(transform(*SHENZHEN, "EPSG:4326", "EPSG:4547"), (505955.846, 2493941.246), atol=1e-3, rtol=0)
    assert np.allclose(transform(*SHENZHEN, "EPSG:4326", "GCJ-02"), (114.063014, 22.54038281), atol=1e-6, rtol=0)
    assert np.allclose(transform(*SHENZHEN, "EPSG:4326", "BD-09"), (114.06956399, 22.54604156), atol=1e-6, rtol=0)


@given(
    st.floats(113.5, 114.7), st.floats(22.3, 22.9), st.sampled_from(DEGREES), st.sampled_from((*DEGREES, "EPSG:4547"))
)
def test_there_and_back_is_the_same_place(x: float, y: float, crs: str, to: str) -> None:
    back = transform(*transform([x], [y], crs, to), to, crs)
    assert np.abs(back[0] - x).max() < 1e-10 and np.abs(back[1] - y).max() < 1e-10  # 0.01 mm


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.sampled_from(("local", "EPSG:4547", "BD-09")))
def test_one_crs_changes_no_bit(x: float, y: float, crs: str) -> None:
    moved = transform([x], [y], crs, crs)
    assert (moved[0][0], moved[1][0]) == (x, y)


def test_shapes_stay_and_inputs_too() -> None:
    x, y = np.full((2, 3), SHENZHEN[0]), np.full((2, 3), SHENZHEN[1])
    moved = transform(x, y, "BD-09", "EPSG:4547")
    assert moved[0].shape == moved[1].shape == (2, 3)
    assert (x == SHENZHEN[0]).all() and (y == SHENZHEN[1]).all()


@pytest.mark.parametrize(
    ("x", "y", "crs", "to", "told"),
    [
        (
            0.0,
            0.0,
            "local",
            "EPSG:4547",
            "layer is in local, needed in EPSG:4547: a local plane has no position",
        ),
        (1.0, 1.0, "EPSG:4547", "local", "declare every layer as local"),
        (
            22.5,
            114.0,
            "EPSG:4326",
            "EPSG:4547",
            r"position 1 \(22.5, 114\).*longitude and latitude are swapped",
        ),
        (22.5, 114.0, "GCJ-02", "EPSG:4547", r"in GCJ-02, which is defined only in China.*swapped"),
        (8.5, 47.4, "EPSG:4326", "BD-09", "BD-09, which is defined only in China"),
        (38505955.8, 2493941.2, "EPSG:4547", "EPSG:4326", "begins with the number of its zone, 38"),
        ([114.0, np.nan], [22.5, 22.5], "EPSG:4326", "EPSG:4547", r"position 2 \(nan, 22.5\)"),
    ],
)
def test_a_place_that_is_none_is_refused(x: Any, y: Any, crs: str, to: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        transform(x, y, crs, to, file="f.csv")
