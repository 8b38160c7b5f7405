"""Columns of a table that is to be released."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .policy import CountedTable, Policy

__all__ = ["check_columns", "derive_columns"]

Masked = np.ma.MaskedArray[Any, Any]


def check_columns(exact: Mapping[str, NDArray[Any]], table: CountedTable) -> dict[str, NDArray[Any]]:
    """The columns of an exact table, as the table declares them.

    Raises
    ------
    RunError
        If a column is not declared or not there, if rows have the same labels, if a count is not a whole number >= 0,
        or if a sum over persons follows no count.
    """
    for name in table.largest:
        if not table.follows.get(name):
            raise RunError(
                f"a sum over persons must follow a count, but {name!r} follows none: set "
                f"CountedTable(follows={{{name!r}: (COUNT,)}})"
            )
    shares = {share for pair in table.largest.values() for share in pair}
    declared = [*table.labels, *table.counts, *table.follows, *shares]
    for name in exact:
        if name not in declared:
            raise RunError(
                f"each column of a release must be declared, but CountedTable has no column {name!r}: name it in "
                "labels, counts, follows or largest"
            )
    for name in [*table.labels, *table.counts, *table.largest, *shares]:
        if name not in exact:
            raise RunError(
                f"each declared column must be in the exact table, but {name!r} is not: return it from the "
                "reduction's finalize, or remove it from CountedTable"
            )
    for name, named in [*table.sums.items(), *table.follows.items()]:
        unknown = [count for count in (*named, *([name] if name in table.sums else [])) if count not in table.counts]
        if unknown:
            raise RunError(
                f"sums and follows must name counts, but {unknown[0]!r}, which {name!r} names, is none: add it to "
                "CountedTable(counts=...)"
            )
    columns = {name: np.asarray(values) for name, values in exact.items()}
    _refuse_repeated_rows(columns, table)
    for name in table.counts:
        counts = columns[name]
        if not np.issubdtype(counts.dtype, np.integer) or (counts < 0).any():
            raise RunError(
                f"counts of persons must be whole numbers >= 0, but column {name!r} has dtype {counts.dtype} or a "
                "negative number: count persons, and put other numbers into follows"
            )
        columns[name] = counts.astype(np.int64)
    return columns


def _refuse_repeated_rows(columns: Mapping[str, NDArray[Any]], table: CountedTable) -> None:
    """Two rows of the same labels would be one cell, of which each row is a part that nobody declared."""
    n_rows = len(next(iter(columns.values())))
    number = np.zeros(n_rows, np.int64)
    for name in table.labels:
        code = np.unique(np.asarray(columns[name], np.str_), return_inverse=True)[1]
        number = np.unique(number * (code.max(initial=0) + 1) + code, return_inverse=True)[1].astype(np.int64)
    if repeated := n_rows - np.unique(number).size:
        raise RunError(
            f"each row of a release must have labels of its own, but {repeated} of {n_rows} rows repeat the labels "
            f"({', '.join(table.labels)}) of another row: add such rows up, or name the column that tells them apart "
            "in CountedTable(labels=...)"
        )


def derive_columns(released: Mapping[str, Masked], table: CountedTable, policy: Policy) -> dict[str, Masked]:
    """Columns that the table's ``derive`` computes from released ones.

    They are masked where any count of their row is, or where those are that ``follows`` names for them, and where the
    function masks them. A function of two parameters is given the policy too: it tells what a withheld count may be.
    """
    if not table.derive:
        return {}
    module, _, function = table.derive.partition(":")
    derive = getattr(import_module(module), function)
    derived = derive(dict(released), policy) if len(signature(derive).parameters) > 1 else derive(dict(released))
    columns: dict[str, Masked] = {}
    for name, values in derived.items():
        counts = table.follows.get(name, table.counts)
        out = np.ma.getmaskarray(values).copy()
        for count in counts:
            out |= np.ma.getmaskarray(released[count])
        data = np.ma.getdata(values)
        columns[name] = np.ma.array(np.where(out, np.zeros((), data.dtype), data), mask=out)
    return columns
