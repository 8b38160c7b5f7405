from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from person_records import ALL_STRATA, PERSONS, Person, check, empty  # type: ignore[import-not-found]

from citytide.kernels.medical.accumulators.event_counts import EventCount
from citytide.kernels.medical.events import UNDATED
from citytide.kernels.medical.scan.strata import Strata


@settings(deadline=None, max_examples=40)
@given(PERSONS, st.sampled_from(ALL_STRATA), st.sampled_from([(), (0, 2)]))
def test_events_are_those_of_a_count_by_hand(persons: list[Person], strata: Strata, kinds: tuple[int, ...]) -> None:
    it = EventCount(strata, kinds)
    expected = empty(it)
    for person in persons:
        for day, code, kind, *_ in person.events:
            place = person.stratum(strata, day)
            if not kinds or kind in kinds:
                if place is not None:
                    expected["events"][code, place] += 1
                elif day == UNDATED:
                    expected["undated"][code] += 1
    check(it, persons, expected)
