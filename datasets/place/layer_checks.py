"""What every layer checks of itself, whatever field it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["refuse_unequal_lengths"]


def refuse_unequal_lengths(layer: object, dim: str, size: int, names: Sequence[str]) -> None:
    """Refuse a layer whose arrays of one dim differ in length.

    Raises
    ------
    ValueError
        With the array, the length it must have, and the one it has.
    """
    for name in names:
        found = len(getattr(layer, name))
        if found != size:
            raise ValueError(f"{type(layer).__name__}.{name} must hold one value per {dim} ({size}), got {found}")
