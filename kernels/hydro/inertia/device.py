# mypy: allow-untyped-defs, allow-untyped-calls
"""One step of the local inertial equations on a GPU: a thread takes a cell, for all members in turn.

A thread computes the flows over all four faces of its cell and writes the western and the southern ones; its neighbours
come to the same bits of the others. That is twice the arithmetic in one pass through memory, and of arithmetic there is
more to spare: a cell and step moves 32 bytes (float32) and takes some 200 operations. Ground and roughness are read
once for all members.
"""

from __future__ import annotations

import math

from ...engines import Sweeps, cuda, routine
from ..surface_water.maps import record_cell
from .formulas import bounded, driven, mixed, moved, opening, pushed, rubbed, slowed

__all__ = ["HIGHEST", "advance_cell", "raise_peak"]


@routine
def cross(flow, before, after, behind, ahead, low, high, rough_low, rough_high, own):
    """The flow over a face a step later."""
    opened = opening(behind, ahead, low, high)
    if opened <= own[7]:
        return own[11]
    fall = (low + behind) - (high + ahead)
    root = own[13] / cuda.cbrt(opened)
    drive = driven(flow, root, own[9], own[2], own[14])
    push = pushed(mixed(flow, before, after, own[5], own[6]), opened, fall, drive)
    rub = rubbed(push, rough_low, rough_high, root, own[3], drive, own[8])
    new = slowed(push, math.sqrt(rub), own[12])
    return bounded(new, behind, ahead, own[4], own[15] * opened * math.sqrt(opened))


@routine
def raise_peak(peak_bits, member, strip, bits):
    """Many threads share a peak; hardly any finds a higher one, and only those wait for each other."""
    if bits > peak_bits[member, strip]:
        cuda.atomic.max(peak_bits, (member, strip), bits)


def _highest(depth_bits, peak_bits):
    y, x = cuda.grid(2)
    if y < depth_bits.shape[1] and x < depth_bits.shape[2]:
        for member in range(depth_bits.shape[0]):
            raise_peak(peak_bits, member, y % peak_bits.shape[1], depth_bits[member, y, x])


def advance_cell(out, flow_x_out, flow_y_out, lost, maps, peak_bits, depth, flow_x, flow_y, ground, rough, rain, loss,
                 clock, scalars, depth_bits):  # fmt: skip
    """One thread's share of a step."""
    y, x = cuda.grid(2)
    n_y, n_x = ground.shape
    if y < n_y and x < n_x:
        z, r = ground[y, x], rough[y, x]
        is_inside = 0 < y and y < n_y - 1 and 0 < x and x < n_x - 1
        for member in range(depth.shape[0]):
            own = scalars[member]
            h, west, south = depth[member, y, x], flow_x[member, y, x], flow_y[member, y, x]
            if own[0] == own[11]:  # waits
                out[member, y, x] = h
                flow_x_out[member, y, x] = west
                flow_y_out[member, y, x] = south
                continue
            if 0 < x and 0 < y and y < n_y - 1:
                west = cross(west, flow_x[member, y, x - 1], flow_x[member, y, x + 1], depth[member, y, x - 1], h,
                             ground[y, x - 1], z, rough[y, x - 1], r, own)  # fmt: skip
                flow_x_out[member, y, x] = west
            if 0 < y:
                south = cross(south, flow_y[member, y - 1, x], flow_y[member, y + 1, x], depth[member, y - 1, x], h,
                              ground[y - 1, x], z, rough[y - 1, x], r, own)  # fmt: skip
                flow_y_out[member, y, x] = south
            if not is_inside:
                continue
            east = cross(flow_x[member, y, x + 1], flow_x[member, y, x], flow_x[member, y, x + 2], h,
                         depth[member, y, x + 1], z, ground[y, x + 1], r, rough[y, x + 1], own)  # fmt: skip
            north = cross(flow_y[member, y + 1, x], flow_y[member, y, x], flow_y[member, y + 2, x], h,
                          depth[member, y + 1, x], z, ground[y + 1, x], r, rough[y + 1, x], own)  # fmt: skip
            raise_peak(peak_bits, member, y % peak_bits.shape[1], depth_bits[member, y, x])
            after = moved(h, west, east, south, north, own[1])
            if rain.shape[2] > 1:
                after += own[0] * rain[min(member, rain.shape[0] - 1), y, x]
            if loss.shape[2] > 1:
                away = max(min(own[0] * loss[min(member, loss.shape[0] - 1), y, x], after), own[11])
                after -= away
                lost[member, y, x] += away
            out[member, y, x] = after
            if maps.shape[3] > 1:
                record_cell(maps, member, y, x, after, own[12] * (west + east), own[12] * (south + north),
                            clock[member], own[0], own[10])  # fmt: skip


HIGHEST = Sweeps(gpu=_highest)
