"""Care gaps: persons with one code who lack another one within some days after it. Only counts are made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....hpc.store.sealed import unseal
from ....kernels.medical.events import NO_DAY, UNDATED, PersonEvents
from ..blocks import load_events
from ..counting.cohorts import CodedEvents, Cohort, sum_cohort
from ..counting.partials import FACTS, add_partials, pack_facts, read_facts

__all__ = ["CareGap", "FollowedEvents", "add_partials", "count_gaps", "find_gap", "list_gaps", "read_gaps"]

_GAP = re.compile(r"\s*([^>:]+?)\s*>\s*([^>:]+?)\s*:\s*(\d{1,5})\s*")
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class CareGap:
    """One of the ``codes`` ought to be followed by one of the codes ``lacks`` within so many days."""

    codes: tuple[str, ...]
    lacks: tuple[str, ...]
    within_days: int


def read_gaps(value: str) -> list[CareGap]:
    """Care gaps as a setting writes them, with commas between them.

    Examples
    --------
    >>> read_gaps("E10+E11>HBA1C:365")
    [CareGap(codes=('E10', 'E11'), lacks=('HBA1C',), within_days=365)]
    """
    gaps = []
    for text in value.split(","):
        found = _GAP.fullmatch(text)
        if found is None:
            raise ValueError(f"each care gap must be CODE>CODE:DAYS, such as E11>HBA1C:365, got {text.strip()!r}")
        codes, lacks = (tuple(code.strip() for code in found[at].split("+") if code.strip()) for at in (1, 2))
        if not codes or not lacks:
            raise ValueError(f"each care gap must be CODE>CODE:DAYS, such as E11>HBA1C:365, got {text.strip()!r}")
        gaps.append(CareGap(codes, lacks, int(found[3])))
    return gaps


@dataclass(frozen=True)
class FollowedEvents:
    """Events of the persons of a block, clipped to the cohort's days, and which gaps are counted.

    ``gaps`` holds places of codes in the store's vocabulary: ``{"codes": [4], "lacks": [9], "within_days": 365}``.
    """

    events: PersonEvents
    first_day: int | None
    gaps: tuple[dict[str, Any], ...]
    facts: dict[str, Any]

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, Any],
        *,
        load: dict[str, Any],
        cohort: dict[str, Any],
        gaps: list[dict[str, Any]],
        facts: dict[str, Any],
    ) -> FollowedEvents:
        """Load a block and keep the persons that sex and area choose."""
        asked = Cohort.from_json(cohort)
        events = load_events(unseal(arrays), **load)
        chosen = CodedEvents.choose(events, asked.choose_persons(events), asked, within_days=False).events
        return cls(asked.clip_observation(chosen), asked.first_day, tuple(gaps), facts)


def find_gap(events: PersonEvents, codes: Sequence[int], lacks: Sequence[int], within_days: int) -> tuple[Mask, Mask]:
    """Who has one of the codes and was followed up long enough, and who of them lacks what should follow.

    The first day with one of ``codes`` counts, if the person was observed on it and on all of the ``within_days`` days
    after it, and did not die before their end. What follows may be on the same day.

    Returns
    -------
    followed, without : (person,) arrays of bool
    """
    n = events.n_persons
    person = np.repeat(np.arange(n), np.diff(events.offset))
    index = np.full(n, UNDATED, np.int64)
    is_index = np.isin(events.code, codes)
    np.minimum.at(index, person[is_index], events.day[is_index])
    end = np.where(index == UNDATED, index, index + within_days)
    followed = (index != UNDATED) & (events.observed_from != NO_DAY) & (events.observed_from <= index)
    followed &= events.observed_to >= end
    followed &= (events.death_day == NO_DAY) | (events.death_day >= end)
    is_answer = np.isin(events.code, lacks) & (events.day != UNDATED)
    is_answer &= (events.day >= index[person]) & (events.day <= end[person])
    has = np.zeros(n, bool)
    has[person[is_answer]] = True
    return followed, followed & ~has


def count_gaps(block: FollowedEvents) -> dict[str, NDArray[Any]]:
    """Persons of a block who have the codes of each gap, and who of them lack what should follow."""
    counted = np.zeros((len(block.gaps), 2), np.int64)
    anybody = np.zeros(block.events.n_persons, bool)
    for at, gap in enumerate(block.gaps):
        followed, without = find_gap(block.events, gap["codes"], gap["lacks"], gap["within_days"])
        counted[at] = followed.sum(), without.sum()
        anybody |= followed
    return {"counted": counted, "cohort": sum_cohort(block.events, anybody), FACTS: pack_facts(block.facts)}


def list_gaps(partial: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Exact columns of the table of care gaps; the facts are ``code``, ``lacks`` and ``within_days``."""
    facts, (persons, without) = read_facts(partial), partial["counted"].T
    texts = {name: np.array(facts[name], str) for name in ("code", "lacks", "within_days")}
    return {**texts, "persons": persons, "persons_with": persons - without, "persons_without": without}
