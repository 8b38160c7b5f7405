"""GMNS networks in CSV: ``node.csv``, ``link.csv``, ``demand.csv`` and, if there, ``config.csv``.

References
----------
.. [1] General Modeling Network Specification, https://github.com/zephyr-data-specs/GMNS
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..kernels.space.datum import compute_distances_m
from .demand_files import DemandPart
from .errors import InputError
from .gmns_demand import read_zone_demand
from .instances import Instance
from .layout import LAYOUT, place_nodes
from .tables import Table, read_table

__all__ = ["read_gmns"]

_ALPHA, _BETA = 0.15, 4.0
_METRES = {"m": 1.0, "km": 1000.0, "mile": 1609.344, "ft": 0.3048}
_LENGTHS = {
    "m": "m", "meter": "m", "meters": "m", "metre": "m", "metres": "m",
    "km": "km", "kilometer": "km", "kilometers": "km", "kilometre": "km", "kilometres": "km",
    "mi": "mile", "mile": "mile", "miles": "mile", "ft": "ft", "foot": "ft", "feet": "ft",
}  # fmt: skip
_SPEEDS = {
    "km/h": "km", "kmh": "km", "kph": "km", "kmph": "km", "kilometers per hour": "km",
    "mph": "mile", "mi/h": "mile", "miles per hour": "mile", "miles/hour": "mile",
}  # fmt: skip

Floats = npt.NDArray[np.float64]


def read_gmns(
    folder: str | Path,
    *,
    demand: str | Path | None = None,
    demand_period: str | None = None,
    demand_mode: str | None = None,
    demand_matrix: str | None = None,
    demand_mapping: str | None = None,
) -> Instance:
    """Read a GMNS folder.

    ``capacity`` counts vehicles per hour and lane and is multiplied by ``lanes`` (1 where empty); ``vdf_alpha`` and
    ``vdf_beta`` default to 0.15 and 4; free-flow time is ``length / free_speed``, in minutes. The units of both come
    from ``config.csv``, else lengths are compared with the distances between the nodes; what was found is noted.

    Parameters
    ----------
    folder
        Holds ``node.csv`` and ``link.csv``. A node of type ``centroid`` is not passed through.
    demand
        Table ``o_zone_id, d_zone_id, volume``; ``demand.csv`` in the folder when left out. Zones are the nodes'
        ``zone_id``; a zone of several nodes spreads its demand evenly over them.
    demand_period, demand_mode, demand_matrix, demand_mapping
        Which part of the demand is meant, where it has several: see :func:`~.demand_files.read_entries`.

    Raises
    ------
    InputError
        If a file is missing or a row cannot be used: with its line.
    """
    folder = Path(folder)
    nodes = read_table(folder / "node.csv", require=("node_id",))
    links = read_table(folder / "link.csv", require=("link_id", "from_node_id", "to_node_id", "length", "capacity"))
    demand_file = folder / "demand.csv" if demand is None else Path(demand)
    part = DemandPart(demand_period, demand_mode, demand_matrix, demand_mapping)
    if not len(nodes) or not len(links):
        empty = nodes if not len(nodes) else links
        raise InputError("the table has no rows", file=empty.file, way_out="fetch it again")
    notes: list[str] = []
    node_id, node_row = _unique_ids(nodes, "node_id")
    link_id, link_row = _unique_ids(links, "link_id")
    tail, head = (_find_nodes(links, name, node_id)[link_row] for name in ("from_node_id", "to_node_id"))
    _refuse_undirected(links)
    length = links.numbers("length")[link_row]
    lanes = links.numbers("lanes", default=1.0)[link_row]
    capacity = links.numbers("capacity")[link_row] * lanes
    x, y, crs = _place(nodes, node_row, tail, head, length, notes)
    length_unit, free_time = _times(folder, links, link_row, length, (x, y, crs, tail, head), notes)
    if (capacity == 0.0).any():
        notes.append(f"{int((capacity == 0.0).sum())} links have capacity 0 or no lanes and are closed.")
    passable = np.ones(node_id.size, dtype=np.bool_)
    if "node_type" in nodes:
        kinds = np.array([cell.strip().lower() for cell in nodes.columns["node_type"]])[node_row]
        passable = kinds != "centroid"
        if not passable.all():
            notes.append(f"Paths do not pass through {int((~passable).sum())} nodes of type centroid.")
    pairs = read_zone_demand(demand_file, nodes, node_row, notes, part)
    return Instance(
        name=folder.resolve().name,
        n_nodes=node_id.size,
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        free_time=free_time,
        capacity=capacity,
        b=links.numbers("vdf_alpha", default=_ALPHA)[link_row],
        power=links.numbers("vdf_beta", default=_BETA)[link_row],
        length=length,
        toll=links.numbers("toll", default=0.0)[link_row],
        link_id=link_id,
        node_id=node_id,
        passable=passable,
        origin=pairs.origin,
        destination=pairs.destination,
        demand=pairs.demand,
        intrazonal_demand=pairs.intrazonal,
        x=x,
        y=y,
        crs=crs,
        units={"time": "min", "length": length_unit, "flow": "veh h-1", "toll": "1"},
        link_name=tuple(links.columns["name"][k].strip() for k in link_row.tolist()) if "name" in links else None,
        sources=(nodes.file, links.file, demand_file, *([c] if (c := folder / "config.csv").is_file() else [])),
        notes=tuple(notes),
    )


def _unique_ids(table: Table, column: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return ids ascending, and the row of each."""
    ids = table.whole(column)
    row = np.argsort(ids, kind="stable")
    same = np.flatnonzero(ids[row][1:] == ids[row][:-1])
    if same.size:
        first, again = int(row[same[0]]), int(row[same[0] + 1])
        problem = f"{column} {ids[again]} is given twice, first on line {table.line[first]}"
        raise table.error(again, problem, "give each row its own id")
    return ids[row], row


