"""Loaded events: days of observation, and what a part does not hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from citytide.kernels.medical.events import NO_DAY
from citytide.workflows.medical.blocks import load_events

PERSONS = {
    "birth_day": "i4", "death_day": "i4", "observed_from": "i4", "observed_to": "i4", "sex": "u1", "area": "u2"
}  # fmt: skip


def make_part(prefix: str, second: int, observed: tuple[int, int], codes: list[int], **details: Any) -> dict[str, Any]:
    """One person with events from day 5 on, one each day."""
    n = len(codes)
    known = {"birth_day": NO_DAY, "death_day": NO_DAY, "observed_from": observed[0], "observed_to": observed[1]}
    told = {
        "n_events": np.array([n], "u4"), "first_day": np.array([5], "i4"), "code": np.array(codes, "u2"),
        "day_step": np.array([0, *[1] * (n - 1)], "u2"), "kind": np.ones(n, "u1"),
        "pseudonym": np.array([[9, second]], "u8"), **{k: np.array(v) for k, v in details.items()},
        **{name: np.array([known.get(name, 0)], dtype) for name, dtype in PERSONS.items()},
    }  # fmt: skip
    return {f"{prefix}{name}": values for name, values in told.items()}


def test_persons_without_days_of_observation_have_those_of_the_store() -> None:
    arrays = make_part("", 1, (NO_DAY, 30), [3, 2])
    events = load_events(arrays, prefixes=[""], observed=[2, 40], codes=["not looked at"])
    assert (events.observed_from.tolist(), events.observed_to.tolist()) == ([2], [30])
    assert events.day.tolist() == [5, 6] and events.code.dtype == np.uint32
    unknown = load_events(arrays, prefixes=[""], observed=[NO_DAY, NO_DAY])
    assert unknown.observed_from.tolist() == [NO_DAY]


def test_store_wide_days_do_not_hide_those_of_another_part() -> None:
    arrays = make_part("0/", 1, (NO_DAY, NO_DAY), [3]) | make_part("1/", 1, (8, 9), [4])
    events = load_events(arrays, prefixes=["0/", "1/"], observed=[2, 40])
    assert (events.observed_from.tolist(), events.observed_to.tolist()) == ([8], [9])
    assert events.n_persons == 1 and events.code.tolist() == [3, 4]


def test_details_that_a_part_does_not_hold_are_unknown() -> None:
    arrays = make_part("0/", 1, (1, 2), [3]) | make_part(
        "1/", 2, (1, 2), [4], cost_fen=np.array([70], "i4"), value=np.array([1.5], "f4")
    )
    events = load_events(arrays, prefixes=["0/", "1/"], observed=[0, 9])
    assert events.cost_fen.tolist() == [-1, 70] and np.isnan(events.value[0]) and events.value[1] == 1.5
    assert events.n_days.tolist() == [0, 0] and events.facility.tolist() == [0, 0]
