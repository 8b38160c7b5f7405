"""Some persons and their events, and what accumulators share about them: it is made once, when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ...engines import Engine
from ..events import PersonEvents
from .code_groups import CodeGroups, mark_codes
from .event_strata import PLACE_EVENTS
from .firsts import LIST_CHOSEN, LIST_CODES, LIST_GROUPS, LIST_ON_DEVICE, LIST_SINGLE
from .persons import PLACE_PERSONS
from .segments import SPLIT_DAYS
from .strata import ONE_STRATUM, Strata
from .workspace import Workspace

__all__ = ["Block", "Firsts", "Places", "Segments"]

N_KINDS = 256


class Places(NamedTuple):
    """How a person's day becomes a stratum: arguments of the loops."""

    fixed: Any
    """(person,) first stratum of the person's sex and area."""
    edge_day: Any
    """(person, band) day on which each band of age begins."""
    n_bands: int
    band_step: int
    """From one band to the next in the flat index of strata."""


class Firsts(NamedTuple):
    """The first events of each person, from ``start`` to ``stop`` of the person; ``row``: code or group."""

    start: Any
    stop: Any
    event: Any
    row: Any


class Segments(NamedTuple):
    """Observed days of each person, one stratum each: from ``start`` to ``stop`` of the person."""

    start: Any
    stop: Any
    day: Any
    days: Any
    stratum: Any
    run_stop: Any
    """Where a run of whole periods ends that follow each other in one band; the segment itself if it is not whole."""


