# mypy: allow-untyped-defs, allow-untyped-calls
"""One step of the shallow-water equations on a GPU: a thread takes a cell, for all members in turn.

A thread computes what crosses all four faces of its cell, and of second order the slopes of its four neighbours too:
some 350 operations (first order) or 900 (second) for 32 bytes in float32. The first is bound by memory, the second by
both; what each shares with its neighbours would cost more to bring than to compute again.
"""

from __future__ import annotations

import math

import numpy as np

from ...engines import Sweeps, cuda, routine
from ..surface_water.maps import record_cell
from .fluxes import carry, lifted, pulled, push, slowest, standing, thrust_ahead, thrust_behind, travel
from .slopes import is_smooth, minmod

__all__ = ["SIGNALS", "TILE", "advance_cell"]

TILE = (4, 64)  # rows and columns of a block: it finds most of its neighbours in its own cache

ZERO, ONE = np.uint64(0), np.uint64(1)  # beside an unsigned index, which is not tested for its sign
# A cell's leaning, as `lean` returns it: its state, slopes along x, slopes along y, and what half a step changes.
H, U, V, Z, H_X, LEVEL_X, U_X, V_X, H_Y, LEVEL_Y, U_Y, V_Y, DH, DU, DV = range(15)


@routine
def speed_of(flow, depth, own):
    """Thin water has none."""
    if depth > own[5]:
        return flow / depth
    return own[6]


@routine
def lean(depth, flow_x, flow_y, ground, member, y, x, reach, own):
    """State and slopes of a cell; of first order there are none, nor beside what is dry."""
    zero, dry, gravity, half_ratio = own[6], own[5], own[1], own[10]
    h, z = depth[member, y, x], ground[y, x]
    u, v = speed_of(flow_x[member, y, x], h, own), speed_of(flow_y[member, y, x], h, own)
    h_x, level_x, u_x, v_x, h_y, level_y, u_y, v_y = zero, zero, zero, zero, zero, zero, zero, zero
    if reach == 1:
        return h, u, v, z, h_x, level_x, u_x, v_x, h_y, level_y, u_y, v_y, zero, zero, zero
    west, east, south, north = (
        depth[member, y, x - ONE], depth[member, y, x + ONE], depth[member, y - ONE, x], depth[member, y + ONE, x]
    )  # fmt: skip
    fall = minmod((h - west) + (z - ground[y, x - ONE]), (east - h) + (ground[y, x + ONE] - z), zero)
    if is_smooth(west, h, east, fall, dry) > zero:
        h_x, level_x = minmod(h - west, east - h, zero), fall
        u_west, u_east = (
            speed_of(flow_x[member, y, x - ONE], west, own),
            speed_of(flow_x[member, y, x + ONE], east, own),
        )
        v_west, v_east = (
            speed_of(flow_y[member, y, x - ONE], west, own),
            speed_of(flow_y[member, y, x + ONE], east, own),
        )
        u_x, v_x = minmod(u - u_west, u_east - u, zero), minmod(v - v_west, v_east - v, zero)
    fall = minmod((h - south) + (z - ground[y - ONE, x]), (north - h) + (ground[y + ONE, x] - z), zero)
    if is_smooth(south, h, north, fall, dry) > zero:
        h_y, level_y = minmod(h - south, north - h, zero), fall
        u_low, u_high = (
            speed_of(flow_x[member, y - ONE, x], south, own),
            speed_of(flow_x[member, y + ONE, x], north, own),
        )
        v_low, v_high = (
            speed_of(flow_y[member, y - ONE, x], south, own),
            speed_of(flow_y[member, y + ONE, x], north, own),
        )
        u_y, v_y = minmod(u - u_low, u_high - u, zero), minmod(v - v_low, v_high - v, zero)
    d_h = -half_ratio * ((h * u_x + u * h_x) + (h * v_y + v * h_y))
    d_u = -half_ratio * ((u * u_x + gravity * level_x) + v * u_y)
    d_v = -half_ratio * ((v * v_y + gravity * level_y) + u * v_x)
    return h, u, v, z, h_x, level_x, u_x, v_x, h_y, level_y, u_y, v_y, d_h, d_u, d_v


