"""GMNS networks in CSV: ``node.csv``, ``link.csv``, ``demand.csv`` and, if there, ``config.csv``.

References
----------
.. [1] General Modeling Network Specification, https://github.com/zephyr-data-specs/GMNS
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import InputError
from ..demand.files import DemandPart
from ..instances import Instance
from ..layout import place_nodes
from ..roads.classes import UNKNOWN
from .classes import show_class
from .demand import read_zone_demand
from .network import GmnsNetwork, read_function, read_network
from .tables.columns import find_file
from .tables.folder import refuse_demand_tables

__all__ = ["read_gmns"]


def read_gmns(
    folder: str | Path,
    *,
    demand: str | Path | None = None,
    demand_period: str | None = None,
    demand_mode: str | None = None,
    demand_matrix: str | None = None,
    demand_mapping: str | None = None,
    length_unit: str | None = None,
    speed_unit: str | None = None,
    zone_nodes: str | None = None,
    classes: str | None = None,
    crs: str | None = None,
) -> Instance:
    """Read a GMNS folder.

    ``capacity`` counts vehicles per hour and lane and is multiplied by ``lanes``; an empty one follows from the class
    of road. Free-flow times are those of ``vdf_fftt`` [min], else ``length / free_speed``. Columns whose names hold a
    unit (``vdf_length_mi``) come before those whose unit ``config.csv`` or a setting states. A road closed to cars by
    ``allowed_uses`` is left out, an undirected one is two links, and a turn ban is refused.

    Parameters
    ----------
    folder
        Holds ``node.csv`` and ``link.csv``.
    demand
        Table ``o_zone_id, d_zone_id, volume``; ``demand.csv`` in the folder if omitted. Zones are the nodes'
        ``zone_id``; a zone of several nodes spreads its demand evenly over them.
    demand_period, demand_mode, demand_matrix, demand_mapping
        Which part of the demand is meant, where it has several: see
        :func:`~citytide.datasets.traffic.demand.files.read_entries`.
    length_unit
        Of ``length`` where ``config.csv`` does not state it: ``"m"``, ``"km"``, ``"mile"`` or ``"ft"``.
    speed_unit
        Of ``free_speed``: ``"km/h"``, ``"mph"`` or ``"m/s"``.
    zone_nodes
        ``"block"`` where paths may not pass through the nodes of zones, ``"pass"`` where they may.
    classes
        What unknown words of ``facility_type`` mean: ``"word=primary,other=drop"``.
    crs
        CRS of the coordinates where ``config.csv`` does not state it.

    Raises
    ------
    InputError
        If a file is missing, a row cannot be used (with its line), or something that matters is not stated.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "node.csv").write_text("node_id,zone_id\\n1,1\\n2,2\\n")
    ...     head = "link_id,from_node_id,to_node_id,directed,capacity,vdf_fftt"
    ...     _ = (folder / "link.csv").write_text(f"{head}\\n7,1,2,false,900,2.5\\n")
    ...     _ = (folder / "demand.csv").write_text("o_zone_id,d_zone_id,volume\\n2,1,30\\n")
    ...     street = read_gmns(folder)
    >>> street.link_id.tolist(), street.free_time.tolist()
    ([7, 17], [2.5, 2.5])
    """
    folder = Path(folder)
    network = read_network(
        folder, length_unit=length_unit, speed_unit=speed_unit, zone_nodes=zone_nodes, classes=classes, crs=crs
    )
    demand_file = _find_demand(folder, demand)
    refuse_demand_tables(folder, demand_file, is_chosen=demand is not None)
    part = DemandPart(demand_period, demand_mode, demand_matrix, demand_mapping)
    notes, links, times = network.notes, network.links, network.times
    _note_unknown_classes(network)
    b, power, toll = read_function(network)
    if (toll > 0.0).any():
        notes.append(f"{int((toll > 0.0).sum()):,} links have a toll; it counts by toll_weight.")
    node_row = np.argsort(network.node_ids.number, kind="stable")
    place = np.empty(node_row.size, dtype=np.int32)
    place[node_row] = np.arange(node_row.size, dtype=np.int32)
    tail, head = place[links.tail], place[links.head]
    if network.places.x is None or network.places.y is None:
        notes.append("The source has no coordinates: nodes are placed by their distances along the network.")
        x, y = place_nodes(node_row.size, tail, head, times.length)
    else:
        x, y = network.places.x[node_row], network.places.y[node_row]
    pairs = read_zone_demand(demand_file, network.nodes, node_row, notes, part)
    return Instance(
        name=folder.resolve().name,
        n_nodes=node_row.size,
        tail=tail,
        head=head,
        free_time=times.free_time,
        capacity=network.widths.capacity,
        b=b,
        power=power,
        length=times.length,
        toll=toll,
        link_id=links.link_id,
        node_id=network.node_ids.number[node_row],
        passable=network.passable[node_row],
        origin=pairs.origin,
        destination=pairs.destination,
        demand=pairs.demand,
        intrazonal_demand=pairs.intrazonal,
        x=x,
        y=y,
        crs=network.places.crs,
        units={"time": "min", "length": times.length_unit, "flow": "veh h-1", "toll": "1"},
        link_name=network.names,
        link_text=links.text,
        node_text=network.node_ids.list_texts(node_row),
        reverse_link=links.reverse_link,
        sources=(*network.sources[:2], demand_file, *network.sources[2:]),
        notes=tuple(notes),
    )


def _note_unknown_classes(network: GmnsNetwork) -> None:
    """Where a capacity or a speed follows from a class that is unknown, the reading has stopped before."""
    table = network.links.table
    held = (show_class(table, int(network.links.row[k])) for k, word in enumerate(network.words) if word == UNKNOWN)
    words = [word for word in held if word]
    if words:
        shown = ", ".join(sorted(set(words))[:5])
        network.notes.append(
            f"The class of {len(words):,} links is unknown ({shown}); their capacities and times are stated."
        )


def _find_demand(folder: Path, demand: str | Path | None) -> Path:
    if demand is not None:
        return Path(demand)
    file = find_file(folder, "demand.csv")
    if file is None:
        raise InputError(
            "the file is missing",
            file=folder / "demand.csv",
            way_out="name the demand with demand=FILE; a network without demand is read by city build --roads FOLDER",
        )
    return file
