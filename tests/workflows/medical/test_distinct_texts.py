"""Distinct texts: the same as a plain loop finds them, for columns of any kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.workflows.medical import distinct_texts
from citytide.workflows.medical.distinct_texts import factorize

TEXTS = st.lists(st.one_of(st.sampled_from(["", "a", "b", "ab", "ba", "哮喘"]), st.text(max_size=40)), max_size=40)


def factorize_plainly(texts: list[str]) -> tuple[list[str], list[int]]:
    names = list(dict.fromkeys(texts))
    return names, [names.index(text) for text in texts]


def lay_out(texts: list[str]) -> npt.NDArray[Any]:
    return np.array(texts) if texts else np.zeros(0, "U3")


@given(TEXTS, st.integers(1, 5))
def test_texts_have_places_in_the_order_of_their_first_rows(texts: list[str], times: int) -> None:
    column = lay_out([text.rstrip("\0") for text in texts for _ in range(times)])
    names, place = factorize(column)
    assert (names, place.tolist()) == factorize_plainly(column.tolist())


@pytest.mark.parametrize("dtype", [object, np.dtypes.StringDType(), ">U3", "<U50"])
def test_columns_of_other_types_are_factorized_too(dtype: Any) -> None:
    names, place = factorize(np.array(["b", "a", "b"], dtype))
    assert names == ["b", "a"] and place.tolist() == [0, 1, 0]


def test_texts_with_the_same_hash_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct_texts, "_FACTOR", np.uint64(0))  # now all texts have it
    names, place = factorize(np.array(["b", "a", "b", "c"]))
    assert names == ["b", "a", "c"] and place.tolist() == [0, 1, 0, 2]
