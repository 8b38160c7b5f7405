# mypy: allow-untyped-defs, allow-untyped-calls
"""One over the cube root, as loops that a compiler turns into vectors can have it.

Friction needs :math:`h^{-7/3} = r (r^3)^2` with :math:`r = h^{-1/3}`: an integer third of the float's bits gives r
within 4 %, and a polynomial in :math:`d = h r^3 - 1` brings it to 2e-7, which is enough for float32; float64 takes a
second one. A power or a library's root stays scalar.
"""

from __future__ import annotations

import numpy as np

from ...engines import fused_rule, routine

__all__ = ["ROOTS", "inverse_cube_root"]

# A third of the bits is taken from these bits (of float64 from their upper half).
SEED_SINGLE, SEED_DOUBLE = np.float32(0x54A20000), np.float64(0x553EECAA)
THIRD_SINGLE, THIRD_DOUBLE = np.float32(1.0 / 3.0), np.float64(1.0 / 3.0)
# (1 + d)^(-1/3) = 1 + d (a + d (b + ..)): with the least greatest error where the guess is used, 9e-8, and at 0.
WIDE = (-0.33332903933555613, 0.22221749096198495, -0.17448130370361667, 0.1454871950862931)
NARROW = (-1.0 / 3.0, 2.0 / 9.0, -14.0 / 81.0, 35.0 / 243.0)
WIDE_SINGLE = (np.float32(1.0), *(np.float32(number) for number in WIDE))
WIDE_DOUBLE = (np.float64(1.0), *(np.float64(number) for number in WIDE))
NARROW_DOUBLE = (np.float64(1.0), *(np.float64(number) for number in NARROW))


@fused_rule
def refine(root, value, one, first, second, third, fourth):
    """A step towards ``value ** (-1 / 3)``, with the numbers of a polynomial."""
    error = (value * root) * (root * root) - one
    return root + (root * error) * (first + error * (second + error * (third + error * fourth)))


@routine
def root_single(value):
    """``value ** (-1 / 3)`` of a float32 above 0."""
    guess = np.int32(SEED_SINGLE - THIRD_SINGLE * np.float32(np.float32(value).view(np.int32))).view(np.float32)
    return refine(guess, value, *WIDE_SINGLE)


@routine
def root_double(value):
    """The same of a float64, by the upper half of its bits: whole numbers of 64 bits make no floats in packs."""
    upper = np.int32(np.float64(value).view(np.int64) >> 32)
    bits = np.int64(np.int32(SEED_DOUBLE - THIRD_DOUBLE * np.float64(upper)))
    root = refine(np.int64(bits << 32).view(np.float64), value, *WIDE_DOUBLE)
    return refine(root, value, *NARROW_DOUBLE)


# By the bytes of a number.
ROOTS = {4: root_single, 8: root_double}
inverse_cube_root = root_single  # the open place in a kernel's sweeps, filled with the one of their dtype
