"""Inflows and the sea: where they are, what they do through time, and what is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import citytide
from citytide.datasets.errors import InputError
from citytide.kernels.space.grid import Grid
from citytide.workflows.hydro.inputs.boundaries import RunTime, find_inflow, find_sea

WHEN = RunTime(3600.0)


def ground(height: Any, valid: Any = None) -> Any:
    height = np.array(height, dtype=np.float32)
    valid = np.ones(height.shape, bool) if valid is None else np.array(valid, bool)
    return SimpleNamespace(height=height, valid=valid, grid=Grid(0.0, 0.0, 10.0, *height.shape))


def write(file: Path, text: str) -> str:
    file.write_text(text)
    return str(file)


def test_flows_of_one_cell_add_up(tmp_path: Path) -> None:
    river = write(tmp_path / "a river.csv", "time (min),flow (m3/s)\n0,0\n30,6\n60,0\n")
    cells, time_s, flow = find_inflow(f"5 15 2; 12,3,1.5 ;7 18 {river}", ground(np.zeros((2, 2))), WHEN, [])
    assert cells.tolist() == [[1, 0], [0, 1]] and time_s.tolist() == [0.0, 1800.0, 3600.0]
    np.testing.assert_allclose(flow, [[2.0, 1.5], [8.0, 1.5], [2.0, 1.5]])


def test_no_inflow_is_none() -> None:
    cells, time_s, flow = find_inflow(None, ground(np.zeros((2, 2))), WHEN, [])
    assert cells.shape == (0, 2) and time_s.tolist() == [0.0] and flow.shape == (1, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 2", "inflow must be X Y FLOW, got '1 2'; write X Y M3_PER_S"),
        ("a b 3", "inflow must be X Y FLOW"),
        ("5 5 -1", "inflow must be >= 0, got '5 5 -1'"),
        ("5 5 nan", "discharge must be finite, got nan"),
        ("5 25 1", "inflow must lie on the ground"),
        ("nan 5 1", "inflow must be X Y FLOW"),
        ("5 5 none.csv", "none.csv"),
        ("5 5 1e6", r"the discharge must be at most 400000 m3 s-1, got 1e6; check"),
    ],
)
def test_mistaken_inflow_is_named(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_inflow(text, ground(np.zeros((2, 2))), WHEN, [])


def test_edges_below_the_highest_sea_are_held_and_lie_dry_before() -> None:
    shore = ground([[-1.0, 0.2, 0.8, 3.0], [-1.0, 0.2, 0.8, 0.1], [-1.0, 0.2, 3.0, 3.0]])
    held, depth = find_sea(shore, "closed", np.array([0.0, 1.0, 0.5]))
    assert held.tolist() == [[True, True, True, False], [True, False, False, True], [True, True, False, False]]
    np.testing.assert_allclose(depth[:, 0], 1.0)
    assert (depth[:, 1:] == 0.0).all()
    low, _ = find_sea(shore, "closed", np.array([0.0]))
    assert low.sum() == 3
    walls, _ = find_sea(shore, "closed", None)
    free, _ = find_sea(shore, "open", None)
    assert not walls.any() and free.sum() == 10


def flood(folder: Path, **settings: Any) -> Any:
    coast = [-2.0 + 0.1 * column for column in range(30)]
    rows = [[5.0] * 30, coast, coast, coast, [5.0] * 30]  # between two moles: only the west meets the sea
    head = "ncols 30\nnrows 5\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9\n"
    grid = write(folder / "coast.asc", head + "\n".join(" ".join(f"{at:g}" for at in row) for row in rows) + "\n")
    common = {"terrain": grid, "crs": "local", "height_datum": "local", "precision": "float64", "rain": 0}
    run = citytide.run("inundation", set={**common, **settings}, out=folder / "run")
    assert run.result["state"] == "done", run.result
    return run


@pytest.mark.parametrize("scheme", ["inertia", "shallow-water"])
def test_slow_surge_floods_the_shore_to_its_level_and_leaves_it(tmp_path: Path, scheme: str) -> None:
    """A quarter of a metre a quarter of an hour: the water's surface stays as good as level with the sea."""
    tide = write(tmp_path / "tide.csv", "time (h),level (m)\n0,-1\n1,0\n2,-1\n")
    run = flood(
        tmp_path, sea_level=tide, scheme=scheme, duration_minutes=120, output_minutes=15, roughness="0.02"
    )  # fmt: skip
    data = run.open("flood")
    ground_m = -2.0 + 0.1 * np.arange(30)
    level = np.interp(data.time, [0, 3600, 7200], [-1.0, 0.0, -1.0])
    for at, sea in enumerate(level[:4]):  # while it rises
        expected = np.maximum(sea - ground_m, 0.0)
        np.testing.assert_allclose(data.depth[0, at, 2], expected, atol=0.03)
    assert abs(data.balance.item()) < 1e-12 and data.arrival[0, 2, 15].item() == pytest.approx(1800 + 360, abs=200)
    assert data.depth[0, -1, 2, 15:].max().item() < 0.06  # but for a film


def test_dates_need_a_run_that_has_one(tmp_path: Path) -> None:
    tide = write(tmp_path / "tide.csv", "time,level (m)\n2023-09-07T22:00Z,0\n2023-09-07T23:00Z,0\n")
    with pytest.raises(InputError, match="the table uses calendar dates, but this run has no start date"):
        flood(tmp_path, sea_level=tide)
    with pytest.raises(InputError, match="the whole run, 0 s to 7200 s"):
        flood(tmp_path, sea_level=write(tmp_path / "s.csv", "time (s),level (m)\n0,0\n60,1\n"), duration_minutes=120)
    with pytest.raises(InputError, match="water level must be finite, got inf"):
        flood(tmp_path, sea_level="inf")
    with pytest.raises(
        InputError, match=r"within 100 m of the ground, which lies at -2 to 5 m, got 150 m \(sea_level=150\)"
    ):
        flood(tmp_path, sea_level="150")
    naive = write(tmp_path / "n.csv", "time,level (m)\n2023-09-07 22:00,0\n2023-09-07 23:00,0\n")
    with pytest.raises(InputError, match="has no time zone; declare it, such as --set time_zone=Asia/Shanghai"):
        flood(tmp_path, sea_level=naive)
    coded = write(tmp_path / "c.csv", "time (s),level (m HKPD)\n0,0\n60,1\n")
    with pytest.raises(InputError, match=r"counts water levels from HKPD, the ground's heights are from local"):
        flood(tmp_path, sea_level=coded)


def test_codes_are_declared_and_what_was_filled_stands_in_the_run(tmp_path: Path) -> None:
    tide = write(tmp_path / "tide.csv", "time (s),level (m)\n0,0\n60,999.9\n600,0\n")
    with pytest.raises(InputError, match=r"tide\.csv, line 3: .* --set missing=999\.9 if it means no value"):
        flood(tmp_path, sea_level=tide, duration_minutes=1, output_minutes=1)
    run = flood(tmp_path, sea_level=tide, missing="999.9", duration_minutes=1, output_minutes=1)
    assert any("tide.csv: 1 of 3 values of level (m) are missing" in note for note in run.record["notes"])
    assert run.open("flood").depth.max().item() == pytest.approx(2.0, abs=1e-6)