def _find_nodes(links: Table, column: str, node_id: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    ids = links.whole(column)
    place = np.minimum(np.searchsorted(node_id, ids), node_id.size - 1)
    unknown = node_id[place] != ids
    if unknown.any():
        row = int(np.argmax(unknown))
        raise links.error(row, f"{column} {ids[row]} is not in node.csv", "add the node or correct the row")
    return place


def _refuse_undirected(links: Table) -> None:
    for row, cell in enumerate(links.columns.get("directed", [])):
        if cell.strip().lower() in ("false", "0", "f", "no"):
            raise links.error(row, "the link is undirected", "give one directed link each way, with ids of their own")


def _place(
    nodes: Table,
    node_row: npt.NDArray[np.int64],
    tail: npt.NDArray[np.int64],
    head: npt.NDArray[np.int64],
    length: Floats,
    notes: list[str],
) -> tuple[Floats, Floats, str]:
    if "x_coord" in nodes and "y_coord" in nodes:
        x, y = (nodes.numbers(name, least=None)[node_row] for name in ("x_coord", "y_coord"))
        crs = "EPSG:4326" if np.abs(x).max() <= 180.0 and np.abs(y).max() <= 90.0 else "unstated"
        config = _read_config(nodes.file.parent)
        if config.get("crs"):
            crs = config["crs"]
        elif crs == "EPSG:4326":
            notes.append("node.csv states no datum; its numbers are taken as degrees of WGS 84.")
        return x, y, crs
    notes.append("The source has no coordinates: nodes are placed by their distances along the network.")
    x, y = place_nodes(node_row.size, tail, head, length)
    return x, y, LAYOUT


def _read_config(folder: Path) -> dict[str, str]:
    if not (folder / "config.csv").is_file():
        return {}
    table = read_table(folder / "config.csv")
    return {name: cells[0].strip() for name, cells in table.columns.items() if cells and cells[0].strip()}


def _times(
    folder: Path,
    links: Table,
    link_row: npt.NDArray[np.int64],
    length: Floats,
    place: tuple[Floats, Floats, str, npt.NDArray[np.int64], npt.NDArray[np.int64]],
    notes: list[str],
) -> tuple[str, Floats]:
    """Return the unit of length and the free-flow times [min]."""
    links.require("free_speed")
    config = _read_config(folder)
    length_unit, speed_unit = _LENGTHS.get(config.get("long_length", "").lower()), None
    if "speed" in config:
        speed_unit = _SPEEDS.get(config["speed"].lower())
    for key, found, known in (("long_length", length_unit, _LENGTHS), ("speed", speed_unit, _SPEEDS)):
        if key in config and found is None:
            raise InputError(
                f"{key} is {config[key]!r}",
                file=folder / "config.csv",
                line=2,
                way_out=f"give one of {', '.join(known)}",
            )
    if length_unit is None:
        length_unit = _guess_unit(length, *place)
        if length_unit is not None:
            notes.append(f"Lengths fit the nodes' coordinates if read in {length_unit}, and were.")
    if speed_unit is None:
        speed_unit = {"m": "km", "ft": "mile"}.get(length_unit or "", length_unit)
        if length_unit is None:
            notes.append("Units are not stated; lengths and speeds are taken to agree, speeds per hour.")
        else:
            notes.append(f"The unit of free_speed is not stated; {speed_unit}/h was taken.")
    scale = 1.0 if length_unit is None or speed_unit is None else _METRES[length_unit] / _METRES[speed_unit]
    speed = links.numbers("free_speed")
    still = (speed == 0.0) & (links.numbers("length") > 0.0)
    if still.any():
        raise links.error(int(np.argmax(still)), "free_speed is 0", "give a speed above 0; close a link by capacity 0")
    speed = speed[link_row]
    return length_unit or "1", np.where(length > 0.0, 60.0 * length * scale / np.where(speed > 0.0, speed, 1.0), 0.0)


def _guess_unit(
    length: Floats, x: Floats, y: Floats, crs: str, tail: npt.NDArray[np.int64], head: npt.NDArray[np.int64]
) -> str | None:
    """Roads are a little longer than the straight line: the unit for which the typical one is."""
    if crs.upper() != "EPSG:4326":
        return None
    straight = compute_distances_m(x[tail], y[tail], x[head], y[head])
    usable = (straight > 1.0) & (length > 0.0)
    if not usable.any():
        return None
    metres = float(np.median(straight[usable] / length[usable]))  # metres per unit
    unit = min(_METRES, key=lambda name: abs(np.log(_METRES[name] / metres)))
    return unit if abs(np.log(_METRES[unit] / metres)) < np.log(1.25) else None
