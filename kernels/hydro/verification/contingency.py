r"""Warnings against what came, counted in a table of two by two.

============ =============== ==================
..           it happened     it did not
============ =============== ==================
warned       hits            false alarms
not warned   misses          correct rejections
============ =============== ==================

Counts of pieces (storms, days, tiles) are added; scores are asked of the sum:

.. math::
   POD = \frac{hits}{hits + misses}, \quad FAR = \frac{false}{hits + false}, \quad
   CSI = \frac{hits}{hits + false + misses}, \quad bias = \frac{hits + false}{hits + misses}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module, as_alike
from ...engines import Array, Contract, kernel

__all__ = ["Contingency", "count_outcomes"]

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contingency:
    """How often what was warned of came; ``a + b`` counts both.

    Every score is NaN where it has nothing to divide by.

    References
    ----------
    .. [1] Wilks (2019), Statistical Methods in the Atmospheric Sciences, 4th edition, section 9.2
    .. [2] Jolliffe & Stephenson (2012), Forecast Verification, chapter 3

    Examples
    --------
    Finley's tornado forecasts of 1884:

    >>> finley = Contingency(28, 72, 23, 2680)
    >>> [round(float(score), 3) for score in (finley.pod, finley.far, finley.csi, finley.bias)]
    [0.549, 0.72, 0.228, 1.961]
    """

    hits: Counts
    """Warned, and it happened."""
    false_alarms: Counts
    """Warned, and it did not happen."""
    misses: Counts
    """Not warned, and it happened."""
    correct_rejections: Counts
    """Not warned, and it did not happen."""

    def __post_init__(self) -> None:
        given = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name, counts in zip(given, as_alike(**given), strict=True):
            if counts.dtype.kind not in "iu" or (counts < 0).any():
                raise ValueError(f"{name} must be whole numbers >= 0, got {given[name]!r}")
            object.__setattr__(self, name, counts.astype(np.int64))

    def __add__(self, other: Contingency) -> Contingency:
        """Both sets of cases in one table."""
        if not isinstance(other, Contingency):
            return NotImplemented
        return Contingency(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def cases(self) -> Counts:
        """How many there were."""
        cases = self.hits + self.false_alarms + self.misses + self.correct_rejections
        counts: Counts = array_module(cases).asarray(cases)
        return counts

    @property
    def pod(self) -> Scores:
        """Probability of detection: the share of what happened that was warned of."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def far(self) -> Scores:
        """False alarm ratio: the share of the warnings that nothing came of."""
        return _share(self.false_alarms, self.hits + self.false_alarms)

    @property
    def pofd(self) -> Scores:
        """Probability of false detection: the share of what did not happen that was warned of."""
        return _share(self.false_alarms, self.false_alarms + self.correct_rejections)

    @property
    def csi(self) -> Scores:
        """Critical success index (threat score): hits among all that was warned of or happened."""
        return _share(self.hits, self.hits + self.false_alarms + self.misses)

    @property
    def bias(self) -> Scores:
        """Frequency bias: warnings for each event."""
        return _share(self.hits + self.false_alarms, self.hits + self.misses)


@kernel(
    Contract(
        takes={name: Array(("...",), dtype="bool") for name in ("warned", "happened", "valid")},
        gives={
            name: Array((), "1", dtype="int64") for name in ("hits", "false_alarms", "misses", "correct_rejections")
        },
        structure="Contingency",
        engines=("numpy", "cupy"),
    )
)
def count_outcomes(
    warned: npt.ArrayLike,
    happened: npt.ArrayLike,
    *,
    valid: npt.ArrayLike | None = None,
    axis: int | tuple[int, ...] | None = None,
) -> Contingency:
    """Count hits, false alarms, misses and correct rejections.

    Parameters
    ----------
    warned, happened : array of bool
        What was forecast and what was observed; the shapes broadcast, such as (storm, point, threshold).
    valid : array of bool, optional
        Cases that count at all. A comparison with NaN is False: mark here what is not known as False.
    axis
        Dims to count over; None counts over all. The dims that stay have a table each.

    Returns
    -------
    Contingency
        Whose fields have the dims that stay; of CuPy arrays CuPy arrays.

    Raises
    ------
    ValueError
        If an array does not hold truth values, or shapes do not broadcast.
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Wilks (2019), Statistical Methods in the Atmospheric Sciences, 4th edition, section 9.2

    Examples
    --------
    >>> warned, happened = np.array([True, True, False, False]), np.array([True, False, True, False])
    >>> table = count_outcomes(warned, happened)
    >>> int(table.hits), int(table.false_alarms), int(table.misses), int(table.correct_rejections)
    (1, 1, 1, 1)
    """
    given = {"warned": warned, "happened": happened, "valid": True if valid is None else valid}
    arrays = dict(zip(given, as_alike(**given), strict=True))
    xp = array_module(*arrays.values())
    for name, array in arrays.items():
        if array.dtype != np.bool_:
            raise ValueError(f"{name} must hold True or False, got {array.dtype}: compare with a threshold first")
    try:
        said, came, counts = xp.broadcast_arrays(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes do not broadcast together: {shapes}") from None
    cells = (said & came, said & ~came, ~said & came, ~said & ~came)
    return Contingency(*(xp.sum(cell & counts, axis=axis, dtype=np.int64) for cell in cells))


def _share(part: Any, whole: Any) -> Scores:
    xp = array_module(part, whole)
    some = whole > 0
    share: Scores = xp.where(some, part / xp.where(some, whole, 1), np.nan)
    return share
