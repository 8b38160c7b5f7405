from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.workflows.drawing import canvas, mapframe
from citytide.workflows.drawing.mapframe import make_frame
from citytide.workflows.traffic.assignment.curves import draw_convergence, draw_demand_response
from citytide.workflows.traffic.assignment.figures import write_figures
from citytide.workflows.traffic.maps import draw_difference_map, draw_flow_map


def grid(side: int) -> dict[str, Any]:
    """A square grid with both directions, flows that fall off from its middle."""
    node = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    tail, head = np.concatenate([tail, head]).astype(np.int32), np.concatenate([head, tail]).astype(np.int32)
    y, x = (place.ravel().astype(float) for place in np.divmod(np.arange(side * side), side))
    flow = 1500.0 / (1 + np.hypot(x[tail] - side / 2, y[tail] - side / 2))
    return {"x": x, "y": y, "tail": tail, "head": head, "capacity": np.full(len(tail), 800.0), "flow": flow}


def sidecar(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))


def draw(run: Path, case: dict[str, Any], **more: Any) -> Path:
    frame = make_frame(case["x"], case["y"], case["tail"], case["head"], more.pop("crs", ""))
    return draw_flow_map(run, 1, frame, case["flow"], case["capacity"], **more)


def test_a_figure_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    paths = [draw(tmp_path / name, grid(5), scenario="base@1.0") for name in "ab"]
    curves = [draw_convergence(tmp_path / name, 2, {"base": [0.1, 1e-7]}, target=1e-6) for name in "ab"]
    for first, second in (paths, curves):
        assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date" not in paths[0].read_bytes()


def test_a_sidecar_stands_beside_every_figure(tmp_path: Path) -> None:
    path = draw(tmp_path, grid(4), scenario="base@1.0", flow_unit="veh h-1")
    note = sidecar(path)
    assert (path.name, note["section"]) == ("01-map.svg", "result")
    assert "veh/h" in note["alt"] and "48 links" in note["alt"]
    assert "base@1.0" in note["title"] and "48 links carry more than their capacity" in note["caption"]


@pytest.mark.parametrize("side", [2, 40])
def test_a_large_network_is_a_picture_and_stays_small(
    tmp_path: Path, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapframe, "VECTOR_LINKS", 3000)
    path = draw(tmp_path, grid(side))
    assert (b"data:image/png" in path.read_bytes()) == (side == 40)
    assert path.stat().st_size < 1_500_000


def test_twelve_thousand_links_of_vectors_stay_small(tmp_path: Path) -> None:
    case = grid(55)
    assert 11_000 < len(case["tail"]) <= mapframe.VECTOR_LINKS
    path = draw(tmp_path, case)
    assert b"data:image/png" not in path.read_bytes() and path.stat().st_size < 1_500_000


def test_the_two_directions_are_drawn_side_by_side(tmp_path: Path) -> None:
    case = {
        "x": np.array([0.0, 1.0]), "y": np.zeros(2), "tail": np.array([0, 1], np.int32),
        "head": np.array([1, 0], np.int32),
        "capacity": np.ones(2), "flow": np.array([0.1, 1.9]),
    }  # fmt: skip
    drawn = draw(tmp_path, case).read_text(encoding="utf-8")
    ys = {float(y) for y in re.findall(r'd="M [\d.]+ ([\d.]+) \nL [\d.]+ \1 \n"', drawn)}
    assert len(ys) >= 2


def test_degrees_are_drawn_true_to_shape_with_a_scale() -> None:
    case = grid(3)
    ends = case["tail"], case["head"]
    frame = make_frame(114 + case["x"] * 0.01, 60 + case["y"] * 0.01, *ends, "EPSG:4326")
    span = np.ptp(np.concatenate([frame.start, frame.stop]), axis=0)
    assert span[0] / span[1] == pytest.approx(np.cos(np.radians(60.01)), rel=1e-6)
    assert frame.metres_per_pt is not None and frame.metres_per_pt * span[1] == pytest.approx(0.02 * 111_195, rel=1e-9)
    assert make_frame(case["x"], case["y"], *ends, "layout: spectral").metres_per_pt is None
    assert make_frame(case["x"], case["y"], *ends, "EPSG:2263").metres_per_pt is not None  # feet


def test_closed_links_are_counted_and_marked(tmp_path: Path) -> None:
    case = grid(3)
    closed = np.zeros(len(case["flow"]), bool)
    closed[:2] = True
    case["flow"][:2] = 0.0
    with_closed = draw(tmp_path / "a", case, closed=closed)
    assert "2 are closed" in sidecar(with_closed)["caption"]
    assert with_closed.read_bytes() != draw(tmp_path / "b", case).read_bytes()


