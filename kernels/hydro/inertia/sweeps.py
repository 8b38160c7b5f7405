# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""One step of the local inertial equations over many members: formulas, and who visits which cell.

Faces are named by their sense: water in ``flow_x[.., x]`` comes from cell x - 1 (behind) to cell x (ahead). A member
whose time step is 0 waits: its arrays are copied.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ...engines import Sweeps, launch_shape, prange, routine, rule
from ..surface_water.cube_root import ROOTS, inverse_cube_root
from ..surface_water.maps import ARRIVAL, DEEPEST, DURATION, HAZARD
from .device import REGISTERS, TILE, advance_cell
from .formulas import bounded, driven, mixed, moved, opening, pushed, rubbed, slowed

__all__ = ["COLUMNS", "INERTIA", "OWN", "STRIP"]

STRIP = 32  # rows that one thread takes at a time; the face between two strips is computed by both
TURN = 8  # rows of a member before it is the next one's turn
COLUMNS = 64  # of a tile, which is passed over while nothing in it changes
ONE, TWO = np.uint64(1), np.uint64(2)  # beside an unsigned index, which no compiler has to test for being negative
# Scalars of one member, in the arrays' dtype.
OWN = ("step", "ratio", "slow", "half_cell", "share", "two", "rest", "dry", "quarter", "fast", "threshold", "zero",
       "half", "one", "most", "swift")  # fmt: skip
xp = np  # the array module of whole-array forms: an engine brings its own


@routine
def cross(flow, before, after, behind, ahead, low, high, rough_low, rough_high, own):
    """The flow over a face a step later."""
    opened = max(opening(behind, ahead, low, high), own[7])
    fall = (low + behind) - (high + ahead)
    root = inverse_cube_root(opened)
    drive = driven(flow, root, own[9], own[2], own[14])
    push = pushed(mixed(flow, before, after, own[5], own[6]), opened, fall, drive)
    rub = rubbed(push, rough_low, rough_high, root, own[3], drive, own[8])
    new = bounded(slowed(push, np.sqrt(rub), own[12]), behind, ahead, own[4], own[15] * opened * np.sqrt(opened))
    return new if opened > own[7] else own[11]


@routine
def unpacked(own):
    """A member's scalars as numbers: of a number a compiler knows that no array written to can change it."""
    return (own[0], own[1], own[2], own[3], own[4], own[5], own[6], own[7], own[8], own[9], own[10], own[11], own[12],
            own[13], own[14], own[15])  # fmt: skip


# The loops below write one array each, so that a compiler can prove it apart from what is read, and takes many faces at
# once; an unsigned index is one that cannot be negative.


@routine
def push_south(out, at, to, depth, flow, ground, rough, member, row, own, low, high):
    """The flows over the faces south of a row's cells, into ``out[at, to]``."""
    for x in range(np.uint64(low), np.uint64(high)):
        out[at, to, x] = cross(
            flow[member, row, x], flow[member, row - 1, x], flow[member, row + 1, x], depth[member, row - 1, x],
            depth[member, row, x], ground[row - 1, x], ground[row, x], rough[row - 1, x], rough[row, x], own,
        )  # fmt: skip


@routine
def push_west(out, depth, flow, ground, rough, member, row, own, low, high):
    """The flows over the faces around the cells of a row."""
    for x in range(np.uint64(low - 1), np.uint64(high)):
        out[member, row, x + ONE] = cross(
            flow[member, row, x + ONE], flow[member, row, x], flow[member, row, x + TWO], depth[member, row, x],
            depth[member, row, x + ONE], ground[row, x], ground[row, x + ONE], rough[row, x], rough[row, x + ONE], own,
        )  # fmt: skip


@routine
def finish_row(out, depth, depth_bits, flow_x, flow_y, north, at, to, member, row, ratio, highest, low, high):
    """The depths of a row from the flows around it, and the bits of the greatest depth before.

    As whole numbers the bits have the floats' order, and are compared many at once.
    """
    for x in range(np.uint64(low), np.uint64(high)):
        out[member, row, x] = moved(
            depth[member, row, x], flow_x[member, row, x], flow_x[member, row, x + ONE], flow_y[member, row, x],
            north[at, to, x], ratio,
        )  # fmt: skip
        highest = max(highest, depth_bits[member, row, x])
    return highest


@routine
def feed_row(out, rain, member, row, step, low, high):
    of = min(member, rain.shape[0] - 1)
    for x in range(np.uint64(low), np.uint64(high)):
        out[member, row, x] += step * rain[of, row, x]


@routine
def drain_row(out, lost, loss, member, row, step, zero, low, high):
    """No more sinks than is there."""
    of = min(member, loss.shape[0] - 1)
    for x in range(np.uint64(low), np.uint64(high)):
        away = max(min(step * loss[of, row, x], out[member, row, x]), zero)
        out[member, row, x] -= away
        lost[member, row, x] += away


