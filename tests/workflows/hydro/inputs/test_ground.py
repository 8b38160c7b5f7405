"""The ground of a flood: in metres whatever the raster was in, with rasters on its cells that leave none bare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import citytide
from citytide.datasets.errors import InputError
from citytide.datasets.maps.layers import TerrainLayer
from citytide.workflows.hydro.inputs.ground import open_place, read_zone_raster, read_zones
from citytide.workflows.hydro.inputs.soils import lay_out_soil
from citytide.workflows.hydro.inundation.rain import open_rain
from citytide.workflows.hydro.inundation.settings import InundationSettings
from citytide.workflows.hydro.settings import FloodSettings

DEGREES = {"crs": "EPSG:4326", "height_datum": "EGM96"}
TRUE_M2 = 1_139_600.0  # of 12 x 12 cells of 1/1200 degree from 114 E, 22.5 N on


def write_grid(file: Path, cells: Any, cell: float = 10.0, west: float = 0.0, south: float = 0.0) -> str:
    rows = np.atleast_2d(cells)
    head = f"ncols {rows.shape[1]}\nnrows {len(rows)}\nxllcorner {west}\nyllcorner {south}\ncellsize {cell!r}\n"
    body = "\n".join(" ".join(f"{value:g}" for value in row) for row in rows)
    file.write_text(f"{head}NODATA_value -9\n{body}\n")
    return str(file)


def write_degrees(file: Path, cells: Any = None, shift: float = 0.0) -> str:
    values = np.add.outer(np.arange(12), np.arange(12)) / 10 if cells is None else cells
    return write_grid(file, values, 1 / 1200, 114.0 + shift, 22.5)


def open_ground(**settings: Any) -> TerrainLayer:
    return open_place(FloodSettings(**settings))[0]


def test_area_by_the_ellipsoid_is_the_one_expected() -> None:
    from pyproj import Geod

    sides = [114.0, 114.01, 114.01, 114.0], [22.5, 22.5, 22.51, 22.51]
    assert Geod(ellps="WGS84").polygon_area_perimeter(*sides)[0] == pytest.approx(TRUE_M2, rel=1e-3)


@pytest.mark.parametrize("workflow", ["inundation", "flood-warning"])
def test_degrees_are_refused_by_every_workflow(tmp_path: Path, workflow: str) -> None:
    settings = {"terrain": write_degrees(tmp_path / "deg.asc"), **DEGREES}
    with pytest.raises(InputError, match=r"deg\.asc: the terrain is in degrees .*resample it: --set resample_m=90"):
        citytide.run(workflow, set=settings, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_rain_on_resampled_degrees_has_its_true_volume(tmp_path: Path) -> None:
    terrain = write_degrees(tmp_path / "deg.asc")
    settings = {"terrain": terrain, **DEGREES, "resample_m": 30, "rain": 60, "duration_minutes": 1, "output_minutes": 1}
    run = citytide.run("inundation", set={**settings, "precision": "float64"}, out=tmp_path / "run")
    found = run.open("flood")
    assert found.rain_m3.item() == pytest.approx(1e-3 * TRUE_M2, rel=0.01) and abs(found.balance.item()) < 1e-12
    assert found.x.attrs["units"] == found.y.attrs["units"] == "m" and found.attrs["crs_name"] == "EPSG:4547"
    assert any("resampled from EPSG:4326 to EPSG:4547 at 30 m" in note for note in run.record["notes"])


def test_the_plane_may_be_named(tmp_path: Path) -> None:
    terrain = write_degrees(tmp_path / "deg.asc")
    found = open_ground(terrain=terrain, **DEGREES, resample_m=20, resample_crs="EPSG:32650")
    assert found.crs == "EPSG:32650" and found.valid.sum() * 400 == pytest.approx(TRUE_M2, rel=0.01)
    with pytest.raises(InputError, match=r"resample_crs must be a plane in metres, got EPSG:2229; name a plane"):
        open_ground(terrain=terrain, **DEGREES, resample_m=20, resample_crs="EPSG:2229")
    with pytest.raises(InputError, match=r"resample_crs needs resample_m, .*--set resample_m=10"):
        open_ground(terrain=terrain, **DEGREES, resample_crs="EPSG:32650")
    with pytest.raises(InputError, match=r"^resample_m is 0.001 m, which makes .* cells; give a larger one"):
        open_ground(terrain=terrain, **DEGREES, resample_m=0.001)


def test_feet_are_refused_and_resampled_right(tmp_path: Path) -> None:
    terrain = write_grid(tmp_path / "ft.asc", np.full((12, 12), 100.0), 32.8, 6_480_000.0, 1_840_000.0)
    feet = {"terrain": terrain, "crs": "EPSG:2229", "height_datum": "NAVD88"}
    with pytest.raises(InputError, match=r"nothing says in which unit the heights are; name it by --set height_units="):
        open_ground(**feet)
    with pytest.raises(InputError, match=r"a plane in US survey foot \(EPSG:2229\).*--set resample_m=10"):
        open_ground(**feet, height_units="us-ft")
    found = open_ground(**feet, height_units="us-ft", resample_m=5)
    assert found.valid.sum() * 25 * 1e-3 == pytest.approx(14.4, rel=0.01)
    assert np.unique(found.height[found.valid]).tolist() == pytest.approx([30.48], abs=1e-3)


def test_web_mercator_is_refused_and_resampled_even_to_cells_of_the_same_length(tmp_path: Path) -> None:
    terrain = write_grid(tmp_path / "map.asc", np.zeros((60, 60)), 20.0, 1_000_000.0, 8_399_738.0)
    stretched = {"terrain": terrain, "crs": "EPSG:3857", "height_datum": "EGM96"}
    with pytest.raises(
        InputError, match=r"map\.asc: areas on the plane EPSG:3857 are 3\.99 times .*--set resample_m=10"
    ):
        open_ground(**stretched)
    found = open_ground(**stretched, resample_m=20)
    assert found.crs == "EPSG:32632" and found.valid.sum() * 400 == pytest.approx(1200**2 / 3.99, rel=0.03)


def test_rasters_beside_follow_or_are_refused(tmp_path: Path) -> None:
    terrain = {"terrain": write_degrees(tmp_path / "deg.asc"), **DEGREES, "resample_m": 30}
    halves = np.where(np.arange(12) < 6, 0, 1) * np.ones((12, 1))
    zones = write_degrees(tmp_path / "zones.asc", halves)
    found = open_ground(**terrain, roughness=f"{zones}:0.02,0.05")
    west = found.manning[found.valid & (found.grid.x < 500_500.0)]
    assert set(np.unique(west)) == {np.float32(0.02)}
    share = (found.manning == np.float32(0.05)).sum() / found.valid.sum()
    assert share == pytest.approx(0.5, abs=0.03)
    assert not any("no file was given" in note for note in found.notes)
    laid = lay_out_soil(f"{zones}:sand,paved", 0.5, found)
    assert np.array_equal(laid["soil_zone"][1][found.valid] == 1, found.manning[found.valid] == np.float32(0.05))
    moved = write_degrees(tmp_path / "moved.asc", halves, shift=0.5 / 1200)
    with pytest.raises(
        InputError, match=r"moved\.asc: .* is not the terrain's .*cells of the terrain, before or after"
    ):
        open_ground(**terrain, roughness=moved)


LOCAL = {"crs": "local", "height_datum": "local"}


@pytest.mark.parametrize("what", ["roughness", "zones of roughness", "soil", "rain"])
def test_ground_that_a_second_raster_leaves_bare_is_refused(tmp_path: Path, what: str) -> None:
    terrain = write_grid(tmp_path / "dem.asc", [[1.0, 2.0, -9.0], [3.0, 4.0, 5.0]])
    bare = write_grid(tmp_path / "second.asc", [[0.0, -9.0, -9.0], [0.0, 1.0, 0.0]])
    (tmp_path / "rain.csv").write_text("0,5,6\n600,1,2\n")
    told = rf"second\.asc: there is no {what.split()[-1]} at 15, 15, where the terrain has a height; give a value"
    with pytest.raises(InputError, match=told):
        if what == "rain":
            ground = open_ground(terrain=terrain, **LOCAL)
            rain = str(tmp_path / "rain.csv")
            asked = InundationSettings(rain=rain, rain_units="mm h-1", rain_zones=bare, crs="local")
            open_rain(asked, ground, None, 60.0)
        elif what == "soil":
            lay_out_soil(f"{bare}:sand,loam", 0.5, open_ground(terrain=terrain, **LOCAL))
        else:
            open_ground(terrain=terrain, **LOCAL, roughness=bare if what == "roughness" else f"{bare}:0.1,0.2")


def test_a_second_raster_whose_cells_differ_by_rounding_is_on_the_terrain(tmp_path: Path) -> None:
    terrain = write_grid(tmp_path / "dem.asc", [[1.0, 2.0], [3.0, 4.0]])
    near = write_grid(tmp_path / "near.asc", [[0.02, 0.03], [0.04, 0.05]], 10.0001, west=0.002)
    assert open_ground(terrain=terrain, **LOCAL, roughness=near).manning[0].round(3).tolist() == pytest.approx(
        [0.04, 0.05]
    )


def test_a_roughness_out_of_range_is_named_with_its_cell(tmp_path: Path) -> None:
    terrain = write_grid(tmp_path / "dem.asc", [[1.0, 2.0], [3.0, 4.0]])
    odd = write_grid(tmp_path / "n.asc", [[0.02, 30.0], [0.04, 0.05]])
    with pytest.raises(InputError, match=r"roughness must be in .*n\.asc: at 15, 15 it is 30; give Manning's n"):
        open_ground(terrain=terrain, **LOCAL, roughness=odd)


def test_more_zones_than_a_byte_can_count_are_kept_apart(tmp_path: Path) -> None:
    ground = open_ground(terrain=write_grid(tmp_path / "dem.asc", [[1.0, 2.0], [3.0, 4.0]]), **LOCAL)
    zones = write_grid(tmp_path / "z.asc", [[0, 299], [256, 44]])
    assert read_zone_raster(zones, ground, 300, what="rain").tolist() == [[256, 44], [0, 299]]
    values = ",".join(f"{n / 1000:g}" for n in range(300))
    assert read_zones(f"{zones}:{values}", ground, what="roughness")[0].max() == 299


def test_settings_of_a_raster_are_not_passed_over_for_a_city() -> None:
    for name, value in (("resample_m", 5.0), ("height_units", "ft"), ("nodata", -1.0)):
        with pytest.raises(
            InputError, match=rf"{name} applies only to a raster of heights, but .*--declare terrain\.{name}="
        ):
            open_ground(**{name: value})
    with pytest.raises(InputError, match=r"the city's terrain from synthetic, height_datum from CN85"):
        open_ground(height_datum="CN85")


def test_nodata_and_units_of_heights_are_declared(tmp_path: Path) -> None:
    terrain = write_grid(tmp_path / "dem.asc", [[100.0, -999.0], [300.0, 400.0]])
    with pytest.raises(InputError, match=r"height at 15, 15 is -999 m, outside .*--set nodata=-999; "):
        open_ground(terrain=terrain, **LOCAL)
    found = open_ground(terrain=terrain, **LOCAL, height_units="ft", nodata=-999)
    assert found.height.round(2).tolist() == [
        [pytest.approx(91.44), pytest.approx(121.92)],
        [pytest.approx(30.48), 0.0],
    ]
    assert found.valid.tolist() == [[True, True], [True, False]]


def test_cells_that_are_not_a_number_may_be_no_data(tmp_path: Path) -> None:
    terrain = write_grid(tmp_path / "dem.asc", [[1.0, np.nan], [3.0, 4.0]])
    with pytest.raises(InputError, match=r"cell at 15, 15 holds nan; .*such as --set nodata=nan"):
        open_ground(terrain=terrain, **LOCAL)
    assert open_ground(terrain=terrain, **LOCAL, nodata="nan").valid.tolist() == [[True, True], [True, False]]
    with pytest.raises(InputError, match=r"nodata must be a number, got 'none'; give a number, or nan"):
        open_ground(terrain=terrain, **LOCAL, nodata="none")


def test_every_real_terrain_is_ground_for_water(data: Path) -> None:
    for file in ("dem/Square_TestBasin.asc", "dem/hugo_site_filled.asc", "synxflow_flood/DEM.gz"):
        assert open_ground(terrain=str(data / "hydro" / file), **LOCAL).valid.any()
    rhine = {"terrain": str(data / "hydro/rhine/rhine_elv0.tif"), "height_datum": "EGM96"}
    with pytest.raises(InputError, match=r"is in degrees \(EPSG:4326\).*--set resample_m=900"):
        open_ground(**rhine)
    found = open_ground(**rhine, resample_m=2000)
    assert found.crs == "EPSG:32632" and found.valid.sum() * 4.0 == pytest.approx(194_000, rel=0.02)  # km2


@pytest.mark.parametrize("declared", [None, "EPSG:4326"])
def test_rasters_beside_may_lie_on_the_new_cells(tmp_path: Path, declared: str | None) -> None:
    terrain = {"terrain": write_degrees(tmp_path / "deg.asc"), "height_datum": "EGM96", "resample_m": 30}
    if declared is None:
        (tmp_path / "deg.prj").write_text("EPSG:4326")
    else:
        terrain["crs"] = declared
    new = open_ground(**terrain)
    halves = np.where(np.arange(new.grid.n_x) < new.grid.n_x // 2, 0, 1) * np.ones((new.grid.n_y, 1))
    zones = write_grid(tmp_path / "zones.asc", halves, 30.0, new.grid.west, new.grid.south)
    for named in (False, True):
        if named:
            (tmp_path / "zones.prj").write_text("EPSG:4547")
        found = open_ground(**terrain, roughness=f"{zones}:0.02,0.05")
        assert np.array_equal(found.manning[found.valid] == np.float32(0.05), halves[found.valid] == 1)
    (tmp_path / "zones.prj").write_text("EPSG:32650")
    with pytest.raises(InputError, match=r"zones\.asc: .* in EPSG:32650 is not the terrain's .* in EPSG:4547"):
        open_ground(**terrain, roughness=f"{zones}:0.02,0.05")


def test_crs_beside_a_city_is_the_city_s_or_refused() -> None:
    assert open_ground(crs="EPSG:4547").crs == "EPSG:4547"
    with pytest.raises(InputError, match=r"crs must be that of the city, EPSG:4547, got EPSG:32650; omit it"):
        open_ground(crs="EPSG:32650")
    with pytest.raises(InputError, match=r"CRS 'foo' is unknown"):
        open_ground(crs="foo")
