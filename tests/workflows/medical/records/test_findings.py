"""A first look at records: the same counts for any cut into blocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.medical.records import DEATH, EVENT, PERSON, Records
from citytide.kernels.medical.events import NO_DAY, UNDATED
from citytide.workflows.medical.pseudonyms import find_buckets, make_pseudonyms
from citytide.workflows.medical.records.findings import Findings, find_in_records

KEY = bytes(32)
Row = tuple[str, int, int, str, float, int, str]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "张"]), st.sampled_from([UNDATED, NO_DAY, -5, 8]), st.sampled_from([NO_DAY, 8]),
        st.sampled_from(["I10", "E11"]), st.sampled_from([np.nan, 1.0]), st.sampled_from([-1, 3]),
        st.sampled_from(["", "h"]),
    ),
    max_size=12,
)  # fmt: skip


def make_records(rows: list[Row], row: int = EVENT) -> Records:
    person, day, until, code, value, cost, facility = zip(*rows, strict=True) if rows else ((),) * 7
    n = len(rows)
    return Records(
        row, np.array(person, "U4"), np.array(day, "i4"), np.array(until, "i4"), np.array(code, "U4"),
        np.ones(n, "u1"), np.array(value, "f4"), np.array(cost, "i4"), np.array(facility, "U4"), np.zeros(n, "u1"),
        np.array(facility, "U4"), {"rows without a code": n},
    )  # fmt: skip


@given(ROWS, st.integers(0, 12))
def test_blocks_add_up_to_the_whole(rows: list[Row], cut: int) -> None:
    whole = find_in_records(make_records(rows), KEY).to_table()
    parts = [find_in_records(make_records(part), KEY).to_table() for part in (rows[:cut], rows[cut:])]
    added = Findings.add(map(Findings.from_table, reversed(parts)))
    assert {name: n for name, n in added.counts.items() if +n} == {
        name: n for name, n in Findings.from_table(whole).counts.items() if +n
    }
    days = [day for _, day, *_ in rows if day not in (UNDATED, NO_DAY)]
    assert (added.first_day, added.last_day) == (min(days, default=UNDATED), max(days, default=NO_DAY))


@given(ROWS)
def test_counts_are_those_of_the_rows(rows: list[Row]) -> None:
    found = find_in_records(make_records(rows), KEY)
    assert +found.group("code") == {code: n for code in ("I10", "E11") if (n := sum(row[3] == code for row in rows))}
    assert found.rows_of_bucket.sum() == len(rows) and found.group("left out")["rows without a code"] == len(rows)
    bucket = find_buckets(make_pseudonyms(["张"], KEY))[0]
    assert found.rows_of_bucket[bucket] >= sum(row[0] == "张" for row in rows)
    lasts = any(row[1] not in (UNDATED, NO_DAY) and row[1] <= row[2] != NO_DAY for row in rows)
    assert ("n_days" in found.optional) == lasts
    assert ("value" in found.optional) == any(row[4] == 1.0 for row in rows)


def test_areas_are_those_of_persons_and_a_death_has_none() -> None:
    rows: list[Row] = [("1", 3, NO_DAY, "", np.nan, -1, "east")]
    assert find_in_records(make_records(rows, PERSON), KEY).group("area") == {"east": 1}
    assert not find_in_records(make_records(rows, DEATH), KEY).group("area")
