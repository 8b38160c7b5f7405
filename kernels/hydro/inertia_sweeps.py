# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""One step of the local inertial equations over many members: formulas, and who visits which cell.

Faces are named by their sense: water in ``flow_x[.., x]`` comes from cell x - 1 (behind) to cell x (ahead). A member
whose time step is 0 waits: its arrays are copied.

Friction needs :math:`h^{-7/3} = r (r^3)^2` with :math:`r = h^{-1/3}`: an integer third of the float's bits gives r
within 4 %, and two steps of a cubic iteration without a division bring it to 3e-11. This stands in loops that a
compiler turns into vectors; a power or a library's root would not.
"""

from __future__ import annotations

import numpy as np

from ..engines import Sweeps, prange, routine, rule

__all__ = ["INERTIA", "OWN", "SEEDS"]

STRIP = 32  # rows that one thread takes at a time; the face between two strips is computed by both
SEEDS = {
    4: 0x54A2FA8C,
    8: 0x553EF0FF289DD796,
}  # bits of the first guess, by itemsize
DEEPEST, HAZARD, ARRIVAL, DURATION = 0, 1, 2, 3  # of maps
# Scalars of one member, in the arrays' dtype.
OWN = ("step", "ratio", "drive", "drag", "share", "theta", "rest", "dry", "third", "seed", "threshold", "zero", "half",
       "one", "fourteen", "seven", "two")  # fmt: skip
xp = np  # the array module of whole-array forms: an engine brings its own


@rule
def opening(behind, ahead, ground_behind, ground_ahead):
    """Depth of the water that can move over a face, from the depths and grounds beside it."""
    return max(ground_behind + behind, ground_ahead + ahead) - max(ground_behind, ground_ahead)


@rule
def refine(root, value, fourteen, seven, two):
    """One step towards ``value ** (-1 / 3)``; the three numbers are ninths."""
    cube = value * (root * root * root)
    return root * (fourteen - cube * (seven - two * cube))


@rule
def mixed(flow, behind, ahead, theta, rest):
    """A face's own flow and those of its two neighbours, weighted."""
    return theta * flow + rest * (behind + ahead)


@rule
def rubbed(flow, rough_behind, rough_ahead, drag, half):
    """What friction makes of a flow, but for the depth."""
    return drag * (half * (rough_behind + rough_ahead)) * abs(flow)


@rule
def pushed(mix, rub, opened, fall, root, drive, one):
    """Flow over a face a step later; ``fall`` is how much higher the water behind stands."""
    cube = root * root * root
    return (mix + drive * opened * fall) / (one + rub * (root * (cube * cube)))


@rule
def bounded(flow, behind, ahead, share):
    """The flow that leaves no cell more than empty: through each of four faces goes at most a quarter of its water."""
    return min(max(flow, -ahead * share), behind * share)


@rule
def moved(depth, west, east, south, north, ratio):
    """Depth after the flows over its four faces; written so that mirrored and turned runs have the same bits."""
    return depth + ratio * ((west - east) + (south - north))


# Each line of work below reads so few arrays that a compiler can prove them apart, and takes many faces at once.


@routine
def push(work, work_bits, n, own):
    """New flows into the first row of ``work``, whose rows are: mix, rub, opened, fall, root."""
    drive, third, seed, one, fourteen, seven, two = own[2], own[8], own[9], own[13], own[14], own[15], own[16]
    for x in range(n):
        work[4, x] = work_bits[2, x]  # the bits of the opening, as a number
    for x in range(n):
        work_bits[4, x] = seed - third * work[4, x]
    for x in range(n):
        inverse = refine(work[4, x], work[2, x], fourteen, seven, two)
        work[4, x] = refine(inverse, work[2, x], fourteen, seven, two)
    for x in range(n):
        work[0, x] = pushed(work[0, x], work[1, x], work[2, x], work[3, x], work[4, x], drive, one)


