"""Nodes that a table of road lines names: from, to win over the way a line is drawn, or are refused."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .columns import RoadColumns

__all__ = ["NamedEnds", "read_named_ends", "refuse_sorted_ends"]


@dataclass(frozen=True)
class NamedEnds:
    """The node at the start and end of each row, and whether its line is drawn from the end to the start."""

    start: list[int]
    end: list[int]
    is_turned: npt.NDArray[np.bool_]


def read_named_ends(
    held: RoadColumns, rows: list[int], first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]
) -> NamedEnds | None:
    """Read the nodes that rows run from and to, and find where these nodes lie.

    A node lies at the place that all lines of its rows have as an end. Where lines run to and fro between two nodes
    only, nothing tells the nodes apart, and the lines are taken as they are drawn.

    Parameters
    ----------
    held
        The columns.
    rows
        The row of each line.
    first, last : (line,) arrays
        Places of the ends of each line.

    Returns
    -------
    NamedEnds or None
        None if the table names no nodes.

    Raises
    ------
    InputError
        If a node has no such place, a row lacks a node, or drawing and nodes contradict each other.
    """
    if "from" not in held or "to" not in held:
        return None
    names = held.by["from"].heading, held.by["to"].heading
    ends = [tuple(held.cell(what, row).removesuffix(".0") for what in ("from", "to")) for row in rows]
    for row, pair in zip(rows, ends, strict=True):
        if "" in pair:
            raise held.found.error(
                row,
                f"{names[pair.index('')]} is empty",
                "name both nodes in every row, or remove both columns to join lines where they meet",
            )
    places = [(int(a), int(b)) for a, b in zip(first, last, strict=True)]
    place = _locate(held, rows, ends, places, names)
    turned = np.zeros(len(rows), bool)
    for k, ((start, end), (a, b)) in enumerate(zip(ends, places, strict=True)):
        if (place[start], place[end]) == (a, b):
            continue
        if (place[start], place[end]) != (b, a):
            raise _contradiction(held, rows[k], names, start)
        turned[k] = True
    whole = all(name.lstrip("-").isdecimal() and abs(int(name)) < 2**62 for pair in ends for name in pair)
    number = {name: int(name) for name in place} if whole else {name: k for k, name in enumerate(sorted(place), 1)}
    return NamedEnds([number[start] for start, _ in ends], [number[end] for _, end in ends], turned)


def refuse_sorted_ends(held: RoadColumns, rows: list[int], named: NamedEnds, is_one_way: list[bool]) -> None:
    """Refuse one-way lines drawn from v to u where u is below v in every row.

    An undirected graph of osmnx is saved so: there u and v are sorted, and do not tell the direction of travel.

    Raises
    ------
    InputError
        If there is such a line.
    """
    if held.by["from"].known != "u" or any(start > end for start, end in zip(named.start, named.end, strict=True)):
        return
    for k, turned in enumerate(named.is_turned.tolist()):
        if turned and is_one_way[k]:
            raise held.found.error(
                rows[k],
                "u is below v in every row, as in an undirected graph whose ends are sorted, and this one-way line is "
                "drawn from v to u",
                "give columns from and to as osmnx writes them, or remove u and v to drive lines as they are drawn",
            )


def _locate(
    held: RoadColumns,
    rows: list[int],
    ends: list[tuple[str, ...]],
    places: list[tuple[int, int]],
    names: tuple[str, str],
) -> dict[str, int]:
    """The place of every node."""
    may: dict[str, set[int]] = {}
    at: dict[str, list[int]] = defaultdict(list)
    for k, (pair, spots) in enumerate(zip(ends, places, strict=True)):
        for name in pair:
            at[name].append(k)
            may[name] = may[name] & set(spots) if name in may else set(spots)
            if not may[name]:
                raise _contradiction(held, rows[k], names, name)
    known = {name: next(iter(spots)) for name, spots in may.items() if len(spots) == 1}
    waiting = list(known)
    for k in range(-1, len(ends)):  # parts of the network in which nothing tells are taken as they are drawn
        if k >= 0 and ends[k][0] not in known:
            known[ends[k][0]] = places[k][0]
            waiting.append(ends[k][0])
        while waiting:
            here = waiting.pop()
            for row in at[here]:
                (start, end), (a, b) = ends[row], places[row]
                other = end if here == start else start
                if other not in known:
                    known[other] = b if known[here] == a else a
                    waiting.append(other)
    return known


def _contradiction(held: RoadColumns, row: int, names: tuple[str, str], node: str) -> InputError:
    return held.found.error(
        row,
        f"columns {names[0]!r} and {names[1]!r} do not fit the lines: those of node {node!r} have no end in common",
        "correct the nodes, or remove both columns to join lines where they meet and drive them as drawn",
    )
