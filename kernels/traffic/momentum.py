# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Go on in the direction that a sweep has gone, as far as it pays.

Where many pairs share a steep link, each of them can move only a little at a time although all want to go the same
way, and sweep after sweep makes the same small step. The step of a whole sweep, taken on until its own derivative is
zero (and for each pair no further than its paths have flow), does in one move what hundreds of sweeps would.
"""

from __future__ import annotations

from ..engines import routine
from .delay import price_link

__all__ = ["extrapolate"]

FARTHEST = 1e5  # times the step of the sweep
ENOUGH = 1.0  # times the step of the sweep; if a path runs empty sooner, each pair goes on for itself
FINE = 0.1  # the derivative left over, as a share of the one at the start
MOST_TRIALS = 60


@routine
def climb(share, line, state):
    """Derivative of the objective ``share`` of the step away; ``line`` holds the step and a trial flow by link."""
    step, trial = line
    flow, delay, cost, slope = state
    total = 0.0
    for link in range(flow.size):
        if step[link] != 0.0:
            trial[link] = max(flow[link] + share * step[link], 0.0)
            price_link(link, trial, delay, cost, slope)
            total += cost[link] * step[link]
    return total


@routine
def search_line(limit, line, state):
    """How far along the step, up to ``limit``, the objective falls; 0 if it does not."""
    at_start = climb(0.0, line, state)
    if not at_start < 0.0:
        return 0.0
    low = 0.0
    at_low = at_start
    high = min(1.0, limit)
    trials = 0
    while True:
        at_high = climb(high, line, state)
        trials += 1
        if at_high >= 0.0:
            break
        low = high
        at_low = at_high
        if high >= limit or trials == MOST_TRIALS:
            return low
        high = min(4.0 * high, limit)
    while at_low < FINE * at_start and trials < MOST_TRIALS:
        share = min(max(at_low / (at_low - at_high), 0.1), 0.9)  # of a bracket; a chord alone may creep
        middle = low + share * (high - low)
        value = climb(middle, line, state)
        trials += 1
        if value >= 0.0:
            high = middle
            at_high = value
        else:
            low = middle
            at_low = value
    return low


@routine
def extrapolate(several, store, path_before, flow_before, line, state):
    """Go on from the flows before a sweep through those after it; costs and flows follow."""
    first_path, offset, path_flow, links = store
    step, _ = line
    flow, delay, cost, slope = state
    for link in range(flow.size):
        step[link] = flow[link] - flow_before[link]
    far = search_line(FARTHEST, line, state)
    bound = far  # how far all paths can go together
    for at in range(several.size):
        for path in range(first_path[several[at]], first_path[several[at] + 1]):
            change = path_flow[path] - path_before[path]
            if change < 0.0 and path_flow[path] < -change * bound:
                bound = path_flow[path] / -change
    together = bound >= ENOUGH
    if far > 0.0:
        if not together:
            step[:] = 0.0
        for at in range(several.size):
            begin = first_path[several[at]]
            end = first_path[several[at] + 1]
            reach = bound if together else far
            if not together:
                for path in range(begin, end):
                    change = path_flow[path] - path_before[path]
                    if change < 0.0 and path_flow[path] < -change * reach:
                        reach = path_flow[path] / -change
            for path in range(begin, end):
                change = (path_flow[path] - path_before[path]) * reach
                path_before[path] = change  # from here on the step of the path
                if change != 0.0 and not together:
                    for place in range(offset[path], offset[path + 1]):
                        step[links[place]] += change
        share = 1.0
        if together:
            for link in range(flow.size):
                step[link] *= bound
        else:
            share = search_line(1.0, line, state)
        if share > 0.0:
            for at in range(several.size):
                for path in range(first_path[several[at]], first_path[several[at] + 1]):
                    path_flow[path] = max(path_flow[path] + share * path_before[path], 0.0)
            for link in range(flow.size):
                flow[link] = max(flow[link] + share * step[link], 0.0)
    for link in range(flow.size):
        price_link(link, flow, delay, cost, slope)
