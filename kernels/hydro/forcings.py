"""What feeds, drains and holds water, as every scheme applies it between its sweeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .surface import Surface
from .water import Forcing, Water

__all__ = ["as_members", "find_inward", "hold_levels", "let_through", "refuse_misfits"]


def as_members(field: npt.NDArray[Any], surface: Surface, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A forcing field as sweeps take it: (member, y, x) over the whole surface."""
    if field.ndim != 3 or field.shape[1:] != surface.shape:
        raise ValueError(f"a forcing field is (member, y, x) over the whole surface {surface.shape}, got {field.shape}")
    return np.ascontiguousarray(field, dtype=dtype)


def hold_levels(
    depth: npt.NDArray[Any],
    gained: npt.NDArray[np.float64],
    surface: Surface,
    forcing: Forcing,
    steps: npt.NDArray[np.float64],
    acts: npt.NDArray[np.bool_],
) -> None:
    """Feed the sources, set the held levels, and add to ``gained`` what the latter brought [m]."""
    flat = depth.reshape(depth.shape[0], -1)
    if forcing.source_cell is not None and forcing.source is not None:
        flat[:, forcing.source_cell] += (np.where(acts, steps, 0.0)[:, None] * forcing.source).astype(depth.dtype)
    if forcing.level_cell is not None and forcing.level is not None:
        held = np.maximum(forcing.level - surface.ground.reshape(-1)[forcing.level_cell], 0.0).astype(depth.dtype)
        held = np.where(acts[:, None], held, flat[:, forcing.level_cell])
        brought = held.astype(np.float64) - flat[:, forcing.level_cell]
        gained += brought if gained.shape[1] == brought.shape[1] else brought.sum(axis=1, keepdims=True)
        flat[:, forcing.level_cell] = held


def find_inward(surface: Surface, forcing: Forcing) -> npt.NDArray[np.int64]:
    """Of each held cell the neighbour that is neither held nor wall nor ring, or itself: (held,) flat indices."""
    if forcing.level_cell is None:
        return np.zeros(0, dtype=np.int64)
    n_y, n_x = surface.shape
    free = np.zeros((n_y, n_x), dtype=np.bool_)
    free[surface.inside] = ~surface.is_wall[surface.inside]
    free.reshape(-1)[forcing.level_cell] = False
    inward = forcing.level_cell.astype(np.int64)
    for aside in (1, -1, n_x, -n_x):  # the last that is free counts
        beside = np.clip(forcing.level_cell + aside, 0, n_y * n_x - 1)
        inward = np.where(free.reshape(-1)[beside], beside, inward)
    return inward


def let_through(
    flow_x: npt.NDArray[Any],
    flow_y: npt.NDArray[Any],
    forcing: Forcing,
    inward: npt.NDArray[np.int64],
    acts: npt.NDArray[np.bool_],
) -> None:
    """Give held cells the momentum of the water beside them: a wall behind them would throw it back."""
    if forcing.level_cell is None:
        return
    for field in (flow_x, flow_y):
        flat = field.reshape(field.shape[0], -1)
        flat[:, forcing.level_cell] = np.where(acts[:, None], flat[:, inward], flat[:, forcing.level_cell])


def refuse_misfits(
    water: Water,
    surface: Surface,
    forcing: Forcing,
    steps: npt.NDArray[np.float64],
    counts: npt.NDArray[np.int64],
) -> None:
    """Raise ValueError for water, surface, forcing and steps that do not fit together."""
    n_held = 0 if forcing.level_cell is None else forcing.level_cell.size
    if water.gained.shape[1] not in (1, n_held):
        raise ValueError(f"gains are kept for {water.gained.shape[1]} held cells, and there are {n_held}")
    if water.depth.dtype != surface.ground.dtype or water.depth.dtype.kind != "f" or water.depth.dtype.itemsize < 4:
        raise ValueError(
            f"water ({water.depth.dtype}) and surface ({surface.ground.dtype}) must be both float32 or both float64"
        )
    if water.depth.shape[1:] != surface.shape:
        raise ValueError(f"water on {water.depth.shape[1:]} cells does not fit a surface of {surface.shape}")
    if not (np.isfinite(steps).all() and (steps >= 0.0).all() and (counts >= 0).all()):
        raise ValueError(f"steps are finite and their number not negative, got {steps.tolist()} x {counts.tolist()}")
