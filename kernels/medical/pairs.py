"""Which of two codes came first, counted over persons for all pairs of codes.

A person with k distinct codes adds 1 to k (k - 1) / 2 places of a table. The table is what the time goes to: if codes
are ranked by how common they are, most additions meet a corner of it that stays in the cache. Counts are whole
numbers: tables of parts of the persons may be added in any order.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..device_arrays import fetch, place_beside
from ..engines import Array, Contract, Engine, choose_engine, is_device_array, kernel
from .columns import check_n_codes, take_whole
from .offsets import check_offsets
from .pair_sweeps import PAIRS, PAIRS_ON_DEVICE

__all__ = ["PairCounts", "count_pairs"]

Counts = npt.NDArray[np.int64]


class PairCounts(NamedTuple):
    """Persons who have both of two codes, by what came first."""

    first: Counts
    """(code, code) a (the row) came before b; 0 on the diagonal."""
    tie: Counts
    """(code, code) both first came on one day; only where a < b."""
    undated: Counts
    """(code, code) one of the two has no day, or neither has; only where a < b."""
    persons: Counts
    """(code,) who have the code."""

    @property
    def both(self) -> Counts:
        """(code, code) who have a and b, in any order; on the diagonal: who have the code."""
        apart = self.tie + self.undated
        return np.asarray(self.first + self.first.T + apart + apart.T + np.diag(self.persons))


ENGINES: tuple[Engine, ...] = (*PAIRS.engines, *PAIRS_ON_DEVICE.engines)
MOST_PERSONS = 2**32 - 1  # in one table of uint32: then it is added to the sum


@kernel(
    Contract(
        takes={
            "offset": Array(("person_edge",), dtype="int64"),
            "day": Array(("first",), dtype="int32"),
            "code": Array(("first",), dtype="uint32"),
        },
        gives={
            "first": Array(("code", "code_after"), "1", dtype="int64"),
            "tie": Array(("code", "code_after"), "1", dtype="int64"),
            "undated": Array(("code", "code_after"), "1", dtype="int64"),
            "persons": Array(("code",), "1", dtype="int64"),
        },
        structure="PairCounts",
        engines=ENGINES,
    )
)
def count_pairs(
    offset: npt.ArrayLike,
    day: npt.ArrayLike,
    code: npt.ArrayLike,
    n_codes: int,
    *,
    engine: Engine | Literal["auto"] = "auto",
) -> PairCounts:
    """Count, for all pairs of codes, the persons in whom the one came before the other.

    Parameters
    ----------
    offset : (person + 1,) array of int
        Where a person's codes begin.
    day, code : (first,) arrays of int
        First occurrences, as ``find_first_occurrences`` returns them: each code once for a person, sorted by
        (day, code), ``UNDATED`` last. Device arrays are taken as int64, int32 and uint32.
    n_codes
        Size of the vocabulary, K: the tables have 3 K² numbers.
    engine
        ``"numba"``, ``"python"`` (uncompiled, for small arrays), ``"cuda"`` for device arrays, or ``"auto"``.

    Returns
    -------
    PairCounts
        ``first``, ``tie``, ``undated`` (K, K) and ``persons`` (K,), where the arrays live. Counts of parts of the
        persons add up to those of all. Each person with a and b is counted once:
        ``first[a, b] + first[b, a] + tie[a, b] + undated[a, b]`` is ``both[a, b]``.

    Raises
    ------
    ValueError
        If arrays do not fit each other, a code is not below ``n_codes``, or a person's codes are not in order.

    References
    ----------
    .. [1] Jensen et al. (2014), doi:10.1038/ncomms5022

    Examples
    --------
    Two persons: in the first 0 came before 1; in the second they came on one day, and nobody knows when 2 did:

    >>> undated = 2**31 - 1
    >>> counts = count_pairs([0, 2, 5], [3, 8, 4, 4, undated], [0, 1, 0, 1, 2], 3)
    >>> int(counts.first[0, 1]), int(counts.tie[0, 1]), int(counts.undated[1, 2]), counts.persons.tolist()
    (1, 1, 1, [2, 2, 1])
    >>> counts.both.tolist()
    [[2, 2, 1], [2, 2, 1], [1, 1, 1]]
    """
    check_n_codes(n_codes)
    chosen = choose_engine(ENGINES, engine, code)
    if is_device_array(code):
        return _count_device_arrays(offset, day, code, n_codes, chosen)
    days, codes = take_whole("day", day, "int32"), take_whole("code", code, "uint32")
    cuts = check_offsets("offset", offset, codes.size)
    if days.shape != codes.shape:
        raise ValueError(f"day and code must hold one number per code, got shapes {days.shape} and {codes.shape}")
    if codes.size and codes.max() >= n_codes:
        raise ValueError(f"code must be below n_codes ({n_codes}), got {codes.max()}")
    persons = np.zeros(n_codes, np.int64)
    tie, undated = np.zeros((n_codes, n_codes), np.int64), np.zeros((n_codes, n_codes), np.int64)
    first = None
    for start in range(0, max(1, len(cuts) - 1), MOST_PERSONS):
        before = np.zeros((n_codes, n_codes), np.uint32)  # half as wide: more of it stays in the cache
        part = cuts[start : start + MOST_PERSONS + 1]
        wrong = PAIRS.on(chosen)(part, days, codes, before, tie, undated, persons)
        if wrong >= 0 or any(table.diagonal().any() for table in (before, tie, undated)):
            place = f" at {wrong}" if wrong >= 0 else ""
            raise ValueError(f"code must be a person's first occurrences, each once, sorted by (day, code){place}")
        first = before.astype(np.int64) if first is None else first + before
    assert first is not None
    return PairCounts(first, tie, undated, persons)


def _count_device_arrays(offset: Any, day: Any, code: Any, n_codes: int, engine: Engine) -> PairCounts:
    tables = [place_beside(code, np.zeros((n_codes, n_codes), np.int64)) for _ in range(3)]
    persons = place_beside(code, np.zeros(n_codes + 1, np.int64))
    PAIRS_ON_DEVICE(engine, offset.reshape(-1, 1), day, code, *tables, persons)
    if fetch(persons)[n_codes]:
        raise ValueError(f"code must be below n_codes ({n_codes}), got a larger one on the device")
    first, tie, undated = tables
    return PairCounts(first, tie, undated, persons[:n_codes])
