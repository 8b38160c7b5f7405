"""Counts of an import: who was counted, and when too much is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import PersonLevelError
from citytide.hpc.store.release_request import Policy
from citytide.kernels.medical.events import BUCKETS
from citytide.workflows.medical.records.arrangement import COUNTED
from citytide.workflows.medical.records.counting import (
    add_store_counts,
    count_store,
    describe_counts,
    list_imported,
    plan_counts,
)  # fmt: skip

PSEUDONYM = np.array([(1, 2**63), (2, 2**63 + 5), (2**52, 7), (2**53, 1)], np.uint64)  # of buckets 0, 0, 1, 2


def count_part(start: int, stop: int, wrong: int = 0, most_wrong: float = 0.01) -> dict[str, Any]:
    persons = np.array([0, 2, 3, 4])
    counted = np.zeros((stop - start, len(COUNTED)), np.uint32)
    counted[0, 0] = wrong
    arrays = {
        "person_offset": persons[start : stop + 1] - persons[start],
        "n_events": np.array([600, 400, 0, 500])[persons[start] : persons[stop]],
        "listed": np.ones(persons[stop] - persons[start], np.uint8),
        "pseudonym": PSEUDONYM[persons[start] : persons[stop]], "counted": counted, "bucket": np.arange(start, stop),
    }  # fmt: skip
    return count_store(arrays, most_wrong=most_wrong, least=10, left_out={"rows without a date": 3})


def test_counts_and_cohort_are_the_same_for_any_cut() -> None:
    whole = count_part(0, 3)
    added = add_store_counts([count_part(0, 1), add_store_counts([count_part(1, 2), count_part(2, 3)])])
    assert all((whole[name] == added[name]).all() for name in whole)
    assert whole["cohort"].shape == (2, BUCKETS) and whole["cohort"][:, :3].tolist() == [[2, 1, 1], [5, 7, 1]]
    told = list_imported(added)
    rows = dict(zip(told["what"].tolist(), told["rows"].tolist(), strict=True))
    assert (rows["persons"], rows["events"], rows["reader: rows without a date"]) == (4, 1500, 3)


def test_who_is_not_listed_is_not_counted() -> None:
    arrays = {
        "person_offset": np.array([0, 2, 4]), "n_events": np.array([600, 400, 0, 500]), "pseudonym": PSEUDONYM,
        "listed": np.array([1, 0, 1, 0], "u1"), "counted": np.zeros((2, len(COUNTED)), np.uint32),
        "bucket": np.arange(2),
    }  # fmt: skip
    counted = count_store(arrays, most_wrong=0.01, least=10, left_out={})
    assert counted["rows"][:2].tolist() == [2, 600] and counted["cohort"][:, :2].tolist() == [[1, 1], [2**63, 7]]


def test_too_many_wrong_events_stop_an_import_and_small_numbers_are_not_told() -> None:
    list_imported(count_part(0, 3, wrong=15))
    with pytest.raises(PersonLevelError, match=r"at most 1 % of the dated .* \(most_wrong\), got 1\.07 %: check"):
        list_imported(count_part(0, 3, wrong=16))
    with pytest.raises(PersonLevelError, match=r"at most 0\.1 % of the dated events .* got more: check which columns"):
        list_imported(count_part(0, 3, wrong=9, most_wrong=0.001))


def test_policy_with_noise_keeps_the_counts_of_an_import_to_its_owner() -> None:
    rows = np.ones(BUCKETS, np.int64)
    noisy, plain = Policy(epsilon=1.0, budget=2.0), Policy(on_difference="refuse")
    assert plan_counts(0.01, noisy, "k", "care", {}, measure="m", rows=rows).release is None
    assert describe_counts(noisy).person_level and not describe_counts(plain).person_level
    release = plan_counts(0.01, plain, "k", "care", {}, measure="m", rows=rows).release
    assert release is not None and (release.purpose, release.policy.on_difference) == ("care", "withhold")
