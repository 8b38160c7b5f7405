"""Files of an OMOP CDM: a folder of CSV, or a zip of it."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ...errors import InputError
from ..rows.csv_rows import Dialect, read_csv_rows, read_header
from ..rows.ranges import measure_file, name_file
from ..rows.rows import Rows

__all__ = ["choose_dialect", "is_omop", "list_tables", "read_table"]

_MISSING = ("NULL", "NA", "\\N")


def list_tables(path: Path) -> dict[str, str]:
    """File or member of each table, by the table's name in upper case.

    Raises
    ------
    InputError
        If the zip cannot be read, or two files are of one table.
    """
    found: dict[str, str] = {}
    for file in sorted(_list_files(path)):
        place = PurePosixPath(file)
        if place.suffix.lower() != ".csv" or "__MACOSX" in place.parts or place.name.startswith("."):
            continue
        table = place.stem.upper()
        if table in found:
            raise InputError(
                f"each table must be one file, but {table} is {found[table]} and {file}",
                file=path,
                way_out="join them, or remove one",
            )
        found[table] = file
    return found


def _list_files(path: Path) -> list[str]:
    if path.is_dir():
        return [file.name for file in path.iterdir() if file.is_file()]
    try:
        with zipfile.ZipFile(path) as archive:
            return [member.filename for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"the zip cannot be read ({error})", file=path, way_out="fetch or export it again") from None


def is_omop(path: Path) -> bool:
    """Whether a folder looks like an OMOP CDM."""
    return path.is_dir() and any(file.name.upper() in ("PERSON.CSV", "CDM_SOURCE.CSV") for file in path.iterdir())


def choose_dialect(path: Path, file: str) -> Dialect:
    """Comma with quotes, or tabs without them, as vocabularies are published; columns in lower case."""
    commas = Dialect(missing=_MISSING, lower=True, is_mapped=False)
    if any("\t" in name for name in read_header(path, file, commas)):
        return replace(commas, delimiter="\t", has_quotes=False)
    return commas


def read_table(path: Path, file: str, columns: tuple[str, ...]) -> Rows:
    """Read columns of a small table whole."""
    rows = read_csv_rows(path, file, 0, measure_file(path, file), columns, choose_dialect(path, file))
    lacking = [column for column in columns if column not in rows.columns]
    if lacking:
        raise InputError(
            f"the table must have a column {lacking[0]!r}, but it has none",
            file=name_file(path, file),
            way_out="export it as the OMOP CDM describes it",
        )
    return rows
