"""Tables of the OMOP CDM that are read, and their columns.

References
----------
.. [1] OHDSI, OMOP Common Data Model v5.3 and v5.4, https://ohdsi.github.io/CommonDataModel/
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EVENT_TABLES", "OF_ERAS", "OF_OCCURRENCES", "REQUIRED", "EventTable", "list_columns"]


@dataclass(frozen=True)
class EventTable:
    """Which columns of a table make an event."""

    kind: str
    concept: str
    start: str
    end: str = ""
    days_supply: str = ""
    """Counts where the end is missing: the last day is start + days_supply - 1 [1]_."""
    value: str = ""
    facility: str = ""


def _table(kind: str, name: str = "", start: str = "start_date", end: str = "", **others: str) -> EventTable:
    name = name or kind
    return EventTable(kind, f"{kind}_concept_id", f"{name}_{start}", end and f"{name}_{end}", **others)


EVENT_TABLES = {
    "CONDITION_OCCURRENCE": _table("condition", end="end_date"),
    "DRUG_EXPOSURE": _table("drug", "drug_exposure", end="end_date", days_supply="days_supply"),
    "PROCEDURE_OCCURRENCE": _table("procedure", start="date", end="end_date"),  # the end is new in 5.4
    "MEASUREMENT": _table("measurement", start="date", value="value_as_number"),
    "OBSERVATION": _table("observation", start="date", value="value_as_number"),
    "VISIT_OCCURRENCE": _table("visit", end="end_date", facility="care_site_id"),
    "CONDITION_ERA": _table("condition", "condition_era", end="end_date"),
    "DRUG_ERA": _table("drug", "drug_era", end="end_date"),
}
_ALWAYS = ("PROCEDURE_OCCURRENCE", "MEASUREMENT", "OBSERVATION", "VISIT_OCCURRENCE")
OF_OCCURRENCES = ("CONDITION_OCCURRENCE", "DRUG_EXPOSURE", *_ALWAYS)
OF_ERAS = ("CONDITION_ERA", "DRUG_ERA", *_ALWAYS)

REQUIRED = {
    "PERSON": ("person_id", "gender_concept_id", "year_of_birth"),
    "OBSERVATION_PERIOD": ("person_id", "observation_period_start_date", "observation_period_end_date"),
    "DEATH": ("person_id", "death_date"),
    **{name: ("person_id", table.concept, table.start) for name, table in EVENT_TABLES.items()},
}


def list_columns(table: str) -> tuple[str, ...]:
    """Columns of a table that are parsed, required ones first.

    Examples
    --------
    >>> list_columns("VISIT_OCCURRENCE")
    ('person_id', 'visit_concept_id', 'visit_start_date', 'visit_end_date', 'care_site_id')
    """
    if table == "PERSON":
        return (*REQUIRED[table], "month_of_birth", "day_of_birth", "birth_datetime")
    if table not in EVENT_TABLES:
        return REQUIRED[table]
    one = EVENT_TABLES[table]
    return (*REQUIRED[table], *filter(None, (one.end, one.days_supply, one.value, one.facility)))
