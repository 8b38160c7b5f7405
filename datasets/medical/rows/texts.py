"""Columns of texts: each text once, and where it stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .rows import Rows

__all__ = ["LONGEST_TEXT", "read_texts", "spread_texts"]

LONGEST_TEXT = 256
Texts = npt.NDArray[np.str_]
Longs = npt.NDArray[np.int64]


def read_texts(rows: Rows, column: str, what: str) -> tuple[Texts, Longs]:
    """Read a column of texts: surrounding blanks are stripped and nothing else; a missing one is empty.

    Parameters
    ----------
    rows
        With the column as text or whole numbers.
    column
        Its name.
    what
        What it holds, for the error: ``"an identifier"``.

    Returns
    -------
    texts : (text,) array of str
        Each text once.
    place : (row,) array of int64
        Which of them a row holds.

    Raises
    ------
    InputError
        If the column holds neither texts nor whole numbers, or a text has more than 256 characters.

    Examples
    --------
    >>> import pyarrow as pa
    >>> texts, place = read_texts(Rows("a.csv", {"id": pa.array(["007", " 7", None, "007"])}, 4, int), "id", "an id")
    >>> texts[place].tolist()
    ['007', '7', '', '007']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    held = rows.columns[column]
    if pa.types.is_null(held.type):
        held = held.cast(pa.string())
    if not (_is_text(held.type) or pa.types.is_integer(held.type)):
        raise rows.refuse(
            f"column {column!r} must hold texts or whole numbers to be {what}, got {held.type}",
            0,
            "write the column as text",
        )
    encoded = pc.fill_null(held, "" if _is_text(held.type) else None).dictionary_encode()
    words = encoded.dictionary
    if not _is_text(words.type):
        words = words.cast(pa.string())
    words = pc.utf8_trim_whitespace(words)
    index = np.asarray(pc.fill_null(encoded.indices, len(words)).to_numpy(zero_copy_only=False), np.int64)
    longest = pc.max(pc.utf8_length(words)).as_py() or 0
    if longest > LONGEST_TEXT:
        at = int(np.argmax(np.asarray(pc.utf8_length(words))))
        raise rows.refuse(
            f"column {column!r} must hold texts of at most {LONGEST_TEXT} characters to be {what}, got {longest}",
            int(np.flatnonzero(index == at)[0]),
            "check that the mapping names the right column",
        )
    held_zero = np.flatnonzero(np.asarray(pc.match_substring(words, "\0")))
    if len(held_zero):  # NumPy drops it at an end, and two texts would become one
        raise rows.refuse(
            f"column {column!r} must hold no zero byte to be {what}, got one",
            int(np.flatnonzero(index == held_zero[0])[0]),
            "write the table again as plain text",
        )
    texts = np.array([*words.to_pylist(), ""], dtype=np.str_)
    if rows.missing:
        texts[np.isin(texts, sorted(rows.missing))] = ""
    return texts, index


def spread_texts(rows: Rows, column: str, what: str) -> Texts:
    """Read a column of texts, one a row."""
    texts, place = read_texts(rows, column, what)
    return np.asarray(texts[place], np.str_)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
