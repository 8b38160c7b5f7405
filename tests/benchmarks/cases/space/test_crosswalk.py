"""The growth of the crosswalk is told per pair of link and cell."""

from __future__ import annotations

from citytide.benchmarks.cases.space.crosswalk import measure_crosswalk


def test_growing_parts_of_a_city_are_laid_over_cells() -> None:
    told = measure_crosswalk("2km", shares=(0.5, 1.0), rounds=1)
    half, whole = told["sizes"]
    assert 0 < half["pairs"] < whole["pairs"] and half["links"] < whole["links"]
    assert all(row["cpu_seconds"] > 0 for row in told["sizes"]) and told["factor"] > 0
