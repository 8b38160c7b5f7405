"""Which version of the CDM files are: CDM_SOURCE says so, or columns that only one version has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ...errors import InputError
from ..rows.csv_rows import read_header
from ..rows.ranges import name_file
from ..rows.texts import read_texts
from .files import choose_dialect, read_table

__all__ = ["VERSIONS", "find_version"]

VERSIONS = ("5.3", "5.4")
_ONLY: dict[str, dict[str, tuple[str, ...]]] = {
    "5.3": {
        "VISIT_OCCURRENCE": ("admitting_source_concept_id", "admitting_source_value", "discharge_to_concept_id"),
    },
    "5.4": {
        "VISIT_OCCURRENCE": ("admitted_from_concept_id", "admitted_from_source_value", "discharged_to_concept_id"),
        "PROCEDURE_OCCURRENCE": ("procedure_end_date", "procedure_end_datetime"),
        "MEASUREMENT": ("unit_source_concept_id", "measurement_event_id"),
        "OBSERVATION": ("value_source_value", "observation_event_id"),
    },
}


def find_version(path: Path, tables: Mapping[str, str], declared: str = "") -> str:
    """The version of the CDM: ``"5.3"`` or ``"5.4"``.

    Parameters
    ----------
    path, tables
        See ``list_tables``.
    declared
        What the user says; it decides.

    Raises
    ------
    InputError
        If CDM_SOURCE names another version, columns of both versions are there, columns contradict CDM_SOURCE, or
        nothing tells.
    """
    if declared:
        if declared not in VERSIONS:
            raise InputError(f"version must be {' or '.join(VERSIONS)}, got {declared!r}", way_out="choose one of them")
        return declared
    said = _read_source(path, tables)
    signs = {version: _find_sign(path, tables, only) for version, only in _ONLY.items()}
    if all(signs.values()):
        raise InputError(
            f"tables must be of one version of the CDM, but {signs['5.3']} is of 5.3 and {signs['5.4']} of 5.4",
            file=path,
            way_out="export all tables with one version, or declare it: version=5.4",
        )
    shown = next((version for version, sign in signs.items() if sign), "")
    if said and shown and said != shown:
        raise InputError(
            f"CDM_SOURCE says version {said}, but {signs[shown]} is of {shown}",
            file=path,
            way_out=f"correct one of them, or declare the version: version={shown}",
        )
    if not (said or shown):
        raise InputError(
            "the version of the CDM must be known, but CDM_SOURCE is missing or empty and no column tells it",
            file=path,
            way_out="declare it: version=5.3 or version=5.4",
        )
    return said or shown


def _read_source(path: Path, tables: Mapping[str, str]) -> str:
    file = tables.get("CDM_SOURCE")
    if file is None:
        return ""
    texts, _ = read_texts(read_table(path, file, ("cdm_version",)), "cdm_version", "a version")
    named = sorted({text for text in texts.tolist() if text})
    found = {match[1] if (match := re.fullmatch(r"\D*(\d+\.\d+)(?:\.\d+)*\D*", text)) else text for text in named}
    if len(found) > 1 or found - set(VERSIONS):
        raise InputError(
            f"CDM_SOURCE must name version 5.3 or 5.4, got {', '.join(named)}",
            file=name_file(path, file),
            way_out="convert the tables to 5.4, or declare what they are: version=5.4",
        )
    return next(iter(found), "")


def _find_sign(path: Path, tables: Mapping[str, str], only: Mapping[str, tuple[str, ...]]) -> str:
    for table, columns in only.items():
        if table in tables:
            header = read_header(path, tables[table], choose_dialect(path, tables[table]))
            if column := next((column for column in columns if column in header), ""):
                return f"{table}.{column}"
    return ""
