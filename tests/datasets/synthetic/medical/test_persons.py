"""Records of synthetic persons: any block alone, and complete."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.medical.records import DEATH, EVENT, OBSERVED, PERSON, RecordBlock, Records
from citytide.datasets.synthetic.medical.persons import SyntheticPersons, read_synthetic

SOURCE = SyntheticPersons(n_events=24 * 3_000, size="2km")


def read(row: int, start: int, stop: int) -> Records:
    return read_synthetic(SOURCE.path, SOURCE.describe(), RecordBlock("", row, start, stop, 0))


@pytest.mark.parametrize("row", [PERSON, OBSERVED, DEATH, EVENT])
def test_any_cut_into_blocks_gives_the_same_records(row: int) -> None:
    whole = read(row, 0, SOURCE.n_persons)
    for cut in ([0, 3_000], [0, 1, 1_023, 1_025, 3_000], [0, 1_024, 2_048, 3_000]):
        parts = [read(row, start, stop) for start, stop in pairwise(cut)]
        for name in ("person", "day", "until", "code", "kind", "cost_fen", "facility", "sex", "area"):
            joined = np.concatenate([getattr(part, name) for part in parts])
            assert (joined == getattr(whole, name)).all(), name


def test_blocks_hold_every_person_once_and_about_as_many_events_as_asked_for() -> None:
    assert [block.row for block in SOURCE.blocks()] == [PERSON, OBSERVED, DEATH, EVENT]
    persons, events = read(PERSON, 0, 3_000), read(EVENT, 0, 3_000)
    assert len(set(persons.person)) == len(persons.person) == SOURCE.n_persons == 3_000
    assert len(events.day) == pytest.approx(SOURCE.n_events, rel=0.03)
    assert set(events.person) <= set(persons.person) and set(persons.sex) == {1, 2}
    many = SyntheticPersons(n_events=24 * 200_000).blocks()
    assert [(b.start, b.stop) for b in many if b.row == EVENT] == [
        (start, min(start + 24_576, 200_000)) for start in range(0, 200_000, 24_576)
    ]  # fmt: skip


def test_everything_happens_while_a_person_is_observed_and_alive() -> None:
    persons, observed, dead, events = (read(row, 0, 3_000) for row in (PERSON, OBSERVED, DEATH, EVENT))
    place = {name: at for at, name in enumerate(persons.person)}
    at = np.array([place[name] for name in events.person])
    assert (events.day >= observed.day[at]).all() and (events.until <= observed.until[at]).all()
    assert (events.day <= events.until).all() and (persons.day < observed.day).all()
    died = np.array([place[name] for name in dead.person])
    assert 0 < len(died) < 300 and (dead.day == observed.until[died]).all()


def test_seeds_differ_and_wrong_numbers_are_refused() -> None:
    other = SyntheticPersons(n_events=2_400, seed=2, size="2km")
    assert not np.array_equal(read_synthetic(other.path, other.describe(), other.blocks()[0]).day, read(0, 0, 100).day)
    with pytest.raises(InputError, match=r"n_events must be a whole number from 1 to 10\^11, got 0"):
        SyntheticPersons(n_events=0)
    with pytest.raises(InputError, match="size of city 'town' is unknown"):
        SyntheticPersons(size="town")
