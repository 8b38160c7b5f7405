"""Parts become one store again: with all that a store of the same rows at once holds, whoever is listed when."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.medical.records import DEATH, EVENT, OBSERVED, PERSON
from citytide.kernels.medical.events import NO_DAY, UNDATED
from citytide.workflows.medical.records.arrangement import arrange_rows
from citytide.workflows.medical.records.compaction import compact_buckets
from citytide.workflows.medical.records.products import encode_store

PSEUDONYMS = np.array([(5, 1), (5, 2), (2**52 + 3, 0), (2**53 - 1, 7)], np.uint64)  # of buckets 0, 0, 1 and 1
OPTIONAL = ("n_days", "value", "cost_fen", "facility")
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from([PERSON, OBSERVED, DEATH, EVENT, EVENT, EVENT]),
        st.sampled_from([-3, 0, 4, 9, None]), st.sampled_from([2, 9, NO_DAY]), st.integers(0, 1),
    ),
    max_size=20,
)  # fmt: skip


def lay_out(listed: list[tuple[Any, ...]]) -> dict[str, Any]:
    who, row, day, until, what = (np.array([one[at] for one in listed], object) for at in range(5))
    n, is_event = len(listed), row == EVENT
    unknown = np.where(is_event, UNDATED, NO_DAY)
    pseudonym = PSEUDONYMS[who.astype(int)].reshape(-1, 2)
    return {
        "bucket": (pseudonym[:, 0] >> np.uint64(52)).astype(np.int32), "pseudonym": pseudonym,
        "row": row.astype("u1"), "day": np.where([one is None for one in day], unknown, day).astype("i4"),
        "until": np.where((row == EVENT) | (row == OBSERVED), until, NO_DAY).astype("i4"),
        "code": np.where(is_event, what, 0).astype("u4"), "kind": is_event.astype("u1"),
        "value": np.full(n, np.nan, "f4"), "cost_fen": np.full(n, -1, "i4"), "facility": np.zeros(n, "u2"),
        "sex": np.where(row == PERSON, what, 0).astype("u1"), "area": np.where(row == PERSON, what, 0).astype("u2"),
    }  # fmt: skip


def store(listed: list[tuple[Any, ...]], lists_persons: bool, known: Any = None) -> dict[str, Any]:
    return encode_store(
        arrange_rows(lay_out(listed), 0, 2, lists_persons=lists_persons, known=known), 2, OPTIONAL, "uint16"
    )


@given(ROWS, ROWS, ROWS, st.booleans())
def test_parts_become_the_store_of_all_their_rows(
    one: list[Any], two: list[Any], three: list[Any], lists_persons: bool
) -> None:
    parts, known = [], np.zeros((0, 2), np.uint64)
    for rows in (one, two, three):
        parts.append(store(rows, lists_persons, known))
        known = np.concatenate([known, parts[-1]["pseudonym"][parts[-1]["listed"] > 0]])
    arrays = {f"{at}/{name}": values for at, part in enumerate(parts) for name, values in part.items()}
    arrays |= {f"new_{name}": np.arange(3) for name in ("code", "area", "facility")} | {"bucket": np.arange(2)}
    compacted = compact_buckets(arrays, prefixes=["0/", "1/", "2/"], optional=OPTIONAL, code_dtype="uint16")
    whole = store([*one, *two, *three], lists_persons)
    for name, values in whole.items():
        assert (values.dtype, values.shape, values.tobytes()) == (
            compacted[name].dtype, compacted[name].shape, compacted[name].tobytes()
        ), (name, values, compacted[name])  # fmt: skip
