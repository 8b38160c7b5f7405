import numpy as np

from citytide.datasets.synthetic.traffic.simplification import (
    Chains,
    Pieces,
    join_pieces,
    open_one_way,
    prune_dead_ends,
)


def make_pieces(ends: list[tuple[int, int]], way: list[int] | None = None, street: list[int] | None = None) -> Pieces:
    start, end = np.array(ends).T
    zero = np.zeros(len(ends), dtype=np.int64)
    return Pieces(
        int(max(start.max(), end.max())) + 1, start, end, zero, zero,
        zero if way is None else np.array(way), zero if street is None else np.array(street),
    )  # fmt: skip


def routes(chains: Chains) -> set[tuple[int, ...]]:
    return {tuple(chains.point[a:b]) for a, b in zip(chains.offset, chains.offset[1:], strict=False)}


def join(pieces: Pieces) -> set[tuple[int, ...]]:
    return routes(join_pieces(pieces, np.zeros(pieces.n_points, dtype=bool)))


def test_a_street_of_three_pieces_is_one_link_each_way():
    assert join(make_pieces([(0, 1), (2, 1), (2, 3)])) == {(0, 1, 2, 3), (3, 2, 1, 0)}


def test_a_one_way_street_is_one_link():
    assert join(make_pieces([(0, 1), (2, 1)], way=[1, -1])) == {(0, 1, 2)}


def test_a_link_ends_where_the_street_or_its_sense_changes():
    assert join(make_pieces([(0, 1), (1, 2)], street=[0, 1])) == {(0, 1), (1, 0), (1, 2), (2, 1)}
    assert join(make_pieces([(0, 1), (1, 2)], way=[0, 1])) == {(0, 1), (1, 0), (1, 2)}


def test_two_ways_between_the_same_nodes_keep_a_node_each():
    around = make_pieces([(0, 1), (1, 2), (2, 3), (3, 4), (1, 5), (5, 3)], street=[0, 1, 1, 2, 3, 3])
    assert {(1, 2), (2, 3), (1, 5), (5, 3)} <= join(around)


def test_a_loop_does_not_start_and_end_at_one_node():
    loop = join(make_pieces([(0, 1), (1, 2), (2, 3), (3, 1)]))
    assert all(route[0] != route[-1] for route in loop)


def test_dead_ends_go_unless_spared():
    comb = make_pieces([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (1, 5)])
    spared = np.zeros(6, dtype=bool)
    assert len(prune_dead_ends(comb, spared, 9)) == 3
    spared[4] = True
    assert len(prune_dead_ends(comb, spared, 9)) == 5


def test_a_one_way_street_that_nothing_leads_back_from_is_opened_and_a_lone_part_goes():
    pieces = make_pieces([(0, 1), (1, 2), (2, 0), (2, 3), (4, 5)], way=[1, 1, 1, 1, 0])
    opened = open_one_way(pieces)
    assert opened.way.tolist() == [1, 1, 1, 0]