@routine
def record_row(maps, depth, flow_x, flow_y, north, at, to, member, row, clock, own, low, high):
    """Greatest depth and unit discharge, first time above the threshold, and time above it."""
    step, threshold, zero, half = own[0], own[10], own[11], own[12]
    for x in range(np.uint64(low), np.uint64(high)):
        maps[DEEPEST, member, row, x] = max(maps[DEEPEST, member, row, x], depth[member, row, x])
    for x in range(np.uint64(low), np.uint64(high)):
        along = half * (flow_x[member, row, x] + flow_x[member, row, x + ONE])
        over = half * (flow_y[member, row, x] + north[at, to, x])
        maps[HAZARD, member, row, x] = max(maps[HAZARD, member, row, x], np.sqrt(along * along + over * over))
    for x in range(np.uint64(low), np.uint64(high)):
        first = maps[ARRIVAL, member, row, x]
        maps[ARRIVAL, member, row, x] = min(first, clock) if depth[member, row, x] > threshold else first
    for x in range(np.uint64(low), np.uint64(high)):
        maps[DURATION, member, row, x] += step if depth[member, row, x] > threshold else zero


@routine
def find_run(active, member, strip, tile):
    """The next tiles side by side that are visited: the first of them, and the first beyond."""
    n_tiles = active.shape[2]
    while tile < n_tiles and not active[member, strip, tile]:
        tile += 1
    beyond = tile
    while beyond < n_tiles and active[member, strip, beyond]:
        beyond += 1
    return tile, beyond


def _cpu(out, flow_x_out, flow_y_out, lost, maps, peak_bits, depth, flow_x, flow_y, ground, rough, rain, loss, clock,
         scalars, depth_bits, active):  # fmt: skip
    n_members, n_y, n_x = depth.shape
    for strip in prange((n_y - 2 + STRIP - 1) // STRIP):
        spare = np.empty((1, 1, n_x), depth.dtype)
        first = 1 + strip * STRIP
        last = min(first + STRIP, n_y - 1)
        # A row's pass computes the faces to its south, then finishes the row before. Members take turns after some
        # rows: few, so that the ground under them stays near; not one, so that a member's arrays are read in streams.
        for begin in range(first, last + 1, TURN):
            end = min(begin + TURN, last + 1)
            for member in range(n_members):
                own = unpacked(scalars[member])
                if own[0] == own[11]:  # waits
                    out[member, begin : min(end, last)] = depth[member, begin : min(end, last)]
                    flow_x_out[member, begin : min(end, last)] = flow_x[member, begin : min(end, last)]
                    past = end if last == n_y - 1 else min(end, last)
                    flow_y_out[member, begin:past] = flow_y[member, begin:past]
                    continue
                tile, beyond = find_run(active, member, strip, 0)
                while tile < beyond:
                    low, high = 1 + tile * COLUMNS, min(1 + beyond * COLUMNS, n_x - 1)
                    tile, beyond = find_run(active, member, strip, beyond)
                    for row in range(begin, end):
                        is_own = row < last or row == n_y - 1
                        face, at, to = (flow_y_out, member, row) if is_own else (spare, 0, 0)
                        push_south(face, at, to, depth, flow_y, ground, rough, member, row, own, low - 1, high + 1)
                        if row < last:
                            push_west(flow_x_out, depth, flow_x, ground, rough, member, row, own, low, high)
                        if row == first:
                            continue
                        done = row - 1
                        peak_bits[member, strip] = finish_row(
                            out, depth, depth_bits, flow_x_out, flow_y_out, face, at, to, member, done, own[1],
                            peak_bits[member, strip], low, high,
                        )  # fmt: skip
                        if rain.size:
                            feed_row(out, rain, member, done, own[0], low, high)
                        if loss.size:
                            drain_row(out, lost, loss, member, done, own[0], own[11], low, high)
                        if maps.size:
                            record_row(maps, out, flow_x_out, flow_y_out, face, at, to, member, done, clock[member],
                                       own, low, high)  # fmt: skip


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
        peak_bits[member, :] = xp.maximum(peak_bits[member], xp.max(depth_bits[member][inside]))  # of all steps so far
        after = moved(water[inside], west, east, south, north, own[1])
        if rain.shape[2] > 1:  # an array that is absent may have a length of 0 or of 1, after its kind
            after = after + own[0] * rain[min(member, rain.shape[0] - 1)][inside]
        if loss.shape[2] > 1:
            away = xp.maximum(xp.minimum(own[0] * loss[min(member, loss.shape[0] - 1)][inside], after), own[11])
            after = after - away
            lost[member][inside] += away
        out[member][inside] = after
        if maps.shape[3] > 1:
            deepest, hazard, arrival, duration = (part[member][inside] for part in maps[:4])
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
    root = 1 / xp.cbrt(opened)
    drive = driven(flow, root, own[9], own[2], own[14])
    push = pushed(mixed(flow, south, north, own[5], own[6]), opened, fall, drive)
    new = slowed(push, xp.sqrt(rubbed(push, rough_low, rough_high, root, own[3], drive, own[8])), own[12])
    return xp.where(opened > own[7], bounded(new, behind, ahead, own[4], own[15] * opened * xp.sqrt(opened)), own[11])


# By the bytes of a number.
INERTIA = {
    n_bytes: Sweeps(
        cpu=_cpu,
        whole=_whole,
        gpu=advance_cell,
        launch=partial(launch_shape, tile=TILE),
        registers=REGISTERS[n_bytes],
        inverse_cube_root=root,
    )
    for n_bytes, root in ROOTS.items()
}
