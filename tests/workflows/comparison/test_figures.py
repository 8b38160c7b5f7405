"""Maps of differences: the same colours on both sides of no change, and words for those who do not see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import citytide
from citytide.hpc.errors import RunError
from citytide.workflows.comparison import figures
from citytide.workflows.comparison.compare import Comparison, compare_runs
from citytide.workflows.comparison.figures import draw_differences, find_mapped


@pytest.fixture(scope="module")
def growth(make_once: Callable[[str, Callable[[Path], Any]], Path]) -> Path:
    """A small city's traffic at two demands."""

    def make(path: Path) -> None:
        citytide.run("traffic-assignment", set={"demand_factors": [1.0, 1.2], "gap": 1e-4}, out=path)

    return make_once("growth", make)


def compare_demands(run: Path) -> Comparison:
    return compare_runs(run, run, at=["scenario=base@1.0=base@1.2"])


def test_a_map_of_links_says_which_runs_and_where(growth: Path, tmp_path: Path) -> None:
    comparison = compare_demands(growth)
    told = find_mapped(comparison)
    sentence = draw_differences(comparison, told, tmp_path / "flow.svg")
    assert told.name == "flow" and "(B) minus that of run" in sentence
    assert "at scenario base@1.0 -> base@1.2" in sentence and "veh/h" in sentence
    text = (tmp_path / "flow.svg").read_text(encoding="utf-8")
    assert f"<dc:description>{escape(sentence, quote=False)}</dc:description>" in text
    assert "<dc:date>" not in text and re.search("<dc:title>flow: ", text)


def test_the_same_comparison_is_the_same_bytes(growth: Path, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        comparison = compare_demands(growth)
        draw_differences(comparison, find_mapped(comparison, "cost"), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("most", [1200, 16])
def test_a_map_of_cells_is_drawn_of_the_row_that_changes_most(
    default_run: Callable[[str], Path], tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST_PIXELS", most)
    run = default_run("inundation")
    comparison = compare_runs(run, run)
    told = find_mapped(comparison)
    assert told.name == "depth"
    sentence = draw_differences(comparison, told, tmp_path / "depth.png")
    assert "0 cells have more and 0 less" in sentence and (tmp_path / "depth.png").stat().st_size > 1000


def test_a_coarse_cell_shows_the_largest_change_within() -> None:
    fine = np.zeros((5, 5))
    fine[1, 1], fine[0, 0], fine[4, 4] = -3.0, 2.0, 1.0
    assert figures._find_largest(fine, 2).tolist() == [[-3.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]


def test_what_lies_on_no_map_is_refused(growth: Path) -> None:
    comparison = compare_demands(growth)
    with pytest.raises(RunError, match=r"a map needs numbers over links .* 'tstt' of product 'assignment' has none"):
        find_mapped(comparison, "tstt")
    with pytest.raises(RunError, match="--variable must name a variable that was compared, got 'depth': choose one of"):
        find_mapped(comparison, "depth")
