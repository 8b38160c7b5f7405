"""The workflow from settings to products: volumes closed, the same bytes for any workers, one error a mistake."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rioxarray  # noqa: F401  (gives data sets their accessor `rio`)
import xarray as xr

import citytide
from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.hydro.analytic_solutions import compute_fill_time_s
from citytide.hpc.errors import RunError
from citytide.hpc.run.runs import Run

WORKERS = "name: w{0}\npools:\n  cpu:\n    workers: {0}\n"


def flood(out: Path, workers: int = 2, **settings: Any) -> Run:
    profile = out.parent / f"w{workers}.yaml"
    profile.write_text(WORKERS.format(workers))
    run = citytide.run("inundation", set=settings, profile=str(profile), out=out)
    assert run.result["state"] == "done", run.result
    return run


def store_bytes(run: Run) -> dict[str, bytes]:
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for product in run.products.values()
        for path in sorted(product.rglob("*"))
        if path.is_file()
    }


def write_grid(path: Path, rows: list[list[float]]) -> str:
    head = f"ncols {len(rows[0])}\nnrows {len(rows)}\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9\n"
    path.write_text(head + "\n".join(" ".join(f"{value:g}" for value in row) for row in rows) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The default: the synthetic city under its storm, thrice."""
    folder = tmp_path_factory.mktemp("storm")
    return flood(folder / "run", rain_factors="0.5,1,2", duration_minutes=40, output_minutes=20)


def test_default_floods_the_synthetic_city(storm: Run) -> None:
    data = storm.open("flood")
    assert data.depth.dims == ("member", "time", "y", "x") and data.depth.shape == (3, 2, 200, 200)
    assert data.member.values.tolist() == ["rain x 0.5", "rain x 1", "rain x 2"]
    np.testing.assert_allclose(data.rain_m3 / data.rain_m3[1], [0.5, 1.0, 2.0], rtol=1e-6)
    assert (np.abs(data.balance) < 1e-5).all() and (data.stored_m3 > 0).all()
    deepest = data.deepest.values
    assert (deepest[0] <= deepest[2] + 1e-3).mean() > 0.99
    assert (data.depth.max("time").values <= deepest + 1e-6).all()
    above = deepest > 0.1
    assert np.array_equal(np.isfinite(data.arrival.values), above)
    assert np.array_equal(data.duration.values > 0, above)


def test_members_that_agree_are_counted_and_no_probability_is_said(storm: Run) -> None:
    data, found = storm.open("flood"), storm.open("agreement")
    n_flooded = (data.deepest.values > 0.1).sum(axis=0)
    assert np.array_equal(found.n_flooded.values, n_flooded)
    np.testing.assert_array_equal(found.share_flooded.values, n_flooded / 3)
    assert "probability" not in found and "probability" not in storm.products


def test_link_stands_under_the_deepest_water_that_its_cells_had_since_the_last_output(storm: Run) -> None:
    from citytide.datasets.city.assembly import assemble_city
    from citytide.datasets.synthetic.city import make_city

    city = assemble_city(make_city(seed=1, size="2km"))
    cells, data = city.crosswalks["link_cell"], storm.open("flood")
    fields = (data.depth.values[1, -1], data.deepest.values[1], data.hazard.values[1])
    depth, deepest, hazard = (field.ravel() for field in fields)
    on_links, n_higher = data.link_depth.sel(member="rain x 1").values, 0
    for link in range(0, city.roads.n_links, 17):
        column = cells.column[cells.offset[link] : cells.offset[link + 1]]
        if city.roads.level[link] > 0:
            assert not on_links[:, link].any()
            continue
        assert data.link[link] == city.roads.link_id[link]
        assert on_links[-1, link] >= depth[column].max() and on_links[:, link].max() == deepest[column].max()
        assert data.link_hazard.values[1, :, link].max() == pytest.approx(hazard[column].max(), rel=1e-6)
        n_higher += int(on_links[-1, link] > depth[column].max())
    assert n_higher > 0  # water that had drained again by the output


