from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_records import ALL_STRATA, PERSONS, Person, check, empty  # type: ignore[import-not-found]

from citytide.kernels.medical.accumulators.overlaps import Overlaps
from citytide.kernels.medical.events import UNDATED
from citytide.kernels.medical.examples import make_events
from citytide.kernels.medical.scan.one_pass import scan_events
from citytide.kernels.medical.scan.strata import Strata


@settings(deadline=None, max_examples=100)
@given(PERSONS, st.sampled_from(ALL_STRATA), st.sampled_from([((0,), (1, 2)), ((0, 1, 3), (1, 2))]))
def test_days_of_overlap_are_those_of_a_count_day_by_day(
    persons: list[Person], strata: Strata, codes: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    it = Overlaps(*codes, strata)
    expected = empty(it)
    for person in persons:
        on = [
            {day + at for day, code, _, n, _ in person.events if code in chosen and day != UNDATED for at in range(n)}
            for chosen in codes
        ]
        both = on[0] & on[1]
        place = person.stratum(strata, min(both)) if both else None
        if place is not None:
            expected["persons"][place] += 1
            expected["days"][place] += len(both)
    check(it, persons, expected)


@pytest.mark.parametrize("engine", ["numba", "python"])
def test_exposures_that_touch_do_not_overlap(engine: Any) -> None:
    events = make_events([[(0, 0, 0, 5), (5, 1, 0, 5)], [(0, 0, 0, 6), (5, 1, 0, 5)]])
    found = scan_events(events, {"it": Overlaps((0,), (1,))}, 2, engine=engine)["it"]
    assert found["persons"].tolist() == [1] and found["days"].tolist() == [1]


def test_a_code_that_is_not_in_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match=r"codes_b must be places in the vocabulary of 2 codes, got 2"):
        scan_events(make_events([[]]), {"it": Overlaps((0,), (2,))}, 2)
