# mypy: allow-untyped-defs, allow-untyped-calls
"""The root of Green and Ampt's equation in many cells: by loops, in whole arrays, and by a thread for each cell."""

from __future__ import annotations

import math

import numpy as np

from ..engines import Sweeps, cuda, prange, routine

__all__ = ["INFILTRATION", "READ"]

MOST_TURNS = 60  # of Newton's method, which from its first turn on comes from above and doubles its digits
GOOD = 1e-14
READ = ("sunk", "conductivity_m_s", "suction_m", "deficit")  # in the order in which a device notes what is wrong
xp = np  # the array module of whole-array forms: an engine brings its own


@routine
def solve(before, least, pull):
    """The depth that sinks in a step in which the soil's own weight of water would sink ``least`` [m]."""
    grown = least
    if pull > 0.0 and least > 0.0:
        base = before + pull
        bend = 2.0 * (pull / base) * (least / base)
        full = before / base
        grown = 2.0 * least / (full + math.sqrt(full * full + bend))  # the root, were the logarithm a parabola
        for _ in range(MOST_TURNS):
            slope = 1.0 - pull / (base + grown)
            if slope <= 0.0:
                break  # least is lost in the rounding of the soil's pull
            less = (grown - pull * math.log1p(grown / base) - least) / slope
            grown = max(grown - less, least)
            if abs(less) <= GOOD * (base + grown):
                break
    return grown


def _cpu(out, before, conducted, pulled):
    for at in prange(out.size):
        out[at] = solve(before[at], conducted[at], pulled[at])


def _whole(out, before, conducted, pulled):
    sinks = (pulled > 0.0) & (conducted > 0.0)
    pull, least = xp.where(sinks, pulled, 0.0), xp.where(sinks, conducted, 0.0)
    base = xp.where(sinks, before + pull, 1.0)
    full, bend = xp.where(sinks, before, 1.0) / base, 2.0 * (pull / base) * (least / base)
    grown = 2.0 * least / (full + xp.sqrt(full * full + bend))
    for _ in range(MOST_TURNS):
        slope = 1.0 - pull / (base + grown)
        sinks = sinks & (slope > 0.0)
        less = (grown - pull * xp.log1p(grown / base) - least) / xp.where(sinks, slope, 1.0)
        grown = xp.where(sinks, xp.maximum(grown - less, least), grown)
        sinks = sinks & (abs(less) > GOOD * (base + grown))  # one that is done stays, whoever is not done beside it
        if not sinks.any():
            break
    out[...] = xp.where(least > 0.0, grown, conducted)


@routine
def read_cell(field, member, y, x):
    """The value of a field (member, y, x) in which a dim of length 1 stands for all; in double precision."""
    m, row, column = min(member, field.shape[0] - 1), min(y, field.shape[1] - 1), min(x, field.shape[2] - 1)
    return np.float64(field[m, row, column])


def _gpu(out, wrong, sunk, conductivity, suction, deficit, seconds):
    x, y = cuda.grid(2)
    if y < out.shape[1] and x < out.shape[2]:
        for member in range(out.shape[0]):
            before, conducts = read_cell(sunk, member, y, x), read_cell(conductivity, member, y, x)
            pulls, free = read_cell(suction, member, y, x), read_cell(deficit, member, y, x)
            # Any thread's value will do, in words that no thread tears; what is right stays 0.
            if not 0.0 <= before < np.inf:
                wrong[0] = before
            if not 0.0 <= conducts < np.inf:
                wrong[1] = conducts
            if not 0.0 <= pulls < np.inf:
                wrong[2] = pulls
            if not 0.0 <= free <= 1.0:
                wrong[3] = free
            if before < np.inf and conducts < np.inf and pulls < np.inf:
                out[member, y, x] = solve(before, conducts * seconds, pulls * free)


INFILTRATION = Sweeps(cpu=_cpu, whole=_whole, gpu=_gpu)
