"""Frames are saved as they are read, and what is timed is a forecast of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from citytide.benchmarks.cases.hydro.nowcast import main, make_frames
from citytide.benchmarks.sides import parse_answer


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "frames.npz"
    np.savez(path, **make_frames())
    return str(path)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_rain_that_is_carried_keeps_its_mean_while_it_stays_inside(saved: str, dtype: str) -> None:
    ran = CliRunner().invoke(main, ["advection", saved, "--repeat", "1", "--dtype", dtype])
    assert ran.exit_code == 0, ran.output
    answer = parse_answer(ran.stdout)
    rain = make_frames()["rain"][-1]
    # what came in from outside is not known and does not count: less of the dry west does, step by step
    known = [rain.sum() / (60 * (70 - 2 * step)) for step in range(1, 13)]
    weights = [70 - 2 * step for step in range(1, 13)]
    assert answer["checksum"] == pytest.approx(np.average(known, weights=weights), rel=0.02)


def test_a_step_of_a_member_takes_time_and_rains(saved: str) -> None:
    ran = CliRunner().invoke(main, ["member", saved, "--repeat", "1"])
    assert ran.exit_code == 0, ran.output
    answer = parse_answer(ran.stdout)
    assert answer["steps"] == 12 and 0.0 < answer["wet"] < 1.0


def test_frames_of_a_folder_are_saved_with_their_motion(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "mch.npz"
    ran = CliRunner().invoke(main, ["save", str(data / "hydro/radar_mch_20150515"), str(path), "--first", "9"])
    assert ran.exit_code == 0, ran.output
    with np.load(path) as arrays:
        assert arrays["rain"].shape == (3, 640, 710) and float(arrays["step_s"]) == 300.0
        np.testing.assert_allclose(arrays["motion"].mean(axis=(1, 2)), [-2.6, -0.72], atol=0.15)
