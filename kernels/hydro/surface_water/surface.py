"""The ground that water runs over, inside a closed ring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import Library, is_cupys, place, place_beside
from ...engines import is_device_array

__all__ = ["GRAVITY_M_S2", "WALL_M", "Surface"]

GRAVITY_M_S2 = 9.81  # standard gravity as hydraulic references round it
WALL_M = 1e5  # height of what no water crosses: above every ground, and its difference to one is still a float32


@dataclass(frozen=True)
class Surface:
    """Ground and roughness with a ring of walls around them, which is all the boundary that a sweep knows.

    Parameters
    ----------
    ground : (y, x) array of float
        Height [m]; :data:`WALL_M` where no water may be.
    manning : (y, x) array of float
        Roughness [s m-1/3].
    cell_m
        Length of a cell's side [m].
    ring
        Width of the ring in cells.
    placed
        Ground and squared roughness in a GPU's memory, as :meth:`on_device` leaves them there.

    Examples
    --------
    >>> surface = Surface.enclose(np.zeros((2, 3)), 0.03, cell_m=10.0)
    >>> surface.ground.shape, float(surface.ground[0, 0])
    ((4, 5), 100000.0)
    """

    ground: npt.NDArray[Any]
    manning: npt.NDArray[Any]
    cell_m: float
    ring: int = 1
    placed: tuple[Any, Any] | None = None

    @classmethod
    def enclose(
        cls,
        ground: npt.ArrayLike,
        manning: npt.ArrayLike,
        *,
        cell_m: float,
        valid: npt.NDArray[np.bool_] | None = None,
        ring: int = 1,
        dtype: npt.DTypeLike = np.float64,
    ) -> Surface:
        """Put walls around a ground and in place of its cells that are not valid.

        Raises
        ------
        ValueError
            If ground or roughness of a valid cell is not finite, a roughness is negative, or shapes differ.
        """
        ground = np.asarray(ground, dtype=np.float64)
        manning = np.broadcast_to(np.asarray(manning, dtype=np.float64), ground.shape)
        valid = np.ones(ground.shape, dtype=np.bool_) if valid is None else valid
        if ground.ndim != 2 or valid.shape != ground.shape:
            raise ValueError(f"ground and valid must be one (y, x) array, got {ground.shape} and {valid.shape}")
        if not 0.0 < cell_m < np.inf:
            raise ValueError(f"cell_m must be finite and above 0, got {cell_m}")
        for name, values, good, rule in (
            ("ground", ground, abs(ground) < WALL_M, f"finite and within {WALL_M:g} m of 0"),
            ("manning", manning, manning >= 0.0, "finite and >= 0"),
        ):
            bad = valid & ~(np.isfinite(values) & good)
            if bad.any():
                row, column = np.argwhere(bad)[0]
                raise ValueError(
                    f"{name} must be {rule}, got {values[row, column]} at [{row}, {column}]: mark the cell as not valid"
                )
        walled = np.pad(np.where(valid, ground, WALL_M), ring, constant_values=WALL_M)
        rough = np.pad(np.where(valid, manning, 0.0), ring)
        return cls(walled.astype(dtype), rough.astype(dtype), float(cell_m), ring)

    def on_device(self, library: Library = "numba") -> Surface:
        """The surface with a copy of its fields in a GPU's memory, so that not every call brings them there.

        Parameters
        ----------
        library
            Whose arrays: ``"numba"`` or ``"cupy"``, as for the water (:meth:`~.water.Water.on_device`).
        """
        return replace(self, placed=(place(self.ground, library), place(self.manning * self.manning, library)))

    def beside(self, like: Any) -> tuple[Any, Any]:
        """Ground and squared roughness where ``like`` lives."""
        if self.placed is not None and is_device_array(like) and is_cupys(like) == is_cupys(self.placed[0]):
            return self.placed
        return place_beside(like, self.ground), place_beside(like, self.manning * self.manning)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns with the ring."""
        return self.ground.shape[0], self.ground.shape[1]

    @property
    def inside(self) -> tuple[slice, slice]:
        """Where the ground lies within the ring."""
        return slice(self.ring, self.shape[0] - self.ring), slice(self.ring, self.shape[1] - self.ring)

    @property
    def is_wall(self) -> npt.NDArray[np.bool_]:
        """Cells that never hold water."""
        return np.asarray(self.ground >= 0.5 * WALL_M)
