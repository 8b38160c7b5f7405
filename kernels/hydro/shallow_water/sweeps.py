# mypy: allow-untyped-defs, allow-untyped-calls
"""One step of the shallow-water equations over many members: who visits which cell.

A strip's rows are passed from south to north. Each pass makes the states of a row, what crosses the faces to its south,
finishes the row before, and then computes what crosses between its own cells: every flux once, but for the row of faces
between two strips. A member whose time step is 0 waits: its arrays are copied.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ...engines import Sweeps, launch_shape, prange, routine
from ..surface_water.cube_root import ROOTS, inverse_cube_root
from ..surface_water.maps import ARRIVAL, DEEPEST, DURATION, HAZARD
from .device import TILE, advance_cell
from .fluxes import cross_faces
from .slopes import reconstruct

__all__ = ["OWN", "SHALLOW_WATER"]

STRIP = 32  # rows that one thread takes at a time
# Scalars of one member, in the arrays' dtype.
OWN = ("step", "gravity", "half_g", "tiny", "high", "dry", "zero", "half", "one", "two", "half_ratio", "ratio", "drag",
       "threshold", "four")  # fmt: skip


@routine
def find_speeds(speed, depth, flow_x, flow_y, member, row, own):
    """Velocities of a row's cells; thin water has none."""
    dry, zero = own[5], own[6]
    at = row % 3
    for x in range(depth.shape[2]):
        h, flow = depth[member, row, x], flow_x[member, row, x]
        speed[at, 0, x] = flow / max(h, dry) if h > dry else zero
    for x in range(depth.shape[2]):
        h, flow = depth[member, row, x], flow_y[member, row, x]
        speed[at, 1, x] = flow / max(h, dry) if h > dry else zero


@routine
def find_fastest(signal, signal_bits, speed, depth, member, row, fastest, own):
    """The bits of the fastest signal: as whole numbers they have the same order, and are compared many at once."""
    gravity, zero = own[1], own[6]
    at, n = row % 3, depth.shape[2] - 1
    for x in range(1, n):
        wave = np.sqrt(gravity * max(depth[member, row, x], zero))
        signal[x] = max(abs(speed[at, 0, x]), abs(speed[at, 1, x])) + wave
    for x in range(1, n):
        fastest = max(fastest, signal_bits[x])
    return fastest


@routine
def hold_states(states, at, depth, speed, member, row, zero):
    """Of first order a cell is the same on all its faces."""
    here, n = row % 3, depth.shape[2]
    for x in range(n):
        states[at, 0, x] = depth[member, row, x]
    for part in range(2):
        for x in range(n):
            states[at, 1 + part, x] = speed[here, part, x]
    for x in range(n):
        states[at, 3, x] = zero
    for part in range(4):
        for x in range(n - 1):
            states[2, part, x] = states[at, part, x + 1]


@routine
def finish_row(out, x_out, y_out, depth, flow_x, flow_y, over_x, south, north, centred, rough, work, member,
               row, own):  # fmt: skip
    """Depth and momentum of a row from what crossed its faces, then friction, implicit in the new momentum."""
    ratio, drag, dry, zero, one, four = own[11], own[12], own[5], own[6], own[8], own[14]
    n = depth.shape[2] - 1
    for x in range(1, n):
        change = (over_x[0, x - 1] - over_x[0, x]) + (south[0, x] - north[0, x])
        out[member, row, x] = depth[member, row, x] + ratio * change
    for x in range(1, n):
        across = (over_x[2, x - 1] - over_x[1, x]) + centred[0, x]
        work[0, x] = flow_x[member, row, x] + ratio * (across + (south[3, x] - north[3, x]))
    for x in range(1, n):
        across = (south[2, x] - north[1, x]) + centred[1, x]
        work[1, x] = flow_y[member, row, x] + ratio * (across + (over_x[3, x - 1] - over_x[3, x]))
    for x in range(1, n):
        work[2, x] = max(out[member, row, x], dry)
    for x in range(1, n):
        work[3, x] = inverse_cube_root(work[2, x])
    for x in range(1, n):
        cube = work[3, x] * work[3, x] * work[3, x]
        flow = np.sqrt(work[0, x] * work[0, x] + work[1, x] * work[1, x])
        rubbed = four * (drag * rough[row, x]) * (work[3, x] * (cube * cube)) * flow
        work[4, x] = (one + one) / (one + np.sqrt(one + rubbed))
    for x in range(1, n):
        flow = work[0, x] * work[4, x]
        x_out[member, row, x] = flow if out[member, row, x] > dry else zero
    for x in range(1, n):
        flow = work[1, x] * work[4, x]
        y_out[member, row, x] = flow if out[member, row, x] > dry else zero


