"""Opening records of persons: the suffix, the folder's files and the mapping say which reader reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from .long_tables.source import open_long_table, read_long_table
from .nafld import open_nafld, read_nafld
from .omop.files import is_omop
from .omop.source import open_omop, read_omop
from .records import RecordBlock, Records, RecordSource

__all__ = ["open_records", "read_records"]

_READERS = {"omop": read_omop, "long": read_long_table, "nafld": read_nafld}


def open_records(
    path: str | Path,
    mapping: str | Path | Mapping[str, Any] | None = None,
    *,
    tables: str = "occurrences",
    periods: str = "",
    version: str = "",
) -> RecordSource:
    """Open records of persons; what they leave open is refused before anything is read.

    Parameters
    ----------
    path
        An OMOP CDM 5.3 or 5.4 (a folder of CSV, or a zip of it), ``nafld.rda``, or a long table in CSV or Parquet (a
        file, or a folder of them).
    mapping
        Of a long table: a YAML file with its columns, or what it holds.
    tables, periods, version
        Of an OMOP CDM: see :func:`~.omop.source.open_omop`.

    Returns
    -------
    RecordSource

    Raises
    ------
    InputError
        If it cannot be read without guessing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder) / "visits.csv"
    ...     _ = table.write_text("who,day,icd\\n007,2005-05-07,I10\\n7,2005-05-08,E11\\n")
    ...     source = open_records(table, {"person": "who", "date": "day", "code": "icd", "kind": "condition"})
    ...     parts = [read_records(source.path, source.describe(), block) for block in source.blocks()]
    >>> parts[0].person.tolist(), parts[0].day.tolist(), parts[0].code.tolist()
    (['007', '7'], [12910, 12911], ['I10', 'E11'])
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError("the file or folder is missing", file=path, way_out="check the name")
    of_omop = {"tables": (tables, "occurrences"), "periods": (periods, ""), "version": (version, "")}
    suffix = path.suffix.lower()
    if mapping is None and (suffix == ".zip" or is_omop(path)):
        return open_omop(path, tables=tables, periods=periods, version=version)
    named = next((name for name, (value, default) in of_omop.items() if value != default), "")
    if named:
        raise InputError(f"{named} is an option of an OMOP CDM, but this is none", file=path, way_out=f"omit {named}")
    if mapping is None and suffix in (".rda", ".rdata"):
        return open_nafld(path)
    if mapping is None:
        raise InputError(
            "a table of events must come with a mapping of its columns, but none is given",
            file=path,
            way_out="write a YAML file with person: COLUMN, date: COLUMN and code: COLUMN, and name it as the mapping",
        )
    if not path.is_dir() and suffix not in (".csv", ".txt", ".tsv", ".parquet"):
        raise InputError(
            f"a table of events must be CSV or Parquet to be read with a mapping, got {path.suffix or 'no suffix'!r}",
            file=path,
            way_out="unpack it, or write it as CSV or Parquet",
        )
    return open_long_table(path, mapping)


def read_records(path: Path, description: Mapping[str, Any], block: RecordBlock) -> Records:
    """Read one block of a source: on a worker, from nothing but plain values.

    Parameters
    ----------
    path
        The source's path.
    description
        What its ``describe`` returned.
    block
        One of its ``blocks``.

    Raises
    ------
    InputError
        If a row cannot be read; never with an identifier in it.
    """
    return _READERS[str(description["format"])](Path(path), description, block)
