# mypy: allow-untyped-defs, allow-untyped-calls
"""The maps of what water did, and how a GPU thread notes one cell in them."""

from __future__ import annotations

import math

from ...engines import routine

__all__ = ["ARRIVAL", "DEEPEST", "DURATION", "HAZARD", "LIMITED", "MAPS", "record_cell"]

MAPS = ("deepest", "hazard", "arrival", "duration", "limited")
DEEPEST, HAZARD, ARRIVAL, DURATION, LIMITED = range(len(MAPS))


@routine
def record_cell(maps, member, y, x, depth, along, over, clock, step, threshold):
    """Greatest depth and unit discharge, first time above the threshold, and time above it."""
    flow = math.sqrt(along * along + over * over)
    if depth > maps[DEEPEST, member, y, x]:  # what is not greater need not be written
        maps[DEEPEST, member, y, x] = depth
    if flow > maps[HAZARD, member, y, x]:
        maps[HAZARD, member, y, x] = flow
    if depth > threshold:
        maps[ARRIVAL, member, y, x] = min(maps[ARRIVAL, member, y, x], clock)
        maps[DURATION, member, y, x] += step