@routine
def exchange_row(out, lost, rain, loss, member, row, own):
    """Rain falls, and no more sinks than is there."""
    step, zero, n = own[0], own[6], out.shape[2] - 1
    if rain.size:
        of = min(member, rain.shape[0] - 1)
        for x in range(1, n):
            out[member, row, x] += step * rain[of, row, x]
    if loss.size:
        of = min(member, loss.shape[0] - 1)
        for x in range(1, n):
            away = max(min(step * loss[of, row, x], out[member, row, x]), zero)
            out[member, row, x] -= away
            lost[member, row, x] += away


@routine
def record_row(maps, depth, flow_x, flow_y, member, row, clock, own):
    """Greatest depth and unit discharge, first time above the threshold, and time above it."""
    step, threshold, zero, n = own[0], own[13], own[6], depth.shape[2] - 1
    for x in range(1, n):
        maps[DEEPEST, member, row, x] = max(maps[DEEPEST, member, row, x], depth[member, row, x])
    for x in range(1, n):
        along, over = flow_x[member, row, x], flow_y[member, row, x]
        maps[HAZARD, member, row, x] = max(maps[HAZARD, member, row, x], np.sqrt(along * along + over * over))
    for x in range(1, n):
        first = maps[ARRIVAL, member, row, x]
        maps[ARRIVAL, member, row, x] = min(first, clock) if depth[member, row, x] > threshold else first
    for x in range(1, n):
        maps[DURATION, member, row, x] += step if depth[member, row, x] > threshold else zero


@routine
def leave_ring(out, x_out, y_out, depth, flow_x, flow_y, member, row, reach):
    """Put back what a row's loops, which begin at 1 so that a compiler sees no index below 0, did to a wider ring."""
    n = depth.shape[2]
    for place in range(1, reach):
        for x in (place, n - 1 - place):
            out[member, row, x] = depth[member, row, x]
            x_out[member, row, x] = flow_x[member, row, x]
            y_out[member, row, x] = flow_y[member, row, x]


def _cpu(out, x_out, y_out, lost, maps, peak_bits, depth, flow_x, flow_y, ground, rough, rain, loss, clock, scalars,
         reach, active):  # fmt: skip
    n_members, n_y, n_x = depth.shape
    for strip in prange((n_y - 2 * reach + STRIP - 1) // STRIP):
        states, speed = np.zeros((5, 4, n_x), depth.dtype), np.zeros((3, 2, n_x), depth.dtype)
        centred, slope = np.zeros((2, 2, n_x), depth.dtype), np.zeros((12, n_x), depth.dtype)
        over_x, over_y = np.zeros((4, n_x), depth.dtype), np.zeros((2, 4, n_x), depth.dtype)
        work = np.zeros((12, n_x), depth.dtype)
        work_bits = work.view(peak_bits.dtype)
        first = reach + strip * STRIP
        last = min(first + STRIP, n_y - reach)
        for member in range(n_members):
            own = scalars[member]
            if own[0] == own[6]:  # waits
                for row in range(first, last):
                    out[member, row] = depth[member, row]
                    x_out[member, row] = flow_x[member, row]
                    y_out[member, row] = flow_y[member, row]
                continue
            if not active[member, strip, 0]:
                continue
            for row in range(first - reach, first - 1 + reach):
                find_speeds(speed, depth, flow_x, flow_y, member, row, own)
            for row in range(first - 1, last + 1):
                find_speeds(speed, depth, flow_x, flow_y, member, row + reach - 1, own)
                if reach == 1:
                    west, east, south, north, below = 2, row % 2, row % 2, row % 2, (row + 1) % 2
                    hold_states(states, row % 2, depth, speed, member, row, own[6])
                else:
                    west, east, south, north, below = 0, 1, 2, 3 + row % 2, 3 + (row + 1) % 2
                    reconstruct(states, north, centred[row % 2], depth, speed, ground, member, row, slope, own)
                if row < first:
                    continue
                here = row % 2
                cross_faces(
                    over_y[here], states[below], states[south], ground[row - 1], ground[row], 2, 1, n_x, work, own
                )
                if row > first:
                    done = row - 1
                    finish_row(out, x_out, y_out, depth, flow_x, flow_y, over_x, over_y[1 - here], over_y[here],
                               centred[1 - here], rough, work, member, done, own)  # fmt: skip
                    if rain.size or loss.size:
                        exchange_row(out, lost, rain, loss, member, done, own)
                    if maps.size:
                        record_row(maps, out, x_out, y_out, member, done, clock[member], own)
                    leave_ring(out, x_out, y_out, depth, flow_x, flow_y, member, done, reach)
                if row < last:
                    fastest = peak_bits[member, strip]
                    peak_bits[member, strip] = find_fastest(
                        work[0], work_bits[0], speed, depth, member, row, fastest, own
                    )
                    cross_faces(
                        over_x, states[east], states[west], ground[row], ground[row, 1:], 1, 2, n_x - 1, work, own
                    )


# By the bytes of a number.
SHALLOW_WATER = {
    n_bytes: Sweeps(cpu=_cpu, gpu=advance_cell, launch=partial(launch_shape, tile=TILE), inverse_cube_root=root)
    for n_bytes, root in ROOTS.items()
}