@dataclass
class Block:
    """Persons ``first_person`` and those after it, with offsets that begin at 0."""

    events: PersonEvents
    n_codes: int
    engine: Engine
    workspace: Workspace
    first_person: int = 0
    made: dict[Any, Any] = field(default_factory=dict)

    @property
    def n_persons(self) -> int:
        return self.events.n_persons

    @property
    def lanes(self) -> Any:
        """(1, person) what a pass is launched over; its contents mean nothing."""
        return self.workspace.borrow("lanes", self.n_persons, "u1")[: self.n_persons].reshape((1, self.n_persons))

    def places(self, strata: Strata) -> Places:
        places: Places = self._once(("places", strata), lambda: self._place_persons(strata))
        return places

    def strata_of_events(self, strata: Strata) -> Any:
        """(event,) flat index of the stratum, -1 outside all periods."""
        return self._once(("events", strata), lambda: self._place_events(strata))

    def segments(self, strata: Strata, washout_days: int = 0) -> Segments:
        key = ("segments", strata, washout_days)
        segments: Segments = self._once(key, lambda: self._split_days(strata, washout_days))
        return segments

    def firsts(
        self, groups: CodeGroups | None = None, kinds: tuple[int, ...] = (), per_period_of: Strata | None = None
    ) -> Firsts:
        """First events of each code or group, of these kinds (none: all), in each period if strata are given."""
        key = ("firsts", id(groups), kinds, per_period_of)
        firsts: Firsts = self._once(key, lambda: self._list_firsts(key, groups, kinds, per_period_of))
        return firsts

    def wanted(self, kinds: tuple[int, ...]) -> Any:
        """(kind,) whether it counts."""
        return self.workspace.keep(("kinds", kinds), lambda: _mark_kinds(kinds))

    def chosen(self, codes: tuple[int, ...]) -> Any:
        """(code,) whether it is one of these."""
        return self.workspace.keep(("codes", codes), lambda: mark_codes("codes", codes, self.n_codes))

    def period_of_day(self, strata: Strata) -> tuple[Any, int, int]:
        """Period of each day from the first edge, that edge, and the number of days; 0 if there are no periods."""
        period = self.workspace.keep(("periods", strata), lambda: strata.period_of_day)
        first = strata.period_edges[0] if strata.period_edges else 0
        return period, first, len(strata.period_of_day)

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def _place_persons(self, strata: Strata) -> Places:
        n_ages, n_sexes, n_areas, n_periods = strata.shape
        n_bands = len(strata.birthdays)
        key = (strata.age_edges, strata.by_sex, strata.n_areas, n_periods)
        fixed = self.workspace.borrow(("fixed", key), self.n_persons, "i4")
        edge_day = self.workspace.borrow(("edges", key), self.n_persons * max(n_bands, 1), "i4")
        edge_day = edge_day[: self.n_persons * max(n_bands, 1)].reshape((self.n_persons, max(n_bands, 1)))
        ages = self.workspace.keep(("ages", strata.birthdays), lambda: np.array(strata.birthdays or (0,), np.int64))
        events = self.events
        PLACE_PERSONS(
            self.engine, self.lanes, events.birth_day, events.sex, events.area, ages, n_bands, n_sexes, n_areas,
            n_periods, fixed, edge_day,
        )  # fmt: skip
        return Places(fixed, edge_day, n_bands, n_sexes * n_areas * n_periods if n_ages > 1 else 0)

    def _place_events(self, strata: Strata) -> Any:
        events = self.events
        stratum = self.workspace.borrow(("stratum", strata), len(events.day), "i4")
        if strata.n_strata == 1 and not strata.needs_days:
            return stratum  # as it was borrowed: zeros
        PLACE_EVENTS(
            self.engine, self.lanes, events.offset, events.day, *self.places(strata), *self.period_of_day(strata),
            stratum,
        )  # fmt: skip
        return stratum

    def _split_days(self, strata: Strata, washout_days: int) -> Segments:
        events, key = self.events, ("segments", strata, washout_days)
        most = strata.shape[0] + strata.shape[3]
        edges = self.workspace.keep(("edges", strata.period_edges), lambda: np.array(strata.period_edges or (0,), "i8"))
        names = Segments._fields
        sizes = (self.n_persons, self.n_persons, *[self.n_persons * most] * 4)
        dtypes = ("i8", "i8", "i4", "i4", "i4", "i4")
        arrays = [
            self.workspace.borrow((key, name), size, dtype)
            for name, size, dtype in zip(names, sizes, dtypes, strict=True)
        ]
        SPLIT_DAYS(
            self.engine, self.lanes, events.observed_from, events.observed_to, events.death_day, washout_days,
            *self.places(strata), *self.period_of_day(strata), edges, most if self.engine == "cuda" else 0, *arrays,
        )  # fmt: skip
        return Segments(*arrays)

    def _list_firsts(
        self, key: Any, groups: CodeGroups | None, kinds: tuple[int, ...], strata: Strata | None
    ) -> Firsts:
        events, workspace = self.events, self.workspace
        room = len(events.code) * max(groups.most if groups else 1, 1) + 1
        sizes = {"start": self.n_persons, "stop": self.n_persons, "event": room, "row": room}
        found = [workspace.borrow((key, name), size, "i8" if size < room else "i4") for name, size in sizes.items()]
        n_periods = strata.shape[3] if strata else 0
        n_rows = groups.n_groups if groups else self.n_codes
        if self.engine != "cuda" and not (groups or kinds or strata):
            stamp = workspace.keep((key, "stamp"), lambda: np.full(n_rows, -1, np.int64))
            LIST_CODES(self.engine, self.lanes, events.offset, events.code, self.first_person, stamp, *found)
            return Firsts(*found)
        if self.engine != "cuda" and not strata and (groups is None or groups.most <= 1):
            stamp = workspace.keep((key, "stamp"), lambda: np.full(n_rows + 1, -1, np.int64))
            if groups:  # the first event of a group is the first of one of its codes
                of_codes, group_of = self.firsts(None, kinds), self.group_of_codes(groups)
                LIST_GROUPS(self.engine, self.lanes, *of_codes, group_of, self.first_person, stamp, *found)
                return Firsts(*found)
            given = (events.offset, events.code, events.kind, self.wanted(kinds), self.group_of_codes(groups))
            LIST_SINGLE(self.engine, self.lanes, *given, self.first_person, stamp, *found)
            return Firsts(*found)
        start, group = self.group_codes(groups)
        spans = (*self.period_of_day(strata or ONE_STRATUM), n_periods)
        dated = (events.offset, events.code, events.kind, events.day, self.wanted(kinds), start, group)
        if self.engine == "cuda":
            most = max(groups.most if groups else 1, 1)
            LIST_ON_DEVICE(self.engine, self.lanes, *dated, most, *spans, *found)
        else:
            stamp = workspace.keep((key, "stamp"), lambda: np.full(n_rows, -1, np.int64))
            LIST_CHOSEN(self.engine, self.lanes, *dated, *spans, self.first_person, stamp, *found)
        return Firsts(*found)

    def group_of_codes(self, groups: CodeGroups | None) -> Any:
        """(code,) its group, the number of groups for none, if no code has two; without groups the code itself."""
        return self.workspace.keep(("group of", id(groups)), lambda: self._single_groups(groups))

    def _single_groups(self, groups: CodeGroups | None) -> Any:
        if groups is None:
            return np.arange(self.n_codes, dtype=np.uint32)
        single = groups.single()
        return np.where(single < 0, groups.n_groups, single).astype(np.uint32)

    def group_codes(self, groups: CodeGroups | None) -> tuple[Any, Any]:
        """Where the groups of each code begin, and the groups; without groups each code is its own."""
        n = self.n_codes
        start = self.workspace.keep(
            ("starts", id(groups)), lambda: groups.start if groups else np.arange(n + 1, dtype=np.int64)
        )
        group = self.workspace.keep(
            ("groups", id(groups)), lambda: groups.group if groups else np.arange(n, dtype=np.int32)
        )
        return start, group


def _mark_kinds(kinds: tuple[int, ...]) -> Any:
    for kind in kinds:
        if not 0 <= kind < N_KINDS:
            raise ValueError(f"kinds must be from 0 to {N_KINDS - 1}, got {kind}")
    marks = np.full(N_KINDS, not kinds)
    marks[list(kinds)] = True
    return marks
