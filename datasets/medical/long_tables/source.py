"""A long table in CSV or Parquet as a source of records."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..records import EVENT, RecordBlock, Records
from ..rows.csv_rows import Dialect, read_csv_rows, read_header
from ..rows.parquet_rows import cut_row_groups, list_parquet_columns, read_parquet_rows
from ..rows.ranges import cut_ranges, measure_file
from ..rows.rows import Rows, find_columns
from .events import list_event_columns, read_events
from .mapping_files import read_mapping
from .mappings import Mapping
from .persons import list_person_columns, list_person_rows, read_persons

__all__ = ["LongTableSource", "open_long_table", "read_long_table"]

_TEXT = (".csv", ".txt", ".tsv")
_PARQUET = ".parquet"
_EPOCH = 719_163  # ordinal of 1970-01-01


class LongTableSource:
    """Files of events and perhaps a table of persons; made by :func:`open_long_table`."""

    names: Dict[str, str] = {}

    def __init__(self, path: Path, mapping: Mapping, files: list[str], unread: tuple[str, ...]) -> None:
        self.path, self.mapping, self.files, self.unread = path, mapping, files, unread
        self.kind = "folder" if path.is_dir() else "file"
        self.has_persons = mapping.persons is not None
        days = mapping.observed
        self.observed = None if days is None else (days.from_.toordinal() - _EPOCH, days.to.toordinal() - _EPOCH)

    def blocks(self) -> list[RecordBlock]:
        """The table of persons, once for each kind of record, then the files of events by their names."""
        found: list[RecordBlock] = []
        if persons := self.mapping.persons:
            for row in list_person_rows(persons):
                found += _cut(self.path, persons.file, row, list_person_columns(persons, row))
        for file in self.files:
            found += _cut(self.path, file, EVENT, list_event_columns(self.mapping))
        return found

    def describe(self) -> dict[str, Any]:
        mapping = self.mapping.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"format": "long", "mapping": mapping, "observed": self.observed and list(self.observed)}


def open_long_table(path: Path, mapping: str | Path | Dict[str, Any]) -> LongTableSource:
    """Open a long table: one row an event.

    Parameters
    ----------
    path
        A file of CSV or Parquet, or a folder of them.
    mapping
        YAML file with the columns, or what it holds; see docs/records-formats.md.

    Raises
    ------
    InputError
        If the mapping leaves something open, or a file lacks a column that it names.
    """
    read = read_mapping(mapping)
    if read.persons and not path.is_dir():
        raise InputError(
            "a table of persons must lie in the folder of the events, but one file was given",
            file=path,
            way_out=f"put {read.persons.file} and the events into a folder of their own and give the folder",
        )
    files, rest = _list_files(path, read) if path.is_dir() else ([""], [])
    for file in files:
        find_columns(str(path / file), _list_columns(path, file, read), list_event_columns(read), "correct the mapping")
    if read.persons:
        if not (path / read.persons.file).is_file():
            raise InputError(
                "the table of persons is missing", file=path / read.persons.file, way_out="correct persons.file"
            )
        has = _list_columns(path, read.persons.file, read)
        find_columns(
            str(path / read.persons.file), has, list_person_columns(read.persons), "correct persons of the mapping"
        )
    unread = [f"Files that are not read: {', '.join(rest[:20])}{' ...' if len(rest) > 20 else ''}."] if rest else []
    if not read.persons:
        unread.append("No table of persons is named: sex, birth, area and death of every person are unknown.")
    return LongTableSource(path, read, files, tuple(unread))


def read_long_table(path: Path, description: Dict[str, Any], block: RecordBlock) -> Records:
    """Read one block on a worker."""
    mapping = Mapping.model_validate(description["mapping"])
    persons = mapping.persons
    if block.row == EVENT or persons is None:
        return read_events(_read_rows(path, block, list_event_columns(mapping), mapping), mapping)
    return read_persons(_read_rows(path, block, list_person_columns(persons, block.row), mapping), persons, block.row)


def _list_files(path: Path, mapping: Mapping) -> tuple[list[str], list[str]]:
    every = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    persons = mapping.persons.file if mapping.persons else None
    chosen = {file.relative_to(path).as_posix() for file in path.glob(mapping.files)} if mapping.files else set(every)
    files = [
        one
        for one in every
        if one in chosen
        and one != persons
        and one.lower().endswith((*_TEXT, _PARQUET))
        and not Path(one).name.startswith(".")  # macOS writes ._NAME beside NAME
    ]
    if not files:
        raise InputError(
            f"a folder of events must hold files of CSV or Parquet{' like ' + mapping.files if mapping.files else ''}, "
            f"got {', '.join(every[:10]) or 'none'}",
            file=path,
            way_out="unpack what is packed, or correct files: of the mapping",
        )
    return files, [one for one in every if one not in files and one != persons]


def _dialect(mapping: Mapping) -> Dialect:
    return Dialect(delimiter=mapping.delimiter, encoding=mapping.encoding, missing=mapping.missing)


def _is_parquet(path: Path, file: str) -> bool:
    return (file or path.name).lower().endswith(_PARQUET)


def _list_columns(path: Path, file: str, mapping: Mapping) -> list[str]:
    if _is_parquet(path, file):
        return list_parquet_columns(path / file)
    return read_header(path, file, _dialect(mapping))


def _cut(path: Path, file: str, row: int, columns: tuple[str, ...]) -> list[RecordBlock]:
    if _is_parquet(path, file):
        return [RecordBlock(file, row, *cut) for cut in cut_row_groups(path / file, columns)]
    return [RecordBlock(file, row, start, stop, stop - start) for start, stop in cut_ranges(measure_file(path, file))]


def _read_rows(path: Path, block: RecordBlock, columns: tuple[str, ...], mapping: Mapping) -> Rows:
    if _is_parquet(path, block.file):
        return read_parquet_rows(path / block.file, block.start, block.stop, columns, mapping.missing)
    return read_csv_rows(path, block.file, block.start, block.stop, columns, _dialect(mapping))
