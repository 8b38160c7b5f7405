"""Demand between the zones of a GMNS network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .demand import PairDemand, find_repeated_pair, sort_pairs
from .tables import Table

__all__ = ["read_zone_demand"]


def read_zone_demand(trips: Table, nodes: Table, node_row: npt.NDArray[np.int64], notes: list[str]) -> PairDemand:
    """Read trips between zones, which are the nodes' ``zone_id``; a zone of several nodes spreads its demand evenly.

    Parameters
    ----------
    trips, nodes
        Tables ``demand.csv`` and ``node.csv``.
    node_row
        The row of each node, by node index.
    notes
        Takes what a report should say.

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
        try:
            zone = int(float(cell))
        except (ValueError, OverflowError):
            raise nodes.error(row, f"zone_id is {cell!r}", "give a whole number or leave it empty") from None
        if zone > 0:  # some programs write 0 or -1 for a node without a zone
            members.setdefault(zone, []).append(place)
    volume = trips.numbers("volume")
    start, end = trips.whole("o_zone_id"), trips.whole("d_zone_id")
    for name, zones in (("o_zone_id", start), ("d_zone_id", end)):
        for row, zone in enumerate(zones.tolist()):
            if zone not in members:
                raise trips.error(row, f"{name} {zone} is the zone_id of no node", "correct the row, or node.csv")
    twice = find_repeated_pair(start, end)
    if twice is not None:
        pair = f"{start[twice[1]]} to {end[twice[1]]}"
        problem = f"demand from {pair} is given twice, first on line {trips.line[twice[0]]}"
        raise trips.error(twice[1], problem, "keep one of the two rows")
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
