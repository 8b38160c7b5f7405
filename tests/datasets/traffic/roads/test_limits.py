"""Speed limits as OpenStreetMap writes them."""

from __future__ import annotations

import pytest

from citytide.datasets.traffic.roads.limits import read_limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("50", 50.0),
        ("30 mph", 30 * 1.609344),
        ("30mph", 30 * 1.609344),
        ("30 knots", 30 * 1.852),
        ("50;30", 30.0),
        ("80|60", 60.0),
        ("50公里/小时", 50.0),
        ("50 Km/H", 50.0),
        ("50 kmph", 50.0),
        ("walk", 6.0),
        ("DE:zone:30", 30.0),
        ("AT:zone30", 30.0),
        ("zone30", 30.0),
        ("GB:zone:20", None),
        ("-1", None),
        ("50 furlongs", None),
        ("50.", None),
        ("none", None),
        ("signals", None),
        ("DE:urban", None),
        ("CN:urban", None),
        ("5O", None),
    ],
)
def test_limits_are_numbers_with_units(text: str, limit: float | None) -> None:
    assert read_limit(text) == (None if limit is None else pytest.approx(limit))
