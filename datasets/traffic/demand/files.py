"""Demand between zones in tables of pairs, in matrices and in OMX files: entries as the file holds them."""

from __future__ import annotations

from pathlib import Path

from ...text.tables import Table, read_table
from .columns import DemandPart, choose_columns, choose_rows, find_volume_scale
from .entries import DemandEntries, spread_matrix
from .matrices import is_matrix, read_matrix
from .periods import refuse_other_periods

__all__ = ["DemandPart", "read_demand_table", "read_entries"]


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
            return spread_matrix(source, found.origin, found.destination, found.volume, None, found.notes)
        source = read_table(source, may_have_blanks=True)
    return read_matrix(source, part) if is_matrix(source) else _read_rows(source, part)


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
