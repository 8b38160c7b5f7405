"""The soil under the water: what it takes, given what has infiltrated already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....kernels.device_arrays import place
from ....kernels.hydro.infiltration import compute_infiltration
from ....kernels.hydro.member_fields.feeding import combine_losses

__all__ = ["SoilColumn"]


@dataclass(frozen=True)
class SoilColumn:
    """Properties of soils by Green and Ampt: of every cell (y, x), or of each soil of a list (soil,).

    Attributes
    ----------
    conductivity_m_s
        Saturated hydraulic conductivity [m s-1]; 0 where the ground is sealed.
    suction_m
        Suction at the wetting front [m].
    deficit
        Share of the volume that water can still fill [1].

    Examples
    --------
    >>> sand, sealed = 3.3e-5, 0.0
    >>> soil = SoilColumn(np.array([[sand, sealed]]), np.array([[0.05, 0.0]]), np.array([[0.4, 0.0]]))
    >>> soil.is_sealed.tolist()
    [[False, True]]
    """

    conductivity_m_s: NDArray[Any]
    suction_m: NDArray[Any]
    deficit: NDArray[Any]

    @property
    def is_sealed(self) -> NDArray[np.bool_]:
        """(y, x) where no water infiltrates."""
        return np.asarray(self.conductivity_m_s == 0.0)

    def take(self, sunk: NDArray[Any], seconds: float) -> NDArray[Any]:
        """The most that infiltrates in the next ``seconds`` [m s-1], after a depth ``sunk`` (member, y, x) [m]."""
        return np.asarray(self._soak(sunk, seconds) / seconds)

    def take_beside(self, sunk: Any, seconds: float, loss: Any) -> Any:
        """The same together with what is lost besides (1, y, x) [m s-1], of soil and water in a GPU's memory.

        None stands for no other loss. The rate has the dtype of the water.
        """
        return combine_losses(sunk, self._soak(sunk, seconds), loss, seconds)

    def on_device(self) -> SoilColumn:
        """The soil with its properties in a GPU's memory."""
        return self.apply(place)

    def _soak(self, sunk: Any, seconds: float) -> Any:
        return compute_infiltration(
            sunk, conductivity_m_s=self.conductivity_m_s, suction_m=self.suction_m, deficit=self.deficit,
            time_step_s=seconds,
        )  # fmt: skip

    def apply(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> SoilColumn:
        """The same soil on other cells, such as those of a tile."""
        return SoilColumn(change(self.conductivity_m_s), change(self.suction_m), change(self.deficit))
