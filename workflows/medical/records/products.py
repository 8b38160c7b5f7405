"""What an import leaves: the store of events, and what it found in its sources."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ....hpc.store.products import Column, Product, Table, Variable
from ....kernels.medical.events import BUCKETS
from .arrangement import COUNTED, Arrangement
from .findings import OPTIONAL

__all__ = ["EVENTS", "FINDINGS", "IMPORTED", "describe_events", "encode_store"]

EVENTS = "events"
PERSONS = (
    ("n_events", "uint32", "1", "events of the person"),
    ("first_day", "int32", "d", "day of the first dated event since 1970-01-01; 0 if there is none"),
    ("birth_day", "int32", "d", "day of birth since 1970-01-01; -2147483648 if not known"),
    ("death_day", "int32", "d", "day of death since 1970-01-01; -2147483648 if not known"),
    ("observed_from", "int32", "d", "first day of observation since 1970-01-01; -2147483648 if not known"),
    ("observed_to", "int32", "d", "last day of observation since 1970-01-01; -2147483648 if not known"),
    ("sex", "uint8", "1", "0 unknown, 1 female, 2 male"),
    ("area", "uint16", "1", "place in area_name; 0 unknown"),
    ("listed", "uint8", "1", "0: the sources list persons, and not this one so far; 1 otherwise"),
)
DETAILS = {
    "n_days": ("uint16", "d", "how long what began lasts; 0 if not known"),
    "value": ("float32", "", "what was measured"),
    "cost_fen": ("int32", "1", "cost in 0.01 CNY; -1 if not known"),
    "facility": ("uint16", "1", "place in facility_name; 0 unknown"),
}
TEXTS = (
    ("vocabulary", "code", "codes by rank"), ("code_name", "code", "names of the codes"),
    ("area_name", "area", "areas; the first is that of an unknown one"),
    ("facility_name", "facility", "facilities; the first is that of an unknown one"),
    ("count_name", "count", "what is counted by bucket"),
)  # fmt: skip
FINDINGS = Table(
    "findings",
    "What the records hold: rows by code, area, facility, kind and bucket",
    (
        Column("what", "string", "1", "what is counted"),
        Column("text", "string", "1", "of which text"),
        Column("n", "int64", "1", "rows, or the day"),
    ),
    person_level=True,
)
IMPORTED = Table(
    "imported",
    "What was imported, and what was left out and why",
    (
        Column("what", "string", "1", "what is counted"),
        Column("rows", "int64", "1", "how many there are", may_be_withheld=True),
    ),
    "csv",
)


def describe_events(code_dtype: str, optional: Collection[str], attrs: Mapping[str, Any]) -> Product:
    """The layout of ``events.zarr``: persons and events by bucket, sorted.

    Parameters
    ----------
    code_dtype
        Of the ranks of codes.
    optional
        Which columns that not every source has, among ``OPTIONAL``.
    attrs
        What the store says of itself.
    """
    bound = (BUCKETS + 1,)

    def offset(name: str, text: str) -> Variable:
        return Variable(name, ("bucket_bound",), "int64", "1", text, "blocks", bound, instance_dimension="bucket")

    def person(name: str, dtype: str, units: str, text: str) -> Variable:
        return Variable(name, ("person",), dtype, units, text, "blocks", (0,), ragged="person_offset")

    def event(name: str, dtype: str, units: str, text: str) -> Variable:
        return Variable(name, ("event",), dtype, units, text, "blocks", (0,), ragged="event_offset")

    return Product(
        EVENTS,
        "Events of persons",
        (
            offset("person_offset", "where the persons of a bucket begin"),
            offset("event_offset", "where the events of a bucket begin"),
            Variable(
                "counted", ("bucket", "count"), "uint32", "1", "rows that were left out or look wrong", "blocks",
                (BUCKETS, len(COUNTED)),
            ),
            Variable("bucket_hash", ("bucket",), "uint64", "1", "hash of all rows of the bucket", "blocks", (BUCKETS,)),
            Variable(
                "pseudonym", ("person", "half"), "uint64", "1", "128 bits of a keyed hash of the identifier", "blocks",
                (0, 2), ragged="person_offset",
            ),
            *(person(*told) for told in PERSONS),
            Variable(
                "person_counted", ("person", "count"), "uint32", "1", "as counted, of a person who is not listed",
                "blocks", (0, len(COUNTED)), ragged="person_offset",
            ),
            event("day_step", "uint16", "d", "days since the person's event before; 65535 if the day is not known"),
            event("code", code_dtype, "1", "place in the vocabulary"),
            event("kind", "uint8", "1", "place in the attribute kinds"),
            *(event(name, *DETAILS[name]) for name in OPTIONAL if name in optional),
            *(Variable(name, (dim,), "string", "1", text, "inputs") for name, dim, text in TEXTS),
            Variable("code_rows", ("code",), "int64", "1", "rows of the sources with the code", "inputs"),
        ),
        attrs,
        person_level=True,
    )  # fmt: skip


def encode_store(
    arranged: Arrangement, n_buckets: int, optional: Collection[str], code_dtype: str
) -> dict[str, npt.NDArray[Any]]:
    """The variables of the store for some buckets."""
    persons, events = arranged.persons, arranged.events
    bucket, n_events = persons["bucket"], persons["n_events"].astype(np.int64)
    person_offset = np.searchsorted(bucket, np.arange(n_buckets + 1)).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(n_events)])
    columns = {"day_step": "uint16", "code": code_dtype, "kind": "uint8"} | {
        name: DETAILS[name][0] for name in OPTIONAL if name in optional
    }
    stored: dict[str, npt.NDArray[Any]] = {
        "person_offset": person_offset,
        "event_offset": before[person_offset].astype(np.int64),
        "counted": arranged.counted,
        "pseudonym": persons["pseudonym"],
        **{name: persons[name].astype(dtype) for name, dtype, _, _ in PERSONS},
        "person_counted": persons["counted"],
        **{name: events[name].astype(dtype) for name, dtype in columns.items()},
    }
    return stored | {"bucket_hash": _hash_buckets(stored, n_buckets)}


def _hash_buckets(stored: Mapping[str, npt.NDArray[Any]], n_buckets: int) -> npt.NDArray[np.uint64]:
    """A hash of each bucket's rows: a store is told from another without reading all of it."""
    person, event, counted = (np.asarray(stored[name]) for name in ("person_offset", "event_offset", "counted"))
    by_person = [stored["pseudonym"], *(stored[name] for name, _, _, _ in PERSONS), stored["person_counted"]]
    by_event = [stored[name] for name in ("day_step", "code", "kind", *OPTIONAL) if name in stored]
    hashed = np.empty(n_buckets, np.uint64)
    for at in range(n_buckets):
        digest = hashlib.blake2b(counted[at].tobytes(), digest_size=8)
        for columns, offset in ((by_person, person), (by_event, event)):
            for column in columns:
                digest.update(np.ascontiguousarray(column[offset[at] : offset[at + 1]]).view(np.uint8).data)
        hashed[at] = int.from_bytes(digest.digest(), "big")
    return hashed
