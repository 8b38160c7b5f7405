"""What a question about incidence answers, from its released tables alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....hpc.run.result import Result, RowList, SummaryColumn, Tile
from ....hpc.run.runs import Run
from ..counting.released import WITHHELD, list_rows, round_number, say_withheld
from .axes import TOTAL
from .figures import MOST_LINES, draw_trend
from .products import LONG_NAMES

__all__ = ["finish_incidence"]

LISTED = 30  # codes in the report; the files hold all
MOST_PLACES = 8  # of a label whose rates stand beside those of all
DIGITS = 4  # of a rate
COLUMNS = {
    "code": SummaryColumn("Code", is_identifier=True),
    "name": SummaryColumn("Name", is_identifier=True),
    "persons": SummaryColumn("Persons", missing=WITHHELD),
    "person_years": SummaryColumn("Person-years", missing=WITHHELD),
    "rate": SummaryColumn("Per 1,000 person-years", missing=WITHHELD),
    "rate_low": SummaryColumn("from", is_hidden_in_terminal=True, missing=WITHHELD),
    "rate_high": SummaryColumn("to", is_hidden_in_terminal=True, missing=WITHHELD),
}
GAP_COLUMNS = {
    "code": SummaryColumn("With", is_identifier=True),
    "lacks": SummaryColumn("Without", is_identifier=True),
    "within_days": SummaryColumn("Within days"),
    "persons": SummaryColumn("Persons followed up", missing=WITHHELD),
    "persons_with": SummaryColumn("It followed", missing=WITHHELD),
    "persons_without": SummaryColumn("It did not", missing=WITHHELD),
}
NOTE = (
    "Persons: those in whom the code begins while they are observed. Person-years: those of all who did not have it "
    "before. The interval is the exact one of Poisson counts. A number of few persons is withheld."
)


def finish_incidence(run: Run) -> Result:
    """Write the trend, and return the rates of each code as a whole, care gaps, and what was withheld."""
    table = run.open("incidence")
    rows, labels = list_rows(table), [name for name in table.columns if name in LONG_NAMES]
    whole = [row for row in rows if all(row[label] == TOTAL for label in labels)]
    ranked = sorted(whole, key=lambda row: (row["persons"] is None, -(row["persons"] or 0), row["code"]))
    shown = [row for row in ranked if row["persons"] is not None]
    period = next((label for label in labels if label in ("month", "year")), "")
    if period and shown:
        others = [label for label in labels if label != period]
        draw_trend(run.path, 1, {_name(row): _select(rows, row, period, others) for row in shown[:MOST_LINES]}, period)
    within, more_columns = _tell_rates_within(rows, labels, period)
    gaps = list_rows(run.open("care_gaps")) if "care_gaps" in run.products else []
    n_cells = sum(row["persons"] is not None for row in rows)
    return Result(
        headline=_say(ranked, shown),
        summary=[_tell(row) | within.get(row["code"], {}) for row in ranked[:LISTED]],
        summary_title=f"The {min(LISTED, len(ranked))} codes that begin in most persons, of {len(ranked):,}",
        summary_note=NOTE,
        columns=COLUMNS | more_columns,
        tiles=[Tile("Codes", len(ranked)), Tile("Cells shown", n_cells), Tile("Cells withheld", len(rows) - n_cells)],
        warnings=say_withheld(run, ["incidence", *(["care_gaps"] if gaps else [])]),
        lists=(RowList("care_gaps", f"{len(gaps)} care gaps", gaps, GAP_COLUMNS),) if gaps else (),
        more={"by": labels},
    )


def _select(
    rows: Sequence[Mapping[str, Any]], of: Mapping[str, Any], period: str, others: Sequence[str]
) -> list[Mapping[str, Any]]:
    """Rows of one code by period, over all places of the other labels."""
    return [
        row
        for row in rows
        if row["code"] == of["code"] and row[period] != TOTAL and all(row[label] == TOTAL for label in others)
    ]


def _tell(row: Mapping[str, Any]) -> dict[str, Any]:
    years = None if row["person_years"] is None else round(row["person_years"], 1)
    rates = {name: round_number(row[name], DIGITS) for name in ("rate", "rate_low", "rate_high")}
    return {"code": row["code"], "name": row["name"], "persons": row["persons"], "person_years": years, **rates}


def _tell_rates_within(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str], period: str
) -> tuple[dict[str, dict[str, Any]], dict[str, SummaryColumn]]:
    """By code the rates within each sex, band of age or area, over all else, and their headings; few places alone."""
    told: dict[str, dict[str, Any]] = {}
    columns: dict[str, SummaryColumn] = {}
    for label in labels:
        places = list(dict.fromkeys(row[label] for row in rows if row[label] != TOTAL))
        if label == period or len(places) > MOST_PLACES:
            continue
        names = {place: f"rate_{label}_{place}" for place in places}
        columns |= {name: SummaryColumn(f"{label} {place}", missing=WITHHELD) for place, name in names.items()}
        for row in rows:
            if row[label] != TOTAL and all(row[other] == TOTAL for other in labels if other != label):
                told.setdefault(row["code"], {})[names[row[label]]] = round_number(row["rate"], DIGITS)
    return told, columns


def _say(ranked: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]]) -> str:
    """The answer in one sentence."""
    if not shown:
        return (
            "No rate can be shown: each is withheld."
            if ranked
            else "No rate can be shown: no code begins in enough persons."
        )
    first = shown[0]
    rate = f": {first['rate']:.4g} per 1,000 person-years" if first["rate"] is not None else ""
    return f"Of {len(ranked):,} codes, {_name(first)} begins in most persons, {first['persons']:,}{rate}."


def _name(row: Mapping[str, Any]) -> str:
    return str(row["name"] or row["code"])
