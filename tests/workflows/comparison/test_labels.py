"""Rows are matched by their labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.errors import RunError
from citytide.workflows.comparison.labels import match_labels, match_positions, parse_at, spell

LABELS = st.lists(st.integers(-50, 50), unique=True, min_size=1, max_size=30)


@given(a=LABELS, b=LABELS)
def test_every_label_is_matched_with_its_like_or_named_as_lone(a: list[int], b: list[int]) -> None:
    if not set(a) & set(b):
        if len(a) > 1 or len(b) > 1:
            with pytest.raises(RunError, match="must have a label that is in both runs"):
                match_labels("link", np.array(a), np.array(b))
        return
    found = match_labels("link", np.array(a), np.array(b))
    assert [a[i] for i in found.a] == [b[i] for i in found.b] == [label for label in a if label in b]
    assert set(found.only_a) == {str(label) for label in set(a) - set(b)}
    assert set(found.only_b) == {str(label) for label in set(b) - set(a)}
    assert found.describe()["only_in_a"]["count"] == len(found.only_a) and len(found) + len(found.only_b) == len(b)


def test_lone_labels_are_counted_and_the_first_are_named() -> None:
    found = match_labels("link", np.arange(9), np.array([0, 77]))
    assert found.sentences() == ["link: 8 only in A: 1, 2, 3, 4, 5, ....", "link: 1 only in B: 77."]


def test_one_label_in_each_run_is_matched_and_this_is_said() -> None:
    found = match_labels("scenario", np.array(["base"], object), np.array(["shut"], object))
    assert found.sentences() == ["scenario: 'base' of A is compared with 'shut' of B."]
    assert found.name_row(0) == "base -> shut" and found.describe()["how"] == "only one"


def test_picked_labels_may_be_numbers_in_another_spelling() -> None:
    found = match_labels("factor", np.array([0.5, 1.0]), np.array([1.0, 2.0]), ("1", "2.00"))
    assert (found.a.tolist(), found.b.tolist(), found.only_a) == ([1], [1], ())


def test_times_are_labels_without_idle_zeros() -> None:
    moments = np.array(["2023-09-07T13:10", "2023-09-07T13:20"], "datetime64[ns]")
    assert spell(moments)[0] == "2023-09-07T13:10:00"
    assert match_labels("time", moments[1:], moments).b.tolist() == [1]


def test_what_cannot_be_matched_is_refused_in_a_sentence() -> None:
    with pytest.raises(RunError, match=r"--at must name a label of dim 'x', got 'z', but run B has 'b'"):
        match_labels("x", np.array(["z"], object), np.array(["b"], object), ("z", "z"))
    with pytest.raises(RunError, match="must differ to be matched, but run B gives one of them twice"):
        match_labels("x", np.array([1]), np.array([2, 2]))
    with pytest.raises(RunError, match="dim 'event' has no labels to match by, and A has 3 rows but B 4"):
        match_positions("event", 3, 4)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["scenario"], "--at must be DIM=LABEL or DIM=LABEL_OF_A=LABEL_OF_B, got 'scenario'"),
        (["a=b=c=d"], "got 'a=b=c=d'"),
        (["a="], "got 'a='"),
        (["a=1", "a=2"], "--at must name each dim once, got 'a' twice"),
    ],
)
def test_at_in_another_form_is_refused(words: list[str], sentence: str) -> None:
    with pytest.raises(RunError) as refused:
        parse_at(words)
    assert sentence in str(refused.value)
