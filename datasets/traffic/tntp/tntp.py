"""TNTP road networks, honoured as they are: blocked centroids, zero and constant costs, parallel links kept apart.

References
----------
.. [1] Transportation Networks for Research Core Team, https://github.com/bstabler/TransportationNetworks
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.encodings import read_text
from ...text.units import parse_units
from ..demand.files import DemandPart
from ..demand.pairs import PairDemand, read_pairs, sort_pairs
from ..instances import Instance
from ..layout import LAYOUT, place_nodes
from ..roads.units import METRES
from .files import find_tntp_files
from .header import Header, read_factors, read_header
from .links import Links, read_links
from .trips import read_trips

__all__ = ["read_tntp"]

_UNITS = {
    "veh/h": "veh h-1", "veh/hr": "veh h-1", "vph": "veh h-1", "veh/hour": "veh h-1", "ft": "ft", "feet": "ft",
    "miles": "mile", "mile": "mile", "mi": "mile", "km": "km", "m": "m", "min": "min", "mins": "min", "minutes": "min",
    "h": "h", "hr": "h", "hour": "h", "hours": "h", "s": "s", "sec": "s", "seconds": "s",
}  # fmt: skip
_HOURS = {"s": 1.0 / 3600.0, "min": 1.0 / 60.0, "h": 1.0}
_NODES_PER_LINK, _SPARE_NODES = 10, 100_000  # more nodes than links can join are a slip that would take all memory
_SPEEDS_KM_H = (2.0, 200.0)  # of cars on empty roads


def read_tntp(
    source: str | Path,
    *,
    demand: str | Path | None = None,
    demand_period: str | None = None,
    demand_mode: str | None = None,
    demand_matrix: str | None = None,
    demand_mapping: str | None = None,
    zone_nodes: str | None = None,
) -> Instance:
    """Read a TNTP network with its trip table.

    Parameters
    ----------
    source
        A folder with one ``*_net.tntp``, or that file. ``*_trips.tntp`` and, if there, ``*_node.tntp`` lie beside it;
        see :func:`~citytide.datasets.traffic.tntp.files.find_tntp_files`.
    demand
        Another trip table, or a table or matrix of the zones: see
        :func:`~citytide.datasets.traffic.demand.files.read_entries`.
    demand_period, demand_mode, demand_matrix, demand_mapping
        Which part of such a table is meant, where it has several.
    zone_nodes
        ``"block"`` or ``"pass"``: whether paths may pass through zones, where ``<FIRST THRU NODE>`` is missing.

    Returns
    -------
    Instance
        ``link_id`` is the 1-based row of the network file. Links of capacity 0 are closed.

    Raises
    ------
    InputError
        If a file is missing, cut off or contradicts itself: naming file, line and value.
    """
    files = find_tntp_files(Path(source), None if demand is None else Path(demand))
    part = DemandPart(demand_period, demand_mode, demand_matrix, demand_mapping)
    header = read_header(files.network)
    links = read_links(header)
    notes = header.describe_unread() + links.notes
    n_nodes, n_zones = _counts(header, links, notes)
    node_id = np.arange(1, n_nodes + 1, dtype=np.int64)
    tail, head = (nodes.astype(np.int32) - 1 for nodes in (links.init_node, links.term_node))
    _describe_links(files.network, links, notes)
    pairs, trips, told = _read_demand(files.trips, node_id[:n_zones], part)
    toll_weight, distance_weight = read_factors([header, *trips])
    for name, weight in (("toll_weight", toll_weight), ("distance_weight", distance_weight)):
        if weight:
            notes.append(f"The files state a {name} of {weight:g}.")
    passable = _find_passable(header, node_id, n_zones, zone_nodes, notes)
    x, y, crs, described = _place(files.nodes, n_nodes, tail, head, links.length)
    units = _units(header, links.names)
    if not trips:
        _refuse_other_flows(files.network, files.trips, units)
    notes += _describe_speeds(links, units)
    return Instance(
        name=files.name,
        n_nodes=n_nodes,
        tail=tail,
        head=head,
        free_time=links.free_time,
        capacity=links.capacity,
        b=links.b,
        power=links.power,
        length=links.length,
        toll=links.toll,
        link_id=np.arange(1, tail.size + 1, dtype=np.int64),
        node_id=node_id,
        passable=passable,
        origin=pairs.origin,
        destination=pairs.destination,
        demand=pairs.demand,
        intrazonal_demand=pairs.intrazonal,
        x=x,
        y=y,
        crs=crs,
        units=units,
        toll_weight=toll_weight,
        distance_weight=distance_weight,
        sources=tuple(file for file in (files.network, files.trips, files.nodes) if file is not None),
        notes=(*notes, *told, *described),
    )


def _read_demand(
    file: Path, zone_id: npt.NDArray[np.int64], part: DemandPart
) -> tuple[PairDemand, Sequence[Header], Sequence[str]]:
    """Return the demand, the header of a TNTP trip table, and notes."""
    if file.suffix.lower() != ".omx" and re.search(r"<\s*END\s+OF\s+METADATA\s*>", read_text(file), re.IGNORECASE):
        part.refuse("a TNTP trip table", file)
    elif file.suffix.lower() != ".tntp":
        pairs, notes = read_pairs(file, zone_id, part, called="zone")
        return pairs, (), notes
    table = read_trips(file, n_zones=zone_id.size)
    pairs = sort_pairs(table.origin - 1, table.destination - 1, table.demand)
    return pairs, (table.header,), table.notes


def _find_passable(
    header: Header, node_id: npt.NDArray[np.int64], n_zones: int, zone_nodes: str | None, notes: list[str]
) -> npt.NDArray[np.bool_]:
    """Whether paths may pass through each node: as the header says, else as the setting does."""
    if zone_nodes not in (None, "block", "pass"):
        raise InputError(f"zone_nodes is {zone_nodes!r}", way_out="choose one of block, pass")
    first = header.count("FIRST THRU NODE")
    if first is None:
        if zone_nodes is None and n_zones < node_id.size:
            raise InputError(
                f"the header has no <FIRST THRU NODE>: may paths pass through its {n_zones} zones",
                file=header.file,
                way_out="set zone_nodes=block if they are only where trips start and end, or zone_nodes=pass",
            )
        first = n_zones + 1 if zone_nodes == "block" else 1
    elif first > node_id.size:
        raise InputError(
            f"<FIRST THRU NODE> is {first}, beyond {node_id.size} nodes: no path could pass through any node",
            file=header.file,
            line=header.lines["FIRST THRU NODE"],
            way_out="correct the header",
        )
    elif zone_nodes is not None and zone_nodes != ("block" if first > 1 else "pass"):
        raise InputError(
            f"zone_nodes is {zone_nodes!r}, and <FIRST THRU NODE> is {first}",
            file=header.file,
            line=header.lines["FIRST THRU NODE"],
            way_out="omit the setting, or correct the header",
        )
    if first > 1:
        beyond = f"; nodes {n_zones + 1} to {first - 1} of them are no zones" if first - 1 > n_zones else ""
        notes.append(f"Paths do not pass through nodes 1 to {first - 1}" + (beyond or "; they are zones only") + ".")
    elif n_zones < node_id.size:
        notes.append("Paths may pass through every node, zones included.")
    passable: npt.NDArray[np.bool_] = node_id >= first
    return passable


def _describe_links(file: Path, links: Links, notes: list[str]) -> None:
    closed = int((links.capacity == 0.0).sum())
    if closed:
        notes.append(f"{closed} links have capacity 0 and are closed.")
    swapped = int(((links.b >= 1.0) & (links.power > 0.0) & (links.power < 1.0)).sum())
    if swapped:
        notes.append(f"{swapped} links have b >= 1 and power < 1, which look swapped; they were taken as written.")
    ends = np.column_stack([links.init_node, links.term_node])
    parallel = len(ends) - len(np.unique(ends, axis=0))
    if parallel:
        notes.append(f"{parallel} links repeat the ends of another one; each is kept as a road of its own.")
    if any("asym" in name.lower() for name in (file.name, file.resolve().parent.name)):
        notes.append(
            "By its name the instance is asymmetric: costs that depend on the flow of other links are in none of its "
            "files, and each link's cost was taken to depend on its own flow alone."
        )


def _describe_speeds(links: Links, units: dict[str, str]) -> list[str]:
    """A note where stated times and lengths give speeds that no car drives; the times count."""
    if units["length"] not in METRES or units["time"] not in _HOURS:
        return []
    moving = (links.length > 0.0) & (links.free_time > 0.0)
    speed = links.length[moving] * METRES[units["length"]] / 1000.0 / (links.free_time[moving] * _HOURS[units["time"]])
    strange = int(((speed < _SPEEDS_KM_H[0]) | (speed > _SPEEDS_KM_H[1])).sum())
    if not strange:
        return []
    return [
        f"Length over free-flow time is below {_SPEEDS_KM_H[0]:g} or above {_SPEEDS_KM_H[1]:g} km/h on {strange} "
        "links; the times were taken as stated."
    ]


def _counts(header: Header, links: Links, notes: list[str]) -> tuple[int, int]:
    stated = header.count("NUMBER OF NODES")
    n_nodes = int(max(links.init_node.max(), links.term_node.max())) if stated is None else stated
    if stated is None:
        notes.append(f"{header.file.name} states no number of nodes; the largest id, {n_nodes}, was taken.")
    for name in ("init_node", "term_node"):
        nodes = getattr(links, name)
        beyond = (nodes < 1) | (nodes > n_nodes) | (nodes % 1.0 != 0.0)
        if beyond.any():
            row = int(np.argmax(beyond))
            raise InputError(
                f"{name} {nodes[row]:.12g} is not among nodes 1 to {n_nodes}",
                file=header.file,
                line=links.line[row],
                way_out="correct the row, or <NUMBER OF NODES> in the header",
            )
    stated_links, n_links = header.count("NUMBER OF LINKS"), len(links.line)
    if n_nodes > _NODES_PER_LINK * n_links + _SPARE_NODES:
        raise InputError(
            f"<NUMBER OF NODES> is {n_nodes}, and {n_links} links cannot join so many"
            if stated is not None
            else f"the largest id of a node is {n_nodes}, and {n_links} links cannot join so many",
            file=header.file,
            line=header.lines.get("NUMBER OF NODES"),
            way_out="correct the header, or number the nodes 1, 2, 3, ...",
        )
    if stated_links is not None and stated_links < n_links:
        notes.append(f"{header.file.name} states {stated_links} links and holds {n_links}; all were taken.")
    n_zones = header.count("NUMBER OF ZONES")
    if n_zones is None:
        n_zones = n_nodes
    if n_zones > n_nodes:
        raise InputError(
            f"<NUMBER OF ZONES> is {n_zones}, more than {n_nodes} nodes",
            file=header.file,
            line=header.lines["NUMBER OF ZONES"],
            way_out="correct the header",
        )
    return n_nodes, n_zones


def _units(header: Header, names: str) -> dict[str, str]:
    """Units in brackets behind the names of columns, above the rows or in the original header; for labels."""
    found = {"time": "1", "length": "1", "flow": "1", "toll": "1"}
    for text in (header.values.get("ORIGINAL HEADER", "").lower(), names.lower().replace("_", " ")):
        for key, pattern in {
            "flow": r"capacity",
            "length": r"length|distance",
            "time": r"free flow (?:travel )?time|fft+|ftime|free time",
            "toll": r"toll",
        }.items():
            unit = re.search(rf"\b(?:{pattern})\s*[(\[]([^)\]]*)[)\]]", text)
            if unit:
                said = re.sub(r"[/ ]+lane$", "", unit[1].strip())  # such capacities are multiplied by the lanes
                found[key] = _UNITS.get(said, said)
    return found


def _refuse_other_flows(file: Path, trips: Path, units: dict[str, str]) -> None:
    """Refuse capacities of another time than an hour beside a table of vehicles per hour."""
    if units["flow"] == "1":
        return
    try:
        factor = float(parse_units(units["flow"]).convert(1.0, parse_units("count h-1")))
    except ValueError:
        factor = 1.0
    if abs(factor - 1.0) > 1e-9:
        raise InputError(
            f"capacities are in {units['flow']}, and {trips.name} counts vehicles per hour",
            file=file,
            way_out="give capacities in veh/h, or trips of the same time in a TNTP trip table",
        )


def _place(
    file: Path | None,
    n_nodes: int,
    tail: npt.NDArray[np.int32],
    head: npt.NDArray[np.int32],
    length: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], str, list[str]]:
    if file is None:
        x, y = place_nodes(n_nodes, tail, head, length)
        return x, y, LAYOUT, ["The source has no coordinates: nodes are placed by their distances along the network."]
    from .nodes import read_coordinates

    x, y = read_coordinates(file, n_nodes)
    missing = np.isnan(x)
    if missing.any():
        lacking = f"{file.name} lacks {int(missing.sum())} of {n_nodes} nodes"
        x, y = place_nodes(n_nodes, tail, head, length)
        return x, y, LAYOUT, [f"{lacking}: all are placed by their distances along the network."]
    if np.abs(x).max() <= 180.0 and np.abs(y).max() <= 90.0:
        return x, y, "EPSG:4326", [f"{file.name} states no datum; its numbers are taken as degrees of WGS 84."]
    return x, y, "unstated", [f"{file.name} states no projection; coordinates are kept as they stand there."]
