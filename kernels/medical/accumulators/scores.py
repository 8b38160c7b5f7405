# mypy: allow-untyped-defs, allow-untyped-calls
"""Comorbidity scores: weights of the groups of diagnoses that a person has had, added up.

References
----------
.. [1] Charlson et al. (1987), doi:10.1016/0021-9681(87)90171-8
.. [2] Quan et al. (2005), doi:10.1097/01.mlr.0000182534.19832.83
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...engines import routine
from ..events import NO_DAY
from ..scan.accumulator import Combination
from ..scan.block import Block
from ..scan.code_groups import CodeGroups
from ..scan.passes import Pass
from ..scan.persons import find_band
from ..scan.segments import find_last_day
from ..scan.strata import Strata

__all__ = ["ComorbidityScore"]


@routine
def score_persons(begin, end, offset, day, code, kind, wanted, bits, weight, severe, mild, earliest, index_day,
                  observed_from, observed_to, death_day, fixed, edge_day, n_bands, band_step, period, n_strata, persons,
                  unobserved):  # fmt: skip
    """Count persons by score and stratum on the index day."""
    for p in range(begin, end):
        if (observed_from[p] == NO_DAY or observed_to[p] == NO_DAY or index_day < observed_from[p]
                or index_day > find_last_day(p, observed_to, death_day)):  # fmt: skip
            unobserved[0] += 1
            continue
        has = 0
        for e in range(offset[p], offset[p + 1]):
            if day[e] > index_day:
                break
            if day[e] >= earliest and wanted[kind[e]]:
                has |= bits[code[e]]
        counts = has
        for at in range(severe.shape[0]):
            if (has >> severe[at]) & 1:
                counts &= ~(1 << mild[at])
        score = 0
        for group in range(weight.shape[0]):
            if (counts >> group) & 1:
                score += weight[group]
        place = fixed[p] + find_band(index_day, p, edge_day, n_bands) * band_step + period
        persons[score * n_strata + place] += 1


SCORE_PERSONS = Pass(score_persons)


@dataclass(frozen=True)
class ComorbidityScore:
    """How many persons have each score on a day, from their events up to and including it.

    Tables: ``persons`` (score, stratum) observed on the index day, at their age on it; ``unobserved`` (1,) persons who
    were not, or whose observation is not known. Code lists and weights are yours to give: none is built in.

    Raises
    ------
    ValueError
        If weights are not one whole number >= 0 for each group, there are more than 63 groups, a pair names a group
        that is not there, or the index day lies in no period of the strata.
    """

    groups: CodeGroups = field(repr=False)
    weights: tuple[int, ...]
    """Of each group."""
    index_day: int
    """Day since 1970-01-01 on which the score is taken."""
    hierarchy: tuple[tuple[int, int], ...] = ()
    """Pairs (severe, mild): who has the severe group does not count for the mild one."""
    look_back_days: int | None = None
    """How many days before the index day count [d]; None: all."""
    strata: Strata = Strata()
    kinds: tuple[int, ...] = ()
    """Kinds of events that count; none: all."""

    def __post_init__(self) -> None:
        n_groups = self.groups.n_groups
        if len(self.weights) != n_groups or any(weight < 0 or weight != int(weight) for weight in self.weights):
            raise ValueError(f"weights must be whole numbers >= 0, one for each of {n_groups} groups: {self.weights}")
        for pair in self.hierarchy:
            if len(pair) != 2 or not all(0 <= group < n_groups for group in pair):
                raise ValueError(f"hierarchy must hold pairs of the {n_groups} groups (severe, mild), got {pair}")
        if self.look_back_days is not None and self.look_back_days < 0:
            raise ValueError(f"look_back_days must be >= 0, got {self.look_back_days}")
        if self.strata.find_period(self.index_day) < 0:
            raise ValueError(f"index_day must lie in a period of the strata, got {self.index_day}")
        self.groups.bits()

    def combine(self) -> Mapping[str, Combination]:
        return {"persons": "sum", "unobserved": "sum"}

    def shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        return {"persons": (sum(self.weights) + 1, self.strata.n_strata), "unobserved": (1,)}

    def count(self, block: Block, tables: Mapping[str, Any]) -> None:
        events, keep = block.events, block.workspace.keep
        bits = keep(("bits", id(self.groups)), self.groups.bits)
        weight = keep(("weights", self.weights), lambda: np.array(self.weights, np.int64))
        pairs = keep(("pairs", self.hierarchy), lambda: np.array(self.hierarchy, np.int64).reshape(-1, 2))
        earliest = -(2**62) if self.look_back_days is None else self.index_day - self.look_back_days
        SCORE_PERSONS(
            block.engine, block.lanes, events.offset, events.day, events.code, events.kind, block.wanted(self.kinds),
            bits, weight, pairs[:, 0], pairs[:, 1], earliest, self.index_day, events.observed_from, events.observed_to,
            events.death_day, *block.places(self.strata), self.strata.find_period(self.index_day),
            self.strata.n_strata, tables["persons"], tables["unobserved"],
        )  # fmt: skip
