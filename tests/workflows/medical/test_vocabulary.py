"""Vocabularies: ranked once, then only made longer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.workflows.medical.errors import EventsError
from citytide.workflows.medical.vocabulary import Vocabulary, extend_vocabulary, merge_names, rank_codes

COUNTS = st.dictionaries(st.text(max_size=4), st.integers(1, 50), max_size=12)


@given(COUNTS)
def test_codes_are_ranked_by_rows_and_then_by_text(counts: dict[str, int]) -> None:
    told = rank_codes(dict(reversed(counts.items())))
    assert told == rank_codes(counts) and set(told.codes) == set(counts) and told.version == 1
    keys = [(-rows, code) for code, rows in zip(told.codes, told.rows, strict=True)]
    assert keys == sorted(keys)


@given(COUNTS, COUNTS)
def test_ranks_are_frozen_and_new_codes_come_behind(first: dict[str, int], then: dict[str, int]) -> None:
    before = rank_codes(first)
    after = extend_vocabulary(before, then, new_codes="add", least=10)
    assert after.codes[: len(before.codes)] == before.codes and set(after.codes) == {*first, *then}
    assert after.version == before.version + bool(set(then) - set(first))
    assert dict(zip(after.codes, after.rows, strict=True)) == {code: then.get(code, 0) for code in after.codes}


def test_hash_is_of_the_list_and_not_of_its_joined_text() -> None:
    assert Vocabulary(("a", "b"), (1, 1)).sha256 != Vocabulary(("b", "a"), (1, 1)).sha256
    assert Vocabulary(('a","b',), (1,)).sha256 != Vocabulary(("a", "b"), (1, 1)).sha256


def test_unknown_codes_are_named_unless_they_are_rare() -> None:
    before = Vocabulary(("I10",), (9,), version=3)
    with pytest.raises(
        EventsError,
        match=r"an append must have the codes of its store, but 2 are not in its vocabulary \(version 3\): "
        r"'E11' \(40 rows\) and 1 others; correct the source, or set new_codes=add, which makes version 4",
    ) as refused:
        extend_vocabulary(before, {"I10": 5, "E11": 40, "Q99": 3}, new_codes="refuse", least=10)
    assert "Q99" not in str(refused.value)
    with pytest.raises(EventsError, match="1 that are rare, so not named here; correct"):
        extend_vocabulary(before, {"Q99": 3}, new_codes="refuse", least=10)
    assert extend_vocabulary(before, {"I10": 2}, new_codes="refuse", least=10).version == 3


def test_names_keep_their_places() -> None:
    assert merge_names((), {"b": 1, "a": 1}) == ("", "a", "b")
    assert merge_names(("", "b"), {"a": 1, "b": 1, "": 1}) == ("", "b", "a")
    with pytest.raises(
        EventsError, match="a store numbers at most 65535 areas or facilities, but the source has 65536"
    ):
        merge_names((), {str(number): 1 for number in range(65_536)})


def test_ranks_are_as_short_as_they_can_be() -> None:
    assert Vocabulary(tuple(map(str, range(65_535))), (1,) * 65_535).dtype == "uint16"
    assert Vocabulary(tuple(map(str, range(65_536))), (1,) * 65_536).dtype == "uint32"
