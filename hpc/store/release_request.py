"""What a release must keep to, and how the columns of a table tell of persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["CountedTable", "Policy", "ReleaseRequest"]


@dataclass(frozen=True)
class Policy:
    """Rules of disclosure control; the names are those that output checkers use (ACRO).

    Parameters
    ----------
    min_cell
        The least number of persons in a cell that may be shown (`safe_threshold`).
    zeros
        Whether a cell of nobody is withheld like a small one (`zeros_are_disclosive`).
    p_percent, nk_n, nk_k
        Dominance of a few persons in a sum (`safe_pratio_p`, `safe_nk_n`, `safe_nk_k`).
    on_difference
        What happens to a cell that differs from an earlier release by fewer persons than ``min_cell``: the whole
        release is refused, or the cell is withheld.
    epsilon, budget
        Exact discrete noise on counts, and how much of it may be spent on one key's persons in all; 0: no noise.
    purposes
        If any: ``purpose`` must be one of them.
    """

    min_cell: int = 10
    zeros: Literal["withhold", "show"] = "withhold"
    p_percent: float = 0.1
    nk_n: int = 2
    nk_k: float = 0.9
    on_difference: Literal["refuse", "withhold"] = "refuse"
    epsilon: float = 0.0
    budget: float = 0.0
    purposes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CountedTable:
    """How the columns of an exact table tell of persons.

    Parameters
    ----------
    labels
        Columns of text that name a row's cell; ``total`` in one of them stands for all of its values together.
    counts
        Columns of whole numbers: persons in the cell.
    sums
        Counts that are the sum of others in the same row.
    follows
        Other columns, withheld where one of these counts is; by their name. None of them: a column that ``derive``
        masks by itself.
    largest
        Of a column that is a sum over persons, the columns with its largest and second largest share of one person.
    derive
        Import path of a function that takes the released columns (masked arrays), and the policy if it has a second
        parameter, and returns further ones: whatever is computed from counts is computed from those that are shown.
    measure
        What is counted, apart from whom: releases of one measure are compared with each other.
    amounts
        Of ``follows``, sums over all persons of a cell, such as days at risk: where a count is that of an earlier
        release, they must be too, since their difference may be of few persons.
    compared_with
        Further measures that tell how many persons there are in all: the persons counted must be the same as those of
        their releases, or differ by enough.
    most_cells
        Cells of a count to which one person contributes at most; 0: not bounded, and noise is refused.
    keep_empty
        Whether a row stays, with its labels alone, when all of its counts are withheld.
    """

    labels: tuple[str, ...]
    counts: tuple[str, ...]
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    follows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    largest: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    derive: str = ""
    measure: str = ""
    total: str = "all"
    most_cells: int = 0
    keep_empty: bool = True
    amounts: tuple[str, ...] = ()
    compared_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReleaseRequest:
    """What a reduction over data of single persons asks to release.

    Parameters
    ----------
    table
        How its columns tell of persons.
    policy
        Of the store, or stricter.
    key
        Id of the key under which persons have their pseudonyms: releases of one key stand in one log.
    purpose
        Why.
    cohort
        Names the array of a partial result that tells who was counted: for each bucket of pseudonyms the number of
        persons and the sum of the second halves of their pseudonyms, modulo 2^64; (2, bucket) of uint64.
    close_cohorts
        What happens if the persons differ from those of an earlier release by fewer than ``min_cell``: the release is
        refused, or every count of it is withheld.
    """

    table: CountedTable
    policy: Policy
    key: str
    purpose: str = "exploration"
    cohort: str = "cohort"
    close_cohorts: Literal["refuse", "withhold"] = "refuse"

    def to_json(self) -> dict[str, Any]:
        """As it stands in ``plan.json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ReleaseRequest:
        """The request as a worker reads it back."""
        table, policy = (_as_tuples(data[part]) for part in ("table", "policy"))
        return cls(**{**data, "table": CountedTable(**table), "policy": Policy(**policy)})


def _as_tuples(value: Any) -> Any:
    """Lists, as JSON has them, as the tuples that they were."""
    if isinstance(value, Mapping):
        return {key: _as_tuples(one) for key, one in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value