@routine
def face_x(cell, side, own):
    """State on the western (``side`` -1) or eastern (1) face: depth, velocity across and along, lift of the ground."""
    half, zero = own[7], own[6]
    return (
        max((cell[H] + cell[DH]) + side * (half * cell[H_X]), zero),
        (cell[U] + cell[DU]) + side * (half * cell[U_X]),
        (cell[V] + cell[DV]) + side * (half * cell[V_X]),
        side * (half * (cell[LEVEL_X] - cell[H_X])),
    )


@routine
def face_y(cell, side, own):
    """The same on the southern or northern face."""
    half, zero = own[7], own[6]
    return (
        max((cell[H] + cell[DH]) + side * (half * cell[H_Y]), zero),
        (cell[V] + cell[DV]) + side * (half * cell[V_Y]),
        (cell[U] + cell[DU]) + side * (half * cell[U_Y]),
        side * (half * (cell[LEVEL_Y] - cell[H_Y])),
    )


@routine
def cross(behind, ahead, low, high, own):
    """Water, momentum across for the cell behind, for the cell ahead, and momentum along; a wall throws all back."""
    gravity, half_g, tiny, wall, dry = own[1], own[2], own[3], own[4], own[5]
    zero, half, one, two = own[6], own[7], own[8], own[9]
    gap = (low - high) + (behind[3] - ahead[3])
    lift, drop_b, drop_a = lifted(behind[0], ahead[0], gap, zero, one, own[14], tiny), max(gap, zero), max(-gap, zero)
    h_b, h_a = standing(behind[0], lift, drop_b, zero), standing(ahead[0], lift, drop_a, zero)
    pull_b, pull_a = pulled(behind[0], lift, drop_b, gravity, zero), pulled(ahead[0], lift, drop_a, gravity, zero)
    u_b, u_a = behind[1], ahead[1]
    if low > wall:
        h_b, h_a, u_b = ahead[0], ahead[0], -ahead[1]
    if high > wall:
        h_b, u_a = behind[0], -behind[1]
        if low <= wall:
            h_a = behind[0]
    c_b, c_a = math.sqrt(gravity * h_b), math.sqrt(gravity * h_a)
    slow = slowest(u_b, u_a, c_b, c_a, one if h_b > dry else zero, zero, half, one, two)
    fast = -slowest(-u_a, -u_b, c_a, c_b, one if h_a > dry else zero, zero, half, one, two)
    spread, pushed = max(fast - slow, tiny), push(h_b, h_a, half_g)
    water = travel(h_b, h_a, u_b, u_a, slow, fast, spread)
    return (
        water,
        thrust_behind(h_b, h_a, u_b, u_a, pushed, slow, fast, spread) - pull_b,
        thrust_ahead(h_b, h_a, u_b, u_a, pushed, slow, fast, spread) - pull_a,
        carry(water, behind[2], ahead[2], zero),
    )


@routine
def raise_signal(peak, member, row, signal):
    """NaN counts as infinite, so that it is not lost among the other signals."""
    at = row & (peak.shape[1] - 1)
    if not signal <= peak[member, at]:
        cuda.atomic.max(peak, (member, at), signal if signal == signal else math.inf)


def _signals(depth, flow_x, flow_y, peak, gravity, dry, zero):
    x, y = cuda.grid(2)
    if y < depth.shape[1] and x < depth.shape[2]:
        for member in range(depth.shape[0]):
            h = depth[member, y, x]
            flow = max(abs(flow_x[member, y, x]), abs(flow_y[member, y, x]))
            speed = flow / h if h > dry else zero
            raise_signal(peak, member, y, speed + math.sqrt(gravity * max(h, zero)))


