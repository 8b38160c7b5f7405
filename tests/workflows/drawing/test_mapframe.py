"""The frame that links are drawn in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.workflows.drawing.mapframe import make_frame


def grid(side: int) -> dict[str, Any]:
    """A square grid with both directions, flows that fall off from its middle."""
    node = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    tail, head = np.concatenate([tail, head]).astype(np.int32), np.concatenate([head, tail]).astype(np.int32)
    y, x = (place.ravel().astype(float) for place in np.divmod(np.arange(side * side), side))
    flow = 1500.0 / (1 + np.hypot(x[tail] - side / 2, y[tail] - side / 2))
    return {"x": x, "y": y, "tail": tail, "head": head, "capacity": np.full(len(tail), 800.0), "flow": flow}


def test_degrees_are_drawn_true_to_shape_with_a_scale() -> None:
    case = grid(3)
    ends = case["tail"], case["head"]
    frame = make_frame(114 + case["x"] * 0.01, 60 + case["y"] * 0.01, *ends, "EPSG:4326")
    span = np.ptp(np.concatenate([frame.start, frame.stop]), axis=0)
    assert span[0] / span[1] == pytest.approx(np.cos(np.radians(60.01)), rel=1e-6)
    assert frame.metres_per_pt is not None and frame.metres_per_pt * span[1] == pytest.approx(0.02 * 111_195, rel=1e-9)
    assert make_frame(case["x"], case["y"], *ends, "layout: spectral").metres_per_pt is None
    assert make_frame(case["x"], case["y"], *ends, "EPSG:2263").metres_per_pt is not None  # feet
