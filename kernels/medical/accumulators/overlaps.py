# mypy: allow-untyped-defs, allow-untyped-calls
"""Who is exposed to two things at once, and on how many days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...engines import routine
from ..events import UNDATED
from ..scan.accumulator import Combination
from ..scan.block import Block
from ..scan.code_groups import mark_codes
from ..scan.passes import Pass
from ..scan.strata import Strata

__all__ = ["Overlaps"]


@routine
def overlap_exposures(begin, end, offset, day, code, n_days, in_a, in_b, stratum, n_strata, persons, days):
    """Add the days that exposures of both sets cover.

    Exposures come by their first day. What one adds to its set reaches from where the set ended to its own end; the
    other set, as far as it has come, covers all of that up to where it ends: each of its exposures began earlier.
    """
    for p in range(begin, end):
        place = -1
        both = 0
        after_a = 0
        after_b = 0
        is_a = False
        is_b = False
        for e in range(offset[p], offset[p + 1]):
            today = day[e]
            if today == UNDATED:
                break
            until = today + n_days[e]
            if until == today:
                continue
            before = both
            if in_a[code[e]]:
                since = max(today, after_a) if is_a else today
                if is_b:
                    both += max(min(until, after_b) - since, 0)
                after_a = max(until, after_a) if is_a else until
                is_a = True
            if in_b[code[e]]:
                since = max(today, after_b) if is_b else today
                if is_a:
                    both += max(min(until, after_a) - since, 0)
                after_b = max(until, after_b) if is_b else until
                is_b = True
            if before == 0 and both > 0:
                place = stratum[e]
        if place >= 0:
            persons[place] += 1
            days[place] += both


OVERLAP_EXPOSURES = Pass(overlap_exposures)


@dataclass(frozen=True)
class Overlaps:
    """Persons exposed to a code of set a and one of set b on the same day, and the days on which they are.

    An exposure lasts from its day for ``n_days`` days; one whose length is not known covers no day. A code in both sets
    is an exposure to both. The stratum is that of the first such day, for all days of the person.

    Tables: ``persons`` and ``days`` (stratum,).
    """

    codes_a: tuple[int, ...]
    codes_b: tuple[int, ...]
    strata: Strata = Strata()

    def combine(self) -> Mapping[str, Combination]:
        return {"persons": "sum", "days": "sum"}

    def shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        mark_codes("codes_a", self.codes_a, n_codes)
        mark_codes("codes_b", self.codes_b, n_codes)
        return {"persons": (self.strata.n_strata,), "days": (self.strata.n_strata,)}

    def count(self, block: Block, tables: Mapping[str, Any]) -> None:
        events = block.events
        in_a, in_b = (
            block.workspace.keep(("codes", codes), lambda codes=codes: mark_codes("codes", codes, block.n_codes))
            for codes in (self.codes_a, self.codes_b)
        )
        OVERLAP_EXPOSURES(
            block.engine, block.lanes, events.offset, events.day, events.code, events.n_days, in_a, in_b,
            block.strata_of_events(self.strata), self.strata.n_strata, tables["persons"], tables["days"],
        )  # fmt: skip
