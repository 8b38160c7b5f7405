"""Stores of events: a base and the segments that continue it, opened as one."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...hpc.errors import RunError
from ...hpc.plan.bounds import cut_by_cost
from ...hpc.plan.plans import read_plan
from ...hpc.plan.sources import Source
from ...hpc.plan.steps import Block
from ...hpc.run.index import find_run
from ...hpc.run.records import read_json
from ...hpc.store.release_request import Policy
from ...kernels.medical.events import NO_DAY
from .errors import EventsError
from .policies import unpack_policy
from .vocabulary import Vocabulary

__all__ = [
    "BEFORE", "SCHEMA", "EventStore", "Part", "find_store", "is_store", "open_event_store", "read_known_persons",
]  # fmt: skip

SCHEMA = 1
BEFORE = "before"  # sources of an append are named so: the parts that it continues, with their number
PERSONS = (
    "person_offset", "pseudonym", "n_events", "first_day", "birth_day", "death_day", "observed_from", "observed_to",
    "sex", "area",
)  # fmt: skip
EVENTS = ("event_offset", "day_step", "code", "kind")
LISTED = "listed"  # a column of persons that older stores lack
DETAILS = ("n_days", "value", "cost_fen", "facility")
PERSON_BYTES, EVENT_BYTES = 150, 90  # that a person and an event take while a block is loaded


@dataclass(frozen=True)
class Part:
    """One store on disk: a base, or a segment."""

    path: Path

    @cached_property
    def group(self) -> Any:
        import zarr

        return zarr.open_group(self.path, mode="r")

    @cached_property
    def attrs(self) -> dict[str, Any]:
        return dict(self.group.attrs)

    def read(self, name: str) -> npt.NDArray[Any]:
        return np.asarray(self.group[name][...])

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(map(str, self.read(name)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Which details its events have."""
        return tuple(name for name in DETAILS if name in self.group)

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(
            self.texts("vocabulary"), tuple(self.read("code_rows").tolist()), int(self.attrs["vocabulary_version"])
        )

    @cached_property
    def content(self) -> str:
        """A hash that no store of other rows, codes or attributes has; little of it is read."""
        digest = hashlib.sha256((self.path / "zarr.json").read_bytes())
        for name in ("bucket_hash", "vocabulary", "area_name", "facility_name"):
            digest.update("\n".join(map(str, self.read(name))).encode())
        return digest.hexdigest()

    @property
    def run(self) -> str:
        """The id of the run that wrote it; empty if it lies elsewhere."""
        record = self.path.parent / "run.json"
        return str(read_json(record)["id"]) if record.is_file() else ""


