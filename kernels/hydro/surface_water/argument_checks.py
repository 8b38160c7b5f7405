"""Checks that water, surface, forcing and steps fit together, before a compiled loop would run past an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .maps import MAPS
from .surface import Surface
from .water import PLACED, Forcing, Water

__all__ = ["check_arguments"]


def check_arguments(
    water: Water,
    surface: Surface,
    forcing: Forcing,
    steps: npt.NDArray[np.float64],
    counts: npt.NDArray[np.int64],
) -> None:
    """Raise ValueError for what does not fit.

    Examples
    --------
    >>> surface = Surface.enclose(np.zeros((2, 3)), 0.03, cell_m=10.0)
    >>> water = Water.rest(surface, n_members=2)
    >>> check_arguments(water, surface, Forcing(rain=np.zeros((3, 4, 5))), np.ones(2), np.ones(2, int))
    Traceback (most recent call last):
    ...
    ValueError: rain of 3 members does not fit water of 2: give one for all or one each
    """
    _refuse_fields(water, surface)
    _refuse_forcing(water.n_members, surface, forcing)
    n_held = 0 if forcing.level_cell is None else forcing.level_cell.size
    if water.gained.ndim != 2 or len(water.gained) != water.n_members or water.gained.shape[1] not in (1, n_held):
        raise ValueError(
            f"gained must be (member, 1) or (member, held) for {water.n_members} members and {n_held} held cells, got "
            f"{water.gained.shape}"
        )
    wrong = ~(np.isfinite(steps) & (steps >= 0.0))
    if wrong.any():
        raise ValueError(f"time_step_s must be finite and >= 0, got {steps[wrong][0]}")
    if (counts < 0).any():
        raise ValueError(f"n_steps must be >= 0, got {counts.min()}")


def _refuse_fields(water: Water, surface: Surface) -> None:
    dtype, n, (n_y, n_x) = water.depth.dtype, water.n_members, surface.shape
    if dtype != surface.ground.dtype or dtype not in (np.float32, np.float64):
        raise ValueError(
            f"water and surface must be both float32 or both float64, in this machine's byte order, got {dtype} and "
            f"{surface.ground.dtype}"
        )
    if surface.manning.shape != surface.shape or surface.manning.dtype != dtype:
        raise ValueError(
            f"manning is {surface.manning.dtype} of shape {surface.manning.shape}, but the ground {dtype} of "
            f"{surface.shape}"
        )
    faces = int(water.flow_x.shape[2:] == (n_x + 1,))
    expected = {
        "depth": (n, n_y, n_x), "flow_x": (n, n_y, n_x + faces), "flow_y": (n, n_y + faces, n_x),
        "lost": (n, n_y, n_x), "maps": (len(MAPS), n, n_y, n_x),
    }  # fmt: skip
    for name in PLACED:
        field: Any = getattr(water, name)
        if name == "maps" and not water.has_maps:
            continue
        if tuple(field.shape) != expected[name] or field.dtype != dtype:
            raise ValueError(
                f"{name} is {field.dtype} of shape {tuple(field.shape)}; {n} members on a surface of {surface.shape} "
                f"cells have {dtype} of shape {expected[name]}"
            )


def _refuse_forcing(n_members: int, surface: Surface, forcing: Forcing) -> None:
    for name in ("rain", "loss"):
        field = getattr(forcing, name)
        if field is not None and field.ndim == 3 and field.shape[0] not in (1, n_members):
            raise ValueError(
                f"{name} of {field.shape[0]} members does not fit water of {n_members}: give one for all or one each"
            )
    for what, cells, values in (
        ("source", forcing.source_cell, forcing.source), ("level", forcing.level_cell, forcing.level)
    ):  # fmt: skip
        if not (0 if cells is None else cells.size) and not (0 if values is None else values.size):
            continue
        if cells is None or values is None:
            raise ValueError(f"{what} and {what}_cell must be given together")
        if values.ndim != 2 or values.shape[0] not in (1, n_members) or values.shape[1] != cells.size:
            raise ValueError(
                f"{what} must be (member or 1, cell) for {n_members} members and {cells.size} cells, got {values.shape}"
            )
        if cells.size and not 0 <= cells.min() <= cells.max() < surface.shape[0] * surface.shape[1]:
            raise ValueError(f"{what}_cell must be inside a surface of {surface.shape}, got {_outside(cells, surface)}")
        if np.unique(cells).size != cells.size:
            raise ValueError(f"{what}_cell must name a cell only once: combine its {what}s")
    inward, n_held = forcing.inward_cell, 0 if forcing.level_cell is None else forcing.level_cell.size
    if inward is not None and inward.shape != (n_held,):
        raise ValueError(f"inward_cell must name one cell for each of {n_held} held cells, got shape {inward.shape}")
    if inward is not None and n_held and not 0 <= inward.min() <= inward.max() < surface.shape[0] * surface.shape[1]:
        raise ValueError(f"inward_cell must be inside a surface of {surface.shape}, got {_outside(inward, surface)}")
    if forcing.source is not None and (forcing.source < 0.0).any():
        raise ValueError(f"source must be >= 0, got {forcing.source.min():g}: give what takes water away as a loss")


def _outside(cells: npt.NDArray[np.int64], surface: Surface) -> int:
    return int(cells[(cells < 0) | (cells >= surface.shape[0] * surface.shape[1])][0])
