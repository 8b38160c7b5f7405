"""Demand between zones in tables of pairs, in matrices and in OMX files: entries as the file holds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .demand_columns import DemandPart, choose_columns, choose_rows, find_end, find_volume_scale
from .demand_modes import says_no_car
from .demand_periods import refuse_daily_comments, refuse_other_periods
from .errors import InputError
from .formats.headings import refuse_flags, split_heading
from .tables import Table, is_number, read_table

__all__ = ["DemandEntries", "DemandPart", "is_matrix", "read_demand_table", "read_entries"]

# Words of a corner that say no more than that the rows are zones.
_ZONES = frozenset((
    "zone", "zones", "zoneid", "taz", "tazs", "node", "nodes", "centroid", "centroids", "district", "id", "ids", "no",
    "nr", "number", "name", "names", "code", "index", "unnamed", "matrix", "od", "demand", "trips", "volume", "flow",
    "veh", "vehicles", "h", "car", "cars", "auto", "小区", "交通小区", "编号", "区", "分区", "需求", "矩阵", "出行量",
))  # fmt: skip


@dataclass(frozen=True)
class DemandEntries:
    """Entries of a demand file in its order, with zones as it numbers them [veh h-1]."""

    file: Path
    ends: tuple[str, str]
    origin: npt.NDArray[np.int64]
    destination: npt.NDArray[np.int64]
    volume: npt.NDArray[np.float64]
    line: list[int] | None
    notes: tuple[str, ...]

    def error(self, entry: int, problem: str, way_out: str) -> InputError:
        """Return an error that names the entry's line, if the file has lines."""
        return InputError(problem, file=self.file, line=self.line[entry] if self.line else None, way_out=way_out)


def read_demand_table(file: Path) -> Table | None:
    """Read a table of demand; None for an OMX file, which is no text."""
    return None if file.suffix.lower() == ".omx" else read_table(file, may_have_blanks=True)


def read_entries(source: Table | Path, part: DemandPart | None = None) -> DemandEntries:
    """Read pairs or a matrix.

    Parameters
    ----------
    source
        A table with columns ``origin, destination, demand`` (or spellings of theirs), a matrix with a line of
        destinations and a column of origins, or an OMX file.
    part
        Which period, mode or matrix is meant, where there are several.

    Raises
    ------
    InputError
        If columns are missing, a volume is negative or not finite, or several parts are there and none is chosen.

    Examples
    --------
    >>> matrix = Table(Path("od.csv"), {"": ["1", "2"], "1": ["0", "7"], "2": ["5", "0"]}, [2, 3])
    >>> entries = read_entries(matrix)
    >>> entries.origin.tolist(), entries.destination.tolist(), entries.volume.tolist()
    ([1, 2], [2, 1], [5.0, 7.0])
    """
    part = part or DemandPart()
    if isinstance(source, Path):
        if source.suffix.lower() == ".omx":
            from .omx import read_omx

            found = read_omx(source, part)
            return _spread(source, found.origin, found.destination, found.volume, None, found.notes)
        source = read_table(source, may_have_blanks=True)
    return _read_matrix(source, part) if is_matrix(source) else _read_rows(source, part)


def is_matrix(table: Table) -> bool:
    """Whether all columns but the first are called by whole numbers: the zones that trips lead to."""
    first, *others = table.columns
    return len(others) > 0 and not is_number(first) and all(re.fullmatch(r"\d+(?:\.0*)?", name) for name in others)


def _spread(
    file: Path,
    origin: npt.NDArray[np.int64],
    destination: npt.NDArray[np.int64],
    volume: npt.NDArray[np.float64],
    line: list[int] | None,
    notes: tuple[str, ...],
) -> DemandEntries:
    """Entries above zero of a matrix: its zones without trips need not be in the network."""
    row, column = np.nonzero(volume)
    lines = None if line is None else [line[k] for k in row.tolist()]
    return DemandEntries(
        file, ("origin", "destination"), origin[row], destination[column], volume[row, column], lines, notes
    )


def _read_matrix(table: Table, part: DemandPart) -> DemandEntries:
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
            f"zone {beyond} is no number of a zone", file=table.file, line=1, way_out="correct the heading"
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
        entries = _spread(table.file, destination, origin, np.ascontiguousarray(volume.T), None, tuple(notes))
        return entries
    return _spread(table.file, origin, destination, volume, table.line, tuple(notes))


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
        what = "is no word for cars" if says_no_car(stem) else "may tell what its rows are, and is not known"
        raise InputError(
            f"the corner of the matrix is {corner!r}: {unknown[0]!r} {what}",
            file=table.file,
            line=1,
            way_out="write origin there if rows are where trips start, or destination if they are where trips end",
        )
    found = [end for part in parts if (end := find_end(part)) is not None]
    return bool(found) and found[0]


def _read_rows(table: Table, part: DemandPart) -> DemandEntries:
    part.refuse("a table of pairs", table.file, but=("period", "mode"))
    used = choose_columns(table, part)
    notes: list[str] = []
    row = choose_rows(table, used, part, notes)
    scale, is_stated = find_volume_scale(table, used[2])
    if scale != 1.0:
        notes.append(f"{table.file.name}: volumes are multiplied by {scale:g} to vehicles per hour.")
    if not is_stated:
        refuse_other_periods(table, row, used)
    chosen = Table(
        table.file, {name: [table.columns[name][k] for k in row.tolist()] for name in used},
        [table.line[k] for k in row.tolist()],
    )  # fmt: skip
    origin, destination = (chosen.whole(name) for name in used[:2])
    volume = chosen.numbers(used[2]) * scale
    return DemandEntries(table.file, (used[0], used[1]), origin, destination, volume, chosen.line, tuple(notes))
