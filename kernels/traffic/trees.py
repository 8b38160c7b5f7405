# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Shortest path trees, grown in buckets.

A tree is a label per node (``reach``, the cost from the origin) and the open link by which a node is entered
(``entry``). Labels are corrected bucket by bucket: nodes wait in buckets of equal width, first in first out, so a
change of label is a few stores where a heap would sort. Labels are final once the front has left their bucket. The
bucket width changes the time it takes, not the labels; with a width below the least link cost this is Dial's method.

Labels are sums along the path, in path order, so a path stored link by link sums to the very bits of its label.

References
----------
.. [1] Dial (1969), doi:10.1145/363269.363610
.. [2] Cherkassky, Goldberg & Radzik (1996), doi:10.1007/BF02592101
"""

from __future__ import annotations

import numpy as np

from ..engines import routine

__all__ = ["choose_width", "grow_tree", "keep_last", "make_tree"]

BUCKETS = 2048  # in the window; nodes beyond it wait in one list behind the buckets


@routine
def make_queue(n_nodes):
    """Empty buckets (first and last node, the far list behind them), each node's neighbours and bucket, a flag."""
    first = np.full(BUCKETS + 1, -1, np.int32)
    last = np.full(BUCKETS + 1, -1, np.int32)
    after = np.empty(n_nodes, np.int32)
    before = np.empty(n_nodes, np.int32)
    bucket = np.empty(n_nodes, np.int32)
    flag = np.zeros(n_nodes, np.bool_)
    return first, last, after, before, bucket, flag


@routine
def make_tree(n_nodes):
    """Room for a tree: label of each node, link by which it is entered, order of the nodes, and an empty queue."""
    reach = np.empty(n_nodes)
    entry = np.empty(n_nodes, np.int32)
    order = np.empty(2 * n_nodes + 1, np.int32)
    return reach, entry, order, make_queue(n_nodes)


@routine
def choose_width(cost):
    """Bucket width: half the mean cost of the links that cost something, far outliers left out."""
    bound = np.inf
    width = 1.0
    for _ in range(3):
        total = 0.0
        count = 0
        for link in range(cost.size):
            if 0.0 < cost[link] <= bound:
                total += cost[link]
                count += 1
        if count == 0:
            break
        width = max(0.5 * total / count, 1e-300)
        bound = 8.0 * total / count
    return width


@routine
def keep_last(order, n_scans, flag):
    """Shorten a list of nodes to the last mention of each, in order; return how many are left."""
    into = n_scans
    for at in range(n_scans - 1, -1, -1):
        if not flag[order[at]]:
            flag[order[at]] = True
            into -= 1
            order[into] = order[at]
    left = n_scans - into
    for at in range(left):
        order[at] = order[into + at]
        flag[order[at]] = False
    return left


@routine
def move_window(first, last, after, before, bucket, reach, rate):
    """Begin the window at the nearest node of the far list, hand the list out; return begin and how many wait."""
    node = first[BUCKETS]
    epoch = np.inf
    while node >= 0:
        epoch = min(epoch, reach[node])
        node = after[node]
    node = first[BUCKETS]
    first[BUCKETS] = -1
    waiting = 0
    while node >= 0:
        following = after[node]
        offset = (reach[node] - epoch) * rate
        place = int(offset) if offset < BUCKETS else BUCKETS
        waiting += place != BUCKETS
        after[node] = -1
        before[node] = -1
        bucket[node] = place
        if first[place] < 0:
            first[place] = node
        else:
            previous = last[place]
            after[previous] = node
            before[node] = previous
        last[place] = node
        node = following
    return epoch, waiting


@routine
def grow_tree(graph, cost, origin, width, is_target, n_targets, tree):
    """Grow the tree of one origin into a ``tree`` from :func:`make_tree`; return how many nodes it then lists in order.

    In that order parents stand before children. A positive ``n_targets`` stops the search once that many nodes marked
    in ``is_target`` are final; their marks are removed.
    """
    start, head, passable = graph.start, graph.head, graph.passable
    reach, entry, order, queue = tree
    first, last, after, before, bucket, flag = queue
    rate = 1.0 / width
    reach[:] = np.inf
    bucket[:] = -1
    entry[:] = -1
    reach[origin] = 0.0
    bucket[origin] = 0
    first[0] = origin
    last[0] = origin
    after[origin] = -1
    before[origin] = -1
    epoch = 0.0
    waiting = 1
    front = 0
    n_scans = 0
    n_found = 1
    stops = n_targets > 0
    is_final = False
    while True:
        # No call to another routine that takes arrays stands in this loop: each costs as much as the rest of a step.
        while waiting > 0 and n_scans < order.size:
            node = first[front]
            if node < 0:
                if stops and n_targets == 0:
                    is_final = True
                    break
                front += 1
                continue
            following = after[node]
            first[front] = following
            if following >= 0:
                before[following] = -1
            bucket[node] = -1
            waiting -= 1
            order[n_scans] = node
            n_scans += 1
            if stops and is_target[node]:
                is_target[node] = False
                n_targets -= 1
            if not passable[node] and node != origin:
                continue
            label = reach[node]
            for link in range(start[node], start[node + 1]):
                label_there = label + cost[link]
                there = head[link]
                label_before = reach[there]
                if label_there < label_before:
                    if label_before == np.inf:
                        n_found += 1
                    reach[there] = label_there
                    entry[there] = link
                    offset = (label_there - epoch) * rate
                    place = int(offset) if offset < BUCKETS else BUCKETS
                    old = bucket[there]
                    if old != place:
                        if old >= 0:
                            previous = before[there]
                            following = after[there]
                            if previous >= 0:
                                after[previous] = following
                            else:
                                first[old] = following
                            if following >= 0:
                                before[following] = previous
                            else:
                                last[old] = previous
                            waiting -= old != BUCKETS
                        waiting += place != BUCKETS
                        after[there] = -1
                        bucket[there] = place
                        if first[place] < 0:
                            first[place] = there
                            before[there] = -1
                        else:
                            previous = last[place]
                            after[previous] = there
                            before[there] = previous
                        last[place] = there
        if is_final:
            first[:] = -1
            break
        if n_scans == order.size:
            n_scans = keep_last(order, n_scans, flag)
        elif first[BUCKETS] < 0:
            break
        else:
            front = 0
            epoch, waiting = move_window(first, last, after, before, bucket, reach, rate)
    if n_scans > n_found or is_final:
        n_scans = keep_last(order, n_scans, flag)
    return n_scans
