"""What workers run for comorbidity: counts of blocks of persons, their sums, and the exact columns of both tables.

What comes back from a last function is exact, and leaves the run only through its release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....hpc.release.policy import Policy
from ....hpc.store.sealed import unseal
from ....kernels.medical.events import PersonEvents
from ..blocks import load_events
from ..counting.code_lists import place_codes
from ..counting.cohorts import CodedEvents, Cohort, sum_cohort
from ..counting.partials import FACTS, add_partials, pack_facts, read_facts
from ..counting.refusals import refuse_small_cohort
from ..counting.vocabulary import name_codes
from .order import find_order
from .strata import count_strata_of, find_strata

__all__ = [
    "EVERYBODY", "CohortEvents", "add_partials", "count_codes", "count_together", "derive_risks", "list_codes",
    "list_pairs",
]  # fmt: skip

Arrays = dict[str, NDArray[Any]]
EVERYBODY = "*"  # in the table of codes the row of all persons of the cohort
DIGITS = 4  # of an expected count over strata: more would let counts of small strata be computed back


@dataclass(frozen=True)
class CohortEvents:
    """Events of the persons of a block who belong to the cohort, by the codes that are asked for.

    Attributes
    ----------
    events
        Persons of the cohort; their events of these codes.
    n_codes
        How many codes there are.
    most_codes
        Codes that a person counts in at most; 0 for all.
    strata, n_areas, age_day
        Within which persons are compared, areas in all, and the day on which ages count.
    facts
        What the last function must know.
    """

    events: PersonEvents
    n_codes: int
    most_codes: int
    strata: tuple[str, ...]
    n_areas: int
    age_day: int
    facts: dict[str, Any]

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, Any],
        *,
        load: dict[str, Any],
        cohort: dict[str, Any],
        codes: list[int] | None,
        n_vocabulary: int,
        most_codes: int,
        strata: list[str],
        n_areas: int,
        facts: dict[str, Any],
    ) -> CohortEvents:
        """Load a block and keep what counts."""
        asked = Cohort.from_json(cohort)
        events = load_events(unseal(arrays), **load)
        coded = CodedEvents.choose(events, asked.choose_present(events), asked, place_codes(codes, n_vocabulary))
        n_codes = n_vocabulary if codes is None else len(codes)
        return cls(coded.events, n_codes, most_codes, tuple(strata), n_areas, asked.age_day, name_codes(facts, arrays))

    def find_firsts(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint32]]:
        """The first event of each code of each person: offsets, days and codes."""
        from ....kernels.medical import find_first_occurrences

        events = self.events
        return find_first_occurrences(
            events.offset, events.day, events.code, self.n_codes, most=self.most_codes or None
        )


def count_codes(block: CohortEvents) -> Arrays:
    """Persons of a block, and persons with each code."""
    _, _, code = block.find_firsts()
    return {
        "everybody": np.array([block.events.n_persons], np.int64),
        "persons": np.bincount(code, minlength=block.n_codes).astype(np.int64),
        "cohort": sum_cohort(block.events),
        FACTS: pack_facts(block.facts),
    }


def list_codes(partial: Mapping[str, NDArray[Any]]) -> Arrays:
    """Exact columns of the table of codes: everybody first; a code that was not asked for by name has enough persons.

    A code that all persons have but fewer than ``min_cell`` is left out: everybody less those with it would tell how
    many lack it. The facts are ``code`` and ``name``; ``least``, the fewest persons that are enough; and ``min_cell``,
    of the policy.

    Raises
    ------
    Refusal
        If the cohort has fewer persons than ``min_cell``.
    """
    facts, persons = read_facts(partial), partial["persons"]
    refuse_small_cohort(int(partial["everybody"][0]), facts["min_cell"])
    lacking = int(partial["everybody"][0]) - persons
    kept = np.flatnonzero((persons >= facts["least"]) & (lacking >= facts["min_cell"]))
    code, name = (np.array(facts[key], str)[kept] for key in ("code", "name"))
    return {
        "code": np.concatenate(([EVERYBODY], code)),
        "name": np.concatenate((["every person of the cohort"], name)),
        "persons": np.concatenate((partial["everybody"], persons[kept])),
    }


def count_together(block: CohortEvents) -> Arrays:
    """Persons of a block by pairs of codes: a before b, both on one day, one of them without a day; and by strata."""
    from ....kernels.medical import count_pairs, count_strata

    offset, day, code = block.find_firsts()
    counts = count_pairs(offset, day, code, block.n_codes)
    n_strata = count_strata_of(block.strata, block.n_areas)
    stratum = find_strata(block.events, block.strata, block.n_areas, block.age_day)
    of_stratum, having = count_strata(offset, code, stratum, n_strata, block.n_codes)
    return {
        "first": counts.first,
        "tie": counts.tie,
        "undated": counts.undated,
        "persons": counts.persons,
        "of_stratum": of_stratum,
        "having": having,
        "cohort": sum_cohort(block.events),
        FACTS: pack_facts(block.facts),
    }


def list_pairs(partial: Mapping[str, NDArray[Any]]) -> Arrays:
    """Exact columns of the table of pairs that enough persons have both of, in the order of the codes.

    Who has one of the two without a day counts among the ties: a column of its own would hold so few persons that it is
    withheld, and the ties with it. A pair is left out too if too few persons have neither code: the other counts would
    tell how many. The facts are ``code`` and ``name``, ``least``, and ``is_stratified``: whether
    expected counts are of strata.
    """
    from ....kernels.medical import expect_pairs

    facts, first, persons = read_facts(partial), partial["first"], partial["persons"]
    code, name = np.array(facts["code"], str), np.array(facts["name"], str)
    together = first + first.T + partial["tie"] + partial["undated"]
    everybody = partial["of_stratum"].sum()
    neither = everybody - persons[:, None] - persons[None, :] + together
    a, b = np.nonzero(np.triu((together >= facts["least"]) & (neither >= facts["least"]), k=1))
    both, n_a, n_b = together[a, b], persons[a], persons[b]
    n = np.full(len(a), everybody, np.int64)
    columns = {
        "code_a": code[a], "code_b": code[b], "name_a": name[a], "name_b": name[b],
        "persons": n, "persons_a": n_a, "persons_b": n_b,
        "both": both, "only_a": n_a - both, "only_b": n_b - both,
        "a_first": first[a, b], "b_first": first[b, a], "tie": both - first[a, b] - first[b, a],
    }  # fmt: skip
    if facts["is_stratified"]:
        columns["expected"] = _round(expect_pairs(partial["of_stratum"], partial["having"])[a, b])
    return columns


def _round(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values to a few digits."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in values.tolist()], np.float64)


def derive_risks(released: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Expected counts, if they are not of strata, relative risks, and what comes first, from counts that are shown.

    Where one direction is withheld, the p-value is the greatest of those that are possible. Noise is drawn
    on all persons by itself: if they are fewer than those with a or b, as many as these are taken.
    """
    from ....kernels.medical import compare_pairs

    n, n_a, n_b, both = (np.ma.asarray(released[key]) for key in ("persons", "persons_a", "persons_b", "both"))
    if policy.epsilon:
        n = np.ma.maximum(n, np.ma.maximum(n_a + n_b - both, 1))
    order = find_order(both, np.ma.asarray(released["a_first"]), np.ma.asarray(released["b_first"]), policy)
    given = released.get("expected")
    expected = np.ma.asarray(n_a * (n_b / n) if given is None else given)
    compared = compare_pairs(both, order.a_first, order.b_first, n_a, n_b, n, None if given is None else expected)
    first = np.where(np.ma.filled(order.is_b, False), released["code_b"], released["code_a"]).astype(str)
    columns = {"first": np.ma.array(first, mask=np.ma.getmaskarray(order.is_b))}
    columns |= {name: getattr(compared, name) for name in compared._fields}
    return columns if given is not None else {"expected": expected, **columns}
