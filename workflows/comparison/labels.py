"""Rows of two runs matched by their labels: link 7 with link 7, wherever it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hpc.errors import RunError

__all__ = ["Match", "Picked", "match_labels", "match_positions", "parse_at", "spell"]

FEW = 5  # labels that a message names

Picked = Mapping[str, tuple[str, str]]  # dim -> the label in A and the label in B


@dataclass(frozen=True)
class Match:
    """Which rows of A and of B belong together along one dim, in A's order.

    Attributes
    ----------
    a, b
        Positions int64[row] in each run.
    labels_a, labels_b
        All labels of each run; empty where rows are matched by position.
    only_a, only_b
        Labels without a partner.
    how
        ``"labels"``, ``"position"`` (the dim has no labels), ``"only one"`` (one label in each, and they differ) or
        ``"picked"``.
    """

    dim: str
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    labels_a: tuple[str, ...] = ()
    labels_b: tuple[str, ...] = ()
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()
    how: str = "labels"

    def __len__(self) -> int:
        return len(self.a)

    def name_row(self, row: int) -> str:
        """The label of a matched row; both labels where they differ."""
        if not self.labels_a:
            return str(int(self.a[row]))
        first, second = self.labels_a[int(self.a[row])], self.labels_b[int(self.b[row])]
        return first if first == second else f"{first} -> {second}"

    def describe(self) -> dict[str, Any]:
        """For JSON: how many rows match, how, and which labels have no partner."""
        pair = self.how in ("only one", "picked")
        return {
            "matched": len(self),
            "how": self.how,
            "only_in_a": {"count": len(self.only_a), "first": list(self.only_a[:FEW])},
            "only_in_b": {"count": len(self.only_b), "first": list(self.only_b[:FEW])},
            **({"a": self.labels_a[int(self.a[0])], "b": self.labels_b[int(self.b[0])]} if pair else {}),
        }

    def sentences(self) -> list[str]:
        """What a person is to know of the match; nothing if every row has its partner."""
        if self.how in ("only one", "picked"):
            first, second = self.labels_a[int(self.a[0])], self.labels_b[int(self.b[0])]
            return [] if first == second else [f"{self.dim}: {first!r} of A is compared with {second!r} of B."]
        if self.how == "position":
            return [f"{self.dim}: has no labels, so its {len(self):,} rows are compared in their order."]
        told = []
        for run, labels in (("A", self.only_a), ("B", self.only_b)):
            if labels:
                more = ", ..." if len(labels) > FEW else ""
                told.append(f"{self.dim}: {len(labels):,} only in {run}: {', '.join(labels[:FEW])}{more}.")
        return told


def spell(values: NDArray[Any]) -> tuple[str, ...]:
    """Labels as text: floats with the digits that tell them apart, times without idle zeros.

    Examples
    --------
    >>> spell(np.array([0.5, 2.0])), spell(np.array(["2023-09-07T13:10"], "datetime64[ns]"))
    (('0.5', '2.0'), ('2023-09-07T13:10:00',))
    """
    if values.dtype.kind == "M":
        return tuple(str(value).removesuffix(".000000000") for value in values.astype("datetime64[ns]"))
    return tuple(map(str, values.tolist()))


def match_labels(dim: str, a: NDArray[Any], b: NDArray[Any], pick: tuple[str, str] | None = None) -> Match:
    """Match two sets of labels.

    Parameters
    ----------
    dim
        The dim that they label.
    a, b
        The labels of each run.
    pick
        One label of A and one of B, which are matched with each other and nothing else.

    Raises
    ------
    RunError
        If a label that was picked is not there, a label is given twice, or no label is in both runs.

    Examples
    --------
    >>> found = match_labels("link", np.array([3, 1, 2]), np.array([1, 3, 9]))
    >>> found.a.tolist(), found.b.tolist(), found.only_a, found.only_b
    ([0, 1], [1, 0], ('2',), ('9',))
    """
    first, second = spell(a), spell(b)
    if pick is not None:
        at = [_find(dim, label, labels, run) for label, labels, run in zip(pick, (first, second), "AB", strict=True)]
        return _pair(dim, at[0], at[1], first, second, "picked")
    place = {label: position for position, label in enumerate(second)}
    for run, labels in (("A", first), ("B", second)):
        if len(set(labels)) < len(labels):
            raise RunError(f"labels of dim {dim!r} must differ to be matched, but run {run} gives one of them twice")
    rows = [(position, place[label]) for position, label in enumerate(first) if label in place]
    if not rows and len(first) == len(second) == 1:
        return _pair(dim, 0, 0, first, second, "only one")
    if not rows:
        raise RunError(
            f"dim {dim!r} must have a label that is in both runs, but A has {_name(first)} and B has {_name(second)}: "
            f"hold two of them against each other with --at {dim}=LABEL_OF_A=LABEL_OF_B"
        )
    both = set(first) & set(second)
    matched = np.array(rows, np.int64)
    return Match(
        dim, matched[:, 0], matched[:, 1], first, second,
        tuple(label for label in first if label not in both), tuple(label for label in second if label not in both),
    )  # fmt: skip


def match_positions(dim: str, n: int, m: int) -> Match:
    """Match a dim without labels: row by row, if both runs have as many."""
    if n != m:
        raise RunError(f"dim {dim!r} has no labels to match by, and A has {n:,} rows but B {m:,}")
    rows = np.arange(n, dtype=np.int64)
    return Match(dim, rows, rows, how="position")


def _pair(dim: str, a: int, b: int, first: tuple[str, ...], second: tuple[str, ...], how: str) -> Match:
    return Match(dim, np.array([a]), np.array([b]), first, second, how=how)


def _find(dim: str, label: str, labels: Sequence[str], run: str) -> int:
    if label in labels:
        return labels.index(label)
    for position, other in enumerate(labels):
        try:
            if float(other) == float(label):
                return position
        except ValueError:
            break
    raise RunError(f"--at must name a label of dim {dim!r}, got {label!r}, but run {run} has {_name(labels)}")


def _name(labels: Sequence[str]) -> str:
    return ", ".join(map(repr, labels[:FEW])) + (f", ... ({len(labels):,})" if len(labels) > FEW else "") or "none"


def parse_at(words: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Read ``DIM=LABEL`` or ``DIM=LABEL_OF_A=LABEL_OF_B``.

    Raises
    ------
    RunError
        If a word has another form, or a dim is given twice.

    Examples
    --------
    >>> parse_at(["scenario=base@1.0=closed@1.0", "time=3600"])
    {'scenario': ('base@1.0', 'closed@1.0'), 'time': ('3600', '3600')}
    """
    picked: dict[str, tuple[str, str]] = {}
    for word in words:
        parts = word.split("=")
        if len(parts) not in (2, 3) or not all(parts):
            raise RunError(f"--at must be DIM=LABEL or DIM=LABEL_OF_A=LABEL_OF_B, got {word!r}")
        if parts[0] in picked:
            raise RunError(f"--at must name each dim once, got {parts[0]!r} twice")
        picked[parts[0]] = parts[1], parts[-1]
    return picked
