"""Soils as settings name them, and a flood on them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import citytide
from citytide.datasets.errors import InputError
from citytide.hpc.errors import RunError
from citytide.kernels.hydro.soils import SOILS
from citytide.kernels.space.grid import Grid
from citytide.workflows.hydro.inputs.soils import lay_out_soil, refuse_idle_settings
from citytide.workflows.hydro.settings import FloodSettings

GROUND: Any = SimpleNamespace(grid=Grid(0.0, 0.0, 10.0, 2, 3), valid=np.ones((2, 3), bool), crs="local")


def write_grid(file: Path, rows: list[list[float]]) -> str:
    head = f"ncols {len(rows[0])}\nnrows {len(rows)}\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9\n"
    file.write_text(head + "\n".join(" ".join(f"{at:g}" for at in row) for row in rows) + "\n")
    return str(file)


def test_one_soil_is_everywhere_and_none_is_none() -> None:
    laid = lay_out_soil("Silt Loam", 0.3, GROUND)
    assert (laid["soil_zone"][1] == 0).all() and laid["soil_deficit"][1][0] == pytest.approx(0.34, abs=5e-4)
    assert lay_out_soil(None, 0.3, GROUND) == {}


def test_zones_have_names_or_numbers(tmp_path: Path) -> None:
    zones = write_grid(tmp_path / "zones.asc", [[0, 1, 2], [2, 1, 0]])
    laid = lay_out_soil(f"{zones}:sand,paved,6.5/166.8/0.34", 0.0, GROUND)
    assert laid["soil_zone"][1].tolist() == [[2, 1, 0], [0, 1, 2]]  # rows of a grid go north
    np.testing.assert_allclose(laid["soil_conductivity"][1], [SOILS["sand"][0], 0.0, SOILS["silt-loam"][0]])
    np.testing.assert_allclose(laid["soil_suction"][1], [0.0495, 0.0, 0.1668])
    np.testing.assert_allclose(laid["soil_deficit"][1], [0.417, 0.0, 0.34])


@pytest.mark.parametrize(
    ("soil", "said"),
    [
        ("peat", "soil 'peat' is unknown; choose one of sand, loamy-sand"),
        ("1/2", "soil '1/2' is unknown"),
        ("1/2/3", r"a deficit in \[0, 1\], got '1/2/3'"),
        ("-1/2/0.3", "soil must have K and suction >= 0"),
        ("nan/2/0.3", "soil must have K and suction >= 0"),
        ("zones.asc:sand", "zone 1 has no soil"),
        ("none.asc:sand", "none.asc"),
    ],
)
def test_mistake_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soil: str, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_grid(tmp_path / "zones.asc", [[0, 1, 0], [0, 0, 0]])
    with pytest.raises(InputError, match=said):
        lay_out_soil(soil, 0.3, GROUND)


def flood(folder: Path, **settings: Any) -> Any:
    terrain = write_grid(folder / "park.asc", [[0.5, 0.5, 0.5, 0.4, 0.3, 0.0]] * 3)
    common = {"terrain": terrain, "crs": "local", "height_datum": "local", "precision": "float64", "rain": 40}
    run = citytide.run("inundation", set={**common, "duration_minutes": 30, **settings}, out=folder / "run")
    assert run.result["state"] == "done", run.result
    return run.open("flood")


@pytest.mark.parametrize("scheme", ["inertia", "shallow-water"])
def test_dry_soil_keeps_more_than_wet_soil(tmp_path: Path, scheme: str) -> None:
    lost = []
    for saturation in (0.0, 0.5, 1.0):
        folder = tmp_path / f"{saturation}"
        folder.mkdir()
        data = flood(folder, soil="loam", soil_saturation=saturation, scheme=scheme)
        assert abs(data.balance.item()) < 1e-12
        lost.append(data.lost_m3.item() / data.rain_m3.item())
    assert 0.95 >= lost[0] > lost[1] > lost[2] > 0.0
    assert lost[2] == pytest.approx(3.4 / 40.0, rel=0.1)  # a full soil takes its conductivity


def test_rasters_of_soil_and_roughness_are_inputs_of_the_run(tmp_path: Path) -> None:
    zones = write_grid(tmp_path / "zones.asc", [[0, 0, 0, 1, 1, 1]] * 3)
    rough = write_grid(tmp_path / "rough.asc", [[0.02] * 6] * 3)
    flood(tmp_path, soil=f"{zones}:loam,paved", roughness=rough, duration_minutes=1)
    known = citytide.open_run(tmp_path / "run").record["inputs"]
    assert {"park.asc", "zones.asc", "rough.asc"} <= {Path(one["path"]).name for one in known}


def test_two_rules_of_what_sinks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="soil and infiltration_mm_h exclude each other"):
        flood(tmp_path, soil="loam", infiltration_mm_h=5)


def test_settings_that_the_soil_leaves_without_effect_are_refused(tmp_path: Path) -> None:
    zones = write_grid(tmp_path / "zones.asc", [[0, 1, 0], [0, 0, 0]])

    def check(soil: str | None, **settings: float) -> None:
        laid = lay_out_soil(soil, 0.3, GROUND)
        refuse_idle_settings(FloodSettings(soil=soil, **settings), GROUND, laid)

    check(None, drainage_mm_h=20.0)
    check("loam")
    check(f"{zones}:loam,paved", drainage_mm_h=20.0, soil_saturation=0.9)
    check(f"{zones}:loam,0/0/0", drainage_mm_h=20.0)
    for soil in ("loam", "6.5/166.8/0.34", f"{zones}:loam,sand,paved"):
        with pytest.raises(
            InputError, match=r"drainage_mm_h needs paved ground, .* got 20 and no paved ground; omit it, or give zones"
        ):
            check(soil, drainage_mm_h=20.0)
    for soil in ("6.5/166.8/0.34", "paved"):
        with pytest.raises(
            InputError, match=r"soil_saturation applies only to a texture .* got 0\.5 and soil=.*; omit it"
        ):
            check(soil, soil_saturation=0.5)
