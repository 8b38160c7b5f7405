# mypy: allow-untyped-defs, allow-untyped-calls
"""How many events of each code there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...engines import cuda, routine
from ..events import UNDATED
from ..scan.accumulator import Combination
from ..scan.block import Block
from ..scan.passes import Pass, add_to
from ..scan.strata import ONE_STRATUM, Strata

__all__ = ["EventCount"]


@routine
def count_events(begin, end, offset, code, kind, wanted, day, stratum, n_strata, events, undated):
    """Count events by code and stratum."""
    for p in range(begin, end):
        for e in range(offset[p], offset[p + 1]):
            if wanted[kind[e]]:
                if stratum[e] >= 0:
                    add_to(events, code[e] * n_strata + stratum[e], 1)
                elif day[e] == UNDATED:
                    add_to(undated, code[e], 1)


def _gpu(lanes, offset, code, kind, wanted, day, stratum, n_strata, events, undated):
    p = cuda.grid(2)[0]
    if p < lanes.shape[1]:
        count_events(p, p + 1, offset, code, kind, wanted, day, stratum, n_strata, events, undated)


COUNT_EVENTS = Pass(count_events, _gpu)


@dataclass(frozen=True)
class EventCount:
    """Events of each code, all of a person's.

    Tables: ``events`` (code, stratum); ``undated`` (code,) events left out of it because they have no day and periods
    ask for one.
    """

    strata: Strata = ONE_STRATUM
    kinds: tuple[int, ...] = ()
    """Kinds of events that count; none: all."""

    def combine(self) -> Mapping[str, Combination]:
        return {"events": "sum", "undated": "sum"}

    def shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        return {"events": (n_codes, self.strata.n_strata), "undated": (n_codes,)}

    def count(self, block: Block, tables: Mapping[str, Any]) -> None:
        events = block.events
        COUNT_EVENTS(
            block.engine, block.lanes, events.offset, events.code, events.kind, block.wanted(self.kinds), events.day,
            block.strata_of_events(self.strata), self.strata.n_strata, tables["events"], tables["undated"],
        )  # fmt: skip
