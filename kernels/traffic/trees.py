"""Shortest path trees: grown from nothing, or mended after costs have changed.

A tree is a label per node (``reach``, the cost from the origin) and the open link by which a node is entered
(``entry``). Growing is Dijkstra's method. Its queue has two stages: nodes far from the front wait unsorted in buckets
of equal width (a change of label is then a few stores), and the bucket at the front is ordered by a 4-ary heap. The
order in which nodes settle is therefore exact, whatever the bucket width.

Mending relabels the old tree from the root and lets improvements spread from the links that now undercut a label.
Labels are sums along the path, in path order, so a path stored link by link sums to the very bits of its label.
"""

from __future__ import annotations

import numpy as np

from ..engines import routine

FARTHEST = 4e18  # last bucket: int64 ends soon after

__all__ = ["choose_width", "grow_tree", "make_queue", "mend_tree", "pop", "push"]


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
def unlink(first, after, before, node, slot):  # type: ignore[no-untyped-def]
    """Take a node out of the list of a bucket."""
    previous = before[node]
    following = after[node]
    if previous >= 0:
        after[previous] = following
    else:
        first[slot] = following
    if following >= 0:
        before[following] = previous


@routine
def make_queue(n_nodes, n_links):  # type: ignore[no-untyped-def]
    """Empty buckets (first, next, previous, bucket of a node) and heap (key, item)."""
    size = 64
    while size < 2 * n_nodes and size < 65536:
        size *= 2
    first = np.full(size, -1, np.int32)
    after = np.empty(n_nodes, np.int32)
    before = np.empty(n_nodes, np.int32)
    bucket = np.empty(n_nodes, np.int64)
    key = np.empty(2 * n_links + 2)
    item = np.empty(2 * n_links + 2, np.int32)
    return first, after, before, bucket, key, item


@routine
def choose_width(cost):  # type: ignore[no-untyped-def]
    """Bucket width: half the mean cost of the links that cost something, the far outliers left out."""
    total = 0.0
    count = 0
    for link in range(cost.size):
        if cost[link] > 0.0:
            total += cost[link]
            count += 1
    if count == 0:
        return 1.0
    bound = 8.0 * total / count
    total = 0.0
    count = 0
    for link in range(cost.size):
        if 0.0 < cost[link] <= bound:
            total += cost[link]
            count += 1
    return 0.5 * total / count


@routine
def grow_tree(start, head, passable, cost, origin, width, wanted, n_wanted, queue, reach, entry, order):  # type: ignore[no-untyped-def]
    """Grow the tree of one origin; return how many nodes settled (their order is in ``order``).

    Stops when ``n_wanted`` nodes marked in ``wanted`` have settled; a negative ``n_wanted`` never stops.
    """
    first, after, before, bucket, key, item = queue
    mask = first.size - 1
    rate = 1.0 / width
    reach[:] = np.inf
    bucket[:] = -1
    entry[:] = -1
    reach[origin] = 0.0
    key[0] = 0.0
    item[0] = origin
    heaped = 1
    waiting = 0
    front = 0
    settled = 0
    while True:
        if heaped == 0:
            if waiting == 0:
                break
            idle = 0
            while True:  # the next bucket with a node of this round
                front += 1
                idle += 1
                node = first[front & mask]
                while node >= 0:
                    following = after[node]
                    if bucket[node] == front:
                        unlink(first, after, before, node, front & mask)
                        bucket[node] = -1
                        waiting -= 1
                        push(key, item, heaped, reach[node], node)
                        heaped += 1
                    node = following
                if heaped > 0:
                    break
                if idle > mask:  # a whole round was empty: go where the nearest node waits
                    nearest = -1
                    for node in range(bucket.size):
                        if bucket[node] >= 0 and (nearest < 0 or bucket[node] < nearest):
                            nearest = bucket[node]
                    front = nearest - 1
                    idle = 0
        label = key[0]
        node = item[0]
        heaped -= 1
        if heaped > 0:
            pop(key, item, heaped)
        if label > reach[node]:
            continue
        order[settled] = node
        settled += 1
        if n_wanted >= 0 and wanted[node]:
            n_wanted -= 1
            if n_wanted == 0:
                break
        if not passable[node] and node != origin:
            continue
        for link in range(start[node], start[node + 1]):
            label_there = label + cost[link]
            there = head[link]
            if label_there < reach[there]:
                reach[there] = label_there
                entry[there] = link
                scaled = label_there * rate
                place = int(scaled) if scaled < FARTHEST else int(FARTHEST)
                old = bucket[there]
                if place <= front:
                    if old >= 0:
                        unlink(first, after, before, there, old & mask)
                        bucket[there] = -1
                        waiting -= 1
                    push(key, item, heaped, label_there, there)
                    heaped += 1
                elif old != place:
                    if old >= 0:
                        unlink(first, after, before, there, old & mask)
                    else:
                        waiting += 1
                    following = first[place & mask]
                    after[there] = following
                    before[there] = -1
                    if following >= 0:
                        before[following] = there
                    first[place & mask] = there
                    bucket[there] = place
    if waiting > 0:  # stopped early: leave the buckets empty for the next origin
        first[:] = -1
    return settled


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
