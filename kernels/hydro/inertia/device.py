# mypy: allow-untyped-defs, allow-untyped-calls
"""One step of the local inertial equations on a GPU: a thread takes a cell, for all members in turn.

A thread computes the flows over all four faces of its cell and writes the western and the southern ones; its neighbours
come to the same bits of the others. That is twice the arithmetic in one pass through memory, and of arithmetic there is
more to spare: a cell and step moves 32 bytes (float32) and takes some 200 operations. Ground and roughness are read
once for all members.

What counts beside the bytes is how many instructions load and how many compute addresses (figures in
``benchmarks/notes/hydro.md``). So a member's scalars are read once, before its faces; all that a thread writes it
writes at its end, since a compiler cannot know that no input changes by it; an index is an unsigned number, which is
not tested for being negative; and a block of four rows finds most of its neighbours in its own cache.
"""

from __future__ import annotations

import math

import numpy as np

from ...engines import Sweeps, cuda, routine
from ..surface_water.maps import record_cell
from .formulas import bounded, inertia_divisor, mixed, moved, opening, pushed, rubbed, slowed

__all__ = ["BLOCK", "HIGHEST", "advance_cell", "raise_peak"]

BLOCK = (4, 64)  # threads along y and x
ZERO, ONE, TWO = np.uint64(0), np.uint64(1), np.uint64(2)


@routine
def cross(flow, before, after, behind, ahead, low, high, rough_low, rough_high, own):
    """The flow over a face a step later."""
    opened = opening(behind, ahead, low, high)
    if opened <= own[7]:
        return own[11]
    fall = (low + behind) - (high + ahead)
    root = own[13] / cuda.cbrt(opened)
    divisor = inertia_divisor(flow, root, own[20], own[13], own[21])
    push = pushed(mixed(flow, before, after, own[5], own[6]), opened, fall, own[2], divisor)
    rub = rubbed(push, rough_low, rough_high, root, own[3], own[12], own[19], divisor)
    new = slowed(push, math.sqrt(own[13] + rub), own[13], own[18])
    return bounded(new, behind, ahead, own[4], own[17] * opened * math.sqrt(opened))


@routine
def read_scalars(scalars, member):
    """The scalars of a member, in the order of ``sweeps.OWN``, as a compiler can keep them in registers."""
    return (
        scalars[member, 0], scalars[member, 1], scalars[member, 2], scalars[member, 3], scalars[member, 4],
        scalars[member, 5], scalars[member, 6], scalars[member, 7], scalars[member, 8], scalars[member, 9],
        scalars[member, 10], scalars[member, 11], scalars[member, 12], scalars[member, 13], scalars[member, 14],
        scalars[member, 15], scalars[member, 16], scalars[member, 17], scalars[member, 18], scalars[member, 19],
        scalars[member, 20], scalars[member, 21],
    )  # fmt: skip


@routine
def raise_peak(peak_bits, member, row, bits):
    """Many threads share a peak; hardly any finds a higher one, and only those wait for each other."""
    at = row & (peak_bits.shape[1] - 1)
    if bits > peak_bits[member, at]:
        cuda.atomic.max(peak_bits, (member, at), bits)


def _highest(depth_bits, peak_bits):
    y, x = cuda.grid(2)
    if y < depth_bits.shape[1] and x < depth_bits.shape[2]:
        for member in range(depth_bits.shape[0]):
            raise_peak(peak_bits, member, y, depth_bits[member, y, x])


def advance_cell(out, flow_x_out, flow_y_out, lost, maps, peak_bits, depth, flow_x, flow_y, ground, rough, rain, loss,
                 clock, scalars, depth_bits, counts, step):  # fmt: skip
    """One thread's share of a step.

    A member that has made its ``counts`` steps waits: ``out`` holds it already, but for the first step that it waits.
    """
    row, column = cuda.grid(2)
    n_y, n_x = ground.shape
    if row < n_y and column < n_x:
        y, x, now = np.uint64(row), np.uint64(column), np.uint64(step)
        is_inside = 0 < row and row < n_y - 1 and 0 < column and column < n_x - 1
        has_west = 0 < column and 0 < row and row < n_y - 1
        for at in range(depth.shape[0]):
            member = np.uint64(at)
            if step >= counts[member]:
                if step == counts[member] and step > 0:
                    out[member, y, x] = depth[member, y, x]
                    flow_x_out[member, y, x] = flow_x[member, y, x]
                    flow_y_out[member, y, x] = flow_y[member, y, x]
                continue
            own = read_scalars(scalars, member)
            h, west, south = depth[member, y, x], flow_x[member, y, x], flow_y[member, y, x]
            east, north = own[11], own[11]
            z, r = ground[y, x], rough[y, x]
            if has_west:
                west = cross(west, flow_x[member, y, x - ONE], flow_x[member, y, x + ONE], depth[member, y, x - ONE], h,
                             ground[y, x - ONE], z, rough[y, x - ONE], r, own)  # fmt: skip
            if 0 < row:
                south = cross(south, flow_y[member, y - ONE, x], flow_y[member, y + ONE, x], depth[member, y - ONE, x],
                              h, ground[y - ONE, x], z, rough[y - ONE, x], r, own)  # fmt: skip
            if is_inside:
                east = cross(flow_x[member, y, x + ONE], flow_x[member, y, x], flow_x[member, y, x + TWO], h,
                             depth[member, y, x + ONE], z, ground[y, x + ONE], r, rough[y, x + ONE], own)  # fmt: skip
                north = cross(flow_y[member, y + ONE, x], flow_y[member, y, x], flow_y[member, y + TWO, x], h,
                              depth[member, y + ONE, x], z, ground[y + ONE, x], r, rough[y + ONE, x], own)  # fmt: skip
            if has_west:
                flow_x_out[member, y, x] = west
            if 0 < row:
                flow_y_out[member, y, x] = south
            if not is_inside:
                continue
            raise_peak(peak_bits, member, row, depth_bits[member, y, x])
            after = moved(h, west, east, south, north, own[1])
            if rain.shape[2] > 1:
                after += own[0] * rain[member if rain.shape[0] > 1 else ZERO, y, x]
            if loss.shape[2] > 1:
                away = max(min(own[0] * loss[member if loss.shape[0] > 1 else ZERO, y, x], after), own[11])
                after -= away
                lost[member, y, x] += away
            out[member, y, x] = after
            if maps.shape[3] > 1:
                record_cell(maps, member, y, x, after, own[12] * (west + east), own[12] * (south + north),
                            clock[now, member], own[0], own[10])  # fmt: skip


HIGHEST = Sweeps(gpu=_highest)
