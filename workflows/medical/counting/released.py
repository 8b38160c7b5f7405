"""Released tables as a question's answer reads them: missing numbers are those withheld."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....hpc.run.runs import Run
from ....hpc.store.table_files import read_table
from ....hpc.store.tables import locate_table

__all__ = ["WITHHELD", "list_rows", "read_released", "round_number", "say_withheld", "write_csv"]

WITHHELD = "withheld"  # in place of a missing number, wherever a person reads


def read_released(run: Run, name: str) -> list[dict[str, Any]]:
    """Rows of a table that an earlier plan of the run has released; the run has not published it yet."""
    table = next(table for table in run.plan.tables if table.name == name)
    return list_rows(read_table(locate_table(run.path, table.file_name), table))


def list_rows(table: Any) -> list[dict[str, Any]]:
    """Rows of a pandas DataFrame as plain values; None where a number is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> list_rows(pd.DataFrame({"code": ["a", "b"], "persons": pd.array([12, None], "Int64")}))
    [{'code': 'a', 'persons': 12}, {'code': 'b', 'persons': None}]
    """
    missing, names = table.isna().to_numpy(), list(table.columns)
    columns = [table[name].tolist() for name in names]
    return [
        {name: None if missing[row, at] else columns[at][row] for at, name in enumerate(names)}
        for row in range(len(table))
    ]


def round_number(value: float | None, digits: int) -> float | None:
    """A number as a person reads it; the files hold all of its digits.

    Examples
    --------
    >>> round_number(0.25976628, 3), round_number(None, 3)
    (0.26, None)
    """
    return None if value is None else float(f"{value:.{digits}g}")


def write_csv(run: Run, name: str) -> None:
    """Write a released table as ``RUN/NAME.csv`` too; a withheld number is an empty field."""
    run.open(name).to_csv(run.path / f"{name}.csv", index=False, lineterminator="\n")


def say_withheld(run: Run, tables: Iterable[str]) -> list[str]:
    """What was withheld in each table and why, as the release said it."""
    return [f"{name}: {note}" for name in tables for note in run.release_notes(name)]
