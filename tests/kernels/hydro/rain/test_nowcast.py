"""The ensemble: a member is itself alone, rates are those that were seen, and it beats what stays or is carried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.datasets.hydro.rain_files.formats import open_rain
from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.rain.advection import extrapolate_rain
from citytide.kernels.hydro.rain.members import WET_MM_H
from citytide.kernels.hydro.rain.motion import estimate_motion
from citytide.kernels.hydro.rain.nowcast import nowcast_ensemble
from citytide.kernels.hydro.verification.crps import score_crps

Y, X = np.mgrid[:64, :80].astype(np.float64)
EAST = np.stack([np.full(Y.shape, 1.0), np.zeros(Y.shape)])


def frames(moved: float = 1.0, change: float = 0.0) -> np.ndarray:
    rng = np.random.Generator(np.random.Philox(9))
    rain = np.zeros((3, *Y.shape))
    for at_x, at_y, peak in zip(rng.uniform(5, 75, 14), rng.uniform(5, 60, 14), rng.uniform(5, 40, 14), strict=True):
        for step in range(3):
            grown = peak * (1.0 + change * rng.normal())
            rain[step] += grown * np.exp(-((X - at_x - moved * step) ** 2 + (Y - at_y) ** 2) / 30.0)
    return np.where(rain < WET_MM_H, 0.0, rain)


def test_member_is_the_same_alone_and_among_others() -> None:
    together = nowcast_ensemble(frames(), EAST, n_steps=3, members=range(4), seed=5)
    for member in (0, 3):
        alone = nowcast_ensemble(frames(), EAST, n_steps=3, members=[member], seed=5)
        assert np.array_equal(alone[0], together[member], equal_nan=True)
    assert np.array_equal(
        nowcast_ensemble(frames(), EAST, n_steps=3, members=range(4), seed=5, threads=2), together, equal_nan=True
    )
    longer = nowcast_ensemble(frames(), EAST, n_steps=5, members=[2], seed=5)
    assert np.array_equal(longer[0, :3], together[2], equal_nan=True)


def test_seeds_and_members_differ() -> None:
    some = [
        nowcast_ensemble(frames(change=0.2), EAST, n_steps=2, members=[member], seed=seed)
        for seed, member in ((1, 0), (1, 1), (2, 0))
    ]
    for at, one in enumerate(some):
        for other in some[at + 1 :]:
            assert (np.nan_to_num(one) != np.nan_to_num(other)).mean() > 0.05


def test_rates_are_those_that_were_seen() -> None:
    rain = frames(moved=0.0, change=0.3)
    found = nowcast_ensemble(rain, np.zeros_like(EAST), n_steps=1, members=range(3), seed=1)
    seen = np.sort(rain[-1][rain[-1] >= WET_MM_H]).astype(np.float32)
    for member in found:  # nothing moves: no rate is blurred between cells
        assert np.array_equal(np.sort(member[0][member[0] > 0.0]), seen)


def test_noiseless_rain_is_only_carried() -> None:
    """Frames that did not change but by their motion leave nothing to noise but the errors of motion."""
    still = np.repeat(frames()[:1], 3, axis=0)
    found = nowcast_ensemble(still, np.zeros_like(EAST), n_steps=2, members=[0, 1], seed=3)
    wet = still[-1] >= WET_MM_H
    for member in found:
        assert np.corrcoef(member[-1][wet], still[-1][wet])[0, 1] > 0.97


def test_what_comes_from_out_of_sight_is_not_known() -> None:
    rain = frames()
    rain[:, :, :20] = np.nan
    found = nowcast_ensemble(rain, EAST, n_steps=4, members=[0], seed=1)[0]
    assert np.isnan(found[-1, :, :22]).all() and np.isfinite(found[0, 5:-5, 40:]).all()
    assert (found[np.isfinite(found)] >= 0.0).all()


def test_dry_sky_stays_dry() -> None:
    found = nowcast_ensemble(np.zeros((3, 20, 30)), np.ones((2, 20, 30)), n_steps=2, members=[0, 1], seed=1)
    assert (np.nan_to_num(found) == 0.0).all() and found.shape == (2, 2, 20, 30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rain": np.zeros((2, 64, 80))}, "3 or more frames"),
        ({"motion": np.zeros((2, 5, 5))}, "motion must be of shape"),
        ({"n_steps": 0}, "n_steps must be at least 1, got 0"),
        ({"members": [-1]}, "members must be 0 or more and below 2\\^32, got -1"),
    ],
)
def test_wrong_arguments_are_refused(change: dict[str, object], message: str) -> None:
    given = {"rain": frames(), "motion": EAST, "n_steps": 2, "members": [0], **change}
    with pytest.raises(ValueError, match=message):
        nowcast_ensemble(given["rain"], given["motion"], n_steps=given["n_steps"], members=given["members"], seed=1)


def test_ensemble_beats_persistence_on_radar_frames(data: Path) -> None:
    """MCH 2015-05-15, frames 9 to 11 from 0 (16:30 to 16:40 UTC), 8 members, CRPS over cells that all know."""
    rain = open_rain(data / "hydro/radar_mch_20150515").rate
    motion = estimate_motion(rain[9:12]).astype(np.float32)
    found = nowcast_ensemble(rain[9:12], motion, n_steps=12, members=range(8), seed=1)
    carried = extrapolate_rain(rain[11], motion, n_steps=12)
    for step in (3, 6, 12):
        observed = rain[11 + step]
        valid = ~(np.isnan(observed) | np.isnan(found[:, step - 1]).any(axis=0) | np.isnan(carried[step - 1]))
        valid &= ~np.isnan(rain[11])
        scores = [
            float(score_crps(np.ascontiguousarray(ensemble[:, valid]), observed[valid]).mean())
            for ensemble in (found[:, step - 1], carried[None, step - 1], rain[None, 11])
        ]
        assert scores[0] < 0.75 * min(scores[1:])


def test_a_hole_in_an_earlier_frame_does_not_forget_the_rain() -> None:
    y, x = np.mgrid[:80, :90]
    fall = lambda t: 20.0 * np.exp(-((x - 30 - 2 * t) ** 2 + (y - 40) ** 2) / 90.0)  # noqa: E731
    frames, motion = np.stack([fall(t) for t in range(3)]), np.stack([np.full((80, 90), 2.0), np.zeros((80, 90))])
    whole = nowcast_ensemble(frames, motion, n_steps=1, members=[0], seed=1)[0, 0]
    frames[1, :, 20:60] = np.nan
    holed = nowcast_ensemble(frames, motion, n_steps=1, members=[0], seed=1)[0, 0]
    known, truth = np.isfinite(whole) & np.isfinite(holed), fall(3)
    skill = [np.corrcoef(found[known], truth[known])[0, 1] for found in (whole, holed)]
    assert skill[1] > skill[0] - 0.05


@pytest.mark.parametrize("kind", ["u1", "i4", "i8"])
def test_members_are_numbers_of_any_type(kind: str) -> None:
    y, x = np.mgrid[:40, :40]
    frames = np.stack([9.0 * np.exp(-((x - 20 - t) ** 2 + (y - 20) ** 2) / 40.0) for t in range(3)])
    motion = np.stack([np.ones((40, 40)), np.zeros((40, 40))])
    plain = nowcast_ensemble(frames, motion, n_steps=1, members=[0, 200], seed=1)
    typed = nowcast_ensemble(frames, motion, n_steps=1, members=np.array([0, 200], kind), seed=np.int32(1))
    np.testing.assert_array_equal(plain, typed)
    assert not np.array_equal(plain[0], plain[1])


@pytest.mark.parametrize(
    "changed",
    [
        {"cell_length_m": 0.0},
        {"cell_length_m": np.nan},
        {"time_step_s": -300.0},
        {"seed": 2**64},
        {"members": [2**40]},
        {"n_levels": 0},
    ],
)
def test_numbers_out_of_range_are_refused(changed: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"members": [0], "seed": 1, **changed}
    with pytest.raises(ValueError, match=next(iter(changed))):
        nowcast_ensemble(np.ones((3, 9, 9)), np.zeros((2, 9, 9)), n_steps=1, **asked)


def test_frame_that_nobody_saw_is_refused() -> None:
    frames = np.ones((3, 9, 9))
    frames[1] = np.nan
    with pytest.raises(ValueError, match="frame 1 of rain is not known anywhere"):
        nowcast_ensemble(frames, np.zeros((2, 9, 9)), n_steps=1, members=[0], seed=1)


class TransformsInDouble:
    """CuPy's transforms as another library would round them: in float64, then to single."""

    def __init__(self, cupy: Any) -> None:
        self.cupy = cupy

    def rfft2(self, field: Any) -> Any:
        return self.cupy.asarray(np.fft.rfft2(field.get().astype("f8")).astype("c8"))

    def irfft2(self, whole: Any, s: tuple[int, int]) -> Any:
        return self.cupy.asarray(np.fft.irfft2(whole.get().astype("c16"), s=s).astype("f4"))


