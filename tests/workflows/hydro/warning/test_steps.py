"""Rain of each member, and the case that its water is simulated from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.hpc.execution.device_notes import collect_devices
from citytide.kernels.engines import EngineError
from citytide.workflows.hydro.warning.steps import (
    ForecastRain,
    RadarRain,
    WarnedCase,
    find_motion,
    flood_members,
    forecast_members,
)


def test_where_it_is_dry_nothing_moves() -> None:
    assert not find_motion(RadarRain.from_arrays({"radar": np.zeros((3, 8, 8))}))["motion"].any()


def test_rain_of_a_member_is_what_was_known_and_then_its_forecast() -> None:
    """0.1 mm from before, the same for both members, and 0.2 or 0.4 mm ahead, on 1200 m2."""
    ahead = np.array([[[[12.0]]], [[[24.0]]]], np.float32)
    none = np.zeros(0, int)
    arrays = {
        "height": np.zeros((3, 4)), "manning": np.full((3, 4), 0.03), "valid": np.ones((3, 4), bool),
        "held": np.zeros((3, 4), bool), "sea_depth": np.zeros((3, 4)), "sea_s": np.zeros(1),
        "sea_level_m": np.full(1, -1e4), "inflow_row": none, "inflow_column": none, "inflow_s": np.zeros(1),
        "inflow_m3_s": np.zeros((1, 0)), "rain_start_s": np.array([0.0, 60.0]), "rain_factor": np.ones(2),
        "rain_before": np.full((1, 1, 1), 6.0, np.float32), "forecast_rain": ahead,
    }  # fmt: skip
    case = WarnedCase.from_arrays(
        arrays, grid={"west": 0.0, "south": 0.0, "cell_m": 10.0, "n_y": 3, "n_x": 4},
        rain_grid={"west": 0.0, "south": 0.0, "cell_m": 40.0, "n_y": 1, "n_x": 1}, rain_end_s=np.inf,
        output_s=[120.0], map_s=[120.0], point_s=[], scheme="inertia", courant=0.45, theta=0.8, window_steps=8,
        precision="float64", threshold_m=1e-4, infiltration_mm_h=0.0, drainage_mm_h=0.0,
    )  # fmt: skip
    assert case.rain.shape == (2, 2, 1, 1) and case.rain[:, :, 0, 0].tolist() == [[6.0, 12.0], [6.0, 24.0]]
    parts = flood_members(case)
    while True:
        try:
            next(parts)
        except StopIteration as end:
            found = end.value
            break
    assert found["rain_m3"] == pytest.approx([0.36, 0.6]) and found["stored_m3"] == pytest.approx([0.36, 0.6])


def test_rain_that_would_come_from_out_of_sight_is_no_forecast() -> None:
    radar = np.ones((3, 8, 8), np.float32)
    motion = np.zeros((2, 8, 8))
    motion[1] = 2.0  # cells a step, towards the east
    asked = {"rows": (0, 8), "columns": (0, 8), "n_steps": 8, "seed": 1, "cell_m": 1000.0, "step_s": 300}
    arrays = {"radar": radar, "motion": motion, "number": np.array([0]), "rain_weight": np.full((8, 8), 1 / 64)}
    arrays["rain_after"] = np.zeros((0, 8, 8), np.float32)
    found = forecast_members(ForecastRain.from_arrays(arrays, **asked, unseen_limit=0.9))
    assert 0.5 < found["unseen"][0] < 0.9
    with pytest.raises(
        InputError,
        match=r"at most 0\.5 of the rain to come may arrive from where the frames do not see.*most 15 min",
    ):
        forecast_members(ForecastRain.from_arrays(arrays, **asked, unseen_limit=0.5))


def make_forecast(device: str, numbers: list[int], unseen_limit: float = 0.9) -> ForecastRain:
    """Showers that drift by (2, -1) cells a step over a field of 60 by 70, of which a corner is the ground."""
    y, x = np.mgrid[:60, :70]
    random = np.random.Generator(np.random.Philox(9))
    radar = np.zeros((3, 60, 70), np.float32)
    for at_x, at_y, peak in random.uniform((0, 0, 4), (70, 60, 40), (20, 3)):
        for step in range(3):
            radar[step] += peak * np.exp(-((x - at_x - 2 * step) ** 2 + (y - at_y + step) ** 2) / 30.0)
    radar[:, :, 66:] = np.nan
    motion = np.stack([np.full((60, 70), 2.0), np.full((60, 70), -1.0)])
    arrays = {
        "radar": radar, "motion": motion, "number": np.array(numbers), "rain_after": np.full((4, 20, 25), 3.0, "f4"),
        "rain_weight": np.full((20, 25), 1 / 500),
    }  # fmt: skip
    return ForecastRain.from_arrays(
        arrays, rows=(20, 40), columns=(5, 30), n_steps=4, step_s=300.0, cell_m=1000.0, seed=3,
        unseen_limit=unseen_limit, device=device,
    )  # fmt: skip


def test_forecast_on_cupy_is_that_of_the_host_within_the_bound(cupy: Any) -> None:
    numbers = [0, -1, 1, 2]
    here, there = (forecast_members(make_forecast(device, numbers)) for device in ("cpu", "gpu"))
    assert isinstance(there["forecast_rain"], np.ndarray) and there["forecast_rain"].dtype == np.float32
    off = np.abs(there["forecast_rain"] - here["forecast_rain"])
    assert here["forecast_rain"].mean() > 0.5 and 0.0 < here["unseen"][0] < 0.5
    assert off.mean() < 1e-4 * here["forecast_rain"].mean() and (off > 0.01).mean() < 1e-3
    np.testing.assert_allclose(there["unseen"], here["unseen"], atol=1e-3)
    assert (there["forecast_rain"][1] == 3.0).all()


def test_forecast_for_a_gpu_touches_no_array_of_the_host_until_it_is_cut(
    cupy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each member four steps over the ground come back, and beside them a mask and numbers of levels alone."""
    fetched: list[tuple[int, ...]] = []
    get = cupy.ndarray.get
    monkeypatch.setattr(cupy.ndarray, "get", lambda self: (fetched.append(self.shape), get(self))[1])
    forecast_members(make_forecast("gpu", [0, 1]))
    assert fetched.count((4, 20, 25)) == 2
    assert {shape for shape in fetched if shape != (4, 20, 25)} == {(60, 70), (6,)}
    assert fetched.count((60, 70)) == 1


