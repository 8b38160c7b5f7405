"""What a question about comorbidity answers, from its released tables alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....hpc.run.result import Result, RowList, SummaryColumn, Tile
from ....hpc.run.runs import Run
from ..counting.released import WITHHELD, list_rows, round_number, say_withheld, write_csv
from .figures import SURE, draw_network
from .steps import EVERYBODY

__all__ = ["finish_comorbidity"]

LISTED = 30  # pairs in the report; the files hold all
DIGITS = {"rr": 4, "rr_low": 4, "rr_high": 4, "phi": 3}
COLUMNS = {
    "pair": SummaryColumn("Pair", is_identifier=True),
    "both": SummaryColumn("Persons with both", missing=WITHHELD),
    "a_first": SummaryColumn("First one first", missing=WITHHELD),
    "b_first": SummaryColumn("Second one first", missing=WITHHELD),
    "tie": SummaryColumn("Neither", missing=WITHHELD),
    "first": SummaryColumn("Comes first", is_identifier=True, missing="cannot be told"),
    "q_value": SummaryColumn("q of the order", is_identifier=True, missing=WITHHELD),
    "rr": SummaryColumn("Relative risk", missing=WITHHELD),
    "rr_low": SummaryColumn("from", is_hidden_in_terminal=True, missing=WITHHELD),
    "rr_high": SummaryColumn("to", is_hidden_in_terminal=True, missing=WITHHELD),
    "phi": SummaryColumn("phi", missing=WITHHELD),
}
CODE_COLUMNS = {
    "code": SummaryColumn("Code", is_identifier=True),
    "name": SummaryColumn("Name", is_identifier=True),
    "persons": SummaryColumn("Persons", missing=WITHHELD),
}
NOTE = (
    "Relative risk: persons with both over those expected by chance. phi: the correlation of having one and having the "
    "other. q: how likely such an order of the two would be by chance, adjusted for all pairs that are tested. Where "
    "the number of one order is withheld, what comes first and the largest possible q follow from what is shown."
)


def finish_comorbidity(run: Run) -> Result:
    """Write ``pairs.csv`` and the network, and return the strongest pairs and what was withheld."""
    codes, pairs = list_rows(run.open("codes")), list_rows(run.open("pairs"))
    write_csv(run, "pairs")
    everybody = next((row["persons"] for row in codes if row["code"] == EVERYBODY), None)
    listed = [row for row in codes if row["code"] != EVERYBODY]
    persons = {row["code"]: row["persons"] for row in listed if row["persons"] is not None}
    strongest = sorted(pairs, key=lambda row: (row["phi"] is None, -(row["phi"] or 0.0), row["code_a"], row["code_b"]))
    if any(row["phi"] is not None for row in pairs):
        draw_network(run.path, 1, pairs, persons)
    n_pairs = len(persons) * (len(persons) - 1) // 2
    shown = [row for row in pairs if row["both"] is not None]
    return Result(
        headline=_say(strongest, n_pairs, len(shown), everybody),
        summary=[_tell(row) for row in strongest[:LISTED]],
        summary_title=f"The {min(LISTED, len(pairs))} strongest of {len(pairs):,} pairs",
        summary_note=NOTE,
        columns=COLUMNS,
        tiles=[
            *([Tile("Persons", everybody)] if everybody is not None else []),
            Tile("Codes", len(persons)),
            Tile("Pairs shown", len(shown)),
        ],
        tiles_note=f"Of {n_pairs:,} pairs of these codes, {len(pairs):,} occur in enough persons to be listed.",
        warnings=say_withheld(run, ("codes", "pairs")),
        lists=(RowList("codes", f"{len(listed):,} codes", listed, CODE_COLUMNS),),
    )


def _say(strongest: Sequence[Mapping[str, Any]], n_pairs: int, n_shown: int, everybody: int | None) -> str:
    """The answer in one sentence."""
    among = f" among {everybody:,} persons" if everybody is not None else ""
    if not n_shown:
        return f"Of {n_pairs:,} pairs of codes{among}, none can be shown: each is withheld, or too few persons have it."
    first = next((row for row in strongest if row["both"] is not None and row["rr"] is not None), None)
    if first is None:
        return f"{n_shown:,} of {n_pairs:,} pairs of codes{among} can be shown."
    return (
        f"Of {n_pairs:,} pairs of codes{among}, {_name(first, 'a')} and {_name(first, 'b')} go together most: "
        f"{first['both']:,} persons have both, {first['rr']:.3g} times as many as by chance{_order(first)}."
    )


def _order(row: Mapping[str, Any]) -> str:
    if row["first"] is None or row["q_value"] is None or row["q_value"] >= SURE:
        return ""
    first, second = ("a", "b") if row["first"] == row["code_a"] else ("b", "a")
    most, least = row[f"{first}_first"], row[f"{second}_first"]
    told = f"in {most:,}" if least is None else f"{most:,} to {least:,}"
    return f"; {_name(row, first)} comes first more often than {_name(row, second)} ({told})"


def _name(row: Mapping[str, Any], side: str) -> str:
    return str(row[f"name_{side}"] or row[f"code_{side}"])


def _tell(row: Mapping[str, Any]) -> dict[str, Any]:
    first, q = row["first"], row["q_value"]
    is_bound = row["a_first"] is None or row["b_first"] is None
    told = {name: row[name] for name in COLUMNS if name != "pair"}
    told |= {name: round_number(row[name], digits) for name, digits in DIGITS.items()}
    return {"pair": f"{_name(row, 'a')} + {_name(row, 'b')}"} | told | {
        "first": None if first is None else _name(row, "a" if first == row["code_a"] else "b"),
        "q_value": None if q is None else f"{'at most ' if is_bound else ''}{max(q, 1e-300):.2g}",
    }  # fmt: skip
