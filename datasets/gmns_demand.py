"""Demand between the zones of a GMNS network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from .demand import PairDemand, refuse_repeated_pairs, sort_pairs
from .demand_files import DemandPart, read_entries
from .tables import Table, is_number

__all__ = ["read_zone_demand"]


def read_zone_demand(
    trips: Table | Path,
    nodes: Table,
    node_row: npt.NDArray[np.int64],
    notes: list[str],
    part: DemandPart | None = None,
) -> PairDemand:
    """Read trips between zones, which are the nodes' ``zone_id``; a zone of several nodes spreads its demand evenly.

    Parameters
    ----------
    trips
        Table ``demand.csv``, or a file: see :func:`~.demand_files.read_entries`.
    nodes
        Table ``node.csv``.
    node_row
        The row of each node, by node index.
    notes
        Takes what a report should say.
    part
        Which part of the demand is meant, where there are several.

    Raises
    ------
    InputError
        If a zone is unknown or a pair is given twice: with its line.
    """
    nodes.require("zone_id")
    cells = nodes.columns["zone_id"]
    members: dict[int, list[int]] = {}
    for place, row in enumerate(node_row.tolist()):
        cell = cells[row].strip()
        if not cell:
            continue
        if not is_number(cell) or not float(cell).is_integer():
            raise nodes.error(row, f"zone_id is {cell!r}", "give a whole number or leave it empty")
        zone = int(float(cell))
        if zone > 0:  # some programs write 0 or -1 for a node without a zone
            members.setdefault(zone, []).append(place)
    entries = read_entries(trips, part)
    start, end, volume = entries.origin, entries.destination, entries.volume
    for name, zones in zip(entries.ends, (start, end), strict=True):
        for row, zone in enumerate(zones.tolist()):
            if zone not in members:
                raise entries.error(row, f"{name} {zone} is the zone_id of no node", "correct the row, or node.csv")
    refuse_repeated_pairs(entries)
    notes += entries.notes
    wide = sum(1 for zone in members.values() if len(zone) > 1)
    if not wide:
        single = {zone: place[0] for zone, place in members.items()}
        return sort_pairs([single[z] for z in start.tolist()], [single[z] for z in end.tolist()], volume)
    notes.append(f"{wide} zones have several nodes each and spread their demand evenly over them.")
    inside = start == end  # what stays in a zone stays there, however many nodes it has
    origins: list[int] = []
    destinations: list[int] = []
    shares: list[float] = []
    for zone, other, amount in zip(
        start[~inside].tolist(), end[~inside].tolist(), volume[~inside].tolist(), strict=True
    ):
        share = amount / (len(members[zone]) * len(members[other]))
        for place in members[zone]:
            origins += [place] * len(members[other])
            destinations += members[other]
            shares += [share] * len(members[other])
    pairs = sort_pairs(origins, destinations, shares)
    return PairDemand(pairs.origin, pairs.destination, pairs.demand, float(volume[inside].sum()))
