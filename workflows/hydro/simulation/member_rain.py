"""The rain of each member, made anew only when the frame changes, where the water is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ....kernels.device_arrays import place
from ....kernels.hydro.member_fields.feeding import scale_rain
from ....kernels.hydro.surface_water.cell_sums import sum_cells

__all__ = ["MM_H", "MemberRain"]

MM_H = 1.0 / 3.6e6  # m s-1 in a mm h-1
Frame = NDArray[np.float64]


class MemberRain:
    """The rain of a frame as the kernels take it, for as many spans as the frame lasts.

    Parameters
    ----------
    factor
        (member,) multiples of the rain.
    dtype
        That of the water.
    on_device
        Whether the water is in a GPU's memory: then a frame is brought there once, and multiplied there.

    Examples
    --------
    >>> rain = MemberRain(np.array([1.0, 2.0]), "float64")
    >>> frame = np.full((1, 2, 3), 36.0)
    >>> float(rain.find_field(frame)[1, 0, 0] * 3.6e6), (rain.find_totals(frame) * 3.6e6).round(9).tolist()
    (72.0, [216.0, 432.0])
    """

    def __init__(self, factor: Frame, dtype: DTypeLike, *, on_device: bool = False) -> None:
        self.factor, self.dtype = factor, np.dtype(dtype)
        self._like = place(np.zeros((1, 1, 1), dtype)) if on_device else None
        self._frame: Frame | None = None
        self._summed: Frame | None = None
        self._field: Any = None
        self._totals = np.zeros(factor.size)

    def find_field(self, frame: Frame | None) -> Any:
        """Rain (member, y, x) [m s-1], from that of a frame (1 or member, y, x) before factors [mm h-1]."""
        if frame is not self._frame:
            self._field = None  # before the next one is made
            self._field, self._frame = None if frame is None else self.scale(frame), frame
        return self._field

    def find_totals(self, frame: Frame) -> NDArray[np.float64]:
        """Sum of each member's rain over the cells [m s-1], from that of a frame."""
        if frame is not self._summed:
            self._totals, self._summed = self._add_up(frame), frame
        return self._totals

    def scale(self, frame: Frame) -> Any:
        """Rain of each member from that of a frame, or a tile of it: in double precision, then rounded."""
        if self._like is not None:
            return scale_rain(self._like, frame, self.factor, MM_H)
        field = np.empty((self.factor.size, *frame.shape[1:]), self.dtype)
        for member in range(self.factor.size):
            field[member] = self._scale_member(frame, member)
        return field

    def _scale_member(self, frame: Frame, member: int) -> Frame:
        return np.asarray(self.factor[member] * (frame[member % len(frame)] * MM_H))

    def _add_up(self, frame: Frame) -> NDArray[np.float64]:
        if self._like is not None:
            return sum_cells(self.find_field(frame))
        members = range(self.factor.size)  # one field at a time
        return np.array([self._scale_member(frame, at).astype(self.dtype).sum(dtype=np.float64) for at in members])
