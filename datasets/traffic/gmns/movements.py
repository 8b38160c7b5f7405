"""Turns of a GMNS folder: those that a path could take and that are forbidden, or cost time, are refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...text.tables import Table, is_number
from .tables.columns import find_file, list_unread, read_if_there
from .tables.links import LinkRows
from .tables.uses import find_car_rows

__all__ = ["refuse_turn_bans"]

Bools = npt.NDArray[np.bool_]

_BAN = re.compile(r".*(?:prohib|restrict|banned|forbid|closed|\bno[ _-]|^no$).*")
_NEUTRAL = frozenset({
    "mvmt_id", "node_id", "name", "ib_link_id", "ob_link_id", "start_ib_lane", "end_ib_lane", "start_ob_lane",
    "end_ob_lane", "ctrl_type", "control", "control_type", "mvmt_code", "mvmt_txt_id", "allowed_uses", "geometry",
    "lanes", "volume",
})  # fmt: skip
_ALLOWING = re.compile(r"allow|permit|open|enabled|is_legal")
_FORBIDDING = re.compile(
    r"prohib|restrict|bann?(?:ed)?(?:_|$)|forbid|closed|penalt|delay|cost|impedance|(?:^|_)time(?:_|$)"
)
_YES = frozenset({"1", "1.0", "yes", "y", "true", "t", "all", "auto"})
_NO = frozenset({"no", "n", "false", "f", "none", "nan"})
_CURE = "turns cannot be forbidden here: split the node, or move movement.csv out of the folder to allow all turns"


def refuse_turn_bans(folder: Path, links: LinkRows, node_of: Table, passable: Bools, notes: list[str]) -> None:
    """Refuse turns that a path could take and that may not be taken, or cost time.

    A turn back to the node that a path comes from, and one at a node that no path passes through, make no difference.

    Parameters
    ----------
    folder
        May hold ``movement.csv``.
    links
        Of ``link.csv``, whose column ``restricted_turn_nodes`` forbids turns too.
    node_of
        ``node.csv``.
    passable : (node,) array of bool
        By row of ``node.csv``.
    notes
        Takes that turns have no capacity of their own.

    Raises
    ------
    InputError
        With the line.
    """
    _refuse_restricted_nodes(links.table)
    file = find_file(folder, "movement.csv")
    table = read_if_there(folder, "movement.csv")
    if table is None or file is None:
        return
    table.require("ib_link_id", "ob_link_id")
    place: dict[str, list[int]] = {}
    for k, row in enumerate(links.row.tolist()):
        place.setdefault(_plain(links.table.columns["link_id"][row]), []).append(k)
    known = {_plain(cell) for cell in links.table.columns["link_id"]}
    open_to_cars = find_car_rows(table, folder)
    listed: set[tuple[int, int]] = set()
    at: dict[int, int] = {}
    for row in range(len(table)):
        for name in ("ib_link_id", "ob_link_id"):
            if _plain(table.columns[name][row]) not in known:
                cell = table.columns[name][row].strip()
                raise table.error(row, f"{name} {cell} is not in link.csv", f"correct {name}, or omit the row")
        inward, outward = (place.get(_plain(table.columns[name][row]), []) for name in ("ib_link_id", "ob_link_id"))
        turns = [(i, o) for i in inward for o in outward if links.head[i] == links.tail[o]]
        ban = None if open_to_cars[row] else f"allowed_uses is {table.columns['allowed_uses'][row].strip()!r}"
        ban = ban or _find_ban(table, row)
        for i, o in turns:
            at.setdefault(int(links.head[i]), row)
            listed.add((i, o))
            if ban and links.tail[i] != links.head[o] and passable[links.head[i]]:
                raise table.error(row, f"{ban} on the turn from link {_name(links, i)} to {_name(links, o)}", _CURE)
    inward_at, outward_at = _group(links.head, at), _group(links.tail, at)
    for node, row in at.items():
        for i in inward_at[node]:
            for o in outward_at[node]:
                if (i, o) not in listed and links.tail[i] != links.head[o] and passable[node]:
                    turn = f"from link {_name(links, i)} to {_name(links, o)}"
                    node_name = node_of.columns["node_id"][node].strip()
                    raise table.error(
                        row, f"node {node_name} has turns here, and the turn {turn} is not among them", _CURE
                    )
    notes.append(f"{table.file.name} forbids no turn that matters; capacities and controls of turns are not read.")
    left = list_unread(table, ("mvmt_id", "node_id", "ib_link_id", "ob_link_id", "allowed_uses", "type", "penalty"))
    if left:
        notes.append(left)


def _refuse_restricted_nodes(table: Table) -> None:
    for row, cell in enumerate(table.columns.get("restricted_turn_nodes", [])):
        if cell.strip() and cell.strip() not in ("0", "-1", "nan"):
            raise table.error(
                row,
                f"restricted_turn_nodes is {cell.strip()!r}",
                "turns cannot be forbidden here: split the node, or empty the cell to allow all turns",
            )


def _find_ban(table: Table, row: int) -> str | None:
    """What forbids the turn of a row or makes it cost time, in any column that speaks of that."""
    for name, cells in table.columns.items():
        cell = cells[row].strip()
        word = cell.lower()
        if not cell or name in _NEUTRAL:
            continue
        is_zero = is_number(cell) and float(cell) == 0.0
        if name == "capacity":
            banned = is_zero
        elif _ALLOWING.search(name):
            banned = word not in _YES
        elif _FORBIDDING.search(name):
            banned = not is_zero and word not in _NO
        else:
            banned = bool(_BAN.fullmatch(word))
        if banned:
            return f"{name} is {cell if is_number(cell) else repr(cell)}"
    return None


def _plain(cell: str) -> str:
    return cell.strip().removesuffix(".0")


def _name(links: LinkRows, link: int) -> str:
    return links.table.columns["link_id"][int(links.row[link])].strip()


def _group(ends: npt.NDArray[np.int64], nodes: dict[int, int]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {node: [] for node in nodes}
    for link, node in enumerate(ends.tolist()):
        if node in grouped:
            grouped[node].append(link)
    return grouped
