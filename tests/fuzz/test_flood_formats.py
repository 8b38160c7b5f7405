"""Files of known content in random dresses: what a file states is read, what it leaves open is refused, and nothing is
misread.

A failing draw names its field and number. ``CITYTIDE_DRAW=ground-17 pytest tests/fuzz/test_flood_formats.py``
repeats it alone; ``CITYTIDE_DRAWS=3000`` makes more draws, and ``CITYTIDE_FIRST_DRAW=3000`` others.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from draws import list_numbers, refuse_misread
from dresses import FALSE, OPEN, PLAIN, draw_dress, find_level, list_single_dresses, make_generator
from flood_courses import COURSES
from flood_frames import FRAMES
from flood_grounds import GROUNDS
from flood_odim import COMPOSITES
from flood_tables import TABLES
from verdicts import REFUSED, RIGHT, judge

FIELDS = {"ground": GROUNDS, "table": TABLES, "frames": FRAMES, "odim": COMPOSITES, "course": COURSES}
SHARES = {"ground": 0.3, "table": 0.25, "frames": 0.2, "odim": 0.1, "course": 0.15}  # of all draws; frames take longest
N_DRAWS = 250


@pytest.mark.parametrize("name", FIELDS)
def test_no_draw_is_misread(name: str) -> None:
    refuse_misread(name, FIELDS[name], list_numbers(name, share=SHARES[name], default=N_DRAWS))


@pytest.mark.parametrize(
    ("name", "aspect", "option"),
    [(name, *single) for name, of in FIELDS.items() for single in list_single_dresses(of)],
)
def test_single_options_are_read_or_refused(name: str, aspect: str, option: str) -> None:
    of = FIELDS[name]
    verdict = judge(of, of.dress_singly(aspect, option), make_generator(1))
    allowed = {PLAIN: (RIGHT,), OPEN: (RIGHT, REFUSED), FALSE: (REFUSED,)}[verdict.level]
    assert verdict.kind in allowed, str(verdict)


def test_draws_come_back_by_their_number() -> None:
    first, again = (draw_dress(GROUNDS.aspects, make_generator(5)) for _ in range(2))
    assert first == again != draw_dress(GROUNDS.aspects, make_generator(6))


@pytest.mark.parametrize("name", FIELDS)
def test_draws_try_every_option(name: str) -> None:
    aspects = FIELDS[name].aspects
    seen: dict[str, set[str]] = {aspect: set() for aspect in aspects}
    levels: Counter[str] = Counter()
    for number in range(4000):
        dress = draw_dress(aspects, make_generator(number))
        levels[find_level(aspects, dress, list(dress))] += 1
        for aspect, option in dress.items():
            seen[aspect].add(option)
    assert seen == {aspect: set(options) for aspect, options in aspects.items()}
    assert min(levels.values()) > 300, levels


def test_oracle_tells_a_wrong_answer(tmp_path: Path) -> None:
    """Each measure must find fault with arrays that were changed a little."""
    changes = {"ground": "height", "table": "rain", "frames": "radar", "odim": "radar", "course": "sea_level_m"}
    for name, array in changes.items():
        of, folder = FIELDS[name], tmp_path / name
        folder.mkdir()
        aspect = next(iter(of.aspects))
        dress = of.dress_singly(aspect, next(iter(of.aspects[aspect])))
        case = of.write(dress, make_generator(2), folder)
        prepared = of.prepare(case.settings)
        assert case.measure(prepared) is None
        dims, values = prepared.arrays[array]
        prepared.arrays[array] = (dims, np.asarray(values) * 1.01)
        assert case.measure(prepared) is not None, name
        prepared.arrays[array] = (dims, np.flip(np.asarray(values), axis=0))
        assert case.measure(prepared) is not None, name
