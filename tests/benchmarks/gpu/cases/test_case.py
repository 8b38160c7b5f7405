"""Errors are found whatever form they have."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.benchmarks.gpu.cases.case import find_error, find_mean_error

INF = float("inf")


@pytest.mark.parametrize(
    ("found", "expected", "error"),
    [
        ([1.0, np.nan, INF], [1.0, np.nan, INF], 0.0),  # nothing is known, or never came: that agrees too
        ([1.0, 3.0], [1.0, 4.0], 0.25),
        ([1.0, 0.5], [0.0, 0.0], 1.0),  # of nothing, the difference itself
        ([1.0, np.nan], [1.0, 4.0], INF),
        ([1.0, 4.0], [1.0, np.nan], INF),
        ([1.0, INF], [1.0, -INF], INF),
        ([1.0], [1.0, 4.0], INF),
        ([], [], 0.0),
    ],
)
def test_error_is_the_largest_difference_over_the_largest_value(
    found: list[float], expected: list[float], error: float
) -> None:
    assert find_error({"it": np.array(found)}, {"it": np.array(expected)}) == error


def test_the_worst_of_all_arrays_counts_and_one_that_is_missing_is_no_success() -> None:
    right, wrong = np.ones(3), np.array([1.0, 1.0, 0.5])
    assert find_error({"a": right, "b": wrong}, {"a": right, "b": right}) == 0.5
    with pytest.raises(KeyError):
        find_error({"a": right}, {"a": right, "b": right})


def test_mean_error_bears_two_values_that_exchanged_places_and_not_a_field_that_is_gone() -> None:
    field = np.linspace(0.0, 1.0, 10_001)
    swapped = field.copy()
    swapped[[3, 9_000]] = field[[9_000, 3]]
    assert 0.0 < find_mean_error({"it": swapped}, {"it": field}) < 1e-3
    assert find_mean_error({"it": np.full_like(field, np.nan)}, {"it": field}) == INF
    assert find_mean_error({"it": field[:5]}, {"it": field}) == INF
