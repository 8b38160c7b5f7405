# mypy: allow-untyped-defs, allow-untyped-calls
r"""States on the four faces of a cell: slopes that make no new extremes, and half a step ahead in time.

Slopes are those of depth, level and velocity (minmod). There are none where a neighbour is dry, or where the level
falls from cell to cell by twice the depth: a shore and a film on a slope are of first order. The half step solves

.. math:: \partial_t h = -\nabla \cdot (h \mathbf u), \qquad \partial_t \mathbf u = -\mathbf u \cdot \nabla \mathbf u
          - g \nabla \eta

with these slopes; of a lake at rest nothing of it is left.

References
----------
.. [1] van Leer (1984), doi:10.1137/0905001 (the half step by Hancock)
.. [2] Audusse, Bouchut, Bristeau, Klein & Perthame (2004), doi:10.1137/S1064827503431090 (depth and level)
"""

from __future__ import annotations

from ...engines import routine, rule

__all__ = ["is_smooth", "minmod", "reconstruct"]

# Of the states; the northern ones of two rows take turns in 3 and 4, and the western ones stand where their western
# neighbour does, beside its eastern ones.
WEST, EAST, SOUTH = 0, 1, 2


@rule
def minmod(before, after, zero):
    """The smaller of two differences of one sign, else nothing."""
    return max(min(before, after), zero) + min(max(before, after), zero)


@rule
def is_smooth(before, depth, after, fall, dry):
    """Above 0 where the level falls by less than twice the least depth: a thinner film would be flung ahead."""
    least = min(min(before, after), depth)
    return min((least + least) - abs(fall), least - dry)


@routine
def reconstruct(states, north, centred, depth, speed, ground, member, row, slope, own):
    """States of a row's cells on their faces, and the push of each cell's own level along x and y.

    ``speed`` holds velocities of rows by ``row % 3``; rows of ``slope``: of depth, level and velocities along x, the
    same along y, what half a step changes (depth and the two velocities), and where there are slopes.
    """
    zero, half, one, dry, gravity, half_g, half_ratio = own[6], own[7], own[8], own[5], own[1], own[2], own[10]
    n = depth.shape[2]
    here, below, above = row % 3, (row - 1) % 3, (row + 1) % 3
    for x in range(1, n - 1):
        h_b, h, h_a = depth[member, row, x - 1], depth[member, row, x], depth[member, row, x + 1]
        z = ground[row, x]
        fall = minmod((h - h_b) + (z - ground[row, x - 1]), (h_a - h) + (ground[row, x + 1] - z), zero)
        slope[1, x] = fall if is_smooth(h_b, h, h_a, fall, dry) > zero else zero
    for x in range(1, n - 1):
        h_b, h, h_a = depth[member, row, x - 1], depth[member, row, x], depth[member, row, x + 1]
        z = ground[row, x]
        fall = minmod((h - h_b) + (z - ground[row, x - 1]), (h_a - h) + (ground[row, x + 1] - z), zero)
        slope[11, x] = one if is_smooth(h_b, h, h_a, fall, dry) > zero else zero
    for x in range(1, n - 1):
        h_b, h, h_a = depth[member, row, x - 1], depth[member, row, x], depth[member, row, x + 1]
        slope[0, x] = slope[11, x] * minmod(h - h_b, h_a - h, zero)
    for part in range(2):
        for x in range(1, n - 1):
            before = speed[here, part, x] - speed[here, part, x - 1]
            after = speed[here, part, x + 1] - speed[here, part, x]
            slope[2 + part, x] = slope[11, x] * minmod(before, after, zero)
    for x in range(1, n - 1):
        h_b, h, h_a = depth[member, row - 1, x], depth[member, row, x], depth[member, row + 1, x]
        z = ground[row, x]
        fall = minmod((h - h_b) + (z - ground[row - 1, x]), (h_a - h) + (ground[row + 1, x] - z), zero)
        slope[5, x] = fall if is_smooth(h_b, h, h_a, fall, dry) > zero else zero
    for x in range(1, n - 1):
        h_b, h, h_a = depth[member, row - 1, x], depth[member, row, x], depth[member, row + 1, x]
        z = ground[row, x]
        fall = minmod((h - h_b) + (z - ground[row - 1, x]), (h_a - h) + (ground[row + 1, x] - z), zero)
        slope[11, x] = one if is_smooth(h_b, h, h_a, fall, dry) > zero else zero
    for x in range(1, n - 1):
        h_b, h, h_a = depth[member, row - 1, x], depth[member, row, x], depth[member, row + 1, x]
        slope[4, x] = slope[11, x] * minmod(h - h_b, h_a - h, zero)
    for part in range(2):
        for x in range(1, n - 1):
            before = speed[here, part, x] - speed[below, part, x]
            after = speed[above, part, x] - speed[here, part, x]
            slope[6 + part, x] = slope[11, x] * minmod(before, after, zero)
    for x in range(1, n - 1):
        h, u, v = depth[member, row, x], speed[here, 0, x], speed[here, 1, x]
        over_x, over_y = h * slope[2, x] + u * slope[0, x], h * slope[7, x] + v * slope[4, x]
        slope[8, x] = -half_ratio * (over_x + over_y)
    for x in range(1, n - 1):
        u, v = speed[here, 0, x], speed[here, 1, x]
        slope[9, x] = -half_ratio * ((u * slope[2, x] + gravity * slope[1, x]) + v * slope[6, x])
    for x in range(1, n - 1):
        u, v = speed[here, 0, x], speed[here, 1, x]
        slope[10, x] = -half_ratio * ((v * slope[7, x] + gravity * slope[5, x]) + u * slope[3, x])
    for x in range(1, n - 1):
        middle = depth[member, row, x] + slope[8, x]
        states[WEST, 0, x - 1] = max(middle - half * slope[0, x], zero)
        states[EAST, 0, x] = max(middle + half * slope[0, x], zero)
    for x in range(1, n - 1):
        middle = depth[member, row, x] + slope[8, x]
        states[SOUTH, 0, x] = max(middle - half * slope[4, x], zero)
        states[north, 0, x] = max(middle + half * slope[4, x], zero)
    for part in range(2):
        for x in range(1, n - 1):
            middle = speed[here, part, x] + slope[9 + part, x]
            states[WEST, 1 + part, x - 1] = middle - half * slope[2 + part, x]
            states[EAST, 1 + part, x] = middle + half * slope[2 + part, x]
        for x in range(1, n - 1):
            middle = speed[here, part, x] + slope[9 + part, x]
            states[SOUTH, 1 + part, x] = middle - half * slope[6 + part, x]
            states[north, 1 + part, x] = middle + half * slope[6 + part, x]
    for x in range(1, n - 1):
        tilt = half * (slope[1, x] - slope[0, x])
        states[WEST, 3, x - 1] = -tilt
        states[EAST, 3, x] = tilt
    for x in range(1, n - 1):
        tilt = half * (slope[5, x] - slope[4, x])
        states[SOUTH, 3, x] = -tilt
        states[north, 3, x] = tilt
    for x in range(1, n - 1):
        centred[0, x] = -half_g * ((states[WEST, 0, x - 1] + states[EAST, 0, x]) * slope[1, x])
    for x in range(1, n - 1):
        centred[1, x] = -half_g * ((states[SOUTH, 0, x] + states[north, 0, x]) * slope[5, x])
