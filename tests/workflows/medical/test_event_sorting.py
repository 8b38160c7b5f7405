"""Events in their order: as sorted tuples have it, whether the keys fit into one number or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.medical.events import NO_DAY, UNDATED
from citytide.workflows.medical.event_sorting import take_events

FAR = 2**31 - 2
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from([-FAR, 0, 1, 1, 1, FAR, UNDATED]), st.integers(1, 2),
        st.sampled_from([0, 1, 1, 2**32 - 1]), st.integers(0, 2), st.sampled_from([-0.0, 0.0, -1.5, 2.0, np.inf]),
        st.integers(-1, 1), st.integers(0, 1),
    ),
    max_size=40,
)  # fmt: skip
NAMES = ("day", "kind", "code", "n_days", "value", "cost_fen", "facility")


@given(EVENTS, st.integers(0, 2**27))
def test_events_are_sorted_by_all_their_columns_and_repeats_are_marked(listed: list[Any], base: int) -> None:
    listed = sorted(listed, key=lambda event: event[0])
    person, day, kind, code, lasts, value, cost, facility = np.array(listed, np.float64).reshape(-1, 8).T
    day_ = day.astype(np.int64)
    can_last = (day_ != UNDATED) & (day_ != FAR) & (lasts > 0)
    rows = {
        "day": day_.astype("i4"), "until": np.where(can_last, day_ + lasts - 1, NO_DAY).astype("i4"),
        "code": code.astype("u4"), "kind": kind.astype("u1"), "value": value.astype("f4"),
        "cost_fen": cost.astype("i4"), "facility": facility.astype("u2"),
    }  # fmt: skip
    taken = take_events(rows, np.arange(len(listed)), person.astype(np.int64) + base)
    lengths = np.where(can_last, lasts, 0).astype(int).tolist()
    signs = np.signbit(value).tolist()

    def rank(at: int) -> tuple[Any, ...]:
        who, when, what, which, _, much, *rest = listed[at]
        return (who + base, when, what, which, lengths[at], much, not signs[at], *rest)

    want = sorted(map(rank, range(len(listed))))
    found = list(zip(*(taken[name].tolist() for name in ("person", *NAMES)), strict=True))
    assert found == [row[:6] + row[7:] for row in want]
    assert np.signbit(taken["value"]).tolist() == [not row[6] for row in want]
    assert taken["twice"].tolist() == [at > 0 and want[at] == want[at - 1] for at in range(len(want))]
