"""Lengths of links against their lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.roads.graph import RoadEdge
from citytide.datasets.traffic.roads.lengths import check_lengths, check_place

FILE = Path("roads.graphml")
LINE = np.array([[0.0, 0.0], [300.0, 400.0]])  # 500 m


def check(factors: list[float], *, drawn: bool = True) -> None:
    tags = {"geometry": "LINESTRING (0 0, 300 400)"} if drawn else {}
    edges = [RoadEdge(k, k + 1, 0, 10 + k, tags) for k in range(len(factors))]
    check_lengths(FILE, edges, 0.5 * np.array(factors), [LINE] * len(factors), "local")


@pytest.mark.parametrize("factor", [1.609344, 1 / 1.609344, 1.27, 1 / 1.27])
@pytest.mark.parametrize("drawn", [True, False])
def test_one_factor_of_all_lengths_is_refused(factor: float, drawn: bool) -> None:
    """Kilometres read as miles, and a plane that stretches, stay within what a single link may be wrong by."""
    with pytest.raises(InputError) as told:
        check([factor] * 12, drawn=drawn)
    what = "drawn line" if drawn else "straight line between the ends"
    assert f"the typical length must be 0.9 to 1.15 times the {what}, the median of 12 links is" in str(told.value)
    assert "length_unit=" in str(told.value) and "crs" in str(told.value)


def test_a_few_lengths_may_differ_from_their_lines() -> None:
    check([1.0, 1.005, 0.995, 1.6, 0.7])
    check([1.6], drawn=False)
    with pytest.raises(InputError, match=r"line 12: a length must be within a factor of 2 .* edge 2-3 has 1500 m"):
        check([1.0, 1.0, 3.0])


def test_a_projected_plane_is_measured_on_the_ground() -> None:
    """One degree of longitude on the equator is as long in EPSG:3857 as on the ground; at 40 N it is 1.3 times so."""
    line = np.array([[12_000_000.0, 4_865_942.0], [12_001_305.4, 4_865_942.0]])
    edge = RoadEdge(1, 2, 0, 10, {"geometry": "LINESTRING (12000000 4865942, 12001305.4 4865942)"})
    check_lengths(FILE, [edge], np.array([1.0]), [line], "EPSG:3857")
    with pytest.raises(InputError, match=r"the median of 1 links is 1\.30"):
        check_lengths(FILE, [edge], np.array([1.3054]), [line], "EPSG:3857")


def test_lengths_that_are_mostly_zero_are_refused() -> None:
    check([0.0, 0.0, 1.0, 1.0])
    with pytest.raises(InputError, match=r"links of length 0 have 1\.5 of the 2\.0 km of all lines; run osmnx"):
        check([0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("x", "y", "crs"),
    [
        (506_000.0, 2_494_000.0, "EPSG:4547"),
        (12_690_000.0, 2_570_000.0, "EPSG:3857"),
        (1_000_000.0, 8_000_000.0, "EPSG:3857"),
        (500_000.0, 2_494_000.0, "EPSG:32651"),
        (2_000_000.0, 6_000_000.0, "EPSG:3832"),
        (8.5, 47.0, "EPSG:4326"),
        (1e9, 1e9, "local"),
    ],
)
def test_roads_may_lie_where_their_plane_is_used(x: float, y: float, crs: str) -> None:
    assert check_place(FILE, np.array([x]), np.array([y]), crs) is None


@pytest.mark.parametrize(
    ("x", "y", "crs"),
    [(12_690_000.0, 2_570_000.0, "EPSG:4547"), (506.0, 2_494.0, "EPSG:4547"), (2_000_000.0, 2_500_000.0, "EPSG:32650")],
)
def test_roads_far_from_where_their_plane_is_used_are_refused(x: float, y: float, crs: str) -> None:
    with pytest.raises(InputError, match=rf"the roads must lie where {crs} is used .* Name the CRS that they are in"):
        check_place(FILE, np.array([x]), np.array([y]), crs)
