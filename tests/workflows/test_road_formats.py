"""One small network in random dresses: every format, unit, CRS, spelling and way of saying one-way gives the one right
answer or is refused.

A failing draw names its field and number. ``CITYTIDE_DRAW=osm-17 pytest tests/workflows/test_road_formats.py`` repeats
it alone; ``CITYTIDE_DRAWS=3000`` makes more draws, and ``CITYTIDE_FIRST_DRAW=3000`` others.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from dresses import FALSE, OPEN, PLAIN, Field, draw_dress, dress_plainly, list_single_dresses, make_generator
from road_edges import AEQUILIBRAE, EDGES
from road_gmns import GMNS
from road_graphml import GRAPHML
from road_lines import LINES
from road_osm import OSM
from road_tntp import TNTP
from verdicts import REFUSED, RIGHT, WRONG, Verdict, judge

FIELDS = {
    "osm": OSM, "graphml": GRAPHML, "lines": LINES, "edges": EDGES, "aequilibrae": AEQUILIBRAE, "gmns": GMNS,
    "tntp": TNTP,
}  # fmt: skip
SHARES = {  # of all draws
    "osm": 0.12, "graphml": 0.14, "lines": 0.24, "edges": 0.1, "aequilibrae": 0.08, "gmns": 0.17, "tntp": 0.15,
}  # fmt: skip
N_DRAWS = int(os.environ.get("CITYTIDE_DRAWS", "150"))
FIRST = int(os.environ.get("CITYTIDE_FIRST_DRAW", "0"))
ONLY = os.environ.get("CITYTIDE_DRAW")
LEAST_RIGHT = 0.35  # of the draws of a field: refusing everything is no reading
SHOWN = 20


def judge_draw(of: Field, number: int) -> Verdict:
    rng = make_generator(number)
    return judge(of, draw_dress(of.aspects, rng), rng)


def list_numbers(name: str) -> list[int]:
    if ONLY is not None:
        only, _, number = ONLY.rpartition("-")
        return [int(number)] if only == name else []
    return list(range(FIRST, FIRST + round(N_DRAWS * SHARES[name])))


@pytest.mark.parametrize("name", FIELDS)
def test_no_draw_is_misread(name: str) -> None:
    counted: Counter[str] = Counter()
    wrong = []
    for number in list_numbers(name):
        verdict = judge_draw(FIELDS[name], number)
        counted[verdict.kind] += 1
        if verdict.kind == WRONG:
            wrong.append(f"CITYTIDE_DRAW={name}-{number} is {verdict}")
    assert not wrong, f"{len(wrong)} of {counted.total()} draws:\n" + "\n".join(wrong[:SHOWN])
    assert ONLY is not None or counted[RIGHT] >= LEAST_RIGHT * counted.total(), f"too few are read: {dict(counted)}"


@pytest.mark.parametrize("name", FIELDS)
def test_the_plain_dress_is_read(name: str) -> None:
    of = FIELDS[name]
    verdict = judge(of, dress_plainly(of.aspects), make_generator(1))
    assert verdict.kind == RIGHT, str(verdict)


@pytest.mark.parametrize(
    ("name", "aspect", "option"),
    [(name, *single) for name, of in FIELDS.items() for single in list_single_dresses(of)],
)
def test_single_options_are_read_or_refused(name: str, aspect: str, option: str) -> None:
    of = FIELDS[name]
    verdict = judge(of, of.dress_singly(aspect, option), make_generator(1))
    allowed = {PLAIN: (RIGHT,), OPEN: (RIGHT, REFUSED), FALSE: (REFUSED,)}[verdict.level]
    assert verdict.kind in allowed, str(verdict)


@pytest.mark.parametrize("name", ["osm", "lines", "edges"])
@pytest.mark.parametrize("change", ["speed_km_h", "capacity_veh_h", "length_m", "lanes", "x"])
def test_oracle_tells_a_wrong_map(name: str, change: str, tmp_path: Path) -> None:
    """The measure must find fault with a layer of which one link, or one node, was changed a little."""
    of = FIELDS[name]
    case = of.write(dress_plainly(of.aspects), make_generator(2), tmp_path)
    layer = of.prepare(case.settings)
    assert case.measure(layer) is None
    values = getattr(layer, change).copy()
    values[3] *= 1.01
    object.__setattr__(layer, change, values)
    assert case.measure(layer) is not None


@pytest.mark.parametrize("name", ["gmns", "tntp"])
@pytest.mark.parametrize("change", ["free_time", "capacity", "demand", "b", "passable"])
def test_oracle_tells_a_wrong_table(name: str, change: str, tmp_path: Path) -> None:
    of = FIELDS[name]
    case = of.write(dress_plainly(of.aspects), make_generator(2), tmp_path)
    prepared = of.prepare(case.settings)
    assert case.measure(prepared) is None
    dims, values = prepared.arrays[change]
    prepared.arrays[change] = (dims, ~values if change == "passable" else np.asarray(values) * 1.001)
    assert case.measure(prepared) is not None
