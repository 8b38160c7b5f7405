"""Positions whose two numbers are swapped are refused."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from citytide.datasets.errors import InputError
from citytide.datasets.place.axis_order import refuse_swapped
from citytide.datasets.place.transformation import transform

FUTIAN = (113.99, 22.50, 114.10, 22.59)


def test_swapped_degrees_are_refused_with_their_line() -> None:
    told = r"f\.csv, line 9: longitude 22\.54 and latitude 114\.06 are swapped \(so are 1 more\); swap the two columns"
    with pytest.raises(InputError, match=told):
        refuse_swapped([114.0, 22.54, 22.6], [22.5, 114.06, 114.1], file="f.csv", line=[8, 9, 10])


def test_swapped_degrees_are_told_by_the_city_where_both_orders_exist() -> None:
    zurich = (8.4, 47.3, 8.6, 47.5)
    refuse_swapped([47.4], [8.5])  # off Somalia: nothing says that this is wrong
    refuse_swapped([8.5, 7.4], [47.4, 46.9], within=zurich)  # Bern is elsewhere, yet not swapped
    with pytest.raises(InputError, match=r"position 2: longitude 47\.4 and latitude 8\.5 are swapped"):
        refuse_swapped([8.5, 47.4], [47.4, 8.5], within=zurich)


@given(st.floats(FUTIAN[0], FUTIAN[2]), st.floats(FUTIAN[1], FUTIAN[3]))
def test_the_right_order_passes_and_the_wrong_one_never(longitude: float, latitude: float) -> None:
    refuse_swapped([longitude], [latitude], within=FUTIAN)
    with pytest.raises(InputError, match="swapped"):
        refuse_swapped([latitude], [longitude], within=FUTIAN)


@given(st.floats(113.7, 114.7), st.floats(22.4, 22.9), st.sampled_from(("EPSG:4547", "EPSG:32650", "EPSG:2326")))
def test_eastings_and_northings_are_told_apart(longitude: float, latitude: float, crs: str) -> None:
    x, y = transform([longitude], [latitude], "EPSG:4326", crs)
    refuse_swapped(x, y, crs=crs)
    if crs == "EPSG:2326":  # Hong Kong's origin makes both numbers alike
        return
    with pytest.raises(InputError, match=f"in {crs} are swapped; swap the two columns: x is the easting"):
        refuse_swapped(y, x, crs=crs)


def test_a_plane_that_is_nowhere_has_no_order() -> None:
    refuse_swapped([2493941.2], [505955.8], crs="local")


def test_metres_are_no_degrees() -> None:
    with pytest.raises(InputError, match=r"latitude 2493941\.2 are not degrees; if they are metres"):
        refuse_swapped([505955.8], [2493941.2])
    with pytest.raises(InputError, match="nan"):
        refuse_swapped([np.nan], [22.5])
