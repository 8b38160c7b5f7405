"""What lies beside ``link.csv`` in a GMNS folder: turn bans are refused, times of day too, the rest is noted."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .gmns_columns import find_file, read_if_there
from .gmns_links import LinkRows
from .gmns_uses import find_car_rows
from .tables import Table, is_number

__all__ = ["refuse_other_tables", "refuse_turn_bans"]

Bools = npt.NDArray[np.bool_]

_READ = {"node.csv", "link.csv", "demand.csv", "config.csv", "geometry.csv", "use_group.csv", "movement.csv"}
_SPECIFIED = re.compile(
    r"(?:use_definition|zone|location|lane|segment|segment_lane|curb_seg|time_set_definitions|signal_\w+|"
    r"(?:link|lane|segment|segment_lane|movement)_tod)\.csv"
)
_CHANGING = ("capacity", "free_speed", "lanes", "l_lanes_added", "r_lanes_added", "toll", "allowed_uses", "penalty")
_BAN = re.compile(r".*(?:prohib|restrict|banned|forbid|closed|\bno[ _-]|^no$).*")
_CURE = "turns cannot be forbidden here: split the node, or move movement.csv out of the folder to allow all turns"


def refuse_other_tables(folder: Path, notes: list[str]) -> None:
    """Refuse tables that change links by time of day or on a part of their way; note the other ones.

    Raises
    ------
    InputError
        If a table states another capacity, speed, number of lanes, toll or use: with its line.
    """
    left = []
    for file in sorted(folder.iterdir()):
        name = file.name.lower()
        if name in _READ or not (_SPECIFIED.fullmatch(name) or name in ("settings.csv", "settings.yml")):
            continue
        left.append(file.name)
        if not (name.endswith("_tod.csv") or name.startswith(("segment", "lane"))):
            continue
        table = read_if_there(folder, name)
        if table is None:
            continue
        if name == "lane.csv":
            _refuse_lanes(table, folder)
            continue
        for column in _CHANGING:
            for row, cell in enumerate(table.columns.get(column, [])):
                if cell.strip() and not (is_number(cell) and float(cell) == 0.0 and "added" in column):
                    raise table.error(
                        row,
                        f"{column} is {cell.strip()}, which changes a link of link.csv and is not read",
                        f"move {file.name} out of the folder if the values of link.csv are meant",
                    )
    if left:
        notes.append(f"Tables of the folder that are not read: {', '.join(left)}.")


def _refuse_lanes(table: Table, folder: Path) -> None:
    """Lanes of buses and the like count in ``link.csv``, for it counts all that motor vehicles may use."""
    for row in np.flatnonzero(~find_car_rows(table, folder)).tolist():
        uses = table.columns["allowed_uses"][row].strip()
        if re.search(r"bus|transit|taxi|truck|hov|hgv|freight", uses.lower()):
            raise table.error(
                row,
                f"the lane is for {uses!r} only, and lanes of {table.file.name} are not read",
                f"take it off lanes of link.csv, and move {table.file.name} out of the folder",
            )


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


def _refuse_restricted_nodes(table: Table) -> None:
    for row, cell in enumerate(table.columns.get("restricted_turn_nodes", [])):
        if cell.strip() and cell.strip() not in ("0", "-1", "nan"):
            raise table.error(
                row,
                f"restricted_turn_nodes is {cell.strip()!r}",
                "turns cannot be forbidden here: split the node, or empty the cell to allow all turns",
            )


def _find_ban(table: Table, row: int) -> str | None:
    def cell(name: str) -> str:
        return table.columns[name][row].strip() if name in table else ""

    if _BAN.fullmatch(cell("type").lower()):
        return f"type is {cell('type')!r}"
    penalty, capacity = cell("penalty"), cell("capacity")
    if penalty and not (is_number(penalty) and float(penalty) == 0.0):
        return f"penalty is {penalty}"
    if capacity and is_number(capacity) and float(capacity) == 0.0:
        return f"capacity is {capacity}"
    return None


def _plain(cell: str) -> str:
    return cell.strip().removesuffix(".0")


def _name(links: LinkRows, link: int) -> str:
    return links.table.columns["link_id"][int(links.row[link])].strip()


def _group(ends: npt.NDArray[np.int64], wanted: dict[int, int]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {node: [] for node in wanted}
    for link, node in enumerate(ends.tolist()):
        if node in grouped:
            grouped[node].append(link)
    return grouped