def test_other_tools_open_it_in_silence_and_put_it_on_the_map(storm: Run) -> None:
    cell = np.unravel_index(np.argmax(storm.open("flood").deepest.values[1]), (200, 200))
    for name, path in storm.products.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            xr.open_zarr(path)
            data = xr.open_zarr(path, decode_coords="all")
        assert data.rio.crs.to_epsg() == 4547 and data.rio.resolution() == (10.0, 10.0), name
        assert {
            variable.encoding.get("grid_mapping") for variable in data.data_vars.values() if "y" in variable.dims
        } == {"crs"}
        assert data.rio.transform() * (0.5, 0.5) == (data.x[0], data.y[0])
    flood = storm.open("flood")
    assert "crs" in flood.coords and flood.rio.crs.to_epsg() == 4547
    x, y = flood.x[cell[1]] + 4.0, flood.y[cell[0]] - 4.0
    assert flood.deepest.sel(member="rain x 1").sel(x=x, y=y, method="nearest") == flood.deepest[1].max()


def test_report_shows_maps_course_and_roads(storm: Run) -> None:
    names = sorted(path.name for path in (storm.path / "figures").glob("*.svg"))
    assert names == ["01-depth.svg", "02-course.svg", "03-agreement.svg"]
    assert (storm.path / "tables" / "01-links.json").exists()
    assert "stand above 0.1 m" in storm.result["headline"]
    assert "Roads under the deepest water" in (storm.path / "report.html").read_text()


def test_workers_and_blocks_leave_no_trace(storm: Run, tmp_path: Path) -> None:
    again = flood(
        tmp_path / "run", 1, rain_factors="0.5,1,2", duration_minutes=40, output_minutes=20, members_per_block=2
    )
    assert store_bytes(again) == store_bytes(storm)


@pytest.mark.parametrize(("place", "scheme"), [(0, "inertia"), (1, "inertia"), (0, "shallow-water")])
def test_underpass_is_full_within_one_output_of_the_known_time(tmp_path: Path, place: int, scheme: str) -> None:
    from citytide.datasets.synthetic.city import make_city

    city = make_city(seed=1, size="2km")
    truth = city.truths[place]
    cells = slice(truth["row0"], truth["row1"]), slice(truth["col0"], truth["col1"])
    grid = write_grid(tmp_path / "basin.asc", city.terrain.height[cells][::-1].tolist())
    full_min = compute_fill_time_s(truth, 2000.0) / 60.0
    every = full_min / 20
    run = flood(
        tmp_path / "run", 1, terrain=grid, crs="local", height_datum="local", rain="2000", precision="float64",
        scheme=scheme, duration_minutes=1.2 * full_min, output_minutes=every,
    )  # fmt: skip
    data = run.open("flood")
    lowest = (truth["lowest_row"] - truth["row0"], truth["lowest_col"] - truth["col0"])
    level = data.depth.values[0, :, lowest[0], lowest[1]]
    met = int(np.argmax(level >= truth["sill_m"] - truth["floor_m"] - 1e-6)) + 1
    assert abs(met * every - full_min) <= every


def test_both_schemes_wet_the_same_ground(tmp_path: Path) -> None:
    plain, full = (
        flood(tmp_path / s, 1, scheme=s, duration_minutes=20).open("flood") for s in ("inertia", "shallow-water")
    )
    deepest, other = plain.deepest.values.ravel(), full.deepest.values.ravel()
    is_ground = np.isfinite(deepest)
    assert np.array_equal(is_ground, np.isfinite(other)) and np.nanmin(full.depth.values) >= 0.0
    assert np.corrcoef(deepest[is_ground], other[is_ground])[0, 1] > 0.98
    assert abs(float(full.balance[0])) < 1e-6 and not np.array_equal(deepest[is_ground], other[is_ground])
    with pytest.raises(RunError, match=r"courant must be at most 0\.5 for shallow-water"):
        citytide.run("inundation", set={"scheme": "shallow-water", "courant": 0.6}, out=tmp_path / "no")


def test_published_flood_closes_its_volume(data: Path, tmp_path: Path) -> None:
    """SynxFlow's sample: rain by zone in m/s, an inflow, and NODATA around it."""
    case = data / "hydro" / "synxflow_flood"
    run = flood(
        tmp_path / "run", 1, terrain=str(case / "DEM.gz"), crs="local", height_datum="local",
        roughness=f"{case / 'landcover.gz'}:0.035,0.055,0.035,0.055", rain=str(case / "rain_source.csv"),
        rain_units="m s-1", rain_zones=str(case / "rain_mask.gz"), inflow="1900 1000 100", precision="float64",
        duration_minutes=20, output_minutes=10,
    )  # fmt: skip
    found = run.open("flood")
    assert np.isfinite(found.depth.values[0, 0]).sum() == 43_512
    assert found.inflow_m3.item() == pytest.approx(120_000.0)
    assert found.rain_m3.item() > 0 and abs(found.balance.item()) < 1e-10
    assert found.depth.values[0, -1][100, 190] > 0.5


