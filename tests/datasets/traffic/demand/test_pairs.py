from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.demand.files import DemandPart
from citytide.datasets.traffic.demand.pairs import find_repeated_pair, read_pairs, sort_pairs

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


def test_nodes_are_looked_up_and_pairs_sorted(tmp_path: Path):
    file = tmp_path / "od.csv"
    file.write_text("origin,destination,demand\n70,20,5\n20,70,3\n20,20,1\n")
    pairs, notes = read_pairs(file, np.array([20, 50, 70]))
    assert (pairs.origin.tolist(), pairs.destination.tolist(), pairs.demand.tolist()) == ([0, 2], [2, 0], [3, 5])
    assert pairs.intrazonal == 1 and notes == ()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("20,30,5\n", r"od.csv, line 2: destination 30 is no node of the network; correct the row"),
        ("20,70,5\n20,70,6\n", r"od.csv, line 3: demand from 20 to 70 is given twice, first on line 2; keep one"),
        ("20,70,-5\n", r"od.csv, line 2: demand is -5; give a finite number >= 0"),
        ("20,70,inf\n", r"od.csv, line 2: demand is inf; give a finite number"),
    ],
)
def test_a_bad_pair_is_refused_with_its_line(tmp_path: Path, rows: str, message: str):
    file = tmp_path / "od.csv"
    file.write_text("origin,destination,demand\n" + rows)
    with pytest.raises(InputError, match=message):
        read_pairs(file, np.array([20, 50, 70]))


def test_a_pair_of_two_modes_is_one_pair_once_a_mode_is_chosen(tmp_path: Path):
    file = tmp_path / "od.csv"
    file.write_text("o,d,volume,mode\n20,70,5,car\n20,70,6,truck\n")
    pairs, notes = read_pairs(file, np.array([20, 50, 70]), DemandPart(mode="truck"))
    assert pairs.demand.tolist() == [6] and notes == ("od.csv: mode is truck in every row that is read.",)
