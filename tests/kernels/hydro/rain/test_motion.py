"""Motion of rain: storms of known motion, mirrored fields, odd vectors, and radar frames with published answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.datasets.hydro.rain_files.formats import open_rain
from citytide.datasets.synthetic.hydro.storms import compute_rain_rate, make_storms
from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.rain.advection import extrapolate_rain
from citytide.kernels.hydro.rain.motion import drop_outliers, estimate_motion, spread_motion
from citytide.kernels.hydro.verification.fss import score_fss

Y, X = np.mgrid[:120, :150].astype(np.float64)


def storm(step: float, east: float, north: float) -> np.ndarray:
    rng = np.random.Generator(np.random.Philox(5))
    rain = np.zeros(Y.shape)
    for at_x, at_y in zip(rng.uniform(10, 140, 25), rng.uniform(10, 110, 25), strict=True):
        rain += 30.0 * np.exp(-((X - at_x - east * step) ** 2 + (Y - at_y - north * step) ** 2) / 50.0)
    return np.where(rain < 0.1, 0.0, rain)


@pytest.mark.parametrize(("east", "north"), [(2.5, -1.0), (-4.0, 3.0), (0.0, 0.0)])
def test_motion_of_a_storm_is_found(east: float, north: float) -> None:
    motion = estimate_motion(np.stack([storm(step, east, north) for step in range(3)]))
    assert motion.shape == (2, 120, 150)
    middle = motion[:, 30:90, 30:120]
    np.testing.assert_allclose(middle.mean(axis=(1, 2)), [east, north], atol=0.15)
    np.testing.assert_allclose(middle[0], east, atol=0.8)


def test_mirrored_rain_moves_in_the_mirror() -> None:
    frames = np.stack([storm(step, 2.5, -1.0) for step in range(2)])
    motion, mirrored = estimate_motion(frames), estimate_motion(frames[:, :, ::-1])
    np.testing.assert_allclose(mirrored.mean(axis=(1, 2)), motion.mean(axis=(1, 2)) * [-1.0, 1.0], atol=0.05)


def test_dry_frames_do_not_move() -> None:
    assert (estimate_motion(np.zeros((3, 40, 50))) == 0.0).all()


def test_rain_beyond_the_sight_leaves_no_vector() -> None:
    frames = np.stack([storm(step, 2.0, 0.0) for step in range(2)])
    frames[:, :, 75:] = np.nan
    np.testing.assert_allclose(estimate_motion(frames)[:, 30:90, 10:60].mean(axis=(1, 2)), [2.0, 0.0], atol=0.2)


def test_one_odd_vector_among_many_is_dropped() -> None:
    place = np.argwhere(np.ones((8, 8))) * 12.0
    shift = np.random.Generator(np.random.Philox(2)).normal([2.0, -1.0], 0.1, (64, 2))
    shift[20] = [-8.0, 5.0]
    kept_place, kept = drop_outliers(place, shift)
    assert len(kept) >= 60 and not (kept == shift[20]).all(axis=1).any()
    assert len(kept_place) == len(kept)
    few = place[:3], shift[:3]
    assert drop_outliers(*few)[1] is few[1]


def test_vectors_hold_near_their_places() -> None:
    motion = spread_motion(np.array([[5.0, 5.0], [95.0, 95.0]]), np.array([[1.0, 0.0], [3.0, 2.0]]), (100, 100))
    assert motion[0, 5, 5] < 1.6 < 2.4 < motion[0, 95, 95]
    assert motion.min() >= 0.0 and motion[0].max() <= 3.0


@pytest.mark.parametrize("rain", [np.zeros((1, 9, 9)), np.zeros((9, 9)), np.zeros((3, 9, 9), dtype=int)])
def test_frames_that_are_none_are_refused(rain: np.ndarray) -> None:
    with pytest.raises(ValueError, match="two or more frames"):
        estimate_motion(rain)


def test_cells_of_made_up_storms_are_followed() -> None:
    """The generator's cells drift with one wind, 3 to 8 m/s."""
    storms = make_storms(1, (-15e3, -15e3, 17e3, 17e3))
    x, y = np.arange(-55.5, 57.0) * 1e3, np.arange(-55.5, 57.0) * 1e3
    middle = int(np.median(storms.start + storms.duration_s // 2))
    frames = [compute_rain_rate(storms, middle + 300 * at, x[None], y[:, None]) for at in range(-2, 1)]
    motion = estimate_motion(np.stack(frames)).mean(axis=(1, 2)) * 1000.0 / 300.0
    wind = np.array([np.median(storms.speed_x_m_s), np.median(storms.speed_y_m_s)])
    assert np.linalg.norm(motion - wind) < 1.2


def test_extrapolation_of_radar_frames_scores_as_published(data: Path) -> None:
    """MCH 2015-05-15, frames 9 to 11 from 0 (16:30, 16:35, 16:40 UTC): FSS at 1 mm/h and 16 km."""
    rain = open_rain(data / "hydro/radar_mch_20150515").rate
    motion = estimate_motion(rain[9:12])
    # -2.60 px a step to the east and 0.72 down the picture, which is north to south (reference within 0.1)
    np.testing.assert_allclose(motion.mean(axis=(1, 2)), [-2.6013, -0.7201], atol=0.1)
    ahead = extrapolate_rain(rain[11], motion.astype(np.float32), n_steps=12)
    scores = {}
    for step, least in ((3, 0.896), (6, 0.785), (12, 0.558)):
        observed, forecast = rain[11 + step], ahead[step - 1]
        valid = ~(np.isnan(observed) | np.isnan(forecast) | np.isnan(rain[11]))
        for name, field in (("carried", forecast), ("persistence", rain[11])):
            scores[name, step] = score_fss(field, observed, threshold=1.0, windows=(16,), valid=valid)[0]
        assert scores["carried", step] >= least
    assert scores["carried", 3] > scores["persistence", 3] and scores["carried", 6] > scores["persistence", 6]
    assert scores["carried", 12] < scores["persistence", 12]  # on this event extrapolation loses after an hour


def test_what_a_later_frame_does_not_know_moves_nothing() -> None:
    """Showers that drift by (3, -1): with frames gone dry, lost or half lost, that stays what is found."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:160, :160]
    cells = np.column_stack([random.uniform(-40, 200, (60, 2)), random.uniform(2, 40, 60)])
    frames = np.stack([
        sum(peak * np.exp(-((x - 3 * t - at_x) ** 2 + (y + t - at_y) ** 2) / 40.0) for at_y, at_x, peak in cells)
        for t in range(3)
    ])  # fmt: skip

    def error(frame: int, columns: slice, value: float) -> float:
        changed = frames.copy()
        changed[frame, :, columns] = value
        motion = estimate_motion(changed)
        return float(np.hypot(motion[0] - 3.0, motion[1] + 1.0).mean())

    assert error(0, slice(0), 0.0) < 0.1
    assert error(2, slice(None), np.nan) < 0.15 and error(2, slice(None), 0.0) < 0.15
    assert error(2, slice(80, None), np.nan) < 0.6 and error(1, slice(40, 90), np.nan) < 0.6


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"window": 50}, "odd and at least 3, got 50"), ({"rain": np.full((2, 9, 9), np.inf)}, "infinite")],
)
def test_windows_and_rates_that_mean_nothing_are_refused(changed: dict[str, Any], said: str) -> None:
    asked = {"rain": np.ones((2, 9, 9)), **changed}
    with pytest.raises(ValueError, match=said):
        estimate_motion(asked.pop("rain"), **asked)


def test_frames_of_a_gpu_are_refused_with_the_way_there_and_back(cupy: Any) -> None:
    said = "must be in host memory, where its motion is found, got an array of a GPU: hand over cupy.asnumpy"
    with pytest.raises(EngineError, match=said):
        estimate_motion(cupy.zeros((3, 9, 9)))
