"""What is told of two arrays does not depend on the blocks they are read in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from citytide.workflows.comparison.differences import Difference, subtract

VALUES = arrays(np.float64, 24, elements=st.sampled_from([0.0, -1.0, 2.5, 7.0, np.nan, np.inf, -np.inf]))


def measure(a: Any, b: Any, step: int = 24) -> dict[str, Any]:
    told = Difference("x", "m", ("row",))
    for at in range(0, len(a), step):
        told.add(a[at : at + step], b[at : at + step], corner=(at,))
    return {**told.to_json(), "place": told.place}


@given(a=VALUES, b=VALUES, step=st.integers(1, 24))
def test_blocks_of_any_size_tell_the_same(a: np.ndarray, b: np.ndarray, step: int) -> None:
    assert measure(a, b, step) == measure(a, b)


@given(a=VALUES)
def test_an_array_against_itself_is_all_zeros(a: np.ndarray) -> None:
    told = measure(a, a.copy())
    assert told["differing"] == told["without_size"] == 0 and told["largest_difference"] in (0.0, None)
    assert not subtract(a, a)[0].any()


@given(a=VALUES, b=VALUES)
def test_swapped_runs_differ_by_the_sign_alone(a: np.ndarray, b: np.ndarray) -> None:
    there, back = measure(a, b), measure(b, a)
    assert (there["differing"], there["without_size"]) == (back["differing"], back["without_size"])
    if there["largest_difference"]:
        assert there["largest_difference"] == -back["largest_difference"]
        assert there["mean_difference"] == pytest.approx(-back["mean_difference"])


def test_the_largest_difference_stands_where_it_is() -> None:
    told = measure(np.array([1.0, 5.0, np.nan, 4.0]), np.array([1.0, 2.0, 3.0, 4.5]))
    assert (told["compared"], told["differing"], told["without_size"]) == (4, 3, 1)
    assert (told["largest_difference"], told["place"], told["a"], told["b"]) == (-3.0, (1,), 5.0, 2.0)
    assert told["mean_difference"] == pytest.approx(-2.5 / 3) and told["relative"] == 3.0 / 5.0


def test_whole_numbers_and_truths_are_subtracted_as_numbers() -> None:
    told = measure(np.array([250, 3], np.uint8), np.array([3, 250], np.uint8))
    assert told["largest_difference"] == -247.0 and told["mean_difference"] == 0.0
    assert measure(np.array([True, False]), np.array([False, False]))["largest_difference"] == -1.0


def test_texts_differ_without_a_size() -> None:
    told = measure(np.array(["a", "b"], object), np.array(["a", "c"], object))
    assert (told["differing"], told["without_size"], told["largest_difference"]) == (1, 1, None)
    assert (told["a"], told["b"], told["place"]) == ("b", "c", (1,))
