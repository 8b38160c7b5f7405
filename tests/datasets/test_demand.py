import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.demand import find_repeated_pair, sort_pairs

ENTRIES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 1000).map(float)), max_size=60)


@given(ENTRIES)
def test_pairs_are_sorted_unique_positive_and_lose_no_demand(entries):
    pairs = sort_pairs([e[0] for e in entries], [e[1] for e in entries], [e[2] for e in entries])
    key = pairs.origin * 100 + pairs.destination
    assert (np.diff(key) > 0).all()
    assert (pairs.demand > 0).all() and (pairs.origin != pairs.destination).all()
    assert pairs.demand.sum() + pairs.intrazonal == sum(e[2] for e in entries)
    assert (pairs.origin.dtype, pairs.destination.dtype, pairs.demand.dtype) == (np.int32, np.int32, np.float64)


@given(ENTRIES)
def test_a_repeated_pair_is_found_exactly_when_there_is_one(entries):
    ends = [(e[0], e[1]) for e in entries]
    found = find_repeated_pair([e[0] for e in ends], [e[1] for e in ends])
    assert (found is None) == (len(set(ends)) == len(ends))
    if found is not None:
        assert found[0] < found[1] and ends[found[0]] == ends[found[1]]
