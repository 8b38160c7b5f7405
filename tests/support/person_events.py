"""Events of some persons, random and sorted, for tests of kernels that take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from citytide.kernels.medical.events import NO_DAY, UNDATED, PersonEvents

EVENT = ("day", "kind", "code", "n_days", "value", "cost_fen", "facility")
PERSON = ("birth_day", "death_day", "observed_from", "observed_to", "sex", "area")
EVENT_TYPES = ("i4", "u1", "u4", "u2", "f4", "i4", "u2")
PERSON_TYPES = ("i4", "i4", "i4", "i4", "u1", "u4")


def draw_events(seed: int, n_persons: int, mean: float, n_codes: int, *, undated: float = 0.1) -> Any:
    """Offsets, days and codes; few days, so that ties are common."""
    random = np.random.default_rng(seed)
    n = random.poisson(mean, n_persons)
    offset = np.concatenate(([0], np.cumsum(n)))
    person = np.repeat(np.arange(n_persons), n)
    day = np.where(random.random(offset[-1]) < undated, UNDATED, random.integers(-4, 9, offset[-1])).astype("i4")
    order = np.lexsort((day, person))
    return offset, day[order], random.integers(0, n_codes, offset[-1]).astype("u4")


def build_store(persons: list[dict[str, Any]]) -> PersonEvents:
    """Persons with ``pseudonym``, columns and ``events`` (set of tuples, ``value`` as its bits), sorted here."""
    persons = sorted(persons, key=lambda one: one["pseudonym"])
    rows = [sorted(one["events"], key=_key) for one in persons]
    flat = [row for mine in rows for row in mine]
    columns: dict[str, Any] = {
        name: np.array([row[at] for row in flat], dtype if name != "value" else "u4").view(dtype)
        for at, (name, dtype) in enumerate(zip(EVENT, EVENT_TYPES, strict=True))
    }
    columns |= {
        name: np.array([one[name] for one in persons], dtype) for name, dtype in zip(PERSON, PERSON_TYPES, strict=True)
    }
    return PersonEvents(
        offset=np.concatenate(([0], np.cumsum([len(mine) for mine in rows]))).astype("i8"),
        pseudonym=np.array([one["pseudonym"] for one in persons], "u8").reshape(-1, 2),
        **columns,
    )


def _key(row: Any) -> Any:
    bits = row[4]
    return (*row[:4], bits if bits < 2**31 else 2**31 - 1 - bits, *row[5:])


def unknown_person(pseudonym: tuple[int, int]) -> dict[str, Any]:
    """Nothing is known of them but their pseudonym."""
    days = dict.fromkeys(PERSON[:4], NO_DAY)
    return {"pseudonym": pseudonym, **days, "sex": 0, "area": 0, "events": set()}
