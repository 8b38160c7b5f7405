"""Numbered draws of random dresses: which are made, and what became of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

from dresses import Field, draw_dress, make_generator
from verdicts import RIGHT, WRONG, Verdict, judge

FIRST = int(os.environ.get("CITYTIDE_FIRST_DRAW", "0"))
ONLY = os.environ.get("CITYTIDE_DRAW")
LEAST_RIGHT = 0.35  # of the draws of a field: refusing everything is no reading
SHOWN = 20


def judge_draw(of: Field, number: int) -> Verdict:
    rng = make_generator(number)
    return judge(of, draw_dress(of.aspects, rng), rng)


def list_numbers(name: str, *, share: float, default: int) -> list[int]:
    """The draws of a field; ``default`` is how many all fields together have if nobody says."""
    if ONLY is not None:
        only, _, number = ONLY.rpartition("-")
        return [int(number)] if only == name else []
    n_draws = int(os.environ.get("CITYTIDE_DRAWS", default))
    return list(range(FIRST, FIRST + round(n_draws * share)))


def refuse_misread(name: str, of: Field, numbers: Iterable[int]) -> None:
    """Fail if a draw is misread, or if hardly any is read."""
    counted: Counter[str] = Counter()
    wrong = []
    for number in numbers:
        verdict = judge_draw(of, number)
        counted[verdict.kind] += 1
        if verdict.kind == WRONG:
            wrong.append(f"CITYTIDE_DRAW={name}-{number} is {verdict}")
    print(f"{name}: {dict(counted)}")
    assert not wrong, f"{len(wrong)} of {counted.total()} draws:\n" + "\n".join(wrong[:SHOWN])
    assert ONLY is not None or counted[RIGHT] >= LEAST_RIGHT * counted.total(), f"too few are read: {dict(counted)}"
