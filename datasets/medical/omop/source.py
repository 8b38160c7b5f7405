"""An OMOP CDM as a source of records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..records import DEATH, EVENT, OBSERVED, PERSON, RecordBlock, Records
from ..rows.csv_rows import read_csv_rows, read_header
from ..rows.ranges import cut_ranges, measure_file, name_file
from ..rows.rows import find_columns
from .concepts import ConceptNames
from .events import read_deaths, read_events
from .files import choose_dialect, list_tables
from .periods import PERIODS, keep_longest, read_periods, refuse_several
from .persons import read_persons
from .tables import OF_ERAS, OF_OCCURRENCES, REQUIRED, list_columns
from .versions import find_version

__all__ = ["OmopSource", "open_omop", "read_omop"]

_ROWS = {"PERSON": PERSON, "OBSERVATION_PERIOD": OBSERVED, "DEATH": DEATH}
_NEVER = (
    "PERSON.location_id is not read: a location can be an address, and the area of every person is unknown.",
    "DEATH.cause_concept_id is not read: a death is a day.",
    "Concepts of sources, units, operators, quantities and values that are concepts are not read.",
)


class OmopSource:
    """Tables of a CDM in a folder or zip; made by :func:`open_omop`."""

    has_persons = True
    observed: tuple[int, int] | None = None

    def __init__(
        self, path: Path, tables: Mapping[str, str], version: str, periods: str, unread: tuple[str, ...]
    ) -> None:
        self.path, self.tables, self.version, self.periods, self.unread = path, tables, version, periods, unread
        self.kind = "folder" if path.is_dir() else "file"
        self.names: Mapping[str, str] = ConceptNames(path, list_tables(path).get("CONCEPT", ""))

    def blocks(self) -> list[RecordBlock]:
        """PERSON, OBSERVATION_PERIOD and DEATH, then the tables of events; each in ranges of bytes."""
        found = []
        for table, file in self.tables.items():
            for start, stop in cut_ranges(measure_file(self.path, file)):
                row = _ROWS.get(table, EVENT)
                found.append(RecordBlock(file, row, start, stop, stop - start, {"table": table}))
        return found

    def describe(self) -> dict[str, Any]:
        return {"format": "omop", "version": self.version, "periods": self.periods}


def open_omop(path: Path, *, tables: str = "occurrences", periods: str = "", version: str = "") -> OmopSource:
    """Open an OMOP CDM 5.3 or 5.4.

    Parameters
    ----------
    path
        A folder of CSV files, or a zip of it; names of tables and columns in any case.
    tables
        ``"occurrences"``: CONDITION_OCCURRENCE and DRUG_EXPOSURE; ``"eras"``: CONDITION_ERA and DRUG_ERA instead.
    periods
        What becomes of a person's several observation periods: ``"span"``, ``"longest"``, or empty: they are refused.
    version
        ``"5.3"`` or ``"5.4"``, where the files do not say.

    Raises
    ------
    InputError
        If PERSON is missing, no table of events is there, a column is missing, the version is open, or a person has
        several observation periods and ``periods`` is empty.
    """
    _check_choice("tables", tables, ("occurrences", "eras"))
    _check_choice("periods", periods, ("", *PERIODS))
    held = list_tables(path)
    if "PERSON" not in held:
        raise InputError(
            f"an OMOP CDM must have the table PERSON, got {', '.join(held) or 'no CSV file'}",
            file=path,
            way_out="export PERSON too, or read the events as a long table with a mapping of columns",
        )
    wanted = OF_ERAS if tables == "eras" else OF_OCCURRENCES
    if tables == "eras" and (lacking := [name for name in wanted[:2] if name not in held]):
        raise InputError(
            f"tables=eras needs CONDITION_ERA and DRUG_ERA, but {lacking[0]} is missing",
            file=path,
            way_out="set tables=occurrences, or export the eras",
        )
    events = [name for name in wanted if name in held]
    if not events:
        raise InputError(
            f"an OMOP CDM must have one of {', '.join(wanted)}, got {', '.join(held)}",
            file=path,
            way_out="export a table of events",
        )
    chosen = {name: held[name] for name in (*_ROWS, *events) if name in held}
    for name, file in chosen.items():
        measure_file(path, file)
        header = read_header(path, file, choose_dialect(path, file))
        find_columns(name_file(path, file), header, REQUIRED[name], "export it as the OMOP CDM describes it")
    found = find_version(path, held, version)
    if not periods and "OBSERVATION_PERIOD" in chosen:
        refuse_several(path, chosen["OBSERVATION_PERIOD"])
    return OmopSource(path, chosen, found, periods, (*_list_unread(path, held, chosen, wanted), *_NEVER))


def read_omop(path: Path, description: Mapping[str, Any], block: RecordBlock) -> Records:
    """Read one block on a worker."""
    table = str(block.options["table"])
    dialect = choose_dialect(path, block.file)
    rows = read_csv_rows(path, block.file, block.start, block.stop, list_columns(table), dialect)
    if block.row == PERSON:
        return read_persons(rows)
    if block.row == DEATH:
        return read_deaths(rows)
    if block.row == EVENT:
        return read_events(rows, table)
    records = read_periods(rows)
    return keep_longest(path, block.file, records) if description["periods"] == "longest" else records


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        shown = ", ".join(repr(one) for one in allowed)
        raise InputError(f"{name} must be one of {shown}, got {value!r}", way_out="choose one of them")


def _list_unread(
    path: Path, held: Mapping[str, str], chosen: Mapping[str, str], wanted: tuple[str, ...]
) -> tuple[str, ...]:
    read = {*chosen, "CDM_SOURCE", "CONCEPT"}
    rest = [name for name in held if name not in read]
    told = [f"{name} is missing: nothing of it is known." for name in (*_ROWS, *wanted, "CONCEPT") if name not in held]
    if rest:
        told.append(f"Tables that are not read: {', '.join(rest)}.")
    return tuple(told)
