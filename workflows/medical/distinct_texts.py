"""Distinct texts of a column: whatever is done with a text is done once for all its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["factorize"]

Ints = npt.NDArray[np.int64]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd: the golden ratio times 2^64
_WIDEST = 32  # characters: a wider column is left to Arrow


def factorize(texts: npt.NDArray[Any]) -> tuple[list[str], Ints]:
    """Each distinct text once, in the order of their first rows, and for each row the place of its own.

    Examples
    --------
    >>> factorize(np.array(["b", "a", "b"]))
    (['b', 'a'], array([0, 1, 0]))
    """
    if texts.dtype.kind != "U" or not texts.dtype.isnative or not 0 < texts.dtype.itemsize <= 4 * _WIDEST:
        return _factorize_any(texts)
    if not texts.size:
        return [], np.zeros(0, np.int64)
    texts = np.ascontiguousarray(texts)
    letters = texts.view(np.uint32).reshape(texts.size, -1)
    begin = np.flatnonzero(np.concatenate([[True], (letters[1:] != letters[:-1]).any(axis=1)]))
    if 2 * begin.size > texts.size:  # else rows of one text mostly follow each other
        return _factorize_letters(texts, letters)
    names, place = _factorize_letters(texts[begin], letters[begin])
    return names, np.repeat(place, np.diff(begin, append=texts.size))


def _factorize_letters(texts: npt.NDArray[Any], letters: npt.NDArray[np.uint32]) -> tuple[list[str], Ints]:
    """By a hash of each text, if no two texts have the same one."""
    import pandas

    hashed = np.zeros(len(letters), np.uint64)
    for at in range(letters.shape[1]):
        hashed = (hashed ^ letters[:, at]) * _FACTOR
        hashed ^= hashed >> np.uint64(29)
    place = pandas.factorize(hashed)[0].astype(np.int64)
    first = np.empty(int(place.max()) + 1, np.int64)
    first[place[::-1]] = np.arange(len(place))[::-1]
    if (letters[first[place]] != letters).any():
        return _factorize_any(texts)
    return texts[first].tolist(), place


def _factorize_any(texts: npt.NDArray[Any]) -> tuple[list[str], Ints]:
    import pyarrow

    plain = texts if texts.dtype.kind == "U" else texts.astype(object)
    held = pyarrow.array(plain, pyarrow.string()).dictionary_encode()
    return held.dictionary.to_pylist(), held.indices.to_numpy().astype(np.int64)
