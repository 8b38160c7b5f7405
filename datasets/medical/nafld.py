"""Persons and events of the NAFLD study, from the R package survival.

References
----------
.. [1] Allen et al., "Nonalcoholic fatty liver disease incidence and impact on metabolic burden and death: a 20-year
   community study", Hepatology 67 (2018), 1726-1736; the data: R package survival, ``?nafld``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...kernels.medical.events import NO_DAY, UNDATED
from ..errors import InputError
from .records import DEATH, EVENT, KINDS, OBSERVED, PERSON, RecordBlock, Records
from .rows.columns import build_records

__all__ = ["NafldSource", "open_nafld", "read_nafld"]

_COLUMNS = {"nafld1": ("id", "age", "male", "futime", "status"), "nafld3": ("id", "days", "event")}
_TABLE = {PERSON: "nafld1", OBSERVED: "nafld1", DEATH: "nafld1", EVENT: "nafld3"}
_DAYS_OF_YEAR = 365.25
_NAMES = {
    "afib": "atrial fibrillation",
    "ang/isc": "angina or ischemia",
    "htn": "hypertension",
    "MI": "myocardial infarction",
    "nafld": "non-alcoholic fatty liver disease",
}


class NafldSource:
    """``nafld.rda``; made by :func:`open_nafld`. Days count from each person's index date, which is day 0."""

    kind = "file"
    has_persons = True
    observed: tuple[int, int] | None = None
    unread: tuple[str, ...] = (
        "Days count from each person's index date, not in a calendar: day 0 is stored as 1970-01-01.",
        "Day of birth is reckoned from the age at the index date in whole years, as half a year more.",
        "A person counts as observed from the index date on; what came before it is history.",
        "nafld1: weight, height, bmi and case.id are not read; nafld2 (laboratory values) is not read.",
    )

    def __init__(self, path: Path, n_rows: Mapping[str, int]) -> None:
        self.path, self._n_rows = path, n_rows
        self.names: Mapping[str, str] = _NAMES

    def blocks(self) -> list[RecordBlock]:
        """Persons, their times under observation, deaths and events: each table whole."""
        return [RecordBlock("", row, 0, n, 100 * n) for row, table in _TABLE.items() if (n := self._n_rows[table])]

    def describe(self) -> dict[str, Any]:
        return {"format": "nafld"}


def open_nafld(path: Path) -> NafldSource:
    """Open ``nafld.rda``: nafld1 has the persons, nafld3 the events.

    Raises
    ------
    InputError
        If the package rdata is missing, or the file has no such tables.
    """
    tables = _read_tables(path, path.stat().st_mtime_ns)
    return NafldSource(path, {name: len(tables[name]) for name in _COLUMNS})


def read_nafld(path: Path, description: Mapping[str, Any], block: RecordBlock) -> Records:
    """Read one block on a worker."""
    table = _read_tables(path, path.stat().st_mtime_ns)[_TABLE[block.row]].iloc[block.start : block.stop]
    person = table["id"].to_numpy().astype(np.str_)
    every = np.ones(len(person), np.bool_)
    if block.row == EVENT:
        given = table["days"]
        undated = given.isna().to_numpy()
        day = given.fillna(UNDATED).to_numpy(np.int32)
        counts = {"events without a day (kept, undated)": np.count_nonzero(undated)}
        code = table["event"].astype(str).to_numpy().astype(np.str_)
        kind = KINDS.index("condition")
        return build_records(EVENT, person, every, counts, day=day, code=code, kind=kind)
    if block.row == PERSON:
        birth = -np.rint((table["age"].to_numpy(np.float64) + 0.5) * _DAYS_OF_YEAR).astype(np.int32)
        sex = 1 + table["male"].to_numpy(np.uint8)
        told = {"persons whose day of birth is reckoned from whole years": len(person)}
        return build_records(PERSON, person, every, told, day=birth, sex=sex)
    last = table["futime"].fillna(NO_DAY).to_numpy(np.int32)
    if block.row == DEATH:
        return build_records(DEATH, person, table["status"].to_numpy() == 1, {}, day=last)
    return build_records(OBSERVED, person, every, {}, day=0, until=last)


@lru_cache(maxsize=1)
def _read_tables(path: Path, changed: int) -> dict[str, Any]:
    try:
        import rdata
    except ImportError:
        raise InputError(
            "an .rda file needs the package rdata", file=path, way_out='pip install "citytide[r]"'
        ) from None
    try:
        parsed = rdata.parser.parse_file(path)
        held = rdata.conversion.convert(replace(parsed, object=_pick_tables(parsed.object)))
    except Exception as error:  # its errors have no common class
        raise InputError(
            f"the file cannot be read as R data ({type(error).__name__})", file=path, way_out="save it again in R"
        ) from None
    for name, columns in _COLUMNS.items():
        has = list(getattr(held.get(name), "columns", ()))
        if name not in held or not set(columns) <= set(has):
            raise InputError(
                f"an .rda file must have table {name} with columns {', '.join(columns)}, "
                f"got {', '.join(has) if has else ', '.join(held) or 'nothing'}",
                file=path,
                way_out="write other tables as CSV or Parquet, and give a mapping of their columns",
            )
        if held[name][[column for column in columns if column != "days"]].isna().any(axis=None):
            raise InputError(f"table {name} must have a value in each row", file=path, way_out="correct it in R")
    return {name: held[name] for name in _COLUMNS}


def _pick_tables(listed: Any) -> Any:
    """The list of the file's objects with the tables that are read alone; with all if one of them is not there.

    What is left out need not be converted: nafld2 has ten times the rows of the others.
    """
    nodes, names = [], []
    while listed.info.type.name == "LIST":
        nodes.append(listed)
        tag = listed.tag.referenced_object or listed.tag
        names.append(bytes(tag.value.value).decode())
        listed = listed.value[1]
    is_whole = set(_COLUMNS) <= set(names)
    for node, name in zip(reversed(nodes), reversed(names), strict=True):
        if name in _COLUMNS or not is_whole:
            listed = replace(node, value=(node.value[0], listed))
    return listed
