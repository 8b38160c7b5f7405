# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
r"""What crosses a face: hydrostatic reconstruction, then the solver of Harten, Lax and van Leer with its contact.

Beside a face stand a state behind and one ahead: depth :math:`h`, velocities across and along it, ground :math:`z`. The
face's own ground :math:`z_f` stands above that of the lower cell :math:`l` by

.. math:: z_f - z_l = \min\{z_u - z_l,\; \max(0, h_l - w h_u)\},

where :math:`w` is 0 for water deeper than four such steps of the ground (the face then stands as high as the upper cell
:math:`u`, or as the water on a shore), and 1 for a film thinner than one, which runs down a slope as if there were no
steps. Of each state counts :math:`h^* = \min\{h, \max(0, h + z - z_f)\}`: a lake pushes nothing. What
a face does to the momentum of the cell behind is :math:`F - g h_-^{*2} / 2 - g h_- \max(0, z_- - z_f)`, and of the
cell ahead the mirrored: the pressure of a cell's own water has been left out on both of its sides, and a film feels the
whole fall of the ground to its lower neighbour. Written so, states that are at rest give exactly nothing, and mirrored
states the mirrored bits. Only differences of ground enter: nothing is lost to the height of a city above the sea.

References
----------
.. [1] Audusse, Bouchut, Bristeau, Klein & Perthame (2004), doi:10.1137/S1064827503431090
.. [2] Chen & Noelle (2017), doi:10.1137/15M1053074 (a face's ground below the higher one, and its pull)
.. [3] Xia, Liang, Ming & Hou (2017), doi:10.1002/2016WR020055 (films: a step counts by the fall of the water's level)
.. [4] Toro (2001), Shock-capturing methods for free-surface shallow flows, sections 10.4 to 10.6
"""

from __future__ import annotations

import numpy as np

from ...engines import routine, rule

__all__ = [
    "carry",
    "cross_faces",
    "lifted",
    "pulled",
    "push",
    "slowest",
    "standing",
    "thrust_ahead",
    "thrust_behind",
    "travel",
]


@rule
def raised(step, lower, upper, zero, one, four, tiny):
    """How much higher than the lower ground a face's is, at a ``step`` between two depths."""
    film = min(max((four * step - lower) / max((four - one) * step, tiny), zero), one)
    return min(step, max(lower - film * upper, zero))


@rule
def lifted(h_behind, h_ahead, gap, zero, one, four, tiny):
    """The same of a face whose ground behind is higher by ``gap`` than that ahead, or lower."""
    behind = raised(max(-gap, zero), h_behind, h_ahead, zero, one, four, tiny)
    return behind + raised(max(gap, zero), h_ahead, h_behind, zero, one, four, tiny)


@rule
def standing(depth, lift, drop, zero):
    """Depth above the ground of a face; ``drop`` is how far the ground falls from the cell to the one beyond."""
    return min(max(depth - (lift - drop), zero), depth)


@rule
def pulled(depth, lift, drop, gravity, zero):
    """How much the ground, falling from a cell to its face, pulls at the cell's water."""
    return gravity * (depth * max(drop - lift, zero))


@rule
def slowest(u_behind, u_ahead, c_behind, c_ahead, wet_behind, zero, half, one, two):
    """The slowest wave, if it runs backwards; mirrored, the fastest. A front on dry ground runs at twice a wave."""
    middle = half * (u_behind + u_ahead) + (c_behind - c_ahead)
    star = max(half * (c_behind + c_ahead) + half * half * (u_behind - u_ahead), zero)
    wet = min(u_behind - c_behind, middle - star)
    return min(wet_behind * wet + (one - wet_behind) * (u_ahead - two * c_ahead), zero)


@rule
def travel(h_behind, h_ahead, u_behind, u_ahead, slow, fast, spread):
    """Water over the face [m2 s-1]."""
    carried = fast * (h_behind * u_behind) - slow * (h_ahead * u_ahead)
    return (carried + slow * fast * (h_ahead - h_behind)) / spread


@rule
def push(h_behind, h_ahead, half_g):
    """How much more the water behind presses than that ahead."""
    return half_g * ((h_behind - h_ahead) * (h_behind + h_ahead))


@rule
def thrust_behind(h_behind, h_ahead, u_behind, u_ahead, pushed, slow, fast, spread):
    """What the cell behind loses of its momentum across the face."""
    behind, ahead = h_behind * u_behind, h_ahead * u_ahead
    carried = fast * (behind * u_behind) - slow * (ahead * u_ahead - pushed)
    return (carried + slow * fast * (ahead - behind)) / spread


