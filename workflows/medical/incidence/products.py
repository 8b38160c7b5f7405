"""What a question about incidence leaves behind, each column declared once."""

from __future__ import annotations

from collections.abc import Sequence

from ....hpc.release.policy import CountedTable
from ....hpc.store.products import Column, Table
from .axes import TOTAL

__all__ = ["GAPS", "LONG_NAMES", "count_gaps_table", "count_rates_table", "describe_rates"]

DERIVE = "citytide.workflows.medical.incidence.steps:derive_rates"
LONG_NAMES = {
    "age": "band of completed years of age",
    "sex": "sex",
    "area": "area",
    "month": "month in which the code begins",
    "year": "year in which the code begins",
}
GAPS = Table(
    "care_gaps",
    "Care gaps: who lacks what should follow",
    (
        Column("code", "string", "1", "codes that ought to be followed"),
        Column("lacks", "string", "1", "codes of which one ought to follow"),
        Column("within_days", "string", "d", "days within which it ought to"),
        Column("persons", "int64", "1", "persons with the first code who were followed up so long", True),
        Column("persons_with", "int64", "1", "those in whom it followed", True),
        Column("persons_without", "int64", "1", "those in whom it did not", True),
    ),
    format="csv",
)


def describe_rates(columns: Sequence[str]) -> Table:
    """The table of rates, told by some labels."""
    return Table(
        "incidence",
        "Persons in whom each code begins, and rates",
        (
            Column("code", "string", "1", "code"),
            Column("name", "string", "1", "name of the code, as far as the records give it"),
            *(Column(name, "string", "1", f"{LONG_NAMES[name]}; {TOTAL}: all of them") for name in columns),
            Column("persons", "int64", "1", "persons in whom the code begins", True),
            Column("person_years", "float64", "year", "years at risk, of 365.25 days", True),
            Column("rate", "float64", "1e-3 year-1", "persons per 1,000 person-years", True),
            Column("rate_low", "float64", "1e-3 year-1", "lower end of its exact 95 % interval", True),
            Column("rate_high", "float64", "1e-3 year-1", "upper end of its exact 95 % interval", True),
        ),
        format="csv",
    )


def count_rates_table(columns: Sequence[str], n_codes: int) -> CountedTable:
    """How the table of rates tells of persons: one cell of each code and, with totals, two of each label."""
    return CountedTable(
        labels=("code", "name", *columns), counts=("persons",), follows={"person_years": ("persons",)},
        amounts=("person_years",), derive=DERIVE,
        measure="persons in whom a code begins", total=TOTAL, most_cells=n_codes * 2 ** len(columns),
    )  # fmt: skip


def count_gaps_table(n_gaps: int) -> CountedTable:
    """How the table of care gaps tells of persons."""
    return CountedTable(
        labels=("code", "lacks", "within_days"), counts=("persons", "persons_with", "persons_without"),
        sums={"persons": ("persons_with", "persons_without")}, measure="care gaps",
        most_cells=2 * n_gaps,
    )  # fmt: skip
