"""The columns of two tables, compared row by row: rows are matched by the columns that identify them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hpc.errors import RunError
from ...hpc.store.products import Table
from .differences import Difference
from .labels import Match, match_labels, spell

__all__ = ["compare_tables"]

SEPARATOR = ", "
Columns = Mapping[str, NDArray[Any]]


def compare_tables(table: Table, other: Table, a: Path, b: Path) -> tuple[list[Difference], Match, dict[str, str]]:
    """Compare the columns of a table that two runs wrote.

    Returns
    -------
    differences : list of Difference
        One for each column that does not identify the rows.
    match : Match
        Which rows belong together; its dim names the columns that identify them.
    refused : dict
        Columns that are not compared, and why.

    Raises
    ------
    RunError
        If no columns of text or whole numbers identify the rows, or no row is in both tables.
    """
    units = {column.name: column.units for column in table.columns}
    others = {column.name: column.units for column in other.columns}
    refused = {name: "it is not in B" for name in units if name not in others}
    refused |= {name: "it is not in A" for name in others if name not in units}
    for name in units:
        if name in others and units[name] != others[name]:
            refused[name] = f"its units are {units[name] or 'none'!r} in A and {others[name] or 'none'!r} in B"
    first, second = _read(table, a), _read(other, b)
    keys = _find_keys(table, first, second, [name for name in units if name not in refused])
    named = SEPARATOR.join(keys)
    names_a, names_b = _join(first, keys), _join(second, keys)
    if len(names_a) and len(names_b):
        match = match_labels(named, names_a, names_b)
    else:
        nobody, lone_a, lone_b = np.zeros(0, np.int64), spell(names_a), spell(names_b)
        match = Match(named, nobody, nobody, lone_a, lone_b, lone_a, lone_b)
    found = []
    for column in table.columns:
        if column.name in refused or column.name in keys:
            continue
        told = Difference(column.name, column.units, (named,))
        told.add(first[column.name][match.a], second[column.name][match.b], corner=(0,))
        if told.place:
            told.at = {named: match.name_row(told.place[0])}
        found.append(told)
    return found, match, refused


def _find_keys(table: Table, first: Columns, second: Columns, names: Sequence[str]) -> list[str]:
    """The fewest leading columns of text or whole numbers that name each row once in both tables."""
    keys: list[str] = []
    for name in names:
        if first[name].dtype.kind == "f" or second[name].dtype.kind == "f":
            continue
        keys.append(name)
        if all(len(set(joined)) == len(joined) for joined in (_join(t, keys).tolist() for t in (first, second))):
            return keys
    raise RunError(
        f"rows of table {table.name!r} must be identified by columns of text or whole numbers, but "
        f"{SEPARATOR.join(keys) or 'it has none, and they'} name some rows twice: compare a table with an identifier"
    )


def _join(columns: Columns, keys: Sequence[str]) -> NDArray[Any]:
    texts = [spell(columns[key]) for key in keys]
    if len(keys) > 1:  # a text that holds the separator is quoted, so that no two rows read alike
        texts = [tuple(repr(text) if SEPARATOR in text or "'" in text else text for text in column) for column in texts]
    return np.array([SEPARATOR.join(row) for row in zip(*texts, strict=True)], dtype=object)


def _read(table: Table, path: Path) -> Columns:
    import pandas

    names = [column.name for column in table.columns]
    if table.format == "parquet":
        frame = pandas.read_parquet(path, columns=names)
    else:
        kinds: dict[str, Any] = {c.name: str if c.dtype == "string" else c.dtype for c in table.columns}
        # a number that is withheld is missing, which only a float can be
        kinds |= {c.name: "float64" for c in table.columns if c.may_be_withheld and "int" in c.dtype}
        frame = pandas.read_csv(path, usecols=names, dtype=kinds, keep_default_na=False, na_values={
            name: ["", "nan", "NaN"] for name, kind in kinds.items() if kind is not str and kind.startswith("float")
        })  # fmt: skip
    return {name: frame[name].to_numpy() for name in names}
