"""The sources of an import, opened and checked; nothing is read beyond what their plan needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from ....datasets.errors import InputError
from ....datasets.medical.code_maps import read_code_map
from ....datasets.medical.records import RecordBlock, RecordSource
from ....hpc.plan.sources import Source, SourceKind
from ....kernels.medical.events import NO_DAY
from .settings import RecordSettings
from .steps import CODE_MAP

__all__ = ["OpenedSource", "RecordInputs", "open_inputs", "open_source", "read_observed", "refuse_late_persons"]

SYNTHETIC = "synthetic"
READER = "citytide.datasets.medical.opening:read_records"
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class OpenedSource:
    """A source, and the import path of the function that reads its blocks on a worker."""

    source: RecordSource
    reader: str


@dataclass(frozen=True)
class RecordInputs:
    """All sources of an import, in their order.

    Attributes
    ----------
    opened
        Each with its reader.
    blocks
        Of all of them: the number of the source, and the block.
    lists_persons
        Whether they list persons: rows of somebody else then do not count.
    names
        Names of codes; the first source that has one counts.
    code_map
        A table of codes, by which codes are mapped as they are read.
    unmapped
        What becomes of events whose code is not in it.
    """

    opened: tuple[OpenedSource, ...]
    blocks: tuple[tuple[int, RecordBlock], ...]
    lists_persons: bool
    names: Mapping[str, str]
    code_map: Path | None = None
    unmapped: str = "keep"

    @property
    def paths(self) -> dict[str, Path]:
        """Files and folders by the name of their source."""
        named = {f"records_{number}": one.source for number, one in enumerate(self.opened)}
        paths = {name: source.path for name, source in named.items() if source.kind}
        return paths if self.code_map is None else {**paths, CODE_MAP: self.code_map}

    @property
    def sources(self) -> dict[str, Source]:
        """What the plan reads."""
        kinds: dict[str, SourceKind] = {"file": "file", "folder": "folder"}
        return {
            name: Source(path, kinds[self.opened[int(name.rpartition("_")[2])].source.kind], person_level=True)
            if name != CODE_MAP
            else Source(path, "file")
            for name, path in self.paths.items()
        }

    @property
    def described(self) -> list[dict[str, Any]]:
        """What workers need to read blocks: plain JSON."""
        mapped = {} if self.code_map is None else {"unmapped": self.unmapped}
        return [
            {
                "name": f"records_{number}", "is_read": bool(one.source.kind), "reader": one.reader,
                "description": one.source.describe(), **mapped,
            }
            for number, one in enumerate(self.opened)
        ]  # fmt: skip

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for one in self.opened for text in one.source.unread))


def open_inputs(wheres: Sequence[str], settings: RecordSettings) -> RecordInputs:
    """Open every source.

    Raises
    ------
    InputError
        If one cannot be read, has no records, or lists persons although the first one does not.
    """
    opened = tuple(open_source(where, settings) for where in wheres)
    blocks = tuple((number, block) for number, one in enumerate(opened) for block in one.source.blocks())
    if not blocks:
        raise InputError("a source must have records, got none", file=wheres[0], way_out="check the file")
    lists = opened[0].source.has_persons
    for where, one in zip(wheres, opened, strict=True):
        refuse_late_persons(where, one.source, lists)
    names: dict[str, str] = {}
    for one in opened:
        names = {**one.source.names, **names}
    if settings.code_map is None:
        return RecordInputs(opened, blocks, lists, names)
    table = Path(settings.code_map).expanduser()
    names |= read_code_map(table).names
    return RecordInputs(opened, blocks, lists, names, table, settings.unmapped)


def refuse_late_persons(where: str, source: RecordSource, lists: bool) -> None:
    """Refuse a source that lists persons if what comes before it does not: who counts would depend on the order.

    Raises
    ------
    InputError
        Naming the source.
    """
    if source.has_persons and not lists:
        raise InputError(
            "the first source must list persons if a later one does, but only this one does",
            file=where,
            way_out="name it first, or import it into a store of its own",
        )


def open_source(where: str, settings: RecordSettings) -> OpenedSource:
    """Open one source by its path, its name in the catalogue, or as ``synthetic``.

    Raises
    ------
    InputError
        If it is missing or cannot be read.
    """
    if where == SYNTHETIC:
        from ....datasets.synthetic.medical.persons import SyntheticPersons

        reader = "citytide.datasets.synthetic.medical.persons:read_synthetic"
        made = SyntheticPersons(n_events=settings.synthetic_events, seed=settings.seed)
        return OpenedSource(cast(RecordSource, made), reader)  # its fields cannot be set, which no reader of them does
    from ....datasets.catalogue.readers import find_inputs
    from ....datasets.medical.opening import open_records

    path = find_inputs(where, kind="person-events")[0]
    of_omop = {"tables": settings.tables, "periods": settings.periods, "version": settings.version}
    source = open_records(path, settings.mapping, **of_omop)
    return OpenedSource(source, READER)


def read_observed(settings: RecordSettings, inputs: RecordInputs) -> tuple[int, int]:
    """First and last day of observation of persons without their own: of the settings, else as the sources say.

    ``NO_DAY`` where nobody says it.
    """
    told = [getattr(one.source, "observed", None) or (NO_DAY, NO_DAY) for one in inputs.opened]
    begins = [int(begin) for begin, _ in told if begin != NO_DAY]
    begin, end = min(begins, default=NO_DAY), max((int(end) for _, end in told), default=NO_DAY)
    if settings.observed_from is not None:
        begin = (date.fromisoformat(settings.observed_from) - EPOCH).days
    if settings.observed_to is not None:
        end = (date.fromisoformat(settings.observed_to) - EPOCH).days
    return begin, end
