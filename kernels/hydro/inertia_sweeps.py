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
def pushed(flow, beside, opened, fall, root, drag, theta, rest, drive, one):
    """Flow over a face a step later; ``fall`` is how much higher the water behind stands."""
    cube = root * root * root
    return (theta * flow + rest * beside + drive * opened * fall) / (one + drag * abs(flow) * (root * (cube * cube)))


@rule
def bounded(flow, behind, ahead, share):
    """The flow that leaves no cell more than empty: through each of four faces goes at most a quarter of its water."""
    return min(max(flow, -ahead * share), behind * share)


@rule
def moved(depth, west, east, south, north, ratio):
    """Depth after the flows over its four faces; written so that mirrored and turned runs have the same bits."""
    return depth + ratio * ((west - east) + (south - north))


@routine
def push_row(out, opened, root, opened_bits, root_bits, flow, beside, behind, ahead, low, high, rough_low, rough_high,
             own):  # fmt: skip
    """The flows over a row of faces; ``beside`` holds the sums of their neighbours."""
    drive, drag, share, theta, rest, dry = own[2], own[3], own[4], own[5], own[6], own[7]
    third, seed, zero, half, one = own[8], own[9], own[11], own[12], own[13]
    fourteen, seven, two = own[14], own[15], own[16]
    for x in range(out.size):
        opened[x] = max(opening(behind[x], ahead[x], low[x], high[x]), dry)
    for x in range(out.size):
        root[x] = opened_bits[x]  # the bits as a number
    for x in range(out.size):
        root_bits[x] = seed - third * root[x]
    for x in range(out.size):
        inverse = refine(root[x], opened[x], fourteen, seven, two)
        inverse = refine(inverse, opened[x], fourteen, seven, two)
        fall = (low[x] + behind[x]) - (high[x] + ahead[x])
        rough = drag * (half * (rough_low[x] + rough_high[x]))
        new = pushed(flow[x], beside[x], opened[x], fall, inverse, rough, theta, rest, drive, one)
        new = bounded(new, behind[x], ahead[x], share)
        out[x] = new if opened[x] > dry else zero


@routine
def finish_row(after, before, across, below, above, ratio, highest):
    """The depths of a row from the flows around it, and the greatest that was there."""
    for x in range(1, after.size - 1):
        highest[x] = max(highest[x], before[x])
    for x in range(1, after.size - 1):
        after[x] = moved(before[x], across[x], across[x + 1], below[x], above[x], ratio)


@routine
def feed_row(after, rain, step):
    for x in range(1, after.size - 1):
        after[x] += step * rain[x]


@routine
def drain_row(after, lost, loss, step):
    """No more sinks than is there."""
    for x in range(1, after.size - 1):
        away = min(step * loss[x], after[x])
        after[x] -= away
        lost[x] += away


@routine
def record_row(deepest, hazard, arrival, duration, depth, across, below, above, clock, own):
    """Greatest depth and unit discharge, first time above the threshold, and time above it."""
    step, threshold, zero, half = own[0], own[10], own[11], own[12]
    for x in range(1, depth.size - 1):
        deepest[x] = max(deepest[x], depth[x])
    for x in range(1, depth.size - 1):
        along, over = half * (across[x] + across[x + 1]), half * (below[x] + above[x])
        hazard[x] = max(hazard[x], np.sqrt(along * along + over * over))
    for x in range(1, depth.size - 1):
        arrival[x] = min(arrival[x], clock) if depth[x] > threshold else arrival[x]
    for x in range(1, depth.size - 1):
        duration[x] += step if depth[x] > threshold else zero