@routine
def push_south(out, at, to, work, work_bits, depth, flow, ground, rough, member, row, own):
    """The flows over the faces south of a row, into ``out[at, to]``."""
    drag, share, theta, rest, dry, zero, half = own[3], own[4], own[5], own[6], own[7], own[11], own[12]
    n = depth.shape[2]
    for x in range(n):
        work[0, x] = mixed(flow[member, row, x], flow[member, row - 1, x], flow[member, row + 1, x], theta, rest)
    for x in range(n):
        work[1, x] = rubbed(flow[member, row, x], rough[row - 1, x], rough[row, x], drag, half)
    for x in range(n):
        open_here = opening(depth[member, row - 1, x], depth[member, row, x], ground[row - 1, x], ground[row, x])
        work[2, x] = max(open_here, dry)
    for x in range(n):
        work[3, x] = (ground[row - 1, x] + depth[member, row - 1, x]) - (ground[row, x] + depth[member, row, x])
    push(work, work_bits, n, own)
    for x in range(n):
        new = bounded(work[0, x], depth[member, row - 1, x], depth[member, row, x], share)
        out[at, to, x] = new if work[2, x] > dry else zero


@routine
def push_west(out, work, work_bits, depth, flow, ground, rough, member, row, own):
    """The flows over the faces between the cells of a row."""
    drag, share, theta, rest, dry, zero, half = own[3], own[4], own[5], own[6], own[7], own[11], own[12]
    n = depth.shape[2] - 1
    for x in range(n):
        work[0, x] = mixed(flow[member, row, x + 1], flow[member, row, x], flow[member, row, x + 2], theta, rest)
    for x in range(n):
        work[1, x] = rubbed(flow[member, row, x + 1], rough[row, x], rough[row, x + 1], drag, half)
    for x in range(n):
        open_here = opening(depth[member, row, x], depth[member, row, x + 1], ground[row, x], ground[row, x + 1])
        work[2, x] = max(open_here, dry)
    for x in range(n):
        work[3, x] = (ground[row, x] + depth[member, row, x]) - (ground[row, x + 1] + depth[member, row, x + 1])
    push(work, work_bits, n, own)
    for x in range(n):
        new = bounded(work[0, x], depth[member, row, x], depth[member, row, x + 1], share)
        out[member, row, x + 1] = new if work[2, x] > dry else zero


@routine
def finish_row(out, depth, flow_x, flow_y, north, at, to, member, row, ratio):
    """The depths of a row from the flows around it."""
    for x in range(1, depth.shape[2] - 1):
        out[member, row, x] = moved(
            depth[member, row, x], flow_x[member, row, x], flow_x[member, row, x + 1], flow_y[member, row, x],
            north[at, to, x], ratio,
        )  # fmt: skip


@routine
def find_highest(depth_bits, member, row, highest):
    """The bits of the greatest depth: as whole numbers they have the same order, and are compared many at once."""
    for x in range(1, depth_bits.shape[2] - 1):
        highest = max(highest, depth_bits[member, row, x])
    return highest


@routine
def feed_row(out, rain, member, row, step):
    of = min(member, rain.shape[0] - 1)
    for x in range(1, out.shape[2] - 1):
        out[member, row, x] += step * rain[of, row, x]


@routine
def drain_row(out, lost, loss, member, row, step):
    """No more sinks than is there."""
    of = min(member, loss.shape[0] - 1)
    for x in range(1, out.shape[2] - 1):
        away = min(step * loss[of, row, x], out[member, row, x])
        out[member, row, x] -= away
        lost[member, row, x] += away


@routine
def record_row(maps, depth, flow_x, flow_y, north, at, to, member, row, clock, own):
    """Greatest depth and unit discharge, first time above the threshold, and time above it."""
    step, threshold, zero, half = own[0], own[10], own[11], own[12]
    for x in range(1, depth.shape[2] - 1):
        maps[DEEPEST, member, row, x] = max(maps[DEEPEST, member, row, x], depth[member, row, x])
    for x in range(1, depth.shape[2] - 1):
        along = half * (flow_x[member, row, x] + flow_x[member, row, x + 1])
        over = half * (flow_y[member, row, x] + north[at, to, x])
        maps[HAZARD, member, row, x] = max(maps[HAZARD, member, row, x], np.sqrt(along * along + over * over))
    for x in range(1, depth.shape[2] - 1):
        first = maps[ARRIVAL, member, row, x]
        maps[ARRIVAL, member, row, x] = min(first, clock) if depth[member, row, x] > threshold else first
    for x in range(1, depth.shape[2] - 1):
        maps[DURATION, member, row, x] += step if depth[member, row, x] > threshold else zero


