# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
r"""What crosses a face: hydrostatic reconstruction, then the solver of Harten, Lax and van Leer with its contact.

Beside a face stand a state behind and one ahead: depth :math:`h`, velocities across and along it, ground :math:`z`. Of
each counts the depth above the higher ground,

.. math:: h^* = \max(0, h + z - \max(z, z_-)),

so that a lake pushes nothing. What a face does to the momentum of the cell behind is :math:`F - g h_-^{*2} / 2` and of
the cell ahead :math:`F - g h_+^{*2} / 2`: the pressure of a cell's own water has been left out on both of its sides.
Written so, states that are at rest give exactly nothing, and mirrored states the mirrored bits.

References
----------
.. [1] Audusse, Bouchut, Bristeau, Klein & Perthame (2004), doi:10.1137/S1064827503431090
.. [2] Toro (2001), Shock-capturing methods for free-surface shallow flows, sections 10.4 to 10.6
"""

from __future__ import annotations

import numpy as np

from ...engines import routine, rule

__all__ = ["carry", "cross_faces", "push", "slowest", "standing", "thrust_ahead", "thrust_behind", "travel"]


@rule
def standing(depth, ground, face, zero):
    """Depth above the ground of the face."""
    return max(depth + (ground - face), zero)


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


# Rows of a state: depth, velocity along x, along y, ground. Rows of what crosses: water, momentum across the face for
# the cell behind, for the cell ahead, momentum along it. Rows of ``work``: depths and velocities of both sides, their
# waves, slowest and fastest, wetness. Each line below reads so few rows that a compiler makes vectors of it.


@routine
def cross_faces(out, behind, ahead, across, along, n, work, own):
    """What crosses ``n`` faces, between ``behind[:, x]`` and ``ahead[:, x]``; a wall throws all back."""
    gravity, half_g, tiny, high, dry = own[1], own[2], own[3], own[4], own[5]
    zero, half, one, two = own[6], own[7], own[8], own[9]
    for x in range(n):
        z_b, z_a, h_b, h_a = behind[3, x], ahead[3, x], behind[0, x], ahead[0, x]
        stands = standing(h_b, z_b, max(z_b, z_a), zero)
        thrown = h_a if z_b > high else stands
        work[0, x] = h_b if z_a > high else thrown
    for x in range(n):
        z_b, z_a, h_b, h_a = behind[3, x], ahead[3, x], behind[0, x], ahead[0, x]
        stands = standing(h_a, z_a, max(z_b, z_a), zero)
        thrown = h_b if z_a > high else stands
        work[1, x] = h_a if z_b > high else thrown
    for x in range(n):
        z_b, u_b, u_a = behind[3, x], behind[across, x], ahead[across, x]
        work[2, x] = -u_a if z_b > high else u_b
    for x in range(n):
        z_a, u_b, u_a = ahead[3, x], behind[across, x], ahead[across, x]
        work[3, x] = -u_b if z_a > high else u_a
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
        out[1, x] = thrust_behind(h_b, h_a, u_b, u_a, push(h_b, h_a, half_g), slow, fast, max(fast - slow, tiny))
    for x in range(n):
        h_b, h_a, u_b, u_a, slow, fast = work[0, x], work[1, x], work[2, x], work[3, x], work[6, x], work[7, x]
        out[2, x] = thrust_ahead(h_b, h_a, u_b, u_a, push(h_b, h_a, half_g), slow, fast, max(fast - slow, tiny))
    for x in range(n):
        out[3, x] = carry(out[0, x], behind[along, x], ahead[along, x], zero)