@dataclass(frozen=True)
class EventStore:
    """A store of events as questions read it.

    Attributes
    ----------
    paths
        Of the base and of each segment, the oldest first.
    codes, names, areas, facilities
        Texts by rank or place.
    kinds
        Names of the kinds of events.
    key_id
        Of the key of its pseudonyms.
    n_persons, n_events
        (bucket,) summed over the parts: somebody with events in two of them counts twice.
    first_day, last_day
        Of the dated records [days since 1970-01-01].
    observed
        First and last day of observation of persons without their own; ``NO_DAY`` if there is none.
    columns
        Which of ``n_days``, ``value``, ``cost_fen`` and ``facility`` some part has.
    own
        The product of the run that is planned, and not a source.
    """

    paths: tuple[Path, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    areas: tuple[str, ...]
    facilities: tuple[str, ...]
    kinds: tuple[str, ...]
    key_id: str
    policy: Policy
    n_persons: npt.NDArray[np.int64]
    n_events: npt.NDArray[np.int64]
    first_day: int
    last_day: int
    observed: tuple[int, int]
    columns: tuple[str, ...]
    own: bool = False

    @classmethod
    def of(cls, parts: Sequence[Part], *, own: bool = False) -> EventStore:
        """As its parts say."""
        last = parts[-1]
        begins = [day for part in parts if (day := int(part.attrs["observed_from"])) != NO_DAY]
        ends = [int(part.attrs["observed_to"]) for part in parts]
        return cls(
            tuple(part.path for part in parts), last.texts("vocabulary"), last.texts("code_name"),
            last.texts("area_name"), last.texts("facility_name"), tuple(last.attrs["kinds"]), last.attrs["key_id"],
            unpack_policy(last.attrs["policy"]), _add(np.diff(part.read("person_offset")) for part in parts),
            _add(np.diff(part.read("event_offset")) for part in parts),
            min(int(part.attrs["first_day"]) for part in parts), max(int(part.attrs["last_day"]) for part in parts),
            (min(begins, default=NO_DAY), max(ends)),
            tuple(name for name in DETAILS if any(name in part.columns for part in parts)), own,
        )  # fmt: skip

    def sources(self) -> dict[str, Source]:
        """What a plan reads; of a store that the run itself wrote nothing."""
        if self.own:
            return {}
        return {
            f"events_{number}": Source(path, "zarr", person_level=True, run=Part(path).run, prefix=str(number))
            for number, path in enumerate(self.paths)
        }

    def inputs(self, columns: Collection[str] = DETAILS) -> tuple[str, ...]:
        """Inputs of a step over dim ``bucket``; of the details only those of ``columns`` that a part has."""
        groups = ["events"] if self.own else [f"source:{name}" for name in self.sources()]
        listed = []
        for group, path in zip(groups, self.paths, strict=True):
            part = Part(path)
            details = [name for name in part.columns if name in columns]
            details += [LISTED] if LISTED in part.group else []
            listed.append(f"{group}:{','.join((*PERSONS, *EVENTS, *details))}")
        return tuple(listed)

    def load_params(self) -> dict[str, Any]:
        """What ``load_events`` needs beside the arrays."""
        prefixes = [""] if self.own else [f"{number}/" for number in range(len(self.paths))]
        return {"prefixes": prefixes, "observed": list(self.observed)}

    def bounds(self, cost_per_block: float) -> list[int]:
        """Bounds of blocks of buckets with at most so many persons and events."""
        return list(cut_by_cost(self.n_persons + self.n_events, cost_per_block))

    def memory_bytes(self, block: Block) -> int:
        """What the persons and events of a block take while they are loaded."""
        own = slice(block.start, block.stop)
        held = PERSON_BYTES * int(self.n_persons[own].sum()) + EVENT_BYTES * int(self.n_events[own].sum())
        return held * (1 if len(self.paths) == 1 else 2) + 1_000_000


def _add(counts: Iterable[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    total: npt.NDArray[np.int64] = np.sum(list(counts), axis=0, dtype=np.int64)
    return total


def is_store(path: Path) -> bool:
    """Whether a folder is a store of events."""
    return (path / "zarr.json").is_file() and (path / "bucket_hash").is_dir()


def find_store(where: str | Path) -> Path | None:
    """The ``events.zarr`` that a path, a run's folder or a run's id names; None if it names something else.

    Raises
    ------
    EventsError
        If it names a run that has no store of events.
    """
    text = str(where).removeprefix("run:").removesuffix("/events")
    path = Path(text).expanduser()
    if is_store(path):
        return path.resolve()
    if (path / "run.json").is_file():
        folder = path
    elif path.exists() or "/" in text or path.suffix:
        return None
    else:
        try:
            folder = find_run(text)
        except RunError:
            return None
    store = folder.resolve() / "events.zarr"
    if not is_store(store):
        raise EventsError(
            f"a run must have written a store of events to be read, but {folder} holds no events.zarr: name a finished "
            "run of events-import"
        )
    return store


def open_event_store(where: str | Path) -> EventStore:
    """Open a store with all the parts that it continues.

    Parameters
    ----------
    where
        Path of an ``events.zarr``, or the folder or id of the run that wrote it, or ``run:RUN/events``.

    Raises
    ------
    EventsError
        If there is no such store, a part of it is missing or changed, or its vocabulary is another one.
    """
    path = find_store(where)
    if path is None:
        raise EventsError(
            f"events must name a store of events, got {where}: give an events.zarr, or the folder or id of a run of "
            "events-import"
        )
    return EventStore.of(find_parts(path))


def find_parts(path: Path) -> list[Part]:
    """A store and what it continues, the oldest first."""
    last = Part(path)
    if (found := last.attrs.get("event_schema")) != SCHEMA:
        raise EventsError(
            f"a store of events must have schema {SCHEMA}, but {path} has {found}: import the records again"
        )
    n_before = int(last.attrs["segment"])
    if not n_before:
        return [last]
    if not last.run:
        raise EventsError(
            f"a segment must lie in the folder of the run that wrote it, which names the store that it continues, but "
            f"{path} does not: give the run's folder"
        )
    sources = read_plan(path.parent).sources
    parts = [Part(_find_part(sources[f"{BEFORE}_{number}"], path)) for number in range(n_before)] + [last]
    for number in range(1, len(parts)):
        _refuse_misfit(parts[number - 1], parts[number])
    return parts


def _find_part(source: Source, segment: Path) -> Path:
    """Where an earlier part lies: where it was, or where its run is now."""
    if is_store(source.path.parent):
        return source.path.parent
    try:
        return find_run(source.run).resolve() / "events.zarr"
    except RunError as error:
        raise EventsError(
            f"a segment needs the store that it continues, but {source.path.parent}, which {segment} continues, is not "
            f"there: put it back ({error})"
        ) from None


def _refuse_misfit(before: Part, after: Part) -> None:
    if after.attrs["key_id"] != before.attrs["key_id"]:
        raise EventsError(
            f"all parts of a store must have one key, but {after.path} and {before.path} have different ones: import "
            "the segment again with the key of its store"
        )
    old, new = before.vocabulary, after.vocabulary
    steps = new.version - old.version
    if steps not in (0, 1) or new.codes[: len(old.codes)] != old.codes or (len(new.codes) > len(old.codes)) != steps:
        raise EventsError(
            f"a segment must have the vocabulary of its store, but {after.path} has version {new.version} with "
            f"{len(new.codes)} codes and {before.path} version {old.version} with {len(old.codes)}: import the segment "
            "again"
        )
    if after.attrs["continues"] != before.content:
        raise EventsError(
            f"a segment must continue the store that it was made for, but {before.path} has changed since "
            f"{after.path} was written: put the store back, or import the segment again"
        )


def read_known_persons(stores: Sequence[str | Path], start: int, stop: int) -> npt.NDArray[np.uint64]:
    """(person, 2) pseudonyms of the persons that stores list in buckets ``[start, stop)``."""
    found = [np.zeros((0, 2), np.uint64)]
    for path in stores:
        group = Part(Path(path)).group
        first, *_, last = np.asarray(group["person_offset"][start : stop + 1]).tolist()
        pseudonym = np.asarray(group["pseudonym"][first:last])
        found.append(pseudonym[np.asarray(group[LISTED][first:last]) > 0] if LISTED in group else pseudonym)
    return np.concatenate(found)
