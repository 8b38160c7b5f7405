# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Shortest path trees on a GPU: a block of threads takes one origin, its threads share the nodes.

Nodes whose label fell wait in a queue, and a round scans all of them at once. Only labels below a bound are scanned;
when none waits any more, the bound moves on (near-far lists [1]_). A label is a sum along the path, in path order, and
the least of such sums is the same number in whatever order links are tried, for adding a cost never makes the larger
of two labels the smaller one. So the labels are the very bits of :mod:`..trees`, and none has to be checked.

Where paths tie, the tree takes the link that stands first; that no order of threads can change.

References
----------
.. [1] Davidson et al. (2014), doi:10.1109/IPDPS.2014.45
"""

from __future__ import annotations

import math

from ...engines import cuda, routine

__all__ = ["NO_LINK", "choose_entries", "find_labels"]

NO_LINK = 2**31 - 1  # enters a node that no path reaches, and the origin
FEW = 128  # nodes in a window; below that the next one is twice as wide


@routine
def find_labels(root, lane, step, start, head, cost, passable, width, reach, mark, queue, sizes, nearest):
    """Least costs from ``root``: inf where no path leads. ``sizes`` (2,) and ``nearest`` (1,) are the block's own."""
    n_nodes = passable.size
    for node in range(lane, n_nodes, step):
        reach[node] = 0.0 if node == root else math.inf
        mark[node] = 0
    if lane == 0:
        queue[0, 0] = root
        sizes[0] = 1
        sizes[1] = 0
        nearest[0] = math.inf
    cuda.syncthreads()
    now = 0
    turn = 0
    bound = width
    while True:
        count = sizes[now]
        while count > 0:
            turn += 1
            for at in range(lane, count, step):
                node = queue[now, at]
                if passable[node] or node == root:
                    label = reach[node]
                    for link in range(start[node], start[node + 1]):
                        there = head[link]
                        label_there = label + cost[link]
                        if label_there < reach[there]:
                            before = cuda.atomic.min(reach, there, label_there)
                            is_near = label_there < before and label_there < bound
                            if is_near and cuda.atomic.exch(mark, there, turn) != turn:
                                queue[1 - now, cuda.atomic.add(sizes, 1 - now, 1)] = there
            cuda.syncthreads()
            if lane == 0:
                sizes[now] = 0
            now = 1 - now
            count = sizes[now]
            cuda.syncthreads()
        least = math.inf
        for node in range(lane, n_nodes, step):
            if reach[node] >= bound:
                least = min(least, reach[node])
        if least < math.inf:
            cuda.atomic.min(nearest, 0, least)
        cuda.syncthreads()
        begin = nearest[0]
        if begin == math.inf:
            break
        behind = bound
        bound = begin + width
        for node in range(lane, n_nodes, step):
            if behind <= reach[node] and reach[node] < bound:
                queue[now, cuda.atomic.add(sizes, now, 1)] = node
        cuda.syncthreads()
        if sizes[now] < FEW:
            width *= 2.0
        if lane == 0:
            nearest[0] = math.inf
        cuda.syncthreads()


@routine
def choose_entries(root, lane, step, start, head, cost, passable, reach, entry, mark, sizes):
    """The link by which each node is entered: of all that give its label, the first.

    Links that add nothing could enter each other's nodes in a circle. So links that add something go first, and nodes
    without such a link follow turn by turn, each behind a node of an earlier turn.
    """
    n_nodes = passable.size
    for node in range(lane, n_nodes, step):
        entry[node] = NO_LINK
    if lane == 0:
        sizes[0] = 0
    cuda.syncthreads()
    for node in range(lane, n_nodes, step):
        label = reach[node]
        if label < math.inf and (passable[node] or node == root):
            for link in range(start[node], start[node + 1]):
                there = head[link]
                if label < reach[there] and label + cost[link] == reach[there]:
                    cuda.atomic.min(entry, there, link)
    cuda.syncthreads()
    for node in range(lane, n_nodes, step):
        is_open = entry[node] == NO_LINK and node != root
        mark[node] = NO_LINK if is_open else 0
        if is_open and reach[node] < math.inf:
            cuda.atomic.add(sizes, 0, 1)
    cuda.syncthreads()
    turn = 0
    while True:
        left = sizes[0]
        cuda.syncthreads()
        if left == 0:
            break
        turn += 1
        for node in range(lane, n_nodes, step):
            label = reach[node]
            if mark[node] < turn and label < math.inf and (passable[node] or node == root):
                for link in range(start[node], start[node + 1]):
                    there = head[link]
                    if mark[there] >= turn and label + cost[link] == reach[there]:
                        cuda.atomic.min(entry, there, link)
                        if cuda.atomic.exch(mark, there, turn) != turn:
                            cuda.atomic.add(sizes, 0, -1)
        cuda.syncthreads()
