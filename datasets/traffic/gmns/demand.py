"""Demand between the zones of a GMNS network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.tables import Table
from ..demand.columns import choose_columns
from ..demand.files import DemandPart, read_demand_table, read_entries
from ..demand.matrices import is_matrix
from ..demand.pairs import PairDemand, refuse_repeated_pairs, sort_pairs
from .tables.zones import list_zones

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
        Table ``demand.csv``, or a file: see :func:`~citytide.datasets.traffic.demand.files.read_entries`.
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
    zones = list_zones(nodes)
    names = list(dict.fromkeys(zone for zone in zones if zone))
    if all(zone.isdigit() for zone in names):
        number = {zone: int(zone) for zone in names}
    else:
        number = {zone: k for k, zone in enumerate(names, 1)}
        trips = _number_zones(trips, number, part or DemandPart())
    members: dict[int, list[int]] = {}
    for place, row in enumerate(node_row.tolist()):
        if zones[row]:
            members.setdefault(number[zones[row]], []).append(place)
    entries = read_entries(trips, part)
    start, end, volume = entries.origin, entries.destination, entries.volume
    for name, ends in zip(entries.ends, (start, end), strict=True):
        for row, zone in enumerate(ends.tolist()):
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


def _number_zones(trips: Table | Path, number: dict[str, int], part: DemandPart) -> Table:
    """A table of pairs with a number for each zone, where zones are called by texts."""
    table = read_demand_table(trips) if isinstance(trips, Path) else trips
    if table is None or is_matrix(table):
        raise InputError(
            f"zone_id has texts such as {next(zone for zone in number if not zone.isdigit())!r}, and the demand is a "
            "matrix",
            file=trips if isinstance(trips, Path) else trips.file,
            way_out="give a table of pairs: o_zone_id, d_zone_id, volume",
        )
    columns = dict(table.columns)
    for name in choose_columns(table, part)[:2]:
        cells = [cell.strip() for cell in columns[name]]
        row = next((row for row, cell in enumerate(cells) if cell not in number), None)
        if row is not None:
            raise table.error(row, f"{name} {cells[row]} is the zone_id of no node", "correct the row, or node.csv")
        columns[name] = [str(number[cell]) for cell in cells]
    return replace(table, columns=columns)