def test_sea_and_open_edges_take_and_give_water(tmp_path: Path) -> None:
    grid = write_grid(tmp_path / "coast.asc", [[0.0] * 6, [0.5] * 6, [1.0] * 6, [-2.0] * 6])
    common = {"terrain": grid, "crs": "local", "height_datum": "local", "precision": "float64", "duration_minutes": 30}
    coast = flood(tmp_path / "sea", 1, rain="0", sea_level=1.5, drainage_mm_h=100, **common)
    sea = coast.open("flood")
    np.testing.assert_allclose(sea.depth.values[0, -1, 0], 3.5, atol=1e-6)  # held, while drains empty the land
    assert 0.0 < sea.edge_m3.item() <= sea.lost_m3.item() * 1.001 and abs(sea.balance.item()) < 1e-12
    assert sea.initial_m3.item() == pytest.approx(100.0 * sea.sea_depth.values.sum()) and sea.initial_m3.item() > 0.0
    brought = (sea.initial_m3 + sea.rain_m3 + sea.inflow_m3 + sea.edge_m3).item()  # as a reader adds it up
    assert brought == pytest.approx((sea.lost_m3 + sea.stored_m3).item(), rel=1e-12)
    assert "0 ha stand above" in coast.result["headline"] and "is left out" in coast.result["headline"]
    assert "Grey is the sea" in (coast.path / "report.html").read_text()
    away = flood(tmp_path / "open", 1, rain="100", edges="open", **common).open("flood")
    assert away.edge_m3.item() < -0.5 * away.rain_m3.item()


def test_flow_that_the_scheme_holds_back_is_told(tmp_path: Path) -> None:
    steep = write_grid(tmp_path / "steep.asc", [[-20.0] * 4 + [2.0 * column for column in range(26)]] * 3)
    run = flood(
        tmp_path / "run", 1, terrain=steep, crs="local", height_datum="local", roughness="0.015",
        rain="0", inflow="285 5 3;285 15 3;285 25 3", duration_minutes=10, output_minutes=5,
    )  # fmt: skip
    found = run.open("flood")
    assert found.n_limited.item() > 50 and (found.limited.values[0, 1, 5:27] > 300.0).all()
    assert any("limited to a Froude number of 2 in" in warning for warning in run.result["warnings"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rain": "-5"}, r"rain must be in \[0, 2000\] mm/h, got -5"),
        ({"rain": "rain.csv"}, "the rates must have a unit"),
        ({"rain": "rain.csv", "rain_units": "mm"}, "mm"),
        ({"rain": "torn.csv", "rain_units": "mm h-1"}, "line 3"),
        ({"rain": "zones.csv", "rain_units": "mm h-1"}, "rates for 2 zones"),
        ({"roughness": "2"}, "Manning"),
        ({"inflow": "1 2"}, "X Y M3_PER_S"),
        ({"inflow": "-100 5 1"}, "inflow must lie on the ground"),
        ({"terrain": "dem.asc"}, "must have a CRS, it names none; name it by --set crs="),
        ({"terrain": "dem.asc", "crs": "EPSG:4547"}, "name it by --set height_datum=, one of"),
        ({"sea_level": "dem.asc"}, "may not be the water level"),
        ({"soil": "mud"}, "soil 'mud' is unknown"),
        ({"terrain": "dem.asc", "crs": "local"}, "rain must be given"),
    ],
)
def test_mistake_is_said_before_work_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_grid(tmp_path / "dem.asc", [[1.0, 2.0], [3.0, 4.0]])
    (tmp_path / "rain.csv").write_text("0,5\n600,1\n")
    (tmp_path / "torn.csv").write_text("0,5\n600,1\n300,2\n")
    (tmp_path / "zones.csv").write_text("0,5,6\n")
    with pytest.raises(InputError, match=said):
        citytide.run("inundation", set=settings, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_members_that_would_bear_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"member 'rain x 1' is given 2 times.*give each member its own"):
        citytide.run("inundation", set={"rain_factors": [1.0, 1.0 + 2**-52]}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
