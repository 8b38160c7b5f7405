# mypy: allow-untyped-defs, allow-untyped-calls
"""One over the cube root, as loops that a compiler turns into vectors can have it.

Friction needs :math:`h^{-7/3} = r (r^3)^2` with :math:`r = h^{-1/3}`: an integer third of the float's bits gives r
within 4 %, and two steps of a cubic iteration without a division bring it to 3e-11. A power or a library's root stays
scalar.
"""

from __future__ import annotations

import numpy as np

from ...engines import Routine, routine, rule

__all__ = ["GUESSES", "NINTHS", "SEEDS", "THIRD", "inverse_cube_root"]

SEEDS = {4: 0x54A2FA8C, 8: 0x553EF0FF}  # bits of the first guess, of float64 their upper half, by a number's bytes
THIRD = 1.0 / 3.0
NINTHS = (14.0 / 9.0, 7.0 / 9.0, 2.0 / 9.0)  # of the iteration


@routine
def guess_single(value, seed, third):
    """About ``value ** (-1 / 3)`` of a float32."""
    return np.int32(seed - third * np.float32(np.float32(value).view(np.int32))).view(np.float32)


@routine
def guess_double(value, seed, third):
    """The same of a float64, by the upper half of its bits: whole numbers of 64 bits make no floats in packs."""
    upper = np.int32(np.float64(value).view(np.int64) >> 32)
    return np.int64(np.int64(np.int32(seed - third * np.float64(upper))) << 32).view(np.float64)


GUESSES = {4: guess_single, 8: guess_double}
guess: Routine = guess_single  # the open place of what follows: a kernel's sweeps fill in the one of their dtype


@rule
def refine(root, value, fourteen, seven, two):
    """One step towards ``value ** (-1 / 3)``; the three numbers are :data:`NINTHS`."""
    cube = value * (root * root * root)
    return root * (fourteen - cube * (seven - two * cube))


@routine
def inverse_cube_root(value, seed, third, fourteen, seven, two):
    """``value ** (-1 / 3)`` of a number above 0."""
    root = refine(guess(value, seed, third), value, fourteen, seven, two)
    return refine(root, value, fourteen, seven, two)
