"""The codes of a store in the order of their ranks: fixed by the first import, and only ever made longer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import EventsError

__all__ = ["MOST_SMALL", "Vocabulary", "extend_vocabulary", "merge_names", "rank_codes"]

MOST_SMALL = 65_535  # codes whose ranks uint16 holds
MOST_NAMED = 5  # unknown codes that a message spells out


@dataclass(frozen=True)
class Vocabulary:
    """Codes by rank, and how many rows of the sources had each of them."""

    codes: tuple[str, ...]
    rows: tuple[int, ...]
    version: int = 1

    @property
    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(self.codes, ensure_ascii=False).encode()).hexdigest()

    @property
    def dtype(self) -> str:
        """Of an array of ranks."""
        return "uint16" if len(self.codes) <= MOST_SMALL else "uint32"


def _rank(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda code: (-counts[code], code))


def rank_codes(counts: Mapping[str, int]) -> Vocabulary:
    """Codes by falling number of rows; those of equal number by their text.

    Examples
    --------
    >>> rank_codes({"b": 2, "a": 2, "c": 5}).codes
    ('c', 'a', 'b')
    """
    ranked = _rank(counts)
    return Vocabulary(tuple(ranked), tuple(counts[code] for code in ranked))


def extend_vocabulary(before: Vocabulary, counts: Mapping[str, int], *, new_codes: str, least: int) -> Vocabulary:
    """The same codes in the same order, and behind them those that are new, if that is allowed.

    Parameters
    ----------
    before
        Of the store that is continued.
    counts
        Rows by code of what is added.
    new_codes
        ``"add"`` or ``"refuse"``.
    least
        A code of fewer rows is not named in a message.

    Returns
    -------
    Vocabulary
        Its ``rows`` are those of ``counts`` alone.

    Raises
    ------
    EventsError
        If there are new codes and they are refused. The message shows no rare code.
    """
    known = set(before.codes)
    new = _rank({code: n for code, n in counts.items() if code not in known})
    if new and new_codes != "add":
        frequent = [f"{code!r} ({counts[code]} rows)" for code in new if counts[code] >= least]
        told = ", ".join(frequent[:MOST_NAMED])
        rare = len(new) - len(frequent[:MOST_NAMED])
        if rare:
            told += f"{' and ' if told else ''}{rare} {'others' if told else 'that are rare, so not named here'}"
        raise EventsError(
            f"an append must have the codes of its store, but {len(new)} are not in its vocabulary (version "
            f"{before.version}): {told}; correct the source, or set new_codes=add, which makes version "
            f"{before.version + 1}"
        )
    codes = (*before.codes, *new)
    return Vocabulary(codes, tuple(counts.get(code, 0) for code in codes), before.version + bool(new))


def merge_names(before: Sequence[str], found: Mapping[str, int]) -> tuple[str, ...]:
    """Names of areas or facilities in their places: the first is that of an unknown one, new ones come last, sorted.

    Raises
    ------
    EventsError
        If there are more than a store can number.

    Examples
    --------
    >>> merge_names(("", "south"), {"west": 3, "east": 1, "south": 2, "": 4})
    ('', 'south', 'east', 'west')
    """
    held = tuple(before) or ("",)
    names = (*held, *sorted(set(found) - set(held)))
    if len(names) > MOST_SMALL + 1:
        raise EventsError(
            f"a store numbers at most {MOST_SMALL} areas or facilities, but the source has {len(names) - 1}: group "
            "them in the source"
        )
    return names
