"""Events of persons whose codes follow Zipf's law: a file of arrays that our side and a peer's read alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....kernels.medical.events import NO_DAY, PersonEvents

__all__ = ["N_CODES", "QUESTION", "load_events", "make_zipf_events", "save_events"]

FIRST_DAY, LAST_DAY = 16_436, 20_088  # 2015 to 2024
EVENTS_PER_PERSON = 24
N_CODES, N_AREAS = 1600, 10
_COLUMNS = tuple(name for name in PersonEvents.__dataclass_fields__ if name != "listed")  # everybody is
# What both sides are asked, as arrays in the file.
QUESTION: dict[str, NDArray[Any]] = {
    "age_edges": np.array([18, 40, 65, 80]),
    "period_edges": np.arange("2015", "2026", dtype="M8[Y]").astype("M8[D]").astype(np.int64),
    "washout_days": np.array(365),
    "n_codes": np.array(N_CODES),
}


def make_zipf_events(n_events: int, *, seed: int = 1) -> PersonEvents:
    """About ``n_events`` events of persons, 24 a person in the mean, within ten years.

    Examples
    --------
    >>> events = make_zipf_events(1000)
    >>> events.n_persons, bool(abs(len(events.day) - 1000) < 600)
    (41, True)
    """
    random = np.random.default_rng(seed)
    n_persons = max(n_events // EVENTS_PER_PERSON, 1)
    n_each = random.geometric(1 / EVENTS_PER_PERSON, n_persons)
    total = int(n_each.sum())
    weight = 1.0 / np.arange(1, N_CODES + 1)
    code = np.searchsorted(np.cumsum(weight / weight.sum()), random.random(total)).clip(max=N_CODES - 1)
    day = random.integers(FIRST_DAY, LAST_DAY + 1, total)
    kind = code % 4
    order = np.lexsort((code, kind, day, np.repeat(np.arange(n_persons), n_each)))
    death = random.integers(FIRST_DAY + 1000, LAST_DAY, n_persons)
    pseudonym = np.stack([np.sort(random.integers(0, 2**64, n_persons, np.uint64)), np.zeros(n_persons, np.uint64)], 1)
    return PersonEvents(
        offset=np.concatenate(([0], np.cumsum(n_each))),
        day=day[order].astype(np.int32),
        code=code[order].astype(np.uint32),
        kind=kind[order].astype(np.uint8),
        n_days=random.integers(0, 60, total).astype(np.uint16),
        value=np.full(total, np.nan, np.float32),
        cost_fen=random.integers(0, 100_000, total).astype(np.int32),
        facility=np.zeros(total, np.uint16),
        birth_day=random.integers(FIRST_DAY - 90 * 365, FIRST_DAY, n_persons).astype(np.int32),
        death_day=np.where(random.random(n_persons) < 0.05, death, NO_DAY).astype(np.int32),
        observed_from=random.integers(FIRST_DAY, FIRST_DAY + 1000, n_persons).astype(np.int32),
        observed_to=np.full(n_persons, LAST_DAY, np.int32),
        sex=random.integers(0, 3, n_persons).astype(np.uint8),
        area=random.integers(0, N_AREAS + 1, n_persons).astype(np.uint32),
        pseudonym=pseudonym,
    )


def save_events(events: PersonEvents, path: Path) -> None:
    """Write all arrays, and what is asked of them, to one ``.npz``."""
    arrays: dict[str, NDArray[Any]] = {name: getattr(events, name) for name in _COLUMNS}
    np.savez(path, **arrays, **QUESTION)  # type: ignore[arg-type]


def load_events(path: Path) -> PersonEvents:
    """What :func:`save_events` wrote."""
    with np.load(path) as file:
        return PersonEvents(**{name: file[name] for name in _COLUMNS})
