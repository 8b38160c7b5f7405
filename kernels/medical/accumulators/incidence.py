# mypy: allow-untyped-defs, allow-untyped-calls
r"""What begins in whom, and in how many days at risk.

Days at risk of a code are those of all persons less those lost to it:

.. math:: T_{c,s} = \sum_{p} t_{p,s} - \sum_{p \in P_c} l_{p,c,s}

with :math:`P_c` the persons who have the code. So each event costs what comes after it, and persons without a code cost
nothing for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...engines import Engine, cuda, routine
from ..events import NO_DAY, UNDATED
from ..scan.accumulator import Combination, Tables
from ..scan.block import Block
from ..scan.code_groups import CodeGroups
from ..scan.passes import Pass, add_to
from ..scan.strata import ONE_STRATUM, Strata
from .lost_days import add_whole_periods, has_runs

__all__ = ["Incidence"]


@routine
def count_new(begin, end, start, stop, event, row, day, segment_start, segment_stop, segment_day, segment_days,
              segment_stratum, run_stop, observed_from, observed_to, last_start, last_edge, n_strata, events,
              person_days, lost_days, unobserved, runs):  # fmt: skip
    """Add each person's days, first events, and days after them."""
    marks = last_start != NO_DAY
    for p in range(begin, end):
        here, after = segment_start[p], segment_stop[p]
        if observed_from[p] == NO_DAY or observed_to[p] == NO_DAY:
            add_to(unobserved, 0, 1)
        if here == after:
            continue
        for at in range(here, after):
            add_to(person_days, segment_stratum[at], segment_days[at])
        first_day = segment_day[here]
        for at in range(start[p], stop[p]):
            today = day[event[at]]
            base = row[at] * n_strata
            lost = here
            is_marked = False
            if today != UNDATED and first_day <= today:
                while here < after and segment_day[here] + segment_days[here] <= today:
                    here += 1
                if here == after:
                    continue
                place = base + segment_stratum[here]
                add_to(events, place, 1)
                add_to(lost_days, place, segment_day[here] + segment_days[here] - 1 - today)
                lost = here + 1
                # an event stands for a run of whole periods from the next one on; where there is none, it is taken back
                is_marked = (marks and lost < after and run_stop[lost] > lost
                             and segment_stratum[lost] == segment_stratum[here] + 1)  # fmt: skip
                if marks and not is_marked and segment_day[here] < last_start:
                    add_to(runs, place + 1, -1)
            elif today == UNDATED:
                lost = segment_start[p]
            while lost < after:
                until = run_stop[lost]
                if marks and until > lost:
                    if not is_marked:
                        add_to(runs, base + segment_stratum[lost], 1)
                    if segment_day[until - 1] + segment_days[until - 1] < last_edge:
                        add_to(runs, base + segment_stratum[until - 1] + 1, -1)
                    lost = until
                else:
                    add_to(lost_days, base + segment_stratum[lost], segment_days[lost])
                    lost += 1
                is_marked = False


def _gpu(lanes, start, stop, event, row, day, segment_start, segment_stop, segment_day, segment_days, segment_stratum,
         run_stop, observed_from, observed_to, last_start, last_edge, n_strata, events, person_days, lost_days,
         unobserved, runs):  # fmt: skip
    p = cuda.grid(2)[0]
    if p < lanes.shape[1]:
        count_new(p, p + 1, start, stop, event, row, day, segment_start, segment_stop, segment_day, segment_days,
                  segment_stratum, run_stop, observed_from, observed_to, last_start, last_edge, n_strata, events,
                  person_days, lost_days, unobserved, runs)  # fmt: skip


COUNT_NEW = Pass(count_new, _gpu)


@dataclass(frozen=True)
class Incidence:
    """First occurrences of each code or group in persons at risk, and the days at risk.

    A person is observed from ``observed_from + washout_days`` to the earlier of ``observed_to`` and death, both days
    included. Who had the code before, or only on a day that is not known, is not at risk. The day of the event itself
    is a day at risk; those after it are not.

    Tables: ``events`` (code, stratum); ``person_days`` (stratum,) of all persons; ``lost_days`` (code, stratum), so
    that ``person_days - lost_days[code]`` are the days at risk of the code; ``unobserved`` (1,) persons whose
    observation is not known: they have no days and no events.
    """

    strata: Strata = ONE_STRATUM
    washout_days: int = 0
    """Days at the beginning of observation in which what occurs is taken for older [d]."""
    kinds: tuple[int, ...] = ()
    """Kinds of events that count, also as earlier ones; none: all."""
    groups: CodeGroups | None = field(default=None, repr=False)
    """Groups to count in place of codes."""

    def __post_init__(self) -> None:
        if self.washout_days < 0:
            raise ValueError(f"washout_days must be >= 0, got {self.washout_days}")

    def combine(self) -> Mapping[str, Combination]:
        return dict.fromkeys(("events", "person_days", "lost_days", "unobserved"), "sum")

    def shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        n_strata = self.strata.n_strata
        table = (self.groups.n_groups if self.groups else n_codes, n_strata)
        return {"events": table, "person_days": (n_strata,), "lost_days": table, "unobserved": (1,)}

    def working_shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        """Persons who lose whole periods: +1 where a run of them begins, -1 behind its end, less what events say."""
        return {"runs": self.shapes(n_codes)["lost_days"] if has_runs(self.strata) else (1, 1)}

    def finish(self, tables: Tables, working: Tables, engine: Engine) -> None:
        """Add the days of whole periods to ``lost_days``."""
        add_whole_periods(self.strata, tables["events"], working["runs"], tables["lost_days"], engine)

    def count(self, block: Block, tables: Mapping[str, Any]) -> None:
        events = block.events
        last = self.strata.period_edges[-2:] if has_runs(self.strata) else (NO_DAY, NO_DAY)
        COUNT_NEW(
            block.engine, block.lanes, *block.firsts(self.groups, self.kinds), events.day,
            *block.segments(self.strata, self.washout_days), events.observed_from, events.observed_to,
            *last, self.strata.n_strata, tables["events"], tables["person_days"], tables["lost_days"],
            tables["unobserved"], tables["runs"],
        )  # fmt: skip
