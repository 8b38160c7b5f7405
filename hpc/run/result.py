"""What a run answers, in the words of its question: the report and the terminal lay it out and know no field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FAILED, RunError

__all__ = ["Result", "RowList", "SummaryColumn", "Tile", "describe_result"]

OF_THE_RUN = ("run", "state", "products", "memory", "attempt", "started", "ended", "seconds", "error")


@dataclass(frozen=True)
class SummaryColumn:
    """How a column of a summary is written.

    Parameters
    ----------
    heading
        Its heading in the report.
    unit
        UDUNITS text; empty for none.
    digits
        How many the report shows of its largest number.
    is_identifier
        Whether its cells are written as they came: ``10031`` and not ``10,031``.
    is_yes_or_no
        Whether the report writes 1 and 0 as yes and no.
    is_hidden_in_terminal
        Whether the report alone shows it.
    missing
        What is shown where a row has no value, such as ``"withheld"``; empty: a dash, and None in the terminal.
    """

    heading: str
    unit: str = ""
    digits: int = 10
    is_identifier: bool = False
    is_yes_or_no: bool = False
    is_hidden_in_terminal: bool = False
    missing: str = ""


@dataclass(frozen=True)
class Tile:
    """A main number of the answer: it stands in large type on top of the report. ``exact`` is its tooltip."""

    heading: str
    value: float | str
    exact: str = ""


@dataclass(frozen=True)
class RowList:
    """A further list of the report; its rows stand in ``result.json`` under ``key``.

    Parameters
    ----------
    key
        Name in ``result.json``.
    title
        Heading of the list, such as ``"12 pairs without a path"``.
    rows
        Its rows, each by column.
    columns
        How its columns are written, in their order; others follow.
    most_shown
        How many rows the report shows.
    """

    key: str
    title: str
    rows: Sequence[Mapping[str, Any]]
    columns: Mapping[str, SummaryColumn] = field(default_factory=dict)
    most_shown: int = 50


@dataclass(frozen=True)
class Result:
    """What ``Workflow.finish`` returns; all of it stands in ``result.json``.

    Parameters
    ----------
    headline
        The answer in one sentence, or one for each product by name.
    summary
        Rows of the main table. The first column names the row.
    summary_title
        Its title, such as ``"3 scenarios"``.
    summary_note
        What its reader must know, as sentences below it.
    columns
        How its columns are written, in their order; a column that is not named here follows under its own name.
    by_row
        Further columns of the report's table: values by the label of the row. They stand in ``result.json`` under
        their key, and neither in its ``summary`` nor in the terminal.
    tiles, tiles_note
        Main numbers, and a sentence below them.
    warnings
        What the reader must not overlook, one sentence each.
    lists
        Further lists.
    unsolved
        Labels of rows without an answer: their numbers are not finite. Then the exit code is 1.
    more
        Other keys of ``result.json``.

    Examples
    --------
    >>> columns = {"place": SummaryColumn("Place", is_identifier=True), "n": SummaryColumn("Visits")}
    >>> result = Result("Most go to A.", [{"place": "A", "n": 12}], "1 place", columns=columns)
    >>> result.to_json()["headline"], result.to_json()["columns"]["n"]["heading"]
    ('Most go to A.', 'Visits')
    """

    headline: str | Mapping[str, str] = ""
    summary: Sequence[Mapping[str, Any]] = ()
    summary_title: str = ""
    summary_note: str = ""
    columns: Mapping[str, SummaryColumn] = field(default_factory=dict)
    by_row: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tiles: Sequence[Tile] = ()
    tiles_note: str = ""
    warnings: Sequence[str] = ()
    lists: Sequence[RowList] = ()
    unsolved: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = [entry.name for entry in fields(self) if entry.name != "more"]
        taken = {*OF_THE_RUN, *own}
        for key in (*self.by_row, *(rows.key for rows in self.lists), *self.more):
            if key in taken:
                _refuse_taken(key)
            taken.add(key)

    def to_json(self) -> dict[str, Any]:
        """As it stands in ``result.json``."""
        told = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in ("more", "by_row")}
        lists = [{key: value for key, value in vars(rows).items() if key != "rows"} for rows in self.lists]
        rows = {given.key: given.rows for given in self.lists}
        plain: dict[str, Any] = _as_plain(
            {**told, "lists": lists, "by_row": list(self.by_row), **self.by_row, **rows, **self.more}
        )
        return plain


def describe_result(answer: Result | Mapping[str, Any]) -> dict[str, Any]:
    """What a finish returned as ``result.json`` holds it: plain numbers, texts, lists and objects.

    Raises
    ------
    RunError
        If it is neither a result nor a mapping, takes a key of the run, or holds what JSON does not know.
    """
    if not isinstance(answer, (Result, Mapping)):
        raise RunError(
            f"finish must return a Result or a mapping of the keys of result.json, got a {type(answer).__name__}",
            exit_code=FAILED,
        )
    if not isinstance(answer, Result) and (taken := sorted(set(OF_THE_RUN) & set(answer))):
        _refuse_taken(taken[0])
    told = answer.to_json() if isinstance(answer, Result) else _as_plain(answer)
    _refuse_other("warnings", told.get("warnings", []), (str,), "texts")
    _refuse_other("unsolved", told.get("unsolved", []), (str, int, float), "labels")
    _refuse_other("summary", told.get("summary", []), (dict,), "rows, each a mapping by column")
    return dict(told)


def _refuse_taken(key: str) -> None:
    raise RunError(
        f"each key of a result must have one meaning, but {key!r} is taken: choose another name", exit_code=FAILED
    )


def _refuse_other(key: str, value: object, kinds: tuple[type, ...], words: str) -> None:
    if not isinstance(value, list) or any(not isinstance(item, kinds) for item in value):
        got = value if not isinstance(value, list) else next(item for item in value if not isinstance(item, kinds))
        raise RunError(f"{key} of a result must be a list of {words}, got a {type(got).__name__}", exit_code=FAILED)


def _as_plain(value: Any, place: str = "") -> Any:
    """As JSON knows it: NumPy's numbers as Python's, moments and paths as texts, a dataclass as an object."""
    if isinstance(value, (np.ndarray, np.generic)):
        is_moment = value.dtype.kind in "mM"
        return _as_plain((value.astype(str) if is_moment else value).tolist(), place)
    if isinstance(value, (SummaryColumn, Tile)):
        return dict(_as_plain(vars(value), place))
    if isinstance(value, Mapping):
        return {str(key): _as_plain(held, f"{place}.{key}" if place else str(key)) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_plain(held, f"{place}[{at}]") for at, held in enumerate(value)]
    if isinstance(value, (date, Path)):
        return value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # half a character, which no file can hold
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise RunError(
        f"a result must hold numbers, texts, lists and mappings, but {place} is a {type(value).__name__}: "
        "make it one of them",
        exit_code=FAILED,
    )
