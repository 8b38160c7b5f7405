"""From rain to warnings: files that agree with the stores, the same bytes for any workers, one error a mistake."""

from __future__ import annotations

import csv
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rioxarray  # noqa: F401  (gives data sets their accessor `rio`)
import xarray as xr

import citytide
from citytide.datasets.errors import InputError
from citytide.hpc.run.runs import Run

WORKERS = "name: w{0}\npools:\n  cpu:\n    workers: {0}\n"
SMALL = {"members": 3, "lead_minutes": 30, "spin_up_minutes": 20, "map_minutes": 15}


def warn(out: Path, workers: int = 2, **settings: Any) -> Run:
    profile = out.parent / f"w{workers}.yaml"
    profile.write_text(WORKERS.format(workers))
    run = citytide.run("flood-warning", set={**SMALL, **settings}, profile=str(profile), out=out)
    assert run.result["state"] == "done", run.result
    return run


def store_bytes(run: Run) -> dict[str, bytes]:
    files = [file for product in run.products.values() for file in sorted(product.rglob("*")) if file.is_file()]
    files += [run.path / "warnings.csv", run.path / "warnings.geojson"]
    return {str(file.relative_to(run.path)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return warn(tmp_path_factory.mktemp("warning") / "run")


def test_default_lays_out_control_members_and_what_came(run: Run) -> None:
    flood, forecast = run.open("flood"), run.open("forecast")
    assert flood.member.values.tolist() == ["control", "member 1", "member 2", "member 3", "observed"]
    assert forecast.forecast_rain.dims == ("member", "step", "rain_y", "rain_x")
    assert forecast.sizes["step"] == 6 and flood.sizes["time"] == 7 and flood.sizes["map_time"] == 2
    assert flood.point_depth.dims == ("member", "point_time", "point") and flood.sizes["point_time"] == 31
    assert flood.point_time.values[0] == np.datetime64(run.record["attrs"]["issued_s"], "s")
    assert flood.depth.dims == ("member", "map_time", "y", "x")
    assert (np.abs(flood.balance) < 1e-5).all() and (flood.rain_m3 > 0.0).all()
    assert flood.time.values[0] == np.datetime64(run.record["attrs"]["issued_s"], "s")
    assert flood.link_depth.shape[:2] == (5, 7)


def test_other_tools_put_rain_water_and_points_on_the_map(run: Run) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flood, forecast = (xr.open_zarr(run.products[name], decode_coords="all") for name in ("flood", "forecast"))
    assert flood.depth.rio.crs.to_epsg() == forecast.forecast_rain.rio.crs.to_epsg() == 4547
    grid = run.record["attrs"]["rain_grid"]
    rain = forecast.forecast_rain
    assert rain.rio.resolution() == (grid["cell_m"], grid["cell_m"])
    assert rain.rio.bounds()[:2] == (grid["west"], grid["south"])
    assert {"point_x", "point_y", "crs"} <= set(flood.point_depth.coords)
    point = flood.point_depth.isel(point=0)
    cell = flood.deepest.sel(x=point.point_x, y=point.point_y, method="nearest")
    inputs = citytide.hpc.store.stores.read_arrays(run.path / "inputs.zarr")
    assert np.array_equal(cell, flood.deepest.values.reshape(5, -1)[:, inputs["point_cell"][0]], equal_nan=True)


def test_members_share_the_water_that_was_there_and_then_part(run: Run) -> None:
    depth = run.open("flood").point_depth.values
    assert (depth[:, 0] == depth[:1, 0]).all() and depth[:, 0].max() > 0.0
    assert len({depth[member].tobytes() for member in range(5)}) == 5


def test_water_of_each_member_is_its_rain(run: Run) -> None:
    """What fell on the ground is what the frames and the forecast hold over it."""
    flood, forecast = run.open("flood"), run.open("forecast")
    inputs = citytide.hpc.store.stores.read_arrays(run.path / "inputs.zarr")
    area = float(inputs["valid"].sum()) * 100.0
    assert forecast.rain_y.size == 2 and forecast.rain_x.size == 2  # 2 x 2 cells of 1 km are the ground
    mean = [
        (inputs["rain_before"].mean(axis=(1, 2), dtype=float).sum() + ahead.mean(axis=(1, 2), dtype=float).sum()) / 12.0
        for ahead in forecast.forecast_rain.values
    ]
    np.testing.assert_allclose(flood.rain_m3.values, np.array(mean) / 1000.0 * area, rtol=1e-5)


def test_point_stands_as_deep_as_its_cell(run: Run) -> None:
    flood = run.open("flood")
    inputs = citytide.hpc.store.stores.read_arrays(run.path / "inputs.zarr")
    at = np.isin(flood.point_time.values, flood.map_time.values)
    maps = flood.depth.values.reshape(5, 2, -1)[:, :, inputs["point_cell"]]
    assert np.array_equal(flood.point_depth.values[:, at], maps)


def test_table_and_map_say_what_the_members_did(run: Run) -> None:
    rows = list(csv.DictReader((run.path / "warnings.csv").read_text(encoding="utf-8").splitlines()))
    depth, names = run.open("flood").point_depth.values[1:4], [str(name) for name in run.open("flood").point.values]
    assert len(rows) == 9 and {row["point"] for row in rows} == set(names)
    for row in rows:
        peak = depth[:, :, names.index(row["point"])].max(axis=1)
        assert float(row["probability"]) == pytest.approx((peak >= float(row["threshold_m"])).mean(), abs=1e-6)
        assert float(row["peak_m_50"]) == pytest.approx(np.sort(peak)[1], abs=1e-4)
        assert (row["onset_50"] == "") == (float(row["probability"]) == 0.0)
    probabilities = [float(row["probability"]) for row in rows]
    assert probabilities == sorted(probabilities, reverse=True)
    document = json.loads((run.path / "warnings.geojson").read_text(encoding="utf-8"))
    assert [feature["properties"]["point"] for feature in document["features"]] == [row["point"] for row in rows]


def test_report_shows_rain_depths_points_and_how_it_went(run: Run) -> None:
    assert sorted(path.name for path in (run.path / "figures").glob("*.svg")) == [
        "01-rain.svg", "02-depths.svg", "03-points.svg",
    ]  # fmt: skip
    report = (run.path / "report.html").read_text()
    assert "What was said, and what came" in report and "most urgent of 9 warnings" in report
    assert "TSTT" not in report
    scores = run.result["verification"]
    assert scores["cases"] == 9 and scores["hits"] + scores["misses"] == scores["happened"]


def test_workers_leave_no_trace_and_a_member_needs_no_others(run: Run, tmp_path: Path) -> None:
    again = warn(tmp_path / "run", 1, members_per_block=2)
    assert store_bytes(again) == store_bytes(run)
    fewer = warn(tmp_path / "fewer", members=1)
    for name in ("point_depth", "deepest"):
        assert np.array_equal(fewer.open("flood")[name][1], run.open("flood")[name][1], equal_nan=True)


def test_readings_at_the_points_verify_the_warnings(run: Run, tmp_path: Path) -> None:
    """Read as the water of the observed rain stood, at one of the points: its rows get the scores of that water."""
    flood = run.open("flood")
    name = str(flood.point.values[0])
    depth = flood.point_depth.sel(member="observed", point=name).values
    table = tmp_path / "read.csv"
    lines = [f"{name},{at}Z,{value:.6f}" for at, value in zip(flood.point_time.values.astype(str), depth, strict=True)]
    table.write_text("point,time,depth (m)\n" + "\n".join(lines) + "\n")
    again = warn(tmp_path / "run", observations=str(table))
    said = again.result["verification"]
    with (run.path / "warnings.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["point"] == name]
    assert said["cases"] == len(rows)
    assert said["happened"] == sum(depth.max() >= float(row["threshold_m"]) for row in rows) > 0
    report = (again.path / "report.html").read_text()
    assert "water that was read at the points" in report and "points were not read throughout" in report
    assert store_bytes(again) == store_bytes(run)


def test_radar_frames_moved_over_the_city(data: Path, tmp_path: Path) -> None:
    folder = data / "hydro/radar_mch_20150515"
    moved = warn(
        tmp_path / "run", rain=str(folder), place_rain_at="400000,2550000", issued_at="2015-05-15 16:40", members=1
    )
    assert moved.open("forecast").step.values[0] == np.datetime64("2015-05-15T16:45:00")
    assert any("was moved" in note for note in moved.record["notes"])
    assert "was moved" in (moved.path / "report.html").read_text()
    assert moved.result["verification"]["cases"] == 9
    latest = warn(tmp_path / "latest", rain=str(folder), place_rain_at="400000,2550000", members=1)
    assert "verification" not in latest.result  # nothing is known after the last frame
    assert latest.open("flood").member.values.tolist() == ["control", "member 1"]


def test_onsets_and_peaks_need_no_spin_up_and_no_short_outputs(tmp_path: Path) -> None:
    short = warn(tmp_path / "run", members=1, spin_up_minutes=0, output_minutes=30, thresholds_m="0.3,0.15,0.3")
    flood = short.open("flood")
    seconds = (flood.point_time.values - flood.point_time.values[0]) / np.timedelta64(1, "s")
    assert seconds.tolist() == [60.0 * at for at in range(31)] and flood.sizes["time"] == 1
    assert not flood.point_depth.values[:, 0].any() and flood.point_depth.values[:, 1:].any()
    rows = list(csv.DictReader((short.path / "warnings.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 6
    cells = citytide.hpc.store.stores.read_arrays(short.path / "inputs.zarr")["point_cell"]
    deepest = flood.deepest.values.reshape(3, -1)[:, cells]
    np.testing.assert_allclose(flood.point_depth.values.max(axis=1), deepest, atol=2e-3)


def test_spin_up_that_is_cut_short_is_said(data: Path, tmp_path: Path) -> None:
    place = {"rain": str(data / "hydro/radar_mch_20150515"), "place_rain_at": "400000,2550000"}
    cut = warn(tmp_path / "run", **place, issued_at="2015-05-15 16:00", spin_up_minutes=60, members=1, lead_minutes=5)
    assert "not by the 60 min asked for" in (cut.path / "report.html").read_text()


def test_lead_longer_than_the_storm_leaves_out_what_came(tmp_path: Path) -> None:
    from citytide.workflows.hydro.warning.question import prepare_warning
    from citytide.workflows.hydro.warning.settings import FloodWarningSettings

    prepared = prepare_warning(FloodWarningSettings(lead_minutes=1440, members=1))
    assert [str(name) for name in prepared.arrays["member"][1]] == ["control", "member 1"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rain": "RADAR"}, r"rain over longitude .* do not overlap \(EPSG:21781 and EPSG:4547\); .*place_rain_at=X,Y"),
        ({"rain": "RADAR", "place_rain_at": "9e6,9e6"}, "do not overlap"),
        ({"rain": "RADAR", "place_rain_at": "here"}, "place_rain_at must be X,Y, got 'here'"),
        ({"rain": "RADAR", "place_rain_at": "856000,2491000"}, "does not cover the ground"),
        ({"place_rain_at": "1,2"}, "place_rain_at applies only to frames, but rain was not given"),
        (
            {"rain": "RADAR", "storm_seed": 1},
            "storm_seed applies only to synthetic storms, but rain has frames; omit it",
        ),
        ({"rain_level": 1.5}, "rain_level applies only to frames, but rain was not given"),
        (
            {"issued_at": "2030-01-01 00:00"},
            "issued_at must be the end of a frame of rain, got 2030-01-01 00:00; choose one of those",
        ),
        (
            {"rain": "RADAR", "place_rain_at": "400000,2550000", "issued_at": "2015-05-15 15:50"},
            "motion needs 3 frames",
        ),
        ({"points": "POINTS"}, "points must lie on the ground, got 'far' at 1, 2"),
        ({"rain": "nowhere"}, "the file or folder does not exist"),
    ],
)
def test_input_that_cannot_be_used_says_why(data: Path, tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    (tmp_path / "points.csv").write_text("name,x,y\nfar,1,2\n")
    known = {"RADAR": str(data / "hydro/radar_mch_20150515"), "POINTS": str(tmp_path / "points.csv")}
    with pytest.raises(InputError, match=message):
        citytide.run("flood-warning", set={k: known.get(v, v) for k, v in settings.items()}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_ground_without_basins_needs_points(tmp_path: Path) -> None:
    grid = tmp_path / "flat.asc"
    grid.write_text("ncols 3\nnrows 3\nxllcorner 0\nyllcorner 0\ncellsize 10\n" + "1 1 1\n" * 3)
    with pytest.raises(InputError, match="points must be given"):
        citytide.run(
            "flood-warning", set={"terrain": str(grid), "crs": "local", "height_datum": "local"}, out=tmp_path / "run"
        )


def test_surge_and_brook_follow_their_dates(run: Run, tmp_path: Path) -> None:
    """A surge of a metre between the start, 20 minutes before the issue, and its end; a brook that swells."""
    start = np.datetime64(run.record["attrs"]["issued_s"] - 1200, "s")
    rows = [f"{start + np.timedelta64(60 * at, 's')}Z,{{}}" for at in (0, 30)]
    for name, heading, values in (("tide", "level (m)", (0.0, 1.0)), ("brook", "flow (m3/s)", (1.0, 4.0))):
        lines = [row.format(value) for row, value in zip(rows, values, strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join([f"time,{heading}", *lines]) + "\n")
    asked = {"sea_level": str(tmp_path / "tide.csv"), "inflow": f"501000 2491800 {tmp_path / 'brook.csv'}"}
    flood = warn(tmp_path / "run", members=1, lead_minutes=10, map_minutes=10, **asked).open("flood")
    np.testing.assert_allclose(flood.inflow_m3, 1800 * 2.5)
    assert (flood.edge_m3 > 1e4).all() and (np.abs(flood.balance) < 1e-4).all()
    (tmp_path / "tide.csv").write_text("time (s),level (m)\n0,0\n9000,1\n")
    with pytest.raises(InputError, match="the table must use calendar dates, because the run starts at"):
        warn(tmp_path / "no", members=1, lead_minutes=10, **asked)
