"""What a question about comorbidity leaves behind, each column declared once."""

from __future__ import annotations

from ....hpc.release.policy import CountedTable
from ....hpc.store.products import Column, Table

__all__ = ["CODES", "PAIRS", "count_cells", "describe_codes", "describe_pairs"]

DERIVE = "citytide.workflows.medical.comorbidity.steps:derive_risks"
IMPORTS = ("import 0",)  # the measure of an import of a whole store, which tells how many persons it holds

CODES = Table(
    "codes",
    "Persons with each code",
    (
        Column("code", "string", "1", "code; * stands for every person of the cohort"),
        Column("name", "string", "1", "name of the code, as far as the records give it"),
        Column("persons", "int64", "1", "persons with the code", True),
    ),
)
TEXTS = {
    "code_a": "one code: the one that stands first in the table of codes",
    "code_b": "the other code",
    "name_a": "name of the first code",
    "name_b": "name of the other code",
}
COUNTS = {
    "persons": "persons of the cohort",
    "persons_a": "persons with code a",
    "persons_b": "persons with code b",
    "both": "persons with both",
    "only_a": "persons with code a alone",
    "only_b": "persons with code b alone",
    "a_first": "persons with both, a first",
    "b_first": "persons with both, b first",
    "tie": "persons with both, first on one day, or one of them without a day",
}
NUMBERS = {
    "expected": "persons with both if a and b had nothing to do with each other, by strata if there are any",
    "rr": "relative risk: both over expected",
    "rr_low": "lower end of its 95 % interval",
    "rr_high": "upper end of its 95 % interval",
    "phi": "correlation of having a and having b, without strata",
    "p_value": "exact two-sided test that a comes first as often as b; if a_first or b_first is withheld, at most this",
    "q_value": "the same, adjusted for all pairs that are tested (false discovery rate)",
}
PAIRS = Table(
    "pairs",
    "Pairs of codes in persons, and which comes first",
    (
        *(Column(name, "string", "1", text) for name, text in TEXTS.items()),
        *(Column(name, "int64", "1", text, True) for name, text in COUNTS.items()),
        Column("first", "string", "1", "the code that comes first in more persons; missing: it cannot be told", True),
        *(Column(name, "float64", "1", text, True) for name, text in NUMBERS.items()),
    ),
)


def count_cells(most_codes: int, n_codes: int) -> tuple[int, int]:
    """Cells that one person counts in at most: of the table of codes, and of that of pairs; 0 is no bound.

    Examples
    --------
    >>> count_cells(3, 10), count_cells(0, 10)
    ((4, 99), (0, 0))
    """
    if not most_codes:
        return 0, 0
    own = min(most_codes, n_codes)
    together = own * (own - 1) // 2
    apart = own * (n_codes - own)
    # both and what came first; persons_a and persons_b; one without the other, in the row of each; all, in every row
    return own + 1, 2 * together + (2 * together + apart) + apart + n_codes * (n_codes - 1) // 2


def describe_codes(most_cells: int) -> CountedTable:
    """How the table of codes tells of persons.

    Days, ages and kinds of events are no part of what is measured: releases that differ in them alone are
    compared too.
    """
    return CountedTable(
        labels=("code", "name"), counts=("persons",), measure="persons with a code", most_cells=most_cells,
        compared_with=IMPORTS,
    )  # fmt: skip


def describe_pairs(most_cells: int, *, is_stratified: bool) -> CountedTable:
    """How the table of pairs tells of persons: who has both has a first, b first, or neither."""
    return CountedTable(
        labels=tuple(TEXTS),
        counts=tuple(COUNTS),
        sums={
            "both": ("a_first", "b_first", "tie"),
            "persons_a": ("both", "only_a"),
            "persons_b": ("both", "only_b"),
        },
        follows={
            "expected": ("both", "persons_a", "persons_b") if is_stratified else ("persons", "persons_a", "persons_b"),
            **dict.fromkeys(("rr", "rr_low", "rr_high", "phi"), ("both", "persons", "persons_a", "persons_b")),
            **dict.fromkeys(("first", "p_value", "q_value"), ()),  # bounded where one of the counts is withheld
        },
        derive=DERIVE,
        measure="persons with two codes",
        most_cells=most_cells,
        compared_with=IMPORTS,
    )
