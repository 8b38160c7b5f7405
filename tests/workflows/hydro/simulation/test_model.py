"""What feeds and drains a ground, span by span, and what is recorded of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.soils import SOILS, Soil
from citytide.workflows.hydro.inundation.steps import simulate_members
from citytide.workflows.hydro.simulation.case import FloodCase
from citytide.workflows.hydro.simulation.model import FloodModel

GRID = {"west": 0.0, "south": 0.0, "cell_m": 10.0, "n_y": 3, "n_x": 4}


def make_model(**changed: Any) -> FloodModel:
    """A flat box of 3 x 4 cells, two members, rain from 60 s on for a minute, then none."""
    arrays = {
        "height": np.zeros((3, 4)), "manning": np.full((3, 4), 0.03), "valid": np.ones((3, 4), bool),
        "held": np.zeros((3, 4), bool), "sea_depth": np.zeros((3, 4)), "rain_zone": np.zeros((3, 4), np.uint8),
        "rain": np.array([[[0.0]], [[36.0]], [[0.0]]]), "rain_start_s": np.array([0.0, 60.0, 120.0]),
        "rain_factor": np.array([1.0, 2.0]), "inflow_row": np.zeros(0, int), "inflow_column": np.zeros(0, int),
        "inflow_s": np.zeros(1), "inflow_m3_s": np.zeros((1, 0)), "sea_s": np.zeros(1), "sea_level_m": np.full(1, -1e4),
        **changed.pop("arrays", {}),
    }  # fmt: skip
    asked = {
        "grid": GRID, "rain_grid": None, "rain_end_s": np.inf, "output_s": [90.0, 180.0], "infiltration_mm_h": 0.0,
        "drainage_mm_h": 0.0, "threshold_m": 1e-4, "courant": 0.45, "theta": 0.8,
        "scheme": "inertia", "window_steps": 8, "precision": "float64", **changed,
    }  # fmt: skip
    return FloodModel(FloodCase.from_arrays(arrays, **asked))


def run(model: FloodModel) -> dict[str, Any]:
    parts = simulate_members(model.case)
    depth = []
    while True:
        try:
            name, at, values = next(parts)
        except StopIteration as end:
            return {"depth": np.concatenate(depth, axis=1), **end.value}
        assert name == "depth" and at == len(depth)
        depth.append(values)


def test_spans_end_at_outputs_and_where_the_rain_changes() -> None:
    model = make_model()
    spans = list(model.spans())
    assert [span[:2] for span in spans] == [(0.0, 60.0), (60.0, 90.0), (90.0, 120.0), (120.0, 180.0)]
    assert [span.rain is None for span in spans] == [True, False, False, True]
    assert spans[1].rain is not None and spans[1].rain.max() == 36.0  # mm h-1, as it was given
    wet = model.rain.find_field(spans[1].rain)
    assert wet is not None and wet.shape == (2, 5, 6)
    assert wet[1, 1, 1] == pytest.approx(72.0 / 3.6e6) and wet[0, 0, 0] == 0.0


def test_every_drop_of_the_rain_stands_in_the_box() -> None:
    found = run(make_model())
    assert found["rain_m3"] == pytest.approx([0.72, 1.44])  # 0.6 mm on 1200 m2, and twice that
    assert found["stored_m3"] == pytest.approx(found["rain_m3"]) and np.abs(found["balance"]).max() < 1e-12
    np.testing.assert_allclose(found["depth"][0, :, 1, 1], [3e-4, 6e-4], rtol=1e-5)
    assert found["depth"].shape == (2, 2, 3, 4) and found["deepest"].dtype == np.float32


def test_infiltration_and_inflow_are_accounted_for() -> None:
    fed = {
        "inflow_row": np.array([1]),
        "inflow_column": np.array([2]),
        "inflow_m3_s": np.array([[0.05]]),
    }
    found = run(make_model(infiltration_mm_h=18.0, arrays=fed))
    assert found["inflow_m3"] == pytest.approx([9.0, 9.0]) and (found["lost_m3"] > 0.1).all()
    brought = found["rain_m3"] + found["inflow_m3"] - found["lost_m3"]
    assert found["stored_m3"] == pytest.approx(brought, rel=1e-10)


def test_hydrographs_divide_spans_and_keep_their_volume() -> None:
    fed = {
        "inflow_row": np.array([1]), "inflow_column": np.array([2]), "inflow_s": np.array([0.0, 30.0, 100.0, 180.0]),
        "inflow_m3_s": np.array([[0.0], [0.06], [0.02], [0.1]]),
    }  # fmt: skip
    model = make_model(arrays=fed)
    ends = [span.horizon_s for span in model.spans()]
    assert ends == [30.0, 60.0, 90.0, 100.0, 120.0, 180.0]
    found = run(model)
    assert found["inflow_m3"] == pytest.approx([0.9 + 2.8 + 4.8] * 2, rel=1e-12)  # of the trapezia
    assert found["stored_m3"] == pytest.approx(found["rain_m3"] + found["inflow_m3"], rel=1e-12)


def soak(soil: Any, rain_mm_h: float, hours: float, **changed: Any) -> dict[str, Any]:
    """Steady rain on the box with one soil everywhere, and the last column paved."""
    zone = np.zeros((3, 4), np.uint8)
    zone[:, 3] = 1
    arrays = {
        "rain": np.full((1, 1, 1), rain_mm_h), "rain_start_s": np.zeros(1), "rain_factor": np.ones(1),
        "soil_zone": zone, "soil_conductivity": np.array([soil.conductivity_m_s, 0.0]),
        "soil_suction": np.array([soil.suction_m, 0.0]), "soil_deficit": np.array([soil.find_deficit(0.3), 0.0]),
        "manning": np.full((3, 4), 0.05),
    }  # fmt: skip
    return run(make_model(arrays=arrays, output_s=[3600.0 * hours], **changed))


def test_soil_takes_what_the_textbook_says() -> None:
    """Chow, Maidment & Mays (1988), example 5.4.2: 3.02 cm of 5 cm in an hour sink into silt loam, 30 % full."""
    found = soak(SOILS["silt-loam"], 50.0, 1.0)
    assert found["lost_m3"][0] / (9 * 100.0) == pytest.approx(0.0302, abs=2e-4)
    assert found["rain_m3"][0] == pytest.approx(0.05 * 1200.0) and abs(found["balance"][0]) < 1e-12


def test_soil_takes_all_of_a_drizzle_and_paved_ground_is_drained() -> None:
    found = soak(SOILS["sand"], 10.0, 0.5)
    assert found["lost_m3"][0] >= 0.75 * found["rain_m3"][0]  # a quarter falls on the pavement
    paved = soak(SOILS["paved"], 10.0, 0.5, drainage_mm_h=4.0)
    assert paved["lost_m3"][0] == pytest.approx(0.4 * paved["rain_m3"][0], rel=1e-3)
    tight = soak(Soil(1e-15, 0.0, 0.4), 10.0, 0.5, drainage_mm_h=4.0)  # a soil, if a poor one: it has no drains
    assert tight["lost_m3"][0] == pytest.approx(0.25 * paved["lost_m3"][0], rel=1e-3)


def test_moments_that_are_almost_one_make_no_span_of_their_own() -> None:
    tide = {"sea_s": np.array([0.0, 60.0 + 1e-9, 180.0]), "sea_level_m": np.zeros(3)}
    assert [span.horizon_s for span in make_model(arrays=tide).spans()] == [60.0, 90.0, 120.0, 180.0]


def test_a_gpu_that_is_not_there_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr("citytide.kernels.gpu_check.is_installed", lambda engine: False)
    with pytest.raises(EngineError, match="a GPU needs the package numba-cuda, which this environment lacks"):
        make_model(device="gpu")


def test_a_frame_is_made_ready_once_for_all_spans_that_it_lasts() -> None:
    model = make_model(output_s=[70.0, 90.0, 110.0, 180.0])
    wet = [span for span in model.spans() if span.rain is not None]
    assert len(wet) == 4 and len({id(span.rain) for span in wet}) == 1
    assert model.rain.find_field(wet[0].rain) is model.rain.find_field(wet[3].rain)
    assert model.rain.find_totals(wet[0].rain).tolist() == pytest.approx([12 * 1e-5, 24 * 1e-5])
