"""Shortest path trees: grown from nothing, or mended after costs have changed.

A tree is a label per node (``reach``, the cost from the origin) and the open link by which a node is entered
(``entry``). Growing corrects labels bucket by bucket: nodes wait in buckets of equal width, first in first out, so a
change of label is a few stores where a heap would sort. Labels are final once the front has left their bucket. The
bucket width changes the time it takes, not the labels. With a width below the least link cost this is Dial's method.

Mending relabels the old tree from the root and lets improvements spread from the links that now undercut a label.
Labels are sums along the path, in path order, so a path stored link by link sums to the very bits of its label.
"""

from __future__ import annotations

import numpy as np

from ..engines import routine

__all__ = ["choose_width", "grow_tree", "make_heap", "make_queue", "mend_tree", "pop", "push"]

BUCKETS = 2048  # in the window; nodes beyond it wait in one list behind the buckets


@routine
def push(key, item, size, value, what):  # type: ignore[no-untyped-def]
    """Add to the heap of ``size`` entries; the caller counts."""
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if key[above] <= value:
            break
        key[at] = key[above]
        item[at] = item[above]
        at = above
    key[at] = value
    item[at] = what


@routine
def pop(key, item, size):  # type: ignore[no-untyped-def]
    """Take the root away from a heap that holds ``size`` entries afterwards."""
    value = key[size]
    what = item[size]
    at = 0
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        least = child
        for sibling in range(child + 1, min(child + 4, size)):
            if key[sibling] < key[least]:
                least = sibling
        if key[least] >= value:
            break
        key[at] = key[least]
        item[at] = item[least]
        at = least
    key[at] = value
    item[at] = what


@routine
def make_queue(n_nodes):  # type: ignore[no-untyped-def]
    """Empty buckets (first and last node, the far list behind them), each node's neighbours and bucket, a flag."""
    first = np.full(BUCKETS + 1, -1, np.int32)
    last = np.full(BUCKETS + 1, -1, np.int32)
    after = np.empty(n_nodes, np.int32)
    before = np.empty(n_nodes, np.int32)
    bucket = np.empty(n_nodes, np.int32)
    flag = np.zeros(n_nodes, np.bool_)
    return first, last, after, before, bucket, flag


@routine
def make_heap(n_links):  # type: ignore[no-untyped-def]
    """Room for the heap of :func:`mend_tree`: a link improves its head at most once in each of two passes."""
    return np.empty(2 * n_links + 1), np.empty(2 * n_links + 1, np.int32)


@routine
def choose_width(cost):  # type: ignore[no-untyped-def]
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
def keep_last(order, n_scans, flag):  # type: ignore[no-untyped-def]
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
def move_window(first, last, after, before, bucket, reach, rate):  # type: ignore[no-untyped-def]
    """Begin the window at the nearest node of the far list and hand the list out; return the begin and how many wait."""
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
def grow_tree(start, head, passable, cost, origin, width, wanted, n_wanted, queue, reach, entry, order):  # type: ignore[no-untyped-def]
    """Grow the tree of one origin into ``reach`` and ``entry``; return how many nodes ``order`` then lists.

    In ``order`` (room for twice the nodes, and some) parents stand before children. A positive ``n_wanted`` stops the
    search once that many nodes marked in ``wanted`` are final; their marks are taken away.
    """
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
    stops = n_wanted > 0
    is_final = False
    while True:
        # No call to another routine that takes arrays stands in this loop: each costs as much as the rest of a step.
        while waiting > 0 and n_scans < order.size:
            node = first[front]
            if node < 0:
                if stops and n_wanted == 0:
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
            if stops and wanted[node]:
                wanted[node] = False
                n_wanted -= 1
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


@routine
def mend_tree(
    start, tail, head, passable, cost, origin, n_reached, entry, order, reach, scanned, stack, fresh, key, item
):  # type: ignore[no-untyped-def]
    """Make a tree of one origin shortest again after costs have changed.

    ``entry`` and ``order`` (any order of the ``n_reached`` nodes that can be reached) are renewed in place.
    """
    reach[:] = np.inf
    scanned[:] = False
    reach[origin] = 0.0
    fresh[0] = origin
    filled = 1
    for at in range(n_reached):
        node = order[at]
        depth = 0
        while reach[node] == np.inf:
            stack[depth] = node
            depth += 1
            node = tail[entry[node]]
        while depth > 0:
            depth -= 1
            node = stack[depth]
            link = entry[node]
            reach[node] = reach[tail[link]] + cost[link]
            fresh[filled] = node
            filled += 1
    heaped = 0
    for at in range(n_reached):
        node = fresh[at]
        order[at] = node
        scanned[node] = True
        if not passable[node] and node != origin:
            continue
        label = reach[node]
        for link in range(start[node], start[node + 1]):
            label_there = label + cost[link]
            there = head[link]
            if label_there < reach[there]:
                reach[there] = label_there
                entry[there] = link
                if scanned[there]:
                    push(key, item, heaped, label_there, there)
                    heaped += 1
    while heaped > 0:
        label = key[0]
        node = item[0]
        heaped -= 1
        if heaped > 0:
            pop(key, item, heaped)
        if label > reach[node] or (not passable[node] and node != origin):
            continue
        for link in range(start[node], start[node + 1]):
            label_there = label + cost[link]
            there = head[link]
            if label_there < reach[there]:
                reach[there] = label_there
                entry[there] = link
                push(key, item, heaped, label_there, there)
                heaped += 1
