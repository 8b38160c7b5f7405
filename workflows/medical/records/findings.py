"""What a first look at all records found: how many rows have each code, area and facility, and each bucket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ....datasets.medical.records import DEATH, EVENT, KINDS, OBSERVED, PERSON, Records
from ....kernels.medical.events import BUCKETS, NO_DAY, UNDATED
from ..distinct_texts import factorize
from ..pseudonyms import find_buckets, make_pseudonyms

__all__ = ["OPTIONAL", "Findings", "find_in_records"]

ROWS = {PERSON: "persons", OBSERVED: "periods of observation", DEATH: "deaths", EVENT: "events"}
OPTIONAL = ("n_days", "value", "cost_fen", "facility")  # columns of events that a store has if its sources have them
NOTHING = "0"  # the text of a count that has none
Table = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Findings:
    """Counts by what is counted and its text; whole numbers, so that blocks may be added in any order.

    ``counts`` has the groups ``code``, ``area``, ``facility``, ``kind``, ``row``, ``bucket``, ``has`` (events with an
    optional column) and ``left out`` (by readers, in their words).
    """

    counts: Mapping[str, Counter[str]] = field(default_factory=dict)
    first_day: int = UNDATED
    last_day: int = NO_DAY

    @classmethod
    def add(cls, parts: Iterable[Findings]) -> Findings:
        counts: dict[str, Counter[str]] = {}
        first, last = UNDATED, NO_DAY
        for part in parts:
            first, last = min(first, part.first_day), max(last, part.last_day)
            for group, held in part.counts.items():
                counts.setdefault(group, Counter()).update(held)
        return cls(counts, first, last)

    def group(self, name: str) -> Counter[str]:
        return self.counts.get(name, Counter())

    @property
    def rows_of_bucket(self) -> npt.NDArray[np.int64]:
        """(bucket,) rows of any kind."""
        rows = np.zeros(BUCKETS, np.int64)
        for bucket, n in self.group("bucket").items():
            rows[int(bucket)] = n
        return rows

    @property
    def optional(self) -> tuple[str, ...]:
        """Which optional columns some event has."""
        return tuple(name for name in OPTIONAL if self.group("has")[name])

    def to_table(self) -> dict[str, npt.NDArray[Any]]:
        """As columns ``what``, ``text`` and ``n``."""
        days = [("first day", NOTHING, self.first_day), ("last day", NOTHING, self.last_day)]
        rows = [(group, text, n) for group in sorted(self.counts) for text, n in sorted(self.counts[group].items())]
        what, text, n = zip(*rows, *days, strict=True)
        return {"what": np.array(what, str), "text": np.array(text, str), "n": np.array(n, np.int64)}

    @classmethod
    def from_table(cls, table: Table) -> Findings:
        counts: dict[str, Counter[str]] = {}
        days: dict[str, int] = {}
        for what, text, n in zip(*(np.asarray(table[name]).tolist() for name in ("what", "text", "n")), strict=True):
            if what in ("first day", "last day"):
                days[what] = int(n)
            else:
                counts.setdefault(str(what), Counter())[str(text)] += int(n)
        return cls(counts, days["first day"], days["last day"])


def find_in_records(records: Records, key: bytes) -> Findings:
    """The findings of one block."""
    identifiers, place = factorize(records.person)
    rows = np.bincount(place, minlength=len(identifiers))  # a sum of whole numbers in float64: exact up to 2^53
    held = np.bincount(find_buckets(make_pseudonyms(identifiers, key)), rows, BUCKETS).astype(np.int64)
    counts = {
        "row": Counter({ROWS[records.row]: len(place)}),
        "bucket": _name_counts([str(at) for at in np.flatnonzero(held).tolist()], held[held > 0]),
        "left out": Counter(dict(records.counts)),
    }
    if records.row == PERSON:
        counts["area"] = _count_texts(records.area)
    if records.row != EVENT:
        return Findings(counts)
    dated = (records.day != UNDATED) & (records.day != NO_DAY)
    days = records.day[dated]
    has = {
        "n_days": dated & (records.until != NO_DAY) & (records.until >= records.day),
        "value": ~np.isnan(records.value), "cost_fen": records.cost_fen >= 0,
    }  # fmt: skip
    facility = _count_texts(records.facility)
    counts |= {
        "code": _count_texts(records.code),
        "facility": facility,
        "kind": Counter({KINDS[int(kind)]: n for kind, n in _count(records.kind).items()}),
        "has": Counter({name: int(held.sum()) for name, held in has.items()})
        + Counter({"facility": len(place) - facility[""]}),
    }
    if not days.size:
        return Findings(counts)
    return Findings(counts, int(days.min()), int(days.max()))


def _count_texts(texts: npt.NDArray[Any]) -> Counter[str]:
    names, place = factorize(texts)
    return _name_counts(names, np.bincount(place, minlength=len(names)))


def _count(numbers: npt.NDArray[Any]) -> Counter[str]:
    held = np.bincount(numbers) if numbers.size else np.zeros(0, np.int64)
    found = np.flatnonzero(held)
    return _name_counts([str(number) for number in found.tolist()], held[found])


def _name_counts(names: Sequence[str], counts: npt.NDArray[Any]) -> Counter[str]:
    return Counter(dict(zip(names, counts.tolist(), strict=True)))
