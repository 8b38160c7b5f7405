"""Withheld values of a column: masked in memory, beside their values in a file of arrays, missing in a table's file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FAILED, RunError
from .products import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["join_masks", "join_pieces", "mask_column", "split_masks", "take_mask"]

MASK = ".mask"  # ends the name of the array that tells which values of another are withheld


def take_mask(what: str, column: Column, values: Any) -> tuple[Any, NDArray[np.bool_] | None]:
    """A column's values, those that are withheld wiped out, and which they are; None if none may be.

    Raises
    ------
    RunError
        If values are withheld and the column does not say that they may be.
    """
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    if mask is not None and mask.any() and not column.may_be_withheld:
        raise RunError(
            f"{what} must have a value in every row, got {int(mask.sum())} withheld: declare it "
            "with may_be_withheld=True",
            exit_code=FAILED,
        )
    plain = np.array(np.ma.getdata(values)) if mask is not None else values
    if mask is not None and mask.any():
        plain[mask] = np.zeros((), plain.dtype)[()]  # what is withheld stands nowhere
    if not column.may_be_withheld:
        return plain, None
    return plain, np.zeros(np.shape(plain), np.bool_) if mask is None else mask


def mask_column(values: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[Any]:
    """The values with their mask, if they have one."""
    return values if mask is None else np.ma.MaskedArray(values, mask)


def split_masks(columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Columns as plain arrays: of a masked one its values and, under another name, its mask.

    Examples
    --------
    >>> split_masks({"n": np.ma.MaskedArray([12, 0], [False, True])})
    {'n': array([12,  0]), 'n.mask': array([False,  True])}
    """
    plain: dict[str, NDArray[Any]] = {}
    for name, values in columns.items():
        plain[name] = np.ma.getdata(values) if isinstance(values, np.ma.MaskedArray) else values
        if isinstance(values, np.ma.MaskedArray):
            plain[name + MASK] = np.ma.getmaskarray(values)
    return plain


def join_masks(arrays: Mapping[str, NDArray[Any]], names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Columns of some names as they were before :func:`split_masks`."""
    return {name: mask_column(arrays[name], arrays.get(name + MASK)) for name in names}


def join_pieces(pieces: list[NDArray[Any]]) -> NDArray[Any]:
    """Rows of one column after another; masked if a piece is."""
    if any(isinstance(piece, np.ma.MaskedArray) for piece in pieces):
        masks = [np.ma.getmaskarray(piece) for piece in pieces]
        return np.ma.MaskedArray(np.concatenate([np.ma.getdata(piece) for piece in pieces]), np.concatenate(masks))
    return np.concatenate(pieces)
