"""Columns of numbers: what was measured, costs and durations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .rows import Rows, show_text
from .texts import read_texts

__all__ = ["read_costs", "read_durations", "read_values"]

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_INT32_MAX = 2**31 - 1
FEN = {"CNY": 100, "fen": 1}


def read_values(rows: Rows, column: str) -> npt.NDArray[np.float32]:
    """Read what was measured; NaN where nothing was.

    Raises
    ------
    InputError
        If a text is no finite number of float32.
    """
    values = _read_numbers(rows, column)
    _refuse_rows(rows, column, np.abs(values) > _FLOAT32_MAX, values, "numbers up to 3.4e38", "correct the row")
    return values.astype(np.float32)


def read_costs(rows: Rows, column: str, unit: str) -> npt.NDArray[np.int32]:
    """Read costs in fen; -1 where a row has none.

    Parameters
    ----------
    rows, column
        Numbers, or texts of them.
    unit
        ``"CNY"`` or ``"fen"``.

    Raises
    ------
    InputError
        If one is negative, no whole number of fen, or above 21,474,836.47 CNY.

    Examples
    --------
    >>> import pyarrow as pa
    >>> read_costs(Rows("a.csv", {"paid": pa.array(["12.30", "", "0"])}, 3, int), "paid", "CNY").tolist()
    [1230, -1, 0]
    """
    given = _read_numbers(rows, column)
    exact = given * FEN[unit]
    whole = np.rint(exact)
    way_out = "correct the row, or check the cost's unit in the mapping"
    _refuse_rows(
        rows,
        column,
        given < 0,
        given,
        "costs of 0 or more",
        "subtract refunds from what they refund, or leave it empty",
    )
    _refuse_rows(rows, column, np.abs(exact - whole) > 1e-4, given, "costs in whole fen (0.01 CNY)", way_out)
    _refuse_rows(rows, column, whole > _INT32_MAX, given, "costs up to 21,474,836.47 CNY", way_out)
    return np.where(np.isnan(whole), -1, whole).astype(np.int32)


def read_durations(rows: Rows, column: str) -> npt.NDArray[np.int64]:
    """Read durations in whole days; 0 where a row has none.

    Raises
    ------
    InputError
        If one is negative or no whole number.
    """
    days = _read_numbers(rows, column)
    _refuse_rows(rows, column, days < 0, days, "durations of 0 days or more", "correct the row, or leave it empty")
    _refuse_rows(rows, column, (days != np.rint(days)) & ~np.isnan(days), days, "whole days", "round it to whole days")
    _refuse_rows(rows, column, days > 100_000, days, "durations up to 100,000 days", "correct the row")
    return np.where(np.isnan(days), 0, days).astype(np.int64)


def _read_numbers(rows: Rows, column: str) -> npt.NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    held = rows.columns[column]
    kind = held.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return np.asarray(pc.fill_null(held.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False))
    texts, place = read_texts(rows, column, "a number")
    numbers, given = np.full(len(texts), np.nan), np.flatnonzero(texts != "")
    try:
        numbers[given] = pa.array(texts[given].tolist(), pa.string()).cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        numbers[given] = [_parse(text) for text in texts[given].tolist()]
    wrong = given[~np.isfinite(numbers[given])]
    if len(wrong):
        raise rows.refuse(
            f"column {column!r} must hold numbers, got {show_text(str(texts[wrong[0]]))}",
            int(np.flatnonzero(place == wrong[0])[0]),
            "write it as 12.5, or leave it empty if it is not known",
        )
    return np.asarray(numbers[place], np.float64)


def _parse(text: str) -> float:
    try:
        return float(text) if "_" not in text else np.nan
    except ValueError:
        return np.nan


def _refuse_rows(rows: Rows, column: str, wrong: Any, values: Any, rule: str, way_out: str) -> None:
    at = np.flatnonzero(wrong)
    if len(at):
        value = float(values[at[0]])
        shown = f"{value:.3g}" if abs(value) >= 1e9 else f"{value:.12g}"  # a long number may be an identifier
        raise rows.refuse(f"column {column!r} must hold {rule}, got {shown}", int(at[0]), way_out)
