"""Curves of convergence and of the answer to demand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.workflows.drawing import canvas
from citytide.workflows.traffic.assignment.curves import draw_convergence, draw_demand_response


def sidecar(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))


def test_a_curve_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = (draw_convergence(tmp_path / name, 2, {"base": [0.1, 1e-7]}, target=1e-6) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("n_scenarios", "named"), [(1, 1), (5, 5), (6, 2), (500, 2)])
def test_convergence_names_a_few_and_says_what_it_leaves_out(tmp_path: Path, n_scenarios: int, named: int) -> None:
    gaps = {f"s{place}@1.0": 0.1 ** np.arange(1, 4 + (place == 3)) for place in range(n_scenarios)}
    note = sidecar(draw_convergence(tmp_path, 3, gaps, target=1e-3))
    assert note["alt"].count(" after ") == named
    assert ("s3@1.0" in note["caption"]) == (n_scenarios > 5)
    assert ("left out" in note["caption"]) == (n_scenarios > 400)


def test_a_gap_not_measured_yet_is_no_point(tmp_path: Path) -> None:
    note = sidecar(draw_convergence(tmp_path, 1, {"a": [0.0, 0.1, 1e-7], "b": [np.nan, np.nan], "c": [0.1, 0.0]}))
    assert "a: 1e-07 after 3" in note["alt"] and "b:" not in note["alt"] and "c: 1e-16 after 2" in note["alt"]
    assert "No scenario" in sidecar(draw_convergence(tmp_path, 2, {}))["caption"]


def test_a_demand_curve_has_holes_where_nothing_was_served(tmp_path: Path) -> None:
    times = {"base": [1.0, 2.0, 4.0], "_cut": [np.nan, np.nan, np.nan]}
    note = sidecar(draw_demand_response(tmp_path, 4, [0.8, 1.0, 1.2], times, times, time_unit="min"))
    assert "base: total travel time from 1 to 4" in note["alt"] and "_cut: total travel time unknown" in note["alt"]


def test_a_chinese_label_is_drawn_or_replaced_but_is_never_a_missing_glyph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canvas, "_FONT_PACKAGES", {})
    monkeypatch.setattr(canvas, "_FAMILIES", ())
    canvas.choose_fonts.cache_clear()
    try:
        draw_convergence(tmp_path, 2, {"深南大道@1.0": [0.1, 0.01]})
    finally:
        canvas.choose_fonts.cache_clear()
