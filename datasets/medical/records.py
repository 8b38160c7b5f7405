"""Records of persons as readers hand them over, block by block, before identifiers become pseudonyms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["DEATH", "EVENT", "KINDS", "OBSERVED", "PERSON", "SEXES", "RecordBlock", "RecordSource", "Records"]

KINDS = ("other", "condition", "drug", "procedure", "measurement", "observation", "visit", "death")
SEXES = ("unknown", "female", "male")
PERSON, OBSERVED, DEATH, EVENT = range(4)  # what a record is: its `row`


@dataclass(frozen=True)
class RecordBlock:
    """What one task reads: part of a file."""

    file: str
    """Path below the source's folder, or the member of its zip; empty: the source is one file."""
    row: int
    """``PERSON``, ``OBSERVED``, ``DEATH`` or ``EVENT``."""
    start: int
    stop: int
    """Bytes of a text file, row groups of Parquet, rows of what is read whole; ``stop`` is not part of it."""
    n_bytes: int
    """What its text takes at most [B]: what memory is reckoned from."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the reader needs beside: plain JSON."""


@dataclass(frozen=True)
class Records:
    """Columns of one length, all records of one ``row``. What a row has no use for is empty or unknown.

    ``day`` and ``until``: of an event its day and its last day; of a person the day of birth; of an observation the
    first and last day. Days count from 1970-01-01.
    """

    row: int
    person: npt.NDArray[np.str_]
    """Identifiers as the source writes them."""
    day: npt.NDArray[np.int32]
    until: npt.NDArray[np.int32]
    code: npt.NDArray[np.str_]
    kind: npt.NDArray[np.uint8]
    value: npt.NDArray[np.float32]
    cost_fen: npt.NDArray[np.int32]
    facility: npt.NDArray[np.str_]
    sex: npt.NDArray[np.uint8]
    area: npt.NDArray[np.str_]
    counts: Mapping[str, int] = field(default_factory=dict)
    """What the reader left out of this block and why, in words: ``{"rows without a person": 2}``."""


class RecordSource(Protocol):
    """A source of records: opened and checked, nothing read beyond what its plan needs."""

    path: Path
    kind: str
    """Of a plan's ``Source``: ``"file"`` or ``"folder"``."""
    has_persons: bool
    """Whether it lists persons: then an event of somebody else does not count until she or he is listed."""
    names: Mapping[str, str]
    """Names of codes, as far as the source gives them."""
    unread: tuple[str, ...]
    """What is known and not read, as sentences."""

    def blocks(self) -> list[RecordBlock]:
        """Blocks in a fixed order, at most about 64 MB of text each."""
        ...

    def describe(self) -> dict[str, Any]:
        """What ``read_records(path, description, block)`` needs on a worker: plain JSON."""
        ...
