"""Lists of codes as data: which groups (phenotypes, diagnoses of a score) a code belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..offsets import check_offsets

__all__ = ["CodeGroups", "mark_codes"]

MOST_BITS = 63


@dataclass(frozen=True, eq=False)
class CodeGroups:
    """The groups of each code; a code may belong to none, one or several.

    Examples
    --------
    >>> groups = CodeGroups.from_lists([[0, 3], [3]], n_codes=5)
    >>> groups.n_groups, groups.start.tolist(), groups.group.tolist()
    (2, [0, 1, 1, 1, 3, 3], [0, 0, 1])
    """

    start: npt.NDArray[np.int64] = field(repr=False)
    """(code + 1,) where a code's groups begin."""
    group: npt.NDArray[np.int32] = field(repr=False)
    n_groups: int

    def __post_init__(self) -> None:
        check_offsets("start of groups", self.start, len(self.group))
        for group in self.group[(self.group < 0) | (self.group >= self.n_groups)][:1]:
            raise ValueError(f"group must be from 0 and below n_groups ({self.n_groups}), got {group}")

    @classmethod
    def from_lists(cls, lists: Sequence[Iterable[int]], n_codes: int) -> CodeGroups:
        """From the codes of each group.

        Raises
        ------
        ValueError
            If a code is not in the vocabulary.
        """
        codes = [np.unique(np.fromiter(codes, np.int64)) for codes in lists]
        for at, chosen in enumerate(codes):
            _refuse_foreign(f"codes of group {at}", chosen, n_codes)
        code = np.concatenate([np.zeros(0, np.int64), *codes])
        group = np.repeat(np.arange(len(codes), dtype=np.int32), [len(chosen) for chosen in codes])
        order = np.argsort(code, kind="stable")
        start = np.concatenate(([0], np.cumsum(np.bincount(code, minlength=n_codes))))
        return cls(start.astype(np.int64), group[order], len(codes))

    @classmethod
    def from_array(cls, groups: npt.ArrayLike) -> CodeGroups:
        """From the group of each code, -1 where it has none.

        Examples
        --------
        >>> CodeGroups.from_array([1, -1, 0, 1]).n_groups
        2
        """
        group = np.asarray(groups, np.int64)
        lists = [np.flatnonzero(group == at).tolist() for at in range(int(group.max(initial=-1)) + 1)]
        return cls.from_lists(lists, len(group))

    @property
    def n_codes(self) -> int:
        return len(self.start) - 1

    @property
    def most(self) -> int:
        """Groups of the code that has most."""
        return int(np.diff(self.start).max(initial=0))

    def single(self) -> npt.NDArray[np.int32]:
        """(code,) its first group, -1 for none.

        Examples
        --------
        >>> CodeGroups.from_array([1, -1, 0]).single().tolist()
        [1, -1, 0]
        """
        has = np.diff(self.start) > 0
        group = np.full(self.n_codes, -1, np.int32)
        group[has] = self.group[self.start[:-1][has]]
        return group

    def bits(self) -> npt.NDArray[np.int64]:
        """(code,) bit ``g`` is set if the code belongs to group ``g``.

        Raises
        ------
        ValueError
            If there are more than 63 groups.
        """
        if self.n_groups > MOST_BITS:
            raise ValueError(f"groups of a score must be at most {MOST_BITS}, got {self.n_groups}")
        bits = np.zeros(self.n_codes, np.int64)
        np.bitwise_or.at(bits, np.repeat(np.arange(self.n_codes), np.diff(self.start)), np.int64(1) << self.group)
        return bits


def mark_codes(name: str, codes: Iterable[int], n_codes: int) -> npt.NDArray[np.bool_]:
    """(code,) whether it is one of ``codes``.

    Raises
    ------
    ValueError
        If a code is not in the vocabulary.
    """
    chosen = np.fromiter(codes, np.int64)
    _refuse_foreign(name, chosen, n_codes)
    marks = np.zeros(n_codes, np.bool_)
    marks[chosen] = True
    return marks


def _refuse_foreign(name: str, codes: npt.NDArray[np.int64], n_codes: int) -> None:
    for code in codes[(codes < 0) | (codes >= n_codes)][:1]:
        raise ValueError(f"{name} must be places in the vocabulary of {n_codes} codes, got {code}")
