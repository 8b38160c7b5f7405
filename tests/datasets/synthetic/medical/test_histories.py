"""Who falls ill: as often as set, together as often as set, and in the order that is set."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from citytide.datasets.synthetic.medical.conditions import BANDS, CONDITIONS, PAIRS
from citytide.datasets.synthetic.medical.histories import CHUNK, CODES, START, make_histories

N_CHUNKS = 60
NEVER = 2**40


@pytest.fixture(scope="module")
def first() -> npt.NDArray[np.int64]:
    """The day of each person's first event of a condition: (condition, person)."""
    days = np.full((len(CONDITIONS), N_CHUNKS * CHUNK), NEVER)
    for chunk in range(N_CHUNKS):
        made = make_histories(7, "2km", chunk)
        own = made.code < len(CONDITIONS)
        np.minimum.at(days, (made.code[own], made.person[own] + chunk * CHUNK), made.day[own])
    return days


@pytest.fixture(scope="module")
def band() -> npt.NDArray[np.int64]:
    birth = np.concatenate([make_histories(7, "2km", chunk).birth for chunk in range(N_CHUNKS)])
    edges = [one.start for one in BANDS[1:]]
    return np.searchsorted(edges, (START - birth) / 365.25, side="right")


def test_prevalences_are_those_that_are_set(first: npt.NDArray[np.int64], band: npt.NDArray[np.int64]) -> None:
    for at, condition in enumerate(CONDITIONS):
        chance = condition.prevalence * np.array([one.factor for one in BANDS])[band]
        error = math.sqrt(float((chance * (1.0 - chance)).sum()))
        assert abs((first[at] < NEVER).sum() - chance.sum()) < 4.5 * error, condition.name


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.first}-{pair.then}")
def test_risks_of_pairs_and_their_order_are_those_that_are_set(
    first: npt.NDArray[np.int64], band: npt.NDArray[np.int64], pair: object
) -> None:
    codes = [condition.code for condition in CONDITIONS]
    a, b = (first[codes.index(code)] for code in (pair.first, pair.then))  # type: ignore[attr-defined]
    both, expected = (a < NEVER) & (b < NEVER), 0.0
    for at in range(len(BANDS)):
        own = band == at
        expected += (a[own] < NEVER).sum() * (b[own] < NEVER).sum() / own.sum()
    assert abs(both.sum() - pair.risk * expected) < 4.5 * math.sqrt(pair.risk * expected)  # type: ignore[attr-defined]
    ordered = both & (a != b)
    share, n = (a < b)[ordered].mean(), ordered.sum()
    assert abs(share - pair.first_share) < 4.5 * 0.5 / math.sqrt(n)  # type: ignore[attr-defined]


def test_conditions_that_no_pair_names_are_independent_in_a_band(
    first: npt.NDArray[np.int64], band: npt.NDArray[np.int64]
) -> None:
    codes = [condition.code for condition in CONDITIONS]
    for one, other in pairwise(["M10", "M81", "F32", "H26"]):
        a, b, expected = first[codes.index(one)] < NEVER, first[codes.index(other)] < NEVER, 0.0
        for at in range(len(BANDS)):
            own = band == at
            expected += a[own].sum() * b[own].sum() / own.sum()
        assert abs((a & b).sum() - expected) < 4.5 * math.sqrt(expected)


def test_a_chunk_is_in_the_order_of_persons_and_days_and_knows_its_codes() -> None:
    made = make_histories(1, "2km", 3)
    key = made.person * 10**6 + made.day
    assert (np.diff(key) >= 0).all() and made.code.max() < len(CODES) and len(set(CODES)) > 190


def test_persons_are_the_same_without_their_events() -> None:
    whole, alone = make_histories(3, "2km", 2), make_histories(3, "2km", 2, has_events=False)
    for name in ("birth", "since", "last", "sex", "area", "dead"):
        assert (getattr(whole, name) == getattr(alone, name)).all()
    assert len(whole.day) and not len(alone.day)
