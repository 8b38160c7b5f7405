# mypy: allow-untyped-defs, allow-untyped-calls
"""On how many days of a window persons are covered by what was dispensed to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...engines import routine
from ..events import NO_DAY, UNDATED
from ..scan.accumulator import Combination
from ..scan.block import Block
from ..scan.code_groups import mark_codes
from ..scan.passes import Pass
from ..scan.persons import find_band
from ..scan.segments import find_last_day
from ..scan.strata import Strata

__all__ = ["DaysCovered"]

N_SHARES = 101  # 0 to 100 %


@routine
def cover_days(begin, end, offset, day, code, n_days, chosen, from_day, to_day, from_first, observed_from, observed_to,
               death_day, fixed, edge_day, n_bands, band_step, period, first_edge, n_period_days, n_strata, persons,
               covered_days, window_days, unobserved):  # fmt: skip
    """Add each person's covered days: the union of exposures within the person's window."""
    for p in range(begin, end):
        if observed_from[p] == NO_DAY or observed_to[p] == NO_DAY:
            unobserved[0] += 1
            continue
        first = max(from_day, observed_from[p])
        after = min(to_day, find_last_day(p, observed_to, death_day)) + 1
        reach = first
        covered = 0
        is_user = False
        for e in range(offset[p], offset[p + 1]):
            if day[e] == UNDATED or day[e] >= after:
                break
            if not chosen[code[e]]:
                continue
            if from_first and not is_user:
                if day[e] < first:
                    continue
                first = day[e]
                reach = first
            is_user = True
            until = min(day[e] + n_days[e], after)
            since = max(day[e], reach)
            if until > since:
                covered += until - since
                reach = until
        if first >= after or (from_first and not is_user):
            continue
        span = 0
        if n_period_days > 0:
            if first < first_edge or first >= first_edge + n_period_days:
                continue
            span = period[first - first_edge]
        place = fixed[p] + find_band(first, p, edge_day, n_bands) * band_step + span
        persons[(100 * covered) // (after - first) * n_strata + place] += 1
        covered_days[place] += covered
        window_days[place] += after - first


COVER_DAYS = Pass(cover_days)


@dataclass(frozen=True)
class DaysCovered:
    """The share of days covered by exposures to any of some codes, each from its day for ``n_days`` days.

    A day that two exposures cover counts once; nothing is carried over. A person's window is the part of ``from_day``
    to ``to_day``, both included, in which the person was observed and alive. An exposure whose length is not known
    covers no day. The stratum is that of the window's first day.

    Tables: ``persons`` (101, stratum) by whole percent of the window, rounded down; ``covered_days`` and
    ``window_days`` (stratum,); ``unobserved`` (1,) persons whose observation is not known.

    Raises
    ------
    ValueError
        If the window ends before it begins.
    """

    codes: tuple[int, ...]
    from_day: int
    to_day: int
    from_first: bool = False
    """Whether a person's window begins with the first exposure that begins in it; persons without one do not count."""
    strata: Strata = Strata()

    def __post_init__(self) -> None:
        if self.to_day < self.from_day:
            raise ValueError(f"to_day must not be before from_day, got {self.to_day} and {self.from_day}")

    def combine(self) -> Mapping[str, Combination]:
        return dict.fromkeys(("persons", "covered_days", "window_days", "unobserved"), "sum")

    def shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        mark_codes("codes", self.codes, n_codes)
        n = self.strata.n_strata
        return {"persons": (N_SHARES, n), "covered_days": (n,), "window_days": (n,), "unobserved": (1,)}

    def count(self, block: Block, tables: Mapping[str, Any]) -> None:
        events, strata = block.events, self.strata
        chosen = block.workspace.keep(
            ("codes", self.codes), lambda: mark_codes("codes", self.codes, block.n_codes)
        )  # fmt: skip
        COVER_DAYS(
            block.engine, block.lanes, events.offset, events.day, events.code, events.n_days, chosen, self.from_day,
            self.to_day, self.from_first, events.observed_from, events.observed_to, events.death_day,
            *block.places(strata), *block.period_of_day(strata), strata.n_strata, tables["persons"],
            tables["covered_days"], tables["window_days"], tables["unobserved"],
        )  # fmt: skip