def _cpu(out, flow_x_out, flow_y_out, lost, maps, peak_bits, depth, flow_x, flow_y, ground, rough, rain, loss, clock,
         scalars, depth_bits):  # fmt: skip
    n_members, n_y, n_x = depth.shape
    for strip in prange((n_y - 2 + STRIP - 1) // STRIP):
        work, spare = np.empty((5, n_x), depth.dtype), np.empty((1, 1, n_x), depth.dtype)
        work_bits = work.view(depth_bits.dtype)
        first = 1 + strip * STRIP
        last = min(first + STRIP, n_y - 1)
        # A row's pass computes the faces to its south, then finishes the row before.
        for row in range(first, last + 1):
            is_own = row < last or row == n_y - 1
            for member in range(n_members):
                own = scalars[member]
                if own[0] == own[11]:  # waits
                    if row < last:
                        out[member, row] = depth[member, row]
                        flow_x_out[member, row] = flow_x[member, row]
                    if is_own:
                        flow_y_out[member, row] = flow_y[member, row]
                    continue
                face, at, to = (flow_y_out, member, row) if is_own else (spare, 0, 0)
                push_south(face, at, to, work, work_bits, depth, flow_y, ground, rough, member, row, own)
                if row > first:
                    done = row - 1
                    finish_row(out, depth, flow_x_out, flow_y_out, face, at, to, member, done, own[1])
                    peak_bits[member, strip] = find_highest(depth_bits, member, done, peak_bits[member, strip])
                    if rain.size:
                        feed_row(out, rain, member, done, own[0])
                    if loss.size:
                        drain_row(out, lost, loss, member, done, own[0])
                    if maps.size:
                        record_row(maps, out, flow_x_out, flow_y_out, face, at, to, member, done, clock[member], own)
                if row < last:
                    push_west(flow_x_out, work, work_bits, depth, flow_x, ground, rough, member, row, own)


def _whole(out, flow_x_out, flow_y_out, lost, maps, peak_bits, depth, flow_x, flow_y, ground, rough, rain, loss, clock,
           scalars, depth_bits):  # fmt: skip
    inside = (slice(1, -1), slice(1, -1))
    for member in range(depth.shape[0]):
        own, water, x_out, y_out = scalars[member], depth[member], flow_x_out[member], flow_y_out[member]
        if own[0] == own[11]:  # waits
            out[member], x_out[...], y_out[...] = water, flow_x[member], flow_y[member]
            continue
        along, across = flow_x[member], flow_y[member]
        x_out[:, 1:-1] = push_all(along[:, 1:-1], along[:, :-2], along[:, 2:], water[:, :-1], water[:, 1:],
                              ground[:, :-1], ground[:, 1:], rough[:, :-1], rough[:, 1:], own)  # fmt: skip
        y_out[1:-1] = push_all(across[1:-1], across[:-2], across[2:], water[:-1], water[1:],
                           ground[:-1], ground[1:], rough[:-1], rough[1:], own)  # fmt: skip
        west, east, south, north = x_out[1:-1, 1:-2], x_out[1:-1, 2:-1], y_out[1:-2, 1:-1], y_out[2:-1, 1:-1]
        peak_bits[member, :] = xp.max(depth_bits[member][inside])
        after = moved(water[inside], west, east, south, north, own[1])
        if rain.size:
            after = after + own[0] * rain[min(member, rain.shape[0] - 1)][inside]
        if loss.size:
            away = xp.minimum(own[0] * loss[min(member, loss.shape[0] - 1)][inside], after)
            after = after - away
            lost[member][inside] += away
        out[member][inside] = after
        if maps.size:
            deepest, hazard, arrival, duration = (part[member][inside] for part in maps)
            over_x, over_y, is_above = own[12] * (west + east), own[12] * (south + north), after > own[10]
            deepest[...] = xp.maximum(deepest, after)
            hazard[...] = xp.maximum(hazard, xp.sqrt(over_x * over_x + over_y * over_y))
            arrival[...] = xp.where(is_above, xp.minimum(arrival, clock[member]), arrival)
            duration[...] += xp.where(is_above, own[0], own[11])


@rule
def push_all(flow, south, north, behind, ahead, low, high, rough_low, rough_high, own):
    """The flows over all faces of one sense, in whole arrays."""
    opened = xp.maximum(opening(behind, ahead, low, high), own[7])
    fall = (low + behind) - (high + ahead)
    mix, rub = mixed(flow, south, north, own[5], own[6]), rubbed(flow, rough_low, rough_high, own[3], own[12])
    new = pushed(mix, rub, opened, fall, 1 / xp.cbrt(opened), own[2], own[13])
    return xp.where(opened > own[7], bounded(new, behind, ahead, own[4]), own[11])


INERTIA = Sweeps(cpu=_cpu, whole=_whole)
