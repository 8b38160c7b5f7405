"""The prediction follows from the measured rate."""

from __future__ import annotations

from typing import Any

import pytest

from citytide.benchmarks.gpu.prediction import predict_city

RATE: dict[str, Any] = {
    "kernel": "hydro.advance_inertia", "engine": "cuda", "dtype": "f4", "role": "large", "n": 4000, "members": 8,
    "case": "advance_inertia (cuda)", "updates_per_second": 60e9,
}  # fmt: skip


def test_twice_the_rate_takes_half_the_time() -> None:
    once, twice = predict_city([RATE]), predict_city([{**RATE, "updates_per_second": 120e9}])
    assert once is not None and twice is not None
    assert once["seconds"] == pytest.approx(2.0 * twice["seconds"])
    # 20 members, 2000 km2 in cells of 100 m2, 7200 s in steps of 0.45 x 10 m / sqrt(9.81 m/s2 x 3 m)
    assert once["seconds"] == pytest.approx(20 * 2e7 * 7200.0 * (9.81 * 3.0) ** 0.5 / 4.5 / 60e9, rel=1e-3)


def test_the_rate_with_maps_and_the_most_members_counts() -> None:
    others = [{**RATE, "members": 1, "updates_per_second": 1.0}, {**RATE, "dtype": "f8", "n": 9000}]
    fed = {**RATE, "case": "advance_inertia (cuda, maps and rain)", "updates_per_second": 30e9}
    told = predict_city([*others, fed, RATE])
    assert told is not None and told["updates_per_second"] == 30e9


def test_nothing_is_predicted_without_a_rate() -> None:
    assert predict_city([{**RATE, "role": "compared"}]) is None
