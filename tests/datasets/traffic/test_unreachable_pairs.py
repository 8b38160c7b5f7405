from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.traffic.network import make_network
from citytide.datasets.synthetic.traffic.textbook import make_braess
from citytide.datasets.traffic.instances import Instance
from citytide.datasets.traffic.unreachable_pairs import find_unreachable_pairs, refuse_unreachable_pairs


def walk(instance: Instance, is_open: np.ndarray, origin: int) -> set[int]:
    """Nodes that a path from the origin reaches, by plain search."""
    reached, front = set(), [origin]
    while front:
        node = front.pop()
        if node != origin and not instance.passable[node]:
            continue
        for link in np.flatnonzero((instance.tail == node) & is_open):
            head = int(instance.head[link])
            if head not in reached:
                reached.add(head)
                front.append(head)
    return reached


@given(st.integers(0, 2**32 - 1))
def test_unreachable_pairs_are_those_that_a_plain_search_does_not_reach(seed: int):
    draw = np.random.default_rng(seed)
    city = make_network("grid", 60, 1)
    city = replace(city, passable=draw.random(city.n_nodes) < 0.8)
    closed = draw.random(city.n_links) < 0.4
    expected = [
        k
        for k, (origin, destination) in enumerate(zip(city.origin.tolist(), city.destination.tolist(), strict=True))
        if destination not in walk(city, ~closed, origin)
    ]
    assert find_unreachable_pairs(city, closed=closed).tolist() == expected
    assert find_unreachable_pairs(city, city.network()[0], closed).tolist() == expected


def test_an_unreachable_pair_is_named_as_the_source_names_it():
    braess = replace(make_braess(), node_id=np.array([101, 102, 103, 104]), capacity=np.array([1.0, 1, 0, 1, 0]))
    with pytest.raises(
        InputError, match="network braess: no path leads from 101 to 102, which has a demand of 6; open"
    ):
        refuse_unreachable_pairs(braess)
    refuse_unreachable_pairs(make_braess())