def test_forecast_for_a_gpu_that_numba_alone_can_use_is_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Numba's simulator, which CuPy knows nothing of."""
    monkeypatch.setattr("citytide.workflows.hydro.warning.steps.is_usable", lambda engine: False)
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    here, there = (forecast_members(make_forecast(device, [0, 1]))["forecast_rain"] for device in ("cpu", "gpu"))
    np.testing.assert_array_equal(there, here)


def test_block_notes_the_engine_that_forecast_its_rain(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def note(step: Any, given: Any) -> list[str]:
        with collect_devices() as noted:
            step(given)
        return list(noted)

    assert note(forecast_members, make_forecast("gpu", [0, 1])) == ["cupy"]
    assert note(forecast_members, make_forecast("cpu", [0, 1])) == ["numba"]
    assert note(find_motion, RadarRain(np.zeros((3, 8, 8)))) == ["numba"]
    monkeypatch.setattr("citytide.workflows.hydro.warning.steps.is_usable", lambda engine: False)
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    assert note(forecast_members, make_forecast("gpu", [1])) == ["numba"]


def test_forecast_for_a_gpu_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr("citytide.workflows.hydro.warning.steps.is_usable", lambda engine: False)
    monkeypatch.setattr("citytide.kernels.gpu_check.is_installed", lambda engine: False)
    with pytest.raises(EngineError, match="a GPU needs the package numba-cuda, which this environment lacks"):
        forecast_members(make_forecast("gpu", [0]))


def test_control_on_cupy_is_refused_where_it_sees_too_little(cupy: Any) -> None:
    with pytest.raises(InputError, match=r"at most 0\.01 of the rain to come may arrive from where the frames do not"):
        forecast_members(make_forecast("gpu", [0], unseen_limit=0.01))
