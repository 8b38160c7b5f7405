"""TNTP road networks, honoured as they are: blocked centroids, zero and constant costs, parallel links kept apart.

References
----------
.. [1] Transportation Networks for Research Core Team, https://github.com/bstabler/TransportationNetworks
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .demand import sort_pairs
from .errors import InputError
from .instances import Instance
from .layout import LAYOUT, place_nodes
from .tntp_header import Header, read_header
from .tntp_trips import read_trips

__all__ = ["read_tntp"]

_COLUMNS = (
    "init_node",
    "term_node",
    "capacity",
    "length",
    "free_flow_time",
    "b",
    "power",
    "speed",
    "toll",
    "link_type",
)
_NEEDED = 7  # columns up to power
_UNITS = {"veh/h": "veh h-1", "ft": "ft", "miles": "mile", "mile": "mile", "km": "km", "m": "m", "min": "min", "h": "h"}


@dataclass(frozen=True)
class _Links:
    table: npt.NDArray[np.float64]  # (link, column)
    line: list[int]
    toll: npt.NDArray[np.float64]


def read_tntp(source: str | Path, *, demand: str | Path | None = None) -> Instance:
    """Read a TNTP network with its trip table.

    Parameters
    ----------
    source
        A folder with one ``*_net.tntp``, or that file. ``*_trips.tntp`` and, if there, ``*_node.tntp`` lie beside it.
    demand
        Another trip table.

    Returns
    -------
    Instance
        ``link_id`` is the 1-based row of the network file. Links of capacity 0 are closed.

    Raises
    ------
    InputError
        If a file is missing, cut off or contradicts itself: naming file, line and value.
    """
    net_file, trips_file, node_file = _find_files(Path(source), None if demand is None else Path(demand))
    header = read_header(net_file)
    links = _read_links(header)
    notes: list[str] = []
    n_nodes, n_zones, first_through = _counts(header, links, notes)
    node_id = np.arange(1, n_nodes + 1, dtype=np.int64)
    tail, head = (links.table[:, column].astype(np.int32) - 1 for column in (0, 1))
    capacity, length, free_time, b, power = (np.ascontiguousarray(links.table[:, c]) for c in range(2, 7))
    if (capacity == 0.0).any():
        notes.append(f"{int((capacity == 0.0).sum())} links have capacity 0 and are closed.")
    swapped = int(((b >= 1.0) & (power > 0.0) & (power < 1.0)).sum())
    if swapped:
        notes.append(f"{swapped} links have b >= 1 and power < 1, which look swapped; they were taken as written.")
    table = read_trips(trips_file, n_zones=n_zones)
    pairs = sort_pairs(table.origin - 1, table.destination - 1, table.demand)
    x, y, crs, described = _place(node_file, n_nodes, tail, head, length)
    return Instance(
        name=re.sub(r"(?i)_net$", "", net_file.stem),
        n_nodes=n_nodes,
        tail=tail,
        head=head,
        free_time=free_time,
        capacity=capacity,
        b=b,
        power=power,
        length=length,
        toll=links.toll,
        link_id=np.arange(1, tail.size + 1, dtype=np.int64),
        node_id=node_id,
        passable=node_id >= first_through,
        origin=pairs.origin,
        destination=pairs.destination,
        demand=pairs.demand,
        intrazonal_demand=pairs.intrazonal,
        x=x,
        y=y,
        crs=crs,
        units=_units(header),
        sources=tuple(file for file in (net_file, trips_file, node_file) if file is not None),
        notes=(*notes, *table.notes, *described),
    )


def _find_files(source: Path, trips: Path | None) -> tuple[Path, Path, Path | None]:
    folder = source if source.is_dir() else source.parent
    if not folder.is_dir():
        raise InputError("the folder is missing", file=folder, way_out="check its name")
    # File names in the wild differ in case: `Birmingham_Net.tntp`.
    entries = sorted(entry for entry in folder.iterdir() if entry.is_file())

    def ending(text: str) -> list[Path]:
        return [entry for entry in entries if entry.name.lower().endswith(text)]

    networks = ending("_net.tntp") if source.is_dir() else [source]
    if not networks:
        raise InputError("no *_net.tntp lies here", file=folder, way_out="put the network file into the folder")
    if len(networks) > 1:
        listed = ", ".join(file.name for file in networks)
        raise InputError(f"several networks lie here: {listed}", file=folder, way_out="name one of these files")
    stem = networks[0].name.lower().removesuffix("_net.tntp")
    if trips is None:
        found = ending("_trips.tntp")
        same = [file for file in found if file.name.lower() == f"{stem}_trips.tntp"]
        found = same or found
        if not found:
            raise InputError(
                f"no *_trips.tntp lies beside {networks[0].name}",
                file=folder,
                way_out="put the trip table there, or name it with trips=FILE",
            )
        if len(found) > 1:
            listed = ", ".join(file.name for file in found)
            raise InputError(f"several trip tables lie here: {listed}", file=folder, way_out="choose with trips=FILE")
        trips = found[0]
    nodes = [file for file in ending("_node.tntp") if file.name.lower() == f"{stem}_node.tntp"]
    return networks[0], trips, nodes[0] if nodes else None


def _read_links(header: Header) -> _Links:
    rows: list[list[str]] = []
    lines: list[int] = []
    ended: list[bool] = []
    names: list[str] = []
    for number, line in enumerate(header.body.split("\n"), start=header.body_line):
        bare, mark, comment = line.partition("~")
        bare, end, _ = bare.partition(";")
        row = bare.split()
        if row:
            rows.append(row)
            lines.append(number)
            ended.append(bool(end))
        elif mark and not rows:
            cells = comment.strip(" \t;").split("\t" if "\t" in comment.strip(" \t;") else None)
            names = ["_".join(cell.lower().split()) for cell in cells]
    stated = header.count("NUMBER OF LINKS")
    if stated is not None and len(rows) < stated:
        raise InputError(
            f"<NUMBER OF LINKS> promises {stated} links, the file holds {len(rows)}",
            file=header.file,
            line=header.lines["NUMBER OF LINKS"],
            way_out="the file is cut off: fetch it again, or correct the header",
        )
    if not rows:
        raise InputError("the file holds no links", file=header.file, way_out="fetch it again")
    width = len(rows[0])
    for row, number, complete in zip(rows, lines, ended, strict=True):
        if len(row) != width or len(row) < _NEEDED or (ended[0] and not complete):
            wanted = max(width, _NEEDED)
            unended = ended[0] and not complete
            raise InputError(
                f"the row holds {len(row)} of {wanted} columns" + (" and lacks its ';'" if unended else ""),
                file=header.file,
                line=number,
                way_out="is the file cut off? A row is init node, term node, capacity, length, time, b, power, ...",
            )
    try:
        table = np.array(rows, dtype=np.float64)
    except ValueError:
        raise _not_a_number(header, rows, lines, width) from None
    toll_column = _COLUMNS.index("toll") if width > _COLUMNS.index("toll") else None
    if len(names) == width and names[2].startswith("capacity"):
        # Some files keep other things where the toll should be; the names above the rows tell.
        toll_column = next((k for k, name in enumerate(names) if name.startswith("toll")), None)
    for column, name in enumerate(_COLUMNS[:_NEEDED] + (("toll",) if toll_column is not None else ())):
        column = column if name != "toll" or toll_column is None else toll_column
        values = table[:, column]
        bad = ~(np.isfinite(values) & (values >= 0.0))
        if bad.any():
            row_number = int(np.argmax(bad))
            raise InputError(
                f"{name} is {rows[row_number][column]}",
                file=header.file,
                line=lines[row_number],
                way_out="give a finite number from 0 up",
            )
    toll = np.zeros(len(rows)) if toll_column is None else table[:, toll_column].copy()
    return _Links(table, lines, toll)


def _not_a_number(header: Header, rows: list[list[str]], lines: list[int], width: int) -> InputError:
    names = _COLUMNS + tuple(f"column {k + 1}" for k in range(len(_COLUMNS), width))
    for row, number in zip(rows, lines, strict=True):
        for name, text in zip(names, row, strict=False):
            try:
                float(text)
            except ValueError:
                return InputError(f"{name} is {text!r}", file=header.file, line=number, way_out="give a number")
    return InputError("the rows cannot be read", file=header.file, way_out="fetch the file again")


def _counts(header: Header, links: _Links, notes: list[str]) -> tuple[int, int, int]:
    nodes = links.table[:, :2]
    stated = header.count("NUMBER OF NODES")
    n_nodes = int(nodes.max()) if stated is None else stated
    if stated is None:
        notes.append(f"{header.file.name} states no number of nodes; the largest id, {n_nodes}, was taken.")
    for column, name in enumerate(_COLUMNS[:2]):
        beyond = (nodes[:, column] < 1) | (nodes[:, column] > n_nodes) | (nodes[:, column] % 1.0 != 0.0)
        if beyond.any():
            row = int(np.argmax(beyond))
            raise InputError(
                f"{name} {nodes[row, column]:.12g} is not among nodes 1 to {n_nodes}",
                file=header.file,
                line=links.line[row],
                way_out="correct the row, or <NUMBER OF NODES> in the header",
            )
    stated_links = header.count("NUMBER OF LINKS")
    if stated_links is not None and stated_links < links.table.shape[0]:
        notes.append(
            f"{header.file.name} states {stated_links} links and holds {links.table.shape[0]}; all were taken."
        )
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
    first_through = header.count("FIRST THRU NODE")
    if first_through is None:
        notes.append(f"{header.file.name} states no first through node; paths may pass through every node.")
        first_through = 1
    elif first_through > n_nodes:
        raise InputError(
            f"<FIRST THRU NODE> is {first_through}, beyond {n_nodes} nodes: no path could pass through any node",
            file=header.file,
            line=header.lines["FIRST THRU NODE"],
            way_out="correct the header",
        )
    elif first_through > 1:
        notes.append(f"Paths do not pass through nodes 1 to {first_through - 1}; they are zones only.")
    return n_nodes, n_zones, first_through


def _units(header: Header) -> dict[str, str]:
    found = {"time": "1", "length": "1", "flow": "1", "toll": "1"}
    text = header.values.get("ORIGINAL HEADER", "").lower()
    for key, pattern in {
        "flow": r"capacity",
        "length": r"length",
        "time": r"free flow time|fft+",
        "toll": r"toll",
    }.items():
        unit = re.search(rf"(?:{pattern})\s*\(([^)]*)\)", text)
        if unit:
            found[key] = _UNITS.get(unit[1].strip(), unit[1].strip())
    return found


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
    from .tntp_nodes import read_coordinates

    x, y = read_coordinates(file, n_nodes)
    missing = np.isnan(x)
    if missing.any():
        lacking = f"{file.name} lacks {int(missing.sum())} of {n_nodes} nodes"
        x, y = place_nodes(n_nodes, tail, head, length)
        return x, y, LAYOUT, [f"{lacking}: all are placed by their distances along the network."]
    if np.abs(x).max() <= 180.0 and np.abs(y).max() <= 90.0:
        return x, y, "EPSG:4326", [f"{file.name} states no datum; its numbers are taken as degrees of WGS 84."]
    return x, y, "unstated", [f"{file.name} states no projection; coordinates are kept as they stand there."]
