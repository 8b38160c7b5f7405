# mypy: allow-untyped-defs, allow-untyped-calls
"""How many persons ever had each code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...engines import cuda, routine
from ..events import NO_DAY, UNDATED
from ..scan.accumulator import Combination
from ..scan.block import Block
from ..scan.code_groups import CodeGroups
from ..scan.passes import Pass, add_to
from ..scan.strata import ONE_STRATUM, Strata

__all__ = ["Prevalence"]


@routine
def count_firsts(begin, end, start, stop, event, row, stratum, n_strata, day, persons, undated):
    """Count first events by row and stratum."""
    for p in range(begin, end):
        for at in range(start[p], stop[p]):
            place = stratum[event[at]]
            if place >= 0:
                add_to(persons, row[at] * n_strata + place, 1)
            elif day[event[at]] == UNDATED:
                add_to(undated, row[at], 1)


@routine
def count_observed(begin, end, start, stop, stratum, observed_from, observed_to, needs_days, fixed, persons,
                   unobserved):  # fmt: skip
    """Count persons in every stratum in which they were observed, or in the one of their sex and area."""
    for p in range(begin, end):
        if not needs_days:
            add_to(persons, fixed[p], 1)
            continue
        for at in range(start[p], stop[p]):
            add_to(persons, stratum[at], 1)
        if observed_from[p] == NO_DAY or observed_to[p] == NO_DAY:
            add_to(unobserved, 0, 1)


def _gpu_firsts(lanes, start, stop, event, row, stratum, n_strata, day, persons, undated):
    p = cuda.grid(2)[0]
    if p < lanes.shape[1]:
        count_firsts(p, p + 1, start, stop, event, row, stratum, n_strata, day, persons, undated)


def _gpu_observed(lanes, start, stop, stratum, observed_from, observed_to, needs_days, fixed, persons, unobserved):
    p = cuda.grid(2)[0]
    if p < lanes.shape[1]:
        count_observed(
            p, p + 1, start, stop, stratum, observed_from, observed_to, needs_days, fixed, persons, unobserved
        )  # fmt: skip


COUNT_FIRSTS, COUNT_OBSERVED = Pass(count_firsts, _gpu_firsts), Pass(count_observed, _gpu_observed)


@dataclass(frozen=True)
class Prevalence:
    """Persons with at least one event of each code or group, in the stratum of the first such event.

    Tables: ``prevalent`` (code, stratum); ``undated`` (code,) persons left out of it because their event has no day and
    periods ask for one; ``persons`` (stratum,) all persons with at least one observed day in the stratum, whether they
    have events or not; ``unobserved`` (1,) persons whose observation is not known. Strata of sex and area alone ask for
    no day: then ``persons`` counts everybody, and nobody is ``unobserved``.
    """

    strata: Strata = ONE_STRATUM
    per_period: bool = False
    """Whether a person counts once in each period; else once, at the first event of all time."""
    kinds: tuple[int, ...] = ()
    """Kinds of events that count; none: all."""
    groups: CodeGroups | None = field(default=None, repr=False)
    """Groups to count in place of codes."""

    def combine(self) -> Mapping[str, Combination]:
        return dict.fromkeys(("prevalent", "undated", "persons", "unobserved"), "sum")

    def shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        rows = self.groups.n_groups if self.groups else n_codes
        n_strata = self.strata.n_strata
        return {"prevalent": (rows, n_strata), "undated": (rows,), "persons": (n_strata,), "unobserved": (1,)}

    def count(self, block: Block, tables: Mapping[str, Any]) -> None:
        strata, events = self.strata, block.events
        firsts = block.firsts(self.groups, self.kinds, strata if self.per_period else None)
        COUNT_FIRSTS(
            block.engine, block.lanes, *firsts, block.strata_of_events(strata), strata.n_strata, events.day,
            tables["prevalent"], tables["undated"],
        )  # fmt: skip
        segments = block.segments(strata if strata.needs_days else ONE_STRATUM)
        COUNT_OBSERVED(
            block.engine, block.lanes, segments.start, segments.stop, segments.stratum, events.observed_from,
            events.observed_to, strata.needs_days, block.places(strata).fixed, tables["persons"], tables["unobserved"],
        )  # fmt: skip