def advance_cell(out, x_out, y_out, lost, maps, peak, depth, flow_x, flow_y, ground, rough, rain, loss, clock, scalars,
                 reach, counts, step):  # fmt: skip
    """One thread's share of a step; ``peak`` holds floats here.

    A member that has made its ``counts`` steps waits: ``out`` holds it already, but for the first step that it waits.
    """
    column, row = cuda.grid(2)
    n_y, n_x = ground.shape
    if reach <= row and row < n_y - reach and 0 < column and column < n_x - 1:
        y, x, now = np.uint64(row), np.uint64(column), np.uint64(step)
        for at in range(depth.shape[0]):
            member = np.uint64(at)
            own = scalars[member]
            ratio, drag, dry, zero, one, four = own[11], own[12], own[5], own[6], own[8], own[14]
            h, flow_here, flow_there = depth[member, y, x], flow_x[member, y, x], flow_y[member, y, x]
            if step >= counts[member]:
                if step == counts[member] and step > 0:
                    out[member, y, x] = h
                    x_out[member, y, x] = flow_here
                    y_out[member, y, x] = flow_there
                continue
            u, v = speed_of(flow_here, h, own), speed_of(flow_there, h, own)
            signal = max(abs(u), abs(v)) + math.sqrt(own[1] * max(h, zero))
            raise_signal(peak, member, row, signal)
            if column < reach or column >= n_x - reach:
                continue
            here = lean(depth, flow_x, flow_y, ground, member, y, x, reach, own)
            west = lean(depth, flow_x, flow_y, ground, member, y, x - ONE, reach, own)
            over_west = cross(face_x(west, one, own), face_x(here, -one, own), west[Z], here[Z], own)
            east = lean(depth, flow_x, flow_y, ground, member, y, x + ONE, reach, own)
            over_east = cross(face_x(here, one, own), face_x(east, -one, own), here[Z], east[Z], own)
            south = lean(depth, flow_x, flow_y, ground, member, y - ONE, x, reach, own)
            over_south = cross(face_y(south, one, own), face_y(here, -one, own), south[Z], here[Z], own)
            north = lean(depth, flow_x, flow_y, ground, member, y + ONE, x, reach, own)
            over_north = cross(face_y(here, one, own), face_y(north, -one, own), here[Z], north[Z], own)
            pull_x = -own[2] * ((face_x(here, -one, own)[0] + face_x(here, one, own)[0]) * here[LEVEL_X])
            pull_y = -own[2] * ((face_y(here, -one, own)[0] + face_y(here, one, own)[0]) * here[LEVEL_Y])
            after = h + ratio * ((over_west[0] - over_east[0]) + (over_south[0] - over_north[0]))
            along_x = (over_west[2] - over_east[1]) + pull_x
            along_y = (over_south[2] - over_north[1]) + pull_y
            new_x = flow_here + ratio * (along_x + (over_south[3] - over_north[3]))
            new_y = flow_there + ratio * (along_y + (over_west[3] - over_east[3]))
            root = one / cuda.cbrt(max(after, dry))
            cube = root * root * root
            rubbed = four * (drag * rough[y, x]) * (root * (cube * cube)) * math.sqrt(new_x * new_x + new_y * new_y)
            kept = (one + one) / (one + math.sqrt(one + rubbed))
            new_x, new_y = (new_x * kept, new_y * kept) if after > dry else (zero, zero)
            if rain.shape[2] > 1:
                after += own[0] * rain[member if rain.shape[0] > 1 else ZERO, y, x]
            if loss.shape[2] > 1:
                away = max(min(own[0] * loss[member if loss.shape[0] > 1 else ZERO, y, x], after), zero)
                after -= away
                lost[member, y, x] += away
            out[member, y, x] = after
            x_out[member, y, x] = new_x
            y_out[member, y, x] = new_y
            if maps.shape[3] > 1:
                record_cell(maps, member, y, x, after, new_x, new_y, clock[now, member], own[0], own[13])


SIGNALS = Sweeps(gpu=_signals)
