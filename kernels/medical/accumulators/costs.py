# mypy: allow-untyped-defs, allow-untyped-calls
"""What events cost, and how much of it is one person's: a rule of dominance asks for the two largest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...engines import routine
from ..scan.accumulator import Combination
from ..scan.block import Block
from ..scan.code_groups import CodeGroups
from ..scan.passes import Pass
from ..scan.strata import ONE_STRATUM, Strata

__all__ = ["CostSum"]


@routine
def keep_largest(touched, n_touched, own, cost, persons, largest):
    """Add what stands in ``own`` for one person, and clear it."""
    n_cells = cost.shape[0]
    for at in range(n_touched):
        cell = touched[at]
        paid = own[cell]
        own[cell] = 0
        cost[cell] += paid
        persons[cell] += 1
        if paid > largest[cell]:
            largest[n_cells + cell] = largest[cell]
            largest[cell] = paid
        elif paid > largest[n_cells + cell]:
            largest[n_cells + cell] = paid


@routine
def add_costs(begin, end, offset, code, kind, wanted, cost_fen, group_start, group, stratum, n_strata, own, touched,
              cost, persons, largest):  # fmt: skip
    """Add each person's cost of each cell. ``own`` is 0 before and after: a person's own sums stand in it."""
    for p in range(begin, end):
        n_touched = 0
        for e in range(offset[p], offset[p + 1]):
            if cost_fen[e] <= 0 or stratum[e] < 0 or not wanted[kind[e]]:
                continue
            for at in range(group_start[code[e]], group_start[code[e] + 1]):
                cell = group[at] * n_strata + stratum[e]
                if own[cell] == 0:
                    touched[n_touched] = cell
                    n_touched += 1
                own[cell] += cost_fen[e]
        keep_largest(touched, n_touched, own, cost, persons, largest)


@routine
def add_single(begin, end, offset, code, kind, wanted, cost_fen, group_of, stratum, n_strata, own, touched, cost,
               persons, largest):  # fmt: skip
    """The same if no code has two groups, with no branch on what an event is. ``own`` has one group more: nobody's."""
    n_groups = cost.shape[0] // n_strata
    for p in range(begin, end):
        n_touched = 0
        for e in range(offset[p], offset[p + 1]):
            group = group_of[code[e]]
            counts = (cost_fen[e] > 0) & (stratum[e] >= 0) & wanted[kind[e]] & (group < n_groups)
            cell = group * n_strata + max(stratum[e], 0)
            before = own[cell]
            touched[n_touched] = cell
            n_touched += counts & (before == 0)
            own[cell] = before + counts * cost_fen[e]
        keep_largest(touched, n_touched, own, cost, persons, largest)


ADD_COSTS, ADD_SINGLE = Pass(add_costs), Pass(add_single)


@dataclass(frozen=True)
class CostSum:
    """Costs of each code or group. Events whose cost is not known, or is 0, add nothing.

    Tables: ``cost_fen`` (code, stratum) [0.01 CNY]; ``persons`` (code, stratum) with any cost in the cell; ``largest``
    (2, code, stratum) what the two persons with most in the cell cost [0.01 CNY].
    """

    strata: Strata = ONE_STRATUM
    kinds: tuple[int, ...] = ()
    """Kinds of events that count; none: all."""
    groups: CodeGroups | None = field(default=None, repr=False)
    """Groups to add up in place of codes."""

    def combine(self) -> Mapping[str, Combination]:
        return {"cost_fen": "sum", "persons": "sum", "largest": "top2"}

    def shapes(self, n_codes: int) -> Mapping[str, tuple[int, ...]]:
        table = (self.groups.n_groups if self.groups else n_codes, self.strata.n_strata)
        return {"cost_fen": table, "persons": table, "largest": (2, *table)}

    def count(self, block: Block, tables: Mapping[str, Any]) -> None:
        events, groups, n_cells = block.events, self.groups, len(tables["cost_fen"])
        room = n_cells + self.strata.n_strata
        own = block.workspace.keep(("own costs", room), lambda: np.zeros(room, np.int64))
        most = max(groups.most if groups else 1, 1)
        touched = block.workspace.borrow("touched cells", min(n_cells, len(events.code) * most) + 1, "i8")
        is_single = most == 1
        of_code = (block.group_of_codes(groups),) if is_single else block.group_codes(groups)
        (ADD_SINGLE if is_single else ADD_COSTS)(
            block.engine, block.lanes, events.offset, events.code, events.kind, block.wanted(self.kinds),
            events.cost_fen, *of_code, block.strata_of_events(self.strata), self.strata.n_strata,
            own, touched, tables["cost_fen"], tables["persons"], tables["largest"],
        )  # fmt: skip
