"""Demand in a table that is a matrix: a line of zones, a column of zones, and volumes between them."""

from __future__ import annotations

import re

import numpy as np

from ...errors import InputError
from ...text.headings import refuse_flags, split_heading
from ...text.tables import Table, is_number
from .columns import DemandPart, find_end, find_volume_scale
from .entries import DemandEntries, spread_matrix
from .modes import excludes_cars
from .periods import refuse_daily_comments

__all__ = ["is_matrix", "read_matrix"]

# Words of a corner that say no more than that the rows are zones.
_ZONES = frozenset((
    "zone", "zones", "zoneid", "taz", "tazs", "node", "nodes", "centroid", "centroids", "district", "id", "ids", "no",
    "nr", "number", "name", "names", "code", "index", "unnamed", "matrix", "od", "demand", "trips", "volume", "flow",
    "veh", "vehicles", "h", "car", "cars", "auto", "小区", "交通小区", "编号", "区", "分区", "需求", "矩阵", "出行量",
))  # fmt: skip


def is_matrix(table: Table) -> bool:
    """Whether all columns but the first are called by whole numbers: the zones that trips lead to."""
    first, *others = table.columns
    return len(others) > 0 and not is_number(first) and all(re.fullmatch(r"\d+(?:\.0*)?", name) for name in others)


def read_matrix(table: Table, part: DemandPart) -> DemandEntries:
    """Read a matrix; its corner may say that its rows are destinations.

    Raises
    ------
    InputError
        If a zone stands twice, a volume is negative or not finite, or the corner is not understood.
    """
    part.refuse("a table that is one matrix", table.file)
    corner, *names = table.columns
    origin = table.whole(corner)
    twice = np.flatnonzero(np.sort(origin)[1:] == np.sort(origin)[:-1])
    if twice.size:
        zone = int(np.sort(origin)[twice[0]])
        row = int(np.flatnonzero(origin == zone)[1])
        raise table.error(row, f"zone {zone} has two rows", "keep one of them")
    beyond = next((name for name in names if float(name) >= 2**53), None)
    if beyond is not None:
        raise InputError(
            f"the number of a zone must be below 2**53, got {beyond}",
            file=table.file,
            line=1,
            way_out="correct the heading",
        )
    destination = np.array([int(float(name)) for name in names], dtype=np.int64)
    if len(np.unique(destination)) < len(names):
        raise InputError("a zone has two columns", file=table.file, line=1, way_out="keep one of them")
    volume = np.stack([table.numbers(name, default=0.0) for name in names], axis=1)
    blank = sum(not cell.strip() for name in names for cell in table.columns[name])
    notes = [f"{table.file.name} is a matrix of {len(origin):,} x {len(names):,} zones: its rows are origins."]
    if blank:
        notes.append(f"{table.file.name}: {blank:,} empty cells count as 0.")
    scale, is_stated = find_volume_scale(table, corner)
    if scale != 1.0:
        volume *= scale
        notes.append(f"{table.file.name}: volumes are multiplied by {scale:g} to vehicles per hour.")
    if not is_stated:
        refuse_daily_comments(table)
    notes += refuse_flags(table, table.columns)
    if _has_destinations_in_rows(table, corner):
        notes[0] = notes[0].replace("rows are origins", f"rows are destinations, for its corner says {corner!r}")
        entries = spread_matrix(table.file, destination, origin, np.ascontiguousarray(volume.T), None, tuple(notes))
        return entries
    return spread_matrix(table.file, origin, destination, volume, table.line, tuple(notes))


def _has_destinations_in_rows(table: Table, corner: str) -> bool:
    """Whether the corner of a matrix says that trips lead to the zones of its rows.

    Raises
    ------
    InputError
        If it holds words that are not known: they may say so.
    """
    stem = re.sub(r"[|>→\\/]|-+>?", " / ", split_heading(corner)[0])
    parts = [part.strip() for part in stem.split("/") if part.strip()]
    words = [word for part in parts for word in re.findall(r"[^\W\d_]+", part)]
    unknown = [word for word in words if word not in _ZONES and find_end(word) is None]
    if unknown:
        what = "is no word for cars" if excludes_cars(stem) else "may tell what its rows are, and is not known"
        raise InputError(
            f"the corner of the matrix is {corner!r}: {unknown[0]!r} {what}",
            file=table.file,
            line=1,
            way_out="write origin there if rows are where trips start, or destination if they are where trips end",
        )
    found = [end for part in parts if (end := find_end(part)) is not None]
    return bool(found) and found[0]