def assert_alike(there: np.ndarray, here: np.ndarray) -> None:
    """The bound that the kernel's notes state."""
    assert there.dtype == here.dtype == np.float32 and there.shape == here.shape
    assert (np.isnan(there) != np.isnan(here)).mean() < 1e-3
    off = np.abs(there - here)
    assert np.nanmean(off) < 1e-4 * np.nanmean(here)
    assert (off > 0.01).mean() < 1e-3


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("hidden", [0, 15], ids=["all_seen", "some_hidden"])
@pytest.mark.parametrize("other", [False, True], ids=["its_transforms", "others"])
def test_ensemble_of_cupy_is_that_of_the_host_within_the_bound(
    cupy: Any, monkeypatch: pytest.MonkeyPatch, dtype: str, hidden: int, other: bool
) -> None:
    if other:
        monkeypatch.setattr(cupy, "fft", TransformsInDouble(cupy))
    rain = frames(change=0.2).astype(dtype)
    rain[:, :, :hidden] = np.nan
    asked: dict[str, Any] = {"n_steps": 6, "members": [0, 3], "seed": 5}
    there = nowcast_ensemble(cupy.asarray(rain), cupy.asarray(EAST), **asked)
    assert isinstance(there, cupy.ndarray)
    here = nowcast_ensemble(rain, EAST, **asked)
    assert 0.05 < np.isnan(here).mean() < 0.5 and np.nanmean(here) > 0.1
    assert_alike(there.get(), here)


