"""Whole runs with device=gpu, from settings to products, on Numba's simulator: the answer of the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import citytide
from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import read_plan
from citytide.hpc.run.runs import Run
from citytide.hpc.store.ledger import done_blocks, read_ledger
from citytide.workflows import runner

pytestmark = pytest.mark.cuda

CARD = "cuda on Numba's simulator"
GROUND = {"crs": "local", "height_datum": "local", "output_minutes": 0.25}


@pytest.fixture(scope="module")
def terrain(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A basin of 7 x 6 cells of 10 m with a bump in it."""
    heights = np.pad(np.zeros((4, 5)), 1, constant_values=1.0)
    heights[2, 3] = 0.2
    path = tmp_path_factory.mktemp("ground") / "basin.asc"
    head = "ncols 7\nnrows 6\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9\n"
    path.write_text(head + "\n".join(" ".join(f"{value:g}" for value in row) for row in heights) + "\n")
    return str(path)


def flood(out: Path, terrain: str, device: str, **settings: Any) -> Run:
    profile = out.parent / "one.yaml"
    profile.write_text("name: one\npools:\n  cpu:\n    workers: 1\n")
    asked = {**GROUND, "terrain": terrain, "rain": 90, "duration_minutes": 0.25, "device": device, **settings}
    return citytide.run("inundation", set=asked, profile=str(profile), out=out)


def test_flood_on_a_gpu_is_that_of_the_host_and_the_run_names_what_computed_it(tmp_path: Path, terrain: str) -> None:
    runs = {device: flood(tmp_path / device, terrain, device, rain_factors="1,3") for device in ("cpu", "gpu", "auto")}
    assert all(run.result["state"] == "done" for run in runs.values())
    host, there, auto = (runs[device].open("flood") for device in ("cpu", "gpu", "auto"))
    assert float(host.deepest.max()) > 5e-4
    for name in ("depth", "deepest", "hazard", "stored_m3", "rain_m3"):
        np.testing.assert_allclose(there[name], host[name], rtol=2e-5, atol=2e-6, err_msg=name)
        np.testing.assert_array_equal(auto[name], host[name])  # auto takes no GPU whose memory nobody knows
    step = read_plan(runs["gpu"].path).step("inundation")
    assert (step.pool, step.gpus, step.params["device"]) == ("gpu", 1, "gpu")
    done = done_blocks(read_ledger(runs["gpu"].path / "ledger.jsonl"))
    assert [done["inundation", block]["devices"] for block in (0, 1)] == [{"cuda": "Numba's simulator"}] * 2
    assert runs["gpu"].status()["devices"] == runs["gpu"].result["devices"] == {"inundation": [CARD]}
    assert runs["auto"].status()["devices"] == runs["cpu"].result["devices"] == {"inundation": ["numba"]}
    for file in ("report.html", "ro-crate-metadata.json"):
        assert CARD in (runs["gpu"].path / file).read_text().replace("&#39;", "'"), file


def test_run_that_goes_on_keeps_the_gpu_that_was_settled(
    tmp_path: Path, terrain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks on the CPU among blocks on a GPU would be other bits in one store."""
    asked = {**GROUND, "terrain": terrain, "rain": 90, "duration_minutes": 0.25, "device": "gpu"}
    laid = runner.lay_out(runner.draft_run("inundation", set=asked, out=tmp_path / "run"))
    with monkeypatch.context() as elsewhere, pytest.raises(RunError, match="'inundation' needs 1 GPU a block, and no"):
        elsewhere.setattr("citytide.hpc.plan.devices.list_gpus", lambda: ())
        runner.resume(laid.path)
    done = runner.resume(laid.path)
    assert done.result["state"] == "done" and done.result["devices"] == {"inundation": [CARD]}
    monkeypatch.setattr("citytide.hpc.plan.devices.list_gpus", lambda: ())
    assert runner.resume(laid.path).result == done.result  # nothing is left to compute: no GPU is needed


def test_warning_on_a_gpu_is_that_of_the_host(tmp_path: Path, terrain: str) -> None:
    (tmp_path / "points.csv").write_text("id,x,y,threshold (m)\np,25,25,0.01\n")
    (tmp_path / "one.yaml").write_text("name: one\npools:\n  cpu:\n    workers: 1\n")
    asked = {
        "terrain": terrain, "crs": "local", "height_datum": "local", "points": str(tmp_path / "points.csv"),
        "lead_minutes": 0.5, "output_minutes": 0.25, "map_minutes": 0.5, "spin_up_minutes": 0, "members": 1,
    }  # fmt: skip
    here, there = (
        citytide.run("flood-warning", set={**asked, "device": device}, profile=str(tmp_path / "one.yaml"), out=out)
        for device, out in (("cpu", tmp_path / "cpu"), ("gpu", tmp_path / "gpu"))
    )
    assert there.result["devices"]["inundation"] == [CARD] and here.result["devices"]["inundation"] == ["numba"]
    assert {step.name: step.gpus for step in there.plan.steps} == {"motion": 0, "forecast": 1, "inundation": 1}
    wanted, found = here.open("flood"), there.open("flood")
    assert float(wanted.deepest.max()) > 0.0
    for name in ("depth", "deepest", "point_depth", "stored_m3", "rain_m3"):
        np.testing.assert_allclose(found[name], wanted[name], rtol=2e-5, atol=2e-6, err_msg=name)
    np.testing.assert_array_equal(there.open("forecast").forecast_rain, here.open("forecast").forecast_rain)