def _cpu(out, flow_x_out, flow_y_out, lost, maps, peak, depth, flow_x, flow_y, ground, rough, rain, loss, clock,
         scalars, bits):  # fmt: skip
    n_members, n_y, n_x = depth.shape
    for strip in prange((n_y - 2 + STRIP - 1) // STRIP):
        scratch = np.empty((4, n_x), depth.dtype)
        highest = np.zeros((n_members, n_x), depth.dtype)
        beside, opened, root, spare = scratch[0], scratch[1], scratch[2], scratch[3]
        opened_bits, root_bits = opened.view(bits.dtype), root.view(bits.dtype)
        first = 1 + strip * STRIP
        last = min(first + STRIP, n_y - 1)
        # A row's pass computes the faces to its south, then finishes the row before.
        for row in range(first, last + 1):
            for member in range(n_members):
                own = scalars[member]
                is_last_of_all = row == n_y - 1
                if own[0] == own[11]:  # waits
                    if row < last:
                        out[member, row] = depth[member, row]
                        flow_x_out[member, row] = flow_x[member, row]
                    if row < last or is_last_of_all:
                        flow_y_out[member, row] = flow_y[member, row]
                    continue
                for x in range(n_x):
                    beside[x] = flow_y[member, row - 1, x] + flow_y[member, row + 1, x]
                face = flow_y_out[member, row] if row < last or is_last_of_all else spare
                push_row(face, opened, root, opened_bits, root_bits, flow_y[member, row], beside,
                         depth[member, row - 1], depth[member, row], ground[row - 1], ground[row], rough[row - 1],
                         rough[row], own)  # fmt: skip
                if row > first:
                    done = row - 1
                    after, across, below = out[member, done], flow_x_out[member, done], flow_y_out[member, done]
                    finish_row(after, depth[member, done], across, below, face, own[1], highest[member])
                    if rain.size:
                        feed_row(after, rain[min(member, rain.shape[0] - 1), done], own[0])
                    if loss.size:
                        drain_row(after, lost[member, done], loss[min(member, loss.shape[0] - 1), done], own[0])
                    if maps.size:
                        record_row(maps[0, member, done], maps[1, member, done], maps[2, member, done],
                                   maps[3, member, done], after, across, below, face, clock[member], own)  # fmt: skip
                if row < last:
                    along = flow_x[member, row]
                    for x in range(n_x - 1):
                        beside[x] = along[x] + along[x + 2]
                    push_row(flow_x_out[member, row, 1:n_x], opened[1:], root[1:], opened_bits[1:], root_bits[1:],
                             along[1:n_x], beside, depth[member, row, :-1], depth[member, row, 1:],
                             ground[row, :-1], ground[row, 1:], rough[row, :-1], rough[row, 1:], own)  # fmt: skip
        for member in range(n_members):
            peak[member, strip] = highest[member].max()


def _whole(out, flow_x_out, flow_y_out, lost, maps, peak, depth, flow_x, flow_y, ground, rough, rain, loss, clock,
           scalars, bits):  # fmt: skip
    inside = (slice(1, -1), slice(1, -1))
    for member in range(depth.shape[0]):
        own, water, x_out, y_out = scalars[member], depth[member], flow_x_out[member], flow_y_out[member]
        if own[0] == own[11]:  # waits
            out[member], x_out[...], y_out[...] = water, flow_x[member], flow_y[member]
            continue
        along, across = flow_x[member], flow_y[member]
        x_out[:, 1:-1] = push(along[:, 1:-1], along[:, :-2] + along[:, 2:], water[:, :-1], water[:, 1:],
                              ground[:, :-1], ground[:, 1:], rough[:, :-1], rough[:, 1:], own)  # fmt: skip
        y_out[1:-1] = push(across[1:-1], across[:-2] + across[2:], water[:-1], water[1:],
                           ground[:-1], ground[1:], rough[:-1], rough[1:], own)  # fmt: skip
        west, east, south, north = x_out[1:-1, 1:-2], x_out[1:-1, 2:-1], y_out[1:-2, 1:-1], y_out[2:-1, 1:-1]
        peak[member, :] = xp.max(water[inside])
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
def push(flow, beside, behind, ahead, low, high, rough_low, rough_high, own):
    """The flows over all faces of one sense, in whole arrays."""
    opened = xp.maximum(opening(behind, ahead, low, high), own[7])
    fall = (low + behind) - (high + ahead)
    rough = own[3] * (own[12] * (rough_low + rough_high))
    new = pushed(flow, beside, opened, fall, 1 / xp.cbrt(opened), rough, own[5], own[6], own[2], own[13])
    return xp.where(opened > own[7], bounded(new, behind, ahead, own[4]), own[11])


INERTIA = Sweeps(cpu=_cpu, whole=_whole)
