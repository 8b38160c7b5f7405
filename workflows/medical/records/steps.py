"""What workers run in an import: look at records, split them by bucket, gather each bucket's persons."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ....datasets.medical.code_maps import read_code_map
from ....datasets.medical.records import RecordBlock, Records
from ....hpc.execution.functions import load_function
from ..keys import read_key
from ..stores import read_known_persons
from .arrangement import arrange_rows
from .findings import Findings, find_in_records
from .products import encode_store
from .rows import Rows, encode_records

__all__ = [
    "CODE_MAP",
    "ReadBlock",
    "add_findings",
    "find_block",
    "gather_events",
    "list_findings",
    "pack_block",
    "split_block",
]

CODE_MAP = "code_map"  # its name among the sources of a plan
Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class ReadBlock:
    """The records of one block, and the key of its persons' pseudonyms."""

    records: Records
    key: bytes
    arrays: Arrays

    @classmethod
    def from_arrays(
        cls, arrays: Arrays, *, sources: Sequence[Mapping[str, Any]], key: str, **gathering: Any
    ) -> ReadBlock:
        """Read a block.

        Parameters
        ----------
        arrays
            ``block``, the block as :func:`pack_block` wrote it, and the path of each source by name.
        sources
            Of each source ``name``, ``reader`` (import path) and ``description``; ``unmapped`` if codes are mapped.
        key
            Path of the key.
        gathering
            Of the gathering of the same shuffle.
        """
        told = json.loads(str(arrays["block"][0]))
        source = sources[told.pop("source")]
        block = RecordBlock(**told)
        records = load_function(source["reader"])(arrays.get(source["name"]), source["description"], block)
        if "unmapped" in source:
            records = read_code_map(arrays[CODE_MAP], unmapped=source["unmapped"]).map_records(records)
        return cls(records, read_key(key), arrays)


def pack_block(source: int, block: RecordBlock) -> str:
    """A block and the number of its source as a text."""
    return json.dumps({"source": source, **vars(block), "options": dict(block.options)}, sort_keys=True)


def find_block(block: ReadBlock) -> dict[str, npt.NDArray[Any]]:
    """What the records of a block hold."""
    return find_in_records(block.records, block.key).to_table()


def add_findings(partials: Sequence[Arrays]) -> dict[str, npt.NDArray[Any]]:
    """Add what several blocks hold."""
    return Findings.add(map(Findings.from_table, partials)).to_table()


def list_findings(partial: Arrays) -> dict[str, npt.NDArray[Any]]:
    """The columns of the table of findings."""
    return {name: np.asarray(partial[name]) for name in ("what", "text", "n")}


def split_block(block: ReadBlock) -> Rows:
    """The records of a block with their buckets, pseudonyms and ranks."""
    codes, areas, facilities = (
        [str(text) for text in block.arrays[name]] for name in ("vocabulary", "area_name", "facility_name")
    )
    return encode_records(block.records, block.key, codes, areas, facilities)


@dataclass(frozen=True)
class GatheredRows:
    """All rows of some buckets, and how the store keeps them."""

    rows: Rows
    first: int
    n_buckets: int
    lists_persons: bool
    known: npt.NDArray[np.uint64]
    optional: Sequence[str]
    code_dtype: str

    @classmethod
    def from_arrays(
        cls, arrays: Arrays, *, buckets_per_task: int, lists_persons: bool, known_in: Sequence[str],
        optional: Sequence[str], code_dtype: str, **reading: Any,
    ) -> GatheredRows:  # fmt: skip
        """Find which buckets these are.

        Parameters
        ----------
        arrays
            Columns of rows, and the offsets of the buckets.
        known_in
            Paths of earlier parts of the store, whose persons are known too.
        reading
            Of the split of the same shuffle.
        """
        rows = {name: values for name, values in arrays.items() if name != "person_offset"}
        n = len(arrays["person_offset"]) - 1
        first = int(rows["bucket"][0]) // buckets_per_task * buckets_per_task if len(rows["bucket"]) else 0
        known = read_known_persons(known_in, first, first + n) if len(rows["bucket"]) else np.zeros((0, 2), np.uint64)
        return cls(rows, first, n, lists_persons, known, optional, code_dtype)


def gather_events(gathered: GatheredRows) -> dict[str, npt.NDArray[Any]]:
    """Persons and events of some buckets as the store keeps them."""
    arranged = arrange_rows(
        gathered.rows, gathered.first, gathered.n_buckets, lists_persons=gathered.lists_persons, known=gathered.known
    )
    return encode_store(arranged, gathered.n_buckets, gathered.optional, gathered.code_dtype)
