"""The cases that time a GPU run on a simulated device; what they time there means nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from citytide.benchmarks.cases.traffic import device
from citytide.benchmarks.cases.traffic.device import main, time_density_device, time_trees_device
from citytide.kernels.traffic.device import loading

pytestmark = pytest.mark.cuda

ROADS = {
    "tail": np.array([0, 1, 2]), "head": np.array([1, 2, 0]), "cost": np.array([1.0, 2.0, 4.0]), "n_nodes": np.array(3),
    "passable": np.ones(3, bool), "origins": np.array([0, 2]), "origin": np.array([0, 2]),
    "destination": np.array([2, 1]), "demand": np.array([10.0, 5.0]),
}  # fmt: skip


def test_trees_are_timed_with_the_cost_of_the_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loading, "THREADS", 4)
    answer = time_trees_device(ROADS, repeat=1)
    assert (answer["trees"], answer["labels"], answer["bytes_per_tree"], answer["sptt"]) == (2, "shared", 96, 55.0)
    np.savez(tmp_path / "ring.npz", **ROADS)  # type: ignore[arg-type]
    ran = CliRunner().invoke(main, ["trees", str(tmp_path / "ring.npz"), "--repeat", "1"])
    assert json.loads(ran.stdout.splitlines()[-1])["sptt"] == 55.0


@pytest.mark.parametrize("diagram", ["parabolic", "triangular"])
def test_updates_of_the_density_are_counted(diagram: device.Diagram) -> None:
    answer = time_density_device(2, 5, diagram=diagram, dtype="f4", steps=3, repeat=1)
    assert answer["updates"] == 30 and answer["updates_per_second"] * answer["wall_seconds"] == pytest.approx(30)
    assert 0.0 < answer["checksum"] < 0.12


def test_share_is_that_of_two_numbers_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "time_triad", lambda dtype: 80.0)
    small = ["--links", "1", "--cells", "4", "--steps", "2", "--repeat", "1"]
    ran = CliRunner().invoke(main, ["density", *small, "--dtype", "f4"])
    answer = json.loads(ran.stdout.splitlines()[-1])
    assert answer["share"] == pytest.approx(answer["updates_per_second"] / 10.0)
