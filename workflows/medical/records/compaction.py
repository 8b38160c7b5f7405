"""A base and its segments become one store again, with the bytes of an import of all their sources at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ....datasets.medical.records import DEATH, EVENT, OBSERVED, PERSON
from ....hpc.plan.steps import BlockStep
from ....hpc.store.sealed import unseal
from ....kernels.medical.events import BUCKETS, NO_DAY, PersonEvents
from ...workflow import Prepared
from ..blocks import load_part
from ..policies import unpack_policy
from ..pseudonyms import find_buckets
from ..store_attributes import describe_store
from ..stores import EventStore, Part
from ..vocabulary import merge_names, rank_codes
from .arrangement import COUNTED, UNKNOWN, WRONG, Arrangement, arrange_rows, find_in
from .counting import describe_counts, plan_counts
from .planning import lay_out_texts
from .products import EVENTS, describe_events, encode_store
from .rows import Rows
from .settings import RecordSettings

__all__ = ["compact_buckets", "prepare_compaction"]

AGAIN = (*WRONG, "events without a day")  # are counted again: earlier counts of them do not know later parts
UNLISTED = 255  # a row of a person whom no source lists: it says nothing but that there is one
TIMES = 5  # that a block takes of what its loaded events take, while they are sorted
Arrays = Mapping[str, Any]


def prepare_compaction(parts: Sequence[Part], settings: RecordSettings) -> Prepared:
    """Plan one store of all parts; codes are ranked anew."""
    store, last = EventStore.of(parts), parts[-1]
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(dict(zip(part.vocabulary.codes, part.vocabulary.rows, strict=True)))
    vocabulary = rank_codes(counts)
    areas, facilities = (merge_names((), dict.fromkeys(names, 1)) for names in (store.areas, store.facilities))
    attrs = describe_store(
        vocabulary, store.key_id, last.attrs["policy"], store.observed, (store.first_day, store.last_day),
        lists_persons=bool(parts[0].attrs["lists_persons"]),
    )  # fmt: skip
    arrays = lay_out_texts(vocabulary, dict(zip(store.codes, store.names, strict=True)), areas, facilities)
    for name, old, new in (
        ("new_code", store.codes, vocabulary.codes), ("new_area", store.areas, areas),
        ("new_facility", store.facilities, facilities),
    ):  # fmt: skip
        place = {text: at for at, text in enumerate(new)}
        arrays[name] = ((name.replace("new", "old"),), np.array([place[text] for text in old], np.int64))
    arrays["bucket"] = (("bucket",), np.arange(BUCKETS, dtype=np.int32))
    step = BlockStep(
        EVENTS, "citytide.workflows.medical.records.compaction:compact_buckets", "bucket", BUCKETS,
        (*_list_inputs(store), "inputs.zarr:bucket,new_code,new_area,new_facility"),
        lambda block: TIMES * store.memory_bytes(block), bounds=store.bounds(settings.rows_per_task), product=EVENTS,
        params={**store.load_params(), "optional": list(store.columns), "code_dtype": vocabulary.dtype},
    )  # fmt: skip
    policy = unpack_policy(last.attrs["policy"])
    counting = plan_counts(
        settings.most_wrong, policy, store.key_id, settings.purpose, {},
        inputs="inputs.zarr", measure="import 0", rows=store.n_persons,
    )  # fmt: skip
    return Prepared(
        (step, counting), (describe_events(vocabulary.dtype, store.columns, attrs), describe_counts(policy)), arrays,
        title="events compacted", sources=store.sources(), attrs={"compact": [part.run for part in parts]},
    )  # fmt: skip


def _list_inputs(store: EventStore) -> list[str]:
    """What is read of each part."""
    counted = ["counted,person_counted" if "person_counted" in Part(path).group else "counted" for path in store.paths]
    return [f"{name},{also}" for name, also in zip(store.inputs(), counted, strict=True)]


def compact_buckets(
    arrays: Arrays, *, prefixes: Sequence[str], optional: Sequence[str], code_dtype: str, **params: Any
) -> dict[str, npt.NDArray[Any]]:
    """Persons and events of some buckets, from all parts."""
    arrays = unseal(arrays)
    bucket = arrays["bucket"]
    pieces = [_list_rows(load_part(arrays, prefix), arrays) for prefix in prefixes]
    rows = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    arranged = arrange_rows(rows, int(bucket[0]), len(bucket), lists_persons=True)
    _carry_counts(arranged, arrays, prefixes)
    return encode_store(arranged, len(bucket), optional, code_dtype)


def _carry_counts(arranged: Arrangement, arrays: Arrays, prefixes: Sequence[str]) -> None:
    """Add what was counted when the parts were made, as it is to be counted of those who are listed by now."""
    persons = arranged.persons
    unknown, carried = (np.array([name in names for name in COUNTED]) for names in (UNKNOWN, set(COUNTED) - {*AGAIN}))
    arranged.counted[:, unknown] = 0  # these rows were counted when each part was made
    persons["counted"][:, unknown] = 0
    for prefix in prefixes:
        arranged.counted[:, carried] += arrays[f"{prefix}counted"][:, carried]
        before = arrays.get(f"{prefix}person_counted")
        if before is None or not before.any():
            continue
        counts = before.astype(np.int64) * carried
        at = np.flatnonzero(find_in(persons["pseudonym"], arrays[f"{prefix}pseudonym"]))
        now = persons["listed"][at]
        persons["counted"][at[~now]] += counts[~now].astype(np.uint32)
        total = arranged.counted.astype(np.int64)
        np.add.at(total, persons["bucket"][at[now]], np.where(unknown, -counts[now], counts[now]))
        arranged.counted[:] = total


def _list_rows(events: PersonEvents, arrays: Arrays) -> Rows:
    """The rows of which a part was made, with ranks of the new store."""
    n, person = len(events.day), np.repeat(np.arange(events.n_persons), np.diff(events.offset))
    died = np.flatnonzero(events.death_day != NO_DAY)
    seen = np.flatnonzero((events.observed_from != NO_DAY) | (events.observed_to != NO_DAY))
    lasts = events.n_days > 0
    until = np.where(lasts, events.day.astype(np.int64) + events.n_days - 1, NO_DAY).astype(np.int32)
    everybody = np.arange(events.n_persons)
    listed = PERSON if events.listed is None else np.where(events.listed > 0, PERSON, UNLISTED)
    of = np.concatenate([everybody, seen, died, person])
    sizes = (events.n_persons, len(seen), len(died), n)

    def join(dtype: str, *pieces: Any) -> npt.NDArray[Any]:
        return np.concatenate(
            [np.broadcast_to(np.asarray(piece, dtype), size) for piece, size in zip(pieces, sizes, strict=True)]
        )

    pseudonym = events.pseudonym[of]
    return {
        "bucket": find_buckets(pseudonym),
        "pseudonym": pseudonym,
        "row": join("u1", listed, OBSERVED, DEATH, EVENT),
        "day": join("i4", events.birth_day, events.observed_from[seen], events.death_day[died], events.day),
        "until": join("i4", NO_DAY, events.observed_to[seen], NO_DAY, until),
        "code": join("u4", 0, 0, 0, arrays["new_code"][events.code]),
        "kind": join("u1", 0, 0, 0, events.kind),
        "value": join("f4", np.nan, np.nan, np.nan, events.value),
        "cost_fen": join("i4", -1, -1, -1, events.cost_fen),
        "facility": join("u2", 0, 0, 0, arrays["new_facility"][events.facility]),
        "sex": join("u1", events.sex, 0, 0, 0),
        "area": join("u2", arrays["new_area"][events.area], 0, 0, 0),
    }
