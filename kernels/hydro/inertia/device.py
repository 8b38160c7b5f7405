# mypy: allow-untyped-defs, allow-untyped-calls
"""One step of the local inertial equations on a GPU: a thread takes a cell, for all members in turn.

A thread computes the flows over the western and the southern face of its cell and leaves them in its block's shared
memory, where the cells behind find them; only at the block's eastern and northern edge a thread computes its other
faces too, to the same bits. Ground and roughness are read once for all members.

A cell and step moves 32 bytes (float32), so what a multiprocessor must do meanwhile counts (figures in
``benchmarks/notes/hydro.md``). So a member's scalars are read once, before its faces; what a thread writes it writes
after it has read, since a compiler cannot know that no input changes by it; fields are lists, which share an index; and
an index is an unsigned number, which is not tested for being negative.
"""

from __future__ import annotations

import math

import numpy as np

from ...engines import Sweeps, cuda, routine
from ..surface_water.maps import record_cell
from .formulas import bounded, driven, mixed, moved, opening, pushed, rubbed, slowed

__all__ = ["HIGHEST", "REGISTERS", "TILE", "advance_cell", "raise_peak"]

TILE = (4, 64)  # rows and columns of a block
REGISTERS = {4: 80, 8: 128}  # of a thread, by the bytes of a number: three blocks on a multiprocessor, or two
SHARED = (2, 2, 4, 64)  # two members in turn, flows west and south, a tile
ZERO, ONE, TWO = np.uint64(0), np.uint64(1), np.uint64(2)


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
def read_scalars(scalars, member):
    """The scalars of a member, in the order of ``sweeps.OWN``, as a compiler can keep them in registers."""
    return (
        scalars[member, 0], scalars[member, 1], scalars[member, 2], scalars[member, 3], scalars[member, 4],
        scalars[member, 5], scalars[member, 6], scalars[member, 7], scalars[member, 8], scalars[member, 9],
        scalars[member, 10], scalars[member, 11], scalars[member, 12], scalars[member, 13], scalars[member, 14],
        scalars[member, 15],
    )  # fmt: skip


@routine
def raise_peak(peak_bits, member, row, bits):
    """Many threads share a peak; hardly any finds a higher one, and only those wait for each other."""
    at = row & (peak_bits.shape[1] - 1)
    if bits > peak_bits[member, at]:
        cuda.atomic.max(peak_bits, (member, at), bits)


def _highest(depth_bits, peak_bits):
    x, y = cuda.grid(2)
    if y < depth_bits.shape[1] and x < depth_bits.shape[2]:
        for member in range(depth_bits.shape[0]):
            raise_peak(peak_bits, member, y, depth_bits[member, y, x])


def advance_cell(out, flow_x_out, flow_y_out, lost, maps, peak_bits, depth, flow_x, flow_y, ground, rough, rain, loss,
                 clock, scalars, depth_bits, counts, step):  # fmt: skip
    """One thread's share of a step; all fields but ``out`` and ``maps`` are lists of their cells or faces.

    A member that has made its ``counts`` steps waits: ``out`` holds it already, but for the first step that it waits.
    """
    crossed = cuda.shared.array(SHARED, depth.dtype)
    column, row = cuda.grid(2)
    across, down = cuda.threadIdx.x, cuda.threadIdx.y
    n_y, n_x = np.uint64(out.shape[1]), np.uint64(out.shape[2])
    y, x, now = np.uint64(row), np.uint64(column), np.uint64(step)
    here = y * n_x + x
    is_here = y < n_y and x < n_x
    is_between = ZERO < y and y < n_y - ONE
    is_inside = is_between and ZERO < x and x < n_x - ONE
    has_west, has_south = is_between and ZERO < x and x < n_x, ZERO < y and is_here
    for at in range(out.shape[0]):
        member, turn = np.uint64(at), at & 1
        cell = member * (n_y * n_x) + here
        face_x, face_y = cell + member * n_y + y, cell + member * n_x
        if step >= counts[member]:
            if is_here and step == counts[member] and step > 0:
                out[member, y, x] = depth[cell]
                flow_x_out[face_x] = flow_x[face_x]
                flow_y_out[face_y] = flow_y[face_y]
            cuda.syncthreads()  # the next member but this one writes where the member before is still read
            continue  # together with the whole block
        own = read_scalars(scalars, member)
        h, z, r, west, south = own[11], own[11], own[11], own[11], own[11]
        if is_here:
            h, z, r = depth[cell], ground[here], rough[here]
        if has_west:
            west = cross(flow_x[face_x], flow_x[face_x - ONE], flow_x[face_x + ONE], depth[cell - ONE], h,
                         ground[here - ONE], z, rough[here - ONE], r, own)  # fmt: skip
        if has_south:
            south = cross(flow_y[face_y], flow_y[face_y - n_x], flow_y[face_y + n_x], depth[cell - n_x], h,
                          ground[here - n_x], z, rough[here - n_x], r, own)  # fmt: skip
        crossed[turn, 0, down, across], crossed[turn, 1, down, across] = west, south
        cuda.syncthreads()
        if has_west:
            flow_x_out[face_x] = west
        if has_south:
            flow_y_out[face_y] = south
        if not is_inside:
            continue
        if across + 1 < cuda.blockDim.x:
            east = crossed[turn, 0, down, across + 1]
        else:
            east = cross(flow_x[face_x + ONE], flow_x[face_x], flow_x[face_x + TWO], h, depth[cell + ONE],
                         z, ground[here + ONE], r, rough[here + ONE], own)  # fmt: skip
        if down + 1 < cuda.blockDim.y:
            north = crossed[turn, 1, down + 1, across]
        else:
            north = cross(flow_y[face_y + n_x], flow_y[face_y], flow_y[face_y + n_x + n_x], h, depth[cell + n_x],
                          z, ground[here + n_x], r, rough[here + n_x], own)  # fmt: skip
        raise_peak(peak_bits, member, row, depth_bits[cell])
        after = moved(h, west, east, south, north, own[1])
        if rain.shape[0] > 1:
            after += own[0] * rain[cell if rain.shape[0] > ground.shape[0] else here]
        if loss.shape[0] > 1:
            away = max(min(own[0] * loss[cell if loss.shape[0] > ground.shape[0] else here], after), own[11])
            after -= away
            lost[cell] += away
        out[member, y, x] = after
        if maps.shape[3] > 1:
            record_cell(maps, member, y, x, after, own[12] * (west + east), own[12] * (south + north),
                        clock[now, member], own[0], own[10])  # fmt: skip


HIGHEST = Sweeps(gpu=_highest)
