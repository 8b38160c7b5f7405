"""What lies beside ``link.csv`` in a GMNS folder: tables that change the answer are refused, the others are noted."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ....errors import InputError
from ....text.encodings import read_text
from ....text.tables import Table, is_number
from .columns import read_if_there
from .uses import find_car_rows

__all__ = ["refuse_demand_tables", "refuse_other_tables"]

_READ = {"node.csv", "link.csv", "demand.csv", "config.csv", "geometry.csv", "use_group.csv", "movement.csv"}
_CHANGING = ("capacity", "free_speed", "lanes", "l_lanes_added", "r_lanes_added", "toll", "allowed_uses", "penalty")
_TURNS = re.compile(r"(?:.*_)?(?:turns?|movements|mvmts?|restrictions?)(?:_.*)?\.csv")
_DEMANDS = re.compile(r"(?:.*_)?(?:demand|trips|od|od_matrix)(?:_.*)?\.(?:csv|omx)")
# Of DTALite: what states periods, factors of demand, and delay functions. Its results are only noted.
_STATING = re.compile(
    r"(?:demand_period|demand_file_list|mode_type|agent_type|scenario\w*|departure_time_profile|link_type|link_qvdf|"
    r"vdf\w*|dynamic_traffic_management|supply_side_scenario)\.csv|settings\.(?:csv|yml|yaml)"
)
_FACTOR = re.compile(r"(?:.*_)?(?:factors?|scale|multiplier|pce|pcu|occ|occupancy|plf|phf|qdf)(?:_.*)?")
_FUNCTION = re.compile(r"(?:.*_)?(?:alpha|beta|final_lanes|lanes|capacity|toll|penalty|free_speed)\d*(?:_.*)?")
_RANGE = re.compile(r"\b(\d{1,2}):?(\d{2})\s*[-_~]\s*(\d{1,2}):?(\d{2})\b")
_HOURLY = re.compile(r"/\s*h(?:our|r)?\b|(?:^|_)(?:veh|per)_h(?:our)?$|\bvph\b|/小时|/时")


def refuse_other_tables(folder: Path, notes: list[str]) -> None:
    """Refuse tables that change links: by time of day, on a part of their way, or by forbidding turns.

    Parameters
    ----------
    folder
        Folder of the tables.
    notes
        Takes the names of the tables that are not read.

    Raises
    ------
    InputError
        If a table states another capacity, speed, number of lanes, toll, use or delay function: with its line.
    """
    left = []
    for file in _list_others(folder):
        name = file.name.lower()
        left.append(file.name)
        if _TURNS.fullmatch(name) and not name.endswith("_tod.csv") and not name.startswith("signal"):
            if read_if_there(folder, name) is not None:
                raise InputError(
                    "the table may forbid turns, and is not read",
                    file=file,
                    way_out="turns cannot be forbidden here: split nodes, or move the file out of the folder",
                )
        elif _STATING.fullmatch(name):
            _refuse_functions(file)
        elif name == "lane.csv":
            table = read_if_there(folder, name)
            if table is not None:
                _refuse_lanes(table, folder)
        elif name.endswith("_tod.csv") or name.startswith("segment"):
            _refuse_changes(folder, file)
    if left:
        notes.append(f"Tables of the folder that are not read: {', '.join(left)}.")


def _list_others(folder: Path) -> list[Path]:
    return [
        file
        for file in sorted(folder.iterdir())
        if file.is_file()
        and file.name.lower() not in _READ
        and (file.suffix.lower() == ".csv" or file.name.lower() in ("settings.yml", "settings.yaml"))
    ]


def _refuse_changes(folder: Path, file: Path) -> None:
    table = read_if_there(folder, file.name.lower())
    for column in _CHANGING if table is not None else ():
        assert table is not None
        for row, cell in enumerate(table.columns.get(column, [])):
            if cell.strip() and not (is_number(cell) and float(cell) == 0.0 and "added" in column):
                raise table.error(
                    row,
                    f"{column} is {cell.strip()}, which changes a link of link.csv and is not read",
                    f"move {file.name} out of the folder if the values of link.csv are meant",
                )


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


def _refuse_functions(file: Path) -> None:
    for line, key, cell in _list_cells(file):
        if not _FUNCTION.fullmatch(key) or _FACTOR.fullmatch(key) or cell.lower() in ("", "nan"):
            continue
        if is_number(cell) and float(cell) == 0.0 and not re.search("lanes|capacity|free_speed", key):
            continue
        raise InputError(
            f"{key} is {cell}, which changes links of link.csv and is not read",
            file=file,
            line=line,
            way_out=f"write it into link.csv (vdf_alpha, vdf_beta, lanes, capacity, toll), and move {file.name} out "
            "of the folder",
        )


def refuse_demand_tables(folder: Path, demand: Path, *, is_chosen: bool) -> None:
    """Refuse what would change the demand and is not read: periods of other lengths, factors, a second demand.

    Parameters
    ----------
    folder
        Folder of the network.
    demand
        The demand that is read; where its heading states vehicles per hour, periods do not matter.
    is_chosen
        Whether a setting names it: then other demands of the folder do not matter.

    Raises
    ------
    InputError
        With the file.
    """
    hourly = demand.suffix.lower() != ".omx" and demand.is_file() and _is_hourly(demand)
    for file in _list_others(folder):
        name = file.name.lower()
        if _STATING.fullmatch(name):
            _refuse_demand_cells(file, demand, hourly=hourly)
        elif not is_chosen and _DEMANDS.fullmatch(name) and read_if_there(folder, name) is not None:
            raise InputError(
                f"the folder has the demands {demand.name} and {file.name}",
                file=file,
                way_out=f"name the one that is meant with demand=FILE, or move {file.name} out of the folder",
            )


def _refuse_demand_cells(file: Path, demand: Path, *, hourly: bool) -> None:
    for line, key, cell in _list_cells(file):
        found = _RANGE.search(cell) if re.search("period|time", key) else None
        if found is not None and not hourly:
            begin, end = (60 * int(found[k]) + int(found[k + 1]) for k in (1, 3))
            minutes = (end - begin) % 1440 or 1440
            if minutes != 60:
                raise InputError(
                    f"{key} is {cell}, {minutes / 60:g} h, and capacities are those of one hour",
                    file=file,
                    line=line,
                    way_out=f"give vehicles per hour in {demand.name}, and say so in its heading: volume (veh/h)",
                )
        if _FACTOR.fullmatch(key) and is_number(cell) and float(cell) != 1.0:
            raise InputError(
                f"{key} is {cell}, which may scale the demand or a capacity and is not read",
                file=file,
                line=line,
                way_out=f"multiply {demand.name} or capacity by it, and move {file.name} out of the folder",
            )


def _is_hourly(demand: Path) -> bool:
    head = next(iter(read_text(demand).splitlines()), "").lower()
    return any(_HOURLY.search(name.strip().strip('"')) for name in re.split(r"[,;\t]", head))


def _list_cells(file: Path) -> Iterator[tuple[int, str, str]]:
    """Line, key and value of what a table or a file of settings states; sections of a table have headings each."""
    text = read_text(file)
    if file.suffix.lower() != ".csv":
        for line, row in enumerate(text.splitlines(), 1):
            key, colon, value = row.split("#")[0].partition(":")
            if colon and value.strip():
                yield line, key.strip(" -\t\"'").lower(), value.strip().strip("\"'")
        return
    heading: list[str] = []
    for line, cells in enumerate(csv.reader(text.splitlines()), 1):
        plain = [cell.strip() for cell in cells]
        section = bool(plain and plain[0].startswith("["))
        if section or not heading:
            heading = [cell.lower() for cell in plain]
            continue
        for key, cell in zip(heading, plain, strict=False):
            if key and cell:
                yield line, key, cell
