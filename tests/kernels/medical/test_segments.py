from __future__ import annotations

from copy import deepcopy
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_events import build_store, unknown_person

from citytide.kernels.medical.events import NO_DAY, UNDATED, PersonEvents
from citytide.kernels.medical.segments import merge_segments

ENGINES: list[Any] = ["numba", "python"]
NAN, MINUS_ZERO = 0x7FC00000, 0x80000000
VALUES = st.sampled_from([NAN, 0, MINUS_ZERO, 0x3F800000, 0xBF800000, 0xC0000000])  # NaN, 0, -0, 1, -1, -2
EVENTS = st.tuples(
    st.sampled_from([-3, 0, 1, 2, UNDATED]), st.integers(0, 1), st.integers(0, 2), st.integers(0, 1), VALUES,
    st.sampled_from([-1, 5]), st.integers(0, 1),
)  # fmt: skip
DAYS = st.sampled_from([NO_DAY, 1, 2, 3])
PSEUDONYMS = st.tuples(st.sampled_from([0, 5, 2**64 - 1]), st.sampled_from([0, 7, 2**63]))
RECORDS = st.tuples(
    PSEUDONYMS, st.fixed_dictionaries({"birth_day": DAYS, "death_day": DAYS, "observed_from": DAYS, "observed_to": DAYS,
                                       "sex": st.integers(0, 2), "area": st.integers(0, 2)}),
    st.lists(EVENTS, max_size=4),
)  # fmt: skip


def gather(records: Any) -> PersonEvents:
    """One store from records in their order, by the rules of a person's columns."""
    persons: dict[Any, Any] = {}
    for pseudonym, columns, events in records:
        person = persons.setdefault(pseudonym, unknown_person(pseudonym))
        person["events"] |= set(events)
        for name, unknown in (("birth_day", NO_DAY), ("sex", 0)):
            person[name] = columns[name] if person[name] == unknown else person[name]
        for name, unknown in (("death_day", NO_DAY), ("area", 0)):
            person[name] = person[name] if columns[name] == unknown else columns[name]
        begins = [day for day in (person["observed_from"], columns["observed_from"]) if day != NO_DAY]
        person["observed_from"] = min(begins, default=NO_DAY)
        person["observed_to"] = max(person["observed_to"], columns["observed_to"])
    return build_store(list(persons.values()))


def assert_same(found: PersonEvents, expected: PersonEvents) -> None:
    for field in fields(PersonEvents):
        mine, other = getattr(found, field.name), getattr(expected, field.name)
        if mine is None or other is None:
            assert mine is other, field.name
            continue
        assert (mine.dtype, mine.shape, mine.tobytes()) == (other.dtype, other.shape, other.tobytes()), field.name


@settings(max_examples=120, deadline=None)
@given(records=st.lists(RECORDS, max_size=12), cuts=st.lists(st.integers(0, 12), max_size=5))
def test_segments_merge_to_the_store_of_all_their_records(records: Any, cuts: list[int]) -> None:
    bound = [0, *sorted(cuts), len(records)]
    segments = [gather(records[a:b]) for a, b in pairwise(bound)]
    for engine in ENGINES:
        assert_same(merge_segments(segments, engine=engine), gather(records))


def test_many_segments_that_interleave_merge_in_any_grouping() -> None:
    random = np.random.default_rng(1)
    records = [
        ((int(random.integers(9)) << 52, 3), unknown_person((0, 0)) | {"area": int(random.integers(3))},
         [(int(random.integers(200)), 1, int(random.integers(9)), 0, NAN, -1, 0) for _ in range(3)])
        for _ in range(300)
    ]  # fmt: skip
    segments = [gather(records[at : at + 10]) for at in range(0, 300, 10)]
    whole = merge_segments(segments)
    assert_same(whole, gather(records))
    for step in (2, 7):
        grouped = [merge_segments(segments[at : at + step]) for at in range(0, 30, step)]
        assert_same(merge_segments(grouped), whole)
    assert set(whole.bucket.tolist()) == set(range(9))


def test_one_segment_is_returned_as_it_is() -> None:
    store = gather([((1, 2), unknown_person((1, 2)), [])])
    assert merge_segments([store]) is store


@given(st.lists(RECORDS, max_size=6), st.lists(RECORDS, max_size=6), st.sets(PSEUDONYMS), st.sets(PSEUDONYMS))
@settings(max_examples=40)
def test_persons_whom_no_segment_lists_are_left_out(one: Any, two: Any, first: Any, second: Any) -> None:
    def take(records: Any, names: Any) -> PersonEvents:
        store = gather(records)
        return replace(store, listed=np.array([tuple(who) in names for who in store.pseudonym.tolist()], np.uint8))

    merged = merge_segments([take(one, first), take(two, second)])
    told = [{record[0] for record in records} & names for records, names in ((one, first), (two, second))]
    listed = gather([record for record in (*one, *two) if record[0] in told[0] | told[1]])
    assert_same(replace(merged, listed=None), listed)
    assert_same(replace(merge_segments([take(one, first)]), listed=None), gather([r for r in one if r[0] in first]))


def test_segments_are_left_as_they_were() -> None:
    one = gather([((1, 2), unknown_person((1, 2)) | {"sex": 1}, [(4, 1, 1, 0, NAN, -1, 0)])])
    before = deepcopy(one)
    merge_segments([one, one])
    assert_same(one, before)
    assert_same(merge_segments([one, one]), one)


def test_what_cannot_be_merged_is_refused() -> None:
    with pytest.raises(ValueError, match="segments must be at least one, got none"):
        merge_segments([])
    two = gather([((at, 0), unknown_person((at, 0)), []) for at in (1, 2)])
    turned = replace(two, pseudonym=two.pseudonym[::-1])
    words = "persons of a segment must be sorted by pseudonym, each once, got segment 1 with 2 persons and 2 pseudonyms"
    with pytest.raises(ValueError, match=words):
        merge_segments([two, turned])
    with pytest.raises(ValueError, match="each once, got segment 0"):
        merge_segments([replace(two, pseudonym=two.pseudonym[[0, 0]]), two])
    with pytest.raises(ValueError, match=r"offset of segment 1 must rise from 0 to the number of rows \(0\)"):
        merge_segments([two, replace(two, offset=np.array([0, 0, 3]))])