def test_radar_frames_of_few_distinct_rates_keep_the_bound_too(
    cupy: Any, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    monkeypatch.setattr(cupy, "fft", TransformsInDouble(cupy))
    rain = open_rain(data / "hydro/radar_mch_20150515").rate[9:12]
    motion = np.stack([np.full(rain.shape[1:], -2.6), np.full(rain.shape[1:], -0.7)])
    asked: dict[str, Any] = {"n_steps": 3, "members": [0], "seed": 1}
    there = nowcast_ensemble(cupy.asarray(rain), cupy.asarray(motion), **asked).get()
    assert_alike(there, nowcast_ensemble(rain, motion, **asked))


def test_rates_on_cupy_are_those_that_were_seen(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cupy, "fft", TransformsInDouble(cupy))
    rain = frames(moved=0.0, change=0.3)
    still = cupy.zeros(EAST.shape)
    found = nowcast_ensemble(cupy.asarray(rain), still, n_steps=1, members=range(3), seed=1).get()
    seen = np.sort(rain[-1][rain[-1] >= WET_MM_H]).astype(np.float32)
    for member in found:
        assert np.array_equal(np.sort(member[0][member[0] > 0.0]), seen)


def test_dry_sky_stays_dry_on_cupy(cupy: Any) -> None:
    found = nowcast_ensemble(cupy.zeros((3, 20, 30)), cupy.ones((2, 20, 30)), n_steps=2, members=[0, 1], seed=1)
    assert found.shape == (2, 2, 20, 30) and (np.nan_to_num(found.get()) == 0.0).all()


def test_trajectories_in_whole_arrays_leave_the_same_bits() -> None:
    asked: dict[str, Any] = {"n_steps": 3, "members": [1], "seed": 5}
    np.testing.assert_array_equal(
        nowcast_ensemble(frames(), EAST, engine="numpy", **asked), nowcast_ensemble(frames(), EAST, **asked)
    )


@pytest.mark.parametrize(
    ("on_gpu", "engine", "said"),
    [
        (["rain"], "auto", r"got rain on a GPU and motion on the host: hand over cupy.asarray\(motion\)"),
        (["motion"], "auto", r"got motion on a GPU and rain on the host: hand over cupy.asarray\(rain\)"),
        (["rain", "motion"], "numba", "engine 'numba' cannot take a GPU array here; usable: cupy"),
        ([], "cupy", "engine 'cupy' cannot take a host array here; usable: numba, numpy, python"),
    ],
)
def test_memories_that_do_not_fit_are_refused(cupy: Any, on_gpu: list[str], engine: Any, said: str) -> None:
    given: dict[str, Any] = {"rain": frames(), "motion": EAST}
    given |= {name: cupy.asarray(given[name]) for name in on_gpu}
    with pytest.raises(EngineError, match=said):
        nowcast_ensemble(**given, n_steps=1, members=[0], seed=1, engine=engine)