@rule
def thrust_ahead(h_behind, h_ahead, u_behind, u_ahead, pushed, slow, fast, spread):
    """What the cell ahead wins of it."""
    behind, ahead = h_behind * u_behind, h_ahead * u_ahead
    carried = fast * (behind * u_behind + pushed) - slow * (ahead * u_ahead)
    return (carried + slow * fast * (ahead - behind)) / spread


@rule
def carry(water, v_behind, v_ahead, zero):
    """Momentum along the face, which the water brings from where it comes."""
    return max(water, zero) * v_behind + min(water, zero) * v_ahead


# Rows of a state: depth, velocity along x, along y, ground above the cell's own. Rows of what crosses: water, momentum
# across the face for the cell behind, for the cell ahead, momentum along it. Rows of ``work``: depths and velocities of
# both sides, their waves, slowest and fastest, the gap of the ground, its pull at both sides, the face's lift. Each
# line below reads so few rows that a compiler makes vectors of it.


@routine
def cross_faces(out, behind, ahead, low, high, across, along, n, work, own):
    """What crosses ``n`` faces, between ``behind[:, x]`` on the ground ``low`` and ``ahead[:, x]`` on ``high``.

    A wall throws all back.
    """
    gravity, half_g, tiny, wall, dry = own[1], own[2], own[3], own[4], own[5]
    zero, half, one, two, four = own[6], own[7], own[8], own[9], own[14]
    for x in range(n):
        work[8, x] = (low[x] - high[x]) + (behind[3, x] - ahead[3, x])
    for x in range(n):
        work[11, x] = lifted(behind[0, x], ahead[0, x], work[8, x], zero, one, four, tiny)
    for x in range(n):
        z_b, z_a, h_b, h_a = low[x], high[x], behind[0, x], ahead[0, x]
        stands = standing(h_b, work[11, x], max(work[8, x], zero), zero)
        thrown = h_a if z_b > wall else stands
        work[0, x] = h_b if z_a > wall else thrown
    for x in range(n):
        z_b, z_a, h_b, h_a = low[x], high[x], behind[0, x], ahead[0, x]
        stands = standing(h_a, work[11, x], max(-work[8, x], zero), zero)
        thrown = h_b if z_a > wall else stands
        work[1, x] = h_a if z_b > wall else thrown
    for x in range(n):
        work[9, x] = pulled(behind[0, x], work[11, x], max(work[8, x], zero), gravity, zero)
    for x in range(n):
        work[10, x] = pulled(ahead[0, x], work[11, x], max(-work[8, x], zero), gravity, zero)
    for x in range(n):
        z_b, u_b, u_a = low[x], behind[across, x], ahead[across, x]
        work[2, x] = -u_a if z_b > wall else u_b
    for x in range(n):
        z_a, u_b, u_a = high[x], behind[across, x], ahead[across, x]
        work[3, x] = -u_b if z_a > wall else u_a
    for x in range(n):
        work[4, x] = np.sqrt(gravity * work[0, x])
    for x in range(n):
        work[5, x] = np.sqrt(gravity * work[1, x])
    for x in range(n):
        wet = one if work[0, x] > dry else zero
        work[6, x] = slowest(work[2, x], work[3, x], work[4, x], work[5, x], wet, zero, half, one, two)
    for x in range(n):
        wet = one if work[1, x] > dry else zero
        work[7, x] = -slowest(-work[3, x], -work[2, x], work[5, x], work[4, x], wet, zero, half, one, two)
    for x in range(n):
        spread = max(work[7, x] - work[6, x], tiny)
        out[0, x] = travel(work[0, x], work[1, x], work[2, x], work[3, x], work[6, x], work[7, x], spread)
    for x in range(n):
        h_b, h_a, u_b, u_a, slow, fast = work[0, x], work[1, x], work[2, x], work[3, x], work[6, x], work[7, x]
        thrust = thrust_behind(h_b, h_a, u_b, u_a, push(h_b, h_a, half_g), slow, fast, max(fast - slow, tiny))
        out[1, x] = thrust - work[9, x]
    for x in range(n):
        h_b, h_a, u_b, u_a, slow, fast = work[0, x], work[1, x], work[2, x], work[3, x], work[6, x], work[7, x]
        thrust = thrust_ahead(h_b, h_a, u_b, u_a, push(h_b, h_a, half_g), slow, fast, max(fast - slow, tiny))
        out[2, x] = thrust - work[10, x]
    for x in range(n):
        out[3, x] = carry(out[0, x], behind[along, x], ahead[along, x], zero)
