"""Synthetic persons and their records of ten years, with prevalences and risks that are set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...medical.records import DEATH, EVENT, OBSERVED, PERSON, RecordBlock, Records
from ..sizes import check_seed, get_size
from .conditions import CONDITIONS
from .histories import CHUNK, CODES, HOSPITALS, list_areas, make_histories

__all__ = ["EVENTS_PER_PERSON", "SyntheticPersons", "read_synthetic"]

Ints = npt.NDArray[np.int64]
EVENTS_PER_PERSON = 24.0  # in the mean
_CHUNKS_PER_BLOCK = 24  # so that the text of a block would take less than 64 MB
_EVENT_BYTES = 100
_NAMES = {condition.code: condition.name for condition in CONDITIONS}


@dataclass(frozen=True)
class SyntheticPersons:
    """A source of records like one that is read from files.

    Any block can be made alone: random numbers are counted by seed and person.

    Parameters
    ----------
    n_events
        How many there are, within some percent: 24 a person.
    seed
        The same seed gives the same bytes.
    size
        Of the synthetic city in whose areas the persons live, as for ``make_city``.

    Raises
    ------
    InputError
        If a number is out of range or the size is unknown.

    Examples
    --------
    >>> source = SyntheticPersons(n_events=2_400)
    >>> source.n_persons, [block.row for block in source.blocks()]
    (100, [0, 1, 2, 3])
    >>> records = read_synthetic(source.path, source.describe(), source.blocks()[3])
    >>> str(records.person[0]), 2_000 < len(records.day) < 2_800
    ('P0000000001', True)
    """

    n_events: int = 100_000
    seed: int = 1
    size: str = "8km"
    path: Path = Path()
    kind: str = ""  # no file: nothing to hash
    has_persons: bool = True
    names: Mapping[str, str] = field(default_factory=lambda: dict(_NAMES))
    unread: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.n_events <= 10**11:
            raise InputError(
                f"n_events must be a whole number from 1 to 10^11, got {self.n_events}", way_out="give such a number"
            )
        check_seed(self.seed)
        get_size(self.size)

    @property
    def n_persons(self) -> int:
        return max(1, round(self.n_events / EVENTS_PER_PERSON))

    def blocks(self) -> list[RecordBlock]:
        """Blocks of persons, for each kind of record."""
        per_block = CHUNK * _CHUNKS_PER_BLOCK
        starts = range(0, self.n_persons, per_block)
        bounds = [(start, min(start + per_block, self.n_persons)) for start in starts]
        return [
            RecordBlock("", row, start, stop, round((stop - start) * _EVENT_BYTES * (24 if row == EVENT else 1)))
            for row in (PERSON, OBSERVED, DEATH, EVENT)
            for start, stop in bounds
        ]

    def describe(self) -> dict[str, Any]:
        return {"reader": "synthetic", "n_events": self.n_events, "seed": self.seed, "size": self.size}


def read_synthetic(path: Path, description: Mapping[str, Any], block: RecordBlock) -> Records:
    """Make the records of a block; ``path`` is not looked at.

    Parameters
    ----------
    description
        What :meth:`SyntheticPersons.describe` returned.
    block
        One of :meth:`SyntheticPersons.blocks`.
    """
    seed, size = int(description["seed"]), str(description["size"])
    chunks = range(block.start // CHUNK, -(-block.stop // CHUNK))
    parts = [_make_rows(seed, size, chunk, block) for chunk in chunks]
    return Records(
        block.row,
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},  # type: ignore[arg-type]
    )


def _make_rows(seed: int, size: str, chunk: int, block: RecordBlock) -> dict[str, npt.NDArray[Any]]:
    """Columns of one chunk's persons, without those who do not belong to the block."""
    made = make_histories(seed, size, chunk, has_events=block.row == EVENT)
    at = {PERSON: made.everybody, OBSERVED: made.everybody, DEATH: made.dead, EVENT: made.person}[block.row]
    number = at + chunk * CHUNK
    own = (number >= block.start) & (number < block.stop)
    at, n = at[own], int(own.sum())
    day = {PERSON: made.birth[at], OBSERVED: made.since[at], DEATH: made.last[at]}
    until = {PERSON: made.birth[at], OBSERVED: made.last[at], DEATH: made.last[at]}
    is_event, is_person = block.row == EVENT, block.row == PERSON
    return {
        "person": _name_persons(number[own]),
        "day": (made.day[own] if is_event else day[block.row]).astype(np.int32),
        "until": (made.until[own] if is_event else until[block.row]).astype(np.int32),
        "code": CODES[made.code[own]] if is_event else np.full(n, ""),
        "kind": (made.kind[own] if is_event else np.zeros(n)).astype(np.uint8),
        "value": np.full(n, np.nan, np.float32),
        "cost_fen": (made.cost_fen[own] if is_event else np.full(n, -1)).astype(np.int32),
        "facility": _FACILITIES[made.facility[own]] if is_event else np.full(n, ""),
        "sex": (made.sex[at] if is_person else np.zeros(n)).astype(np.uint8),
        "area": list_areas(size)[0][made.area[at]] if is_person else np.full(n, ""),
    }


_FACILITIES = np.array([f"H{number:02d}" for number in range(1, HOSPITALS + 1)])


def _name_persons(number: Ints) -> npt.NDArray[np.str_]:
    """Identifiers such as P0000000001; each person's is made once."""
    first = number[0] if number.size else 0
    own = np.array([f"P{at:010d}" for at in range(first + 1, first + CHUNK + 1)])
    return own[number - first]
