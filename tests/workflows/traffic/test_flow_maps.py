"""Maps of flows and of their changes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.workflows.drawing import canvas, mapframe
from citytide.workflows.drawing.mapframe import make_frame
from citytide.workflows.traffic.flow_maps import draw_difference_map, draw_flow_map


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


def test_a_flow_map_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = (draw(tmp_path / name, grid(5), scenario="base@1.0").read_bytes() for name in "ab")
    assert first == second and b"<dc:date" not in first


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
    finally:
        canvas.choose_fonts.cache_clear()
    assert sidecar(without)["names"] == ["深南大道"]
