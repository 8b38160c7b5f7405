"""What an import says: how much was stored, and what was left out and why."""

from __future__ import annotations

from typing import Any

from ....hpc.run.result import Result, SummaryColumn
from ....hpc.run.runs import Run
from ....hpc.store.stores import locate
from ..stores import Part
from .products import EVENTS, IMPORTED

__all__ = ["finish_import"]

WITHHELD = "withheld"


def finish_import(run: Run) -> Result:
    """Show the released counts; one that is withheld need not be small."""
    least = int(Part(locate(run.path, EVENTS)).attrs["policy"]["min_cell"])
    if run.plan.table(IMPORTED.name).person_level:
        return Result("The store is written. Its policy demands noise, so counts of the import are not shown.")
    table = run.open(IMPORTED.name)
    rows = {str(what): _tell(n) for what, n in zip(table["what"], table["rows"], strict=True)}
    persons, events = rows.pop("persons"), rows.pop("events")
    return Result(
        f"The store is written. Events: {events}. Persons: {persons}."
        if WITHHELD in (events, persons)
        else f"The store holds {events} events of {persons} persons.",
        [{"what": what, "rows": told} for what, told in rows.items()],
        "What was left out or looks wrong",
        summary_note="Events that look wrong stay in the store, and duplicates do not. Rows of unknown persons count "
        f"only once a later source lists these persons. A number is withheld if it is below {least}, or if the import "
        "differs little from an earlier one.",
        columns={"what": SummaryColumn("What"), "rows": SummaryColumn("Rows", is_identifier=True)},
    )


def _tell(n: Any) -> str:
    import pandas

    return WITHHELD if pandas.isna(n) else f"{int(n):,}"