def test_a_difference_map_counts_gains_and_losses(tmp_path: Path) -> None:
    case = grid(3)
    frame = make_frame(case["x"], case["y"], case["tail"], case["head"])
    flow = case["flow"].copy()
    flow[0] += 500.0
    flow[1:3] -= 400.0
    note = sidecar(draw_difference_map(tmp_path, 2, frame, flow, case["flow"], scenario="b@1.0", base="a@1.0"))
    assert "1 link gains, 2 lose" in note["caption"] and "+500" in note["alt"]


def test_nothing_flows_and_nothing_changes(tmp_path: Path) -> None:
    case = grid(2) | {"flow": np.zeros(8), "capacity": np.array([0.0, np.inf] * 4)}
    assert "0 of 8 links" in sidecar(draw(tmp_path, case))["caption"]
    frame = make_frame(case["x"], case["y"], case["tail"], case["head"])
    note = sidecar(draw_difference_map(tmp_path, 2, frame, case["flow"], case["flow"]))
    assert "0 links gain, 0 lose" in note["caption"]


def test_a_chinese_name_is_drawn_or_stands_beside_but_is_never_a_missing_glyph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = grid(3)
    names = ["深南大道"] * 6 + ["Fuhua $3_ Road"] * 6 + [""] * 12
    with_font = draw(tmp_path / "with", case, link_name=names)
    assert "深南大道" in sidecar(with_font)["names"] or len(canvas.choose_fonts()) > 1
    monkeypatch.setattr(canvas, "_FONT_PACKAGES", {})
    monkeypatch.setattr(canvas, "_FAMILIES", ())
    canvas.choose_fonts.cache_clear()
    try:
        without = draw(tmp_path / "without", case, link_name=names)
        draw_convergence(tmp_path, 2, {"深南大道@1.0": [0.1, 0.01]})
    finally:
        canvas.choose_fonts.cache_clear()
    assert sidecar(without)["names"] == ["深南大道"]


def test_the_font_that_carries_chinese_is_there() -> None:
    assert canvas.is_drawable("福田区深南大道")  # the extra `fonts`, which the tests bring


def test_a_missing_glyph_is_an_error_and_not_a_box(tmp_path: Path) -> None:
    figure, (axes,) = canvas.make_sheet(100, [(0, 0, 100, 100)])
    axes.text(0, 0, "\uffff")
    with pytest.raises(UserWarning, match="missing"):
        canvas.write_figure(tmp_path, 1, "x", figure, title="", caption="", alt="")


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


class Rows:
    """Rows that may each be taken, never the whole: as a store gives them."""

    def __init__(self, rows: np.ndarray[Any, Any]) -> None:
        self.rows, self.taken = rows, set[int]()

    def __getitem__(self, scenario: int) -> Any:
        self.taken.add(int(scenario))
        return self.rows[scenario]


def test_an_ensemble_shows_the_base_and_what_moves_most(tmp_path: Path) -> None:
    case = grid(4)
    names = [f"{name}@{factor}" for name in ("base", "a", "b", "c", "d") for factor in (0.8, 1.0, 1.2)]
    flow = Rows(np.array([case["flow"] * (1 + row / 20) for row in range(len(names))]))
    tstt = np.array([10.0, 20, 30, 11, 21, 31, 99, 12, 99, 10, 20, 30, 10, 60, 30])
    paths = write_figures(
        tmp_path, x=case["x"], y=case["y"], tail=case["tail"], head=case["head"], capacity=case["capacity"], flow=flow,
        scenario=names, tstt=tstt, served_demand=np.full(15, 5.0), gaps={name: [0.1, 0.01] for name in names},
    )  # fmt: skip
    assert [path.name for path in paths] == [
        "01-map.svg", "02-difference.svg", "03-difference.svg", "04-difference.svg", "05-convergence.svg",
        "06-demand.svg",
    ]  # fmt: skip
    assert [sidecar(path)["title"] for path in paths[:3]] == [
        "Where the traffic goes: base@1.0", "What changes: d@1.0 against base@1.0",
        "What changes: b@1.0 against base@1.0",
    ]  # fmt: skip
    assert len(flow.taken) == 4


def test_one_scenario_has_a_map_and_no_comparison(tmp_path: Path) -> None:
    case = grid(3) | {"flow": grid(3)["flow"][None], "scenario": ["base@1.0"], "gaps": {"base@1.0": [0.1]}}
    assert [path.name for path in write_figures(tmp_path, **case)] == ["01-map.svg", "02-convergence.svg"]


def test_colours_of_the_load_scale_darken_step_by_step() -> None:
    shades = [sum(int(colour[at : at + 2], 16) * w for at, w in ((1, 0.3), (3, 0.6), (5, 0.1)))
              for colour in canvas.sample_scale("load", 8)]  # fmt: skip
    assert all(dark < pale - 8 for pale, dark in pairwise(shades))
