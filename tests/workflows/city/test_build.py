"""From a request to a city: what is given is read, what is missing is left out or made."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.osm.graphml import read_graphml
from citytide.hpc.errors import RunError
from citytide.kernels.space.apportionment import apportion
from citytide.workflows.city.build import DECLARABLE, CityRequest, build_city
from citytide.workflows.city.store import write_city


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_futian_gets_its_real_roads_and_a_made_ground(data: Path) -> None:
    city = build_city(
        CityRequest(name="futian", roads=str(data / "traffic/futian/roads.graphml"), synthetic=True, cell_m=10.0)
    )
    assert city.crs == "EPSG:4547" and city.terrain is not None and city.areas is not None
    made = {name for name, layer in city.layers.items() if getattr(layer, "is_synthetic", False)}
    assert made == set(city.layers) - {"roads"} and made >= {"terrain", "areas", "facilities", "stations", "demand"}
    table = read_graphml(data / "traffic/futian/roads.graphml", demand=data / "traffic/shenzhen/taxi_rides.csv")
    assert np.array_equal(city.roads.link_id, table.link_id) and city.roads.n_links == 2751
    links = city.crosswalks["link_cell"]
    assert abs(links.covered - 1.0).max() <= 1e-12
    assert 34_000 <= len(links.column) <= 37_000
    people = apportion(city.areas.people, city.crosswalks["area_cell"])
    assert people.sum() == city.areas.people.sum()


def test_what_is_not_given_is_left_out(data: Path) -> None:
    city = build_city(CityRequest(roads=str(data / "traffic/futian/roads.graphml")))
    assert list(city.layers) == ["roads"] and not city.crosswalks


def test_rides_become_the_citys_trips(data: Path) -> None:
    roads, rides = data / "traffic/futian/roads.graphml", data / "traffic/shenzhen/taxi_rides.csv"
    city = build_city(CityRequest(roads=str(roads), demand=str(rides)))
    known = read_graphml(roads, demand=rides)
    assert city.demand is not None
    assert np.array_equal(city.demand.origin, known.origin)
    assert np.allclose(city.demand.demand_veh_h, known.demand, rtol=1e-12, atol=0)


def test_the_same_seed_gives_the_same_bytes_for_any_workers(tmp_path: Path) -> None:
    stores = [
        write_city(build_city(CityRequest(synthetic=True, size="2km", seed=3, workers=n)), tmp_path / f"{n}.zarr")
        for n in (1, 3)
    ]
    assert content(stores[0]) == content(stores[1])
    other = write_city(build_city(CityRequest(synthetic=True, size="2km", seed=4)), tmp_path / "other.zarr")
    assert content(stores[0]) != content(other)


def test_the_whole_city_has_every_layer_and_crosswalk() -> None:
    city = build_city(CityRequest(synthetic=True, size="2km"))
    assert set(city.layers) >= {"roads", "terrain", "areas", "facilities", "stations", "readings", "storms", "demand"}
    for name, crosswalk in city.crosswalks.items():
        assert abs(crosswalk.covered - 1.0).max() <= 1e-12, name


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({}, "needs roads"),
        ({"synthetic": True, "terrain": "dem.tif"}, "--terrain needs real roads"),
        ({"roads": "r.graphml", "readings": "r.csv"}, "--readings need stations"),
    ],
)
def test_a_request_that_makes_no_city_is_refused(asked: dict[str, object], complaint: str, data: Path) -> None:
    if "roads" in asked:
        asked = asked | {"roads": str(data / "traffic/futian/roads.graphml")}
    with pytest.raises(RunError, match=complaint):
        build_city(CityRequest(**asked))


def test_a_time_zone_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="Asia/Shenzhen"):
        build_city(CityRequest(synthetic=True, size="2km", time_zone="Asia/Shenzhen"))


def test_only_what_a_reader_asks_can_be_declared() -> None:
    with pytest.raises(ValidationError, match=r"terrain.color.*terrain.crs"):
        CityRequest(declare={"terrain.color": "green"})
    assert all("." in key and text for key, text in DECLARABLE.items())


def test_a_declared_number_is_one(data: Path) -> None:
    with pytest.raises(RunError, match=r"terrain.manning must be a number, got rough"):
        build_city(
            CityRequest(
                roads=str(data / "traffic/futian/roads.graphml"),
                terrain=str(data / "hydro/dem/Square_TestBasin.asc"),
                declare={"terrain.manning": "rough"},
            )
        )


def test_areas_may_come_without_people_when_that_is_said(data: Path, tmp_path: Path) -> None:
    files = {
        "roads": str(data / "traffic/futian/roads.graphml"),
        "areas": str(data / "traffic/shenzhen/districts.geojson"),
    }
    with pytest.raises(InputError, match="the areas must have numbers of people"):
        build_city(CityRequest(**files))
    with pytest.raises(InputError, match=r"gap of 69,117 m2 at .* between area 龙华 .*areas.gaps=meant"):
        build_city(CityRequest(**files, declare={"areas.people": "unknown"}))
    city = build_city(CityRequest(**files, declare={"areas.people": "unknown", "areas.gaps": "meant"}))
    assert city.areas is not None and "福田" in city.areas.name and int(city.areas.people.sum()) == 0
    with pytest.raises(RunError, match=r"areas.people must be unknown, got none"):
        build_city(CityRequest(**files, declare={"areas.people": "none"}))


def test_a_terrain_in_degrees_is_resampled_when_asked(data: Path, tmp_path: Path) -> None:
    import rasterio

    file = tmp_path / "高程.tif"
    place = rasterio.Affine(0.0005, 0.0, 113.98, 0.0, -0.0005, 22.60)
    options = {"driver": "GTiff", "height": 250, "width": 250, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(file, "w", transform=place, **options) as opened:
        opened.write(np.full((250, 250), 7.0, np.float32), 1)
    asked = {"roads": str(data / "traffic/futian/roads.graphml"), "terrain": str(file)}
    with pytest.raises(InputError, match="terrain is in EPSG:4326, the city in EPSG:4547; have it resampled"):
        build_city(CityRequest(**asked, declare={"terrain.height_datum": "EGM96"}))
    city = build_city(CityRequest(**asked, declare={"terrain.height_datum": "EGM96", "terrain.resample_m": "20"}))
    assert city.terrain is not None and city.terrain.grid.cell_m == 20.0 and city.height_datum == "EGM96"
    assert abs(city.crosswalks["link_cell"].covered - 1.0).max() <= 1e-12
    declared = {"terrain.height_datum": "EGM96", "terrain.resample_m": "50", "terrain.height_units": "ft"}
    city = build_city(CityRequest(**asked, declare=declared))
    assert city.terrain is not None and city.terrain.height.max() == pytest.approx(7 * 0.3048, abs=1e-3)
    with pytest.raises(InputError, match="no cell holds data"):
        build_city(CityRequest(**asked, declare={**declared, "terrain.nodata": "7"}))


@pytest.mark.parametrize("own", [True, False])
def test_more_cells_than_a_machine_holds_are_refused_before_work_starts(data: Path, own: bool) -> None:
    roads = {} if own else {"roads": str(data / "traffic/futian/roads.graphml")}
    with pytest.raises(InputError, match=r"cell_m is 0.01 m, which makes .* cells; give a larger one"):
        build_city(CityRequest(synthetic=True, size="2km", cell_m=0.01, **roads))


ROADS = """wkt,highway
"LINESTRING (500000 2490000, 503000 2490000)",2_Klass
"LINESTRING (505000 2490000, 506000 2490000)",primary
"""


def test_what_is_declared_of_roads_reaches_their_reader(tmp_path: Path) -> None:
    file = tmp_path / "roads.csv"
    file.write_text(ROADS, encoding="utf-8")
    asked = {"roads.crs": "EPSG:4547", "roads.classes": "2_Klass=secondary"}
    with pytest.raises(InputError, match=r"it holds 6.0 of 8.0 km .* \(75.0 %\)"):
        build_city(CityRequest(roads=str(file), declare=asked))
    asked["roads.core_share"] = "0.7"
    roads = build_city(CityRequest(roads=str(file), declare=asked)).roads
    assert roads.n_links == 2 and roads.length_m.sum() == pytest.approx(6000.0, rel=2e-3)
    with pytest.raises(InputError, match=r"'2_Klass' \(6.0 km\)"):
        build_city(CityRequest(roads=str(file), declare={"roads.crs": "EPSG:4547"}))
    with pytest.raises(RunError, match=r"roads.core_share must be a number, got most"):
        build_city(CityRequest(roads=str(file), declare=asked | {"roads.core_share": "most"}))


@pytest.mark.parametrize(
    ("rows", "way_out"),
    [
        ("highway,oneway,wkt\nprimary,t,{}\nprimary,f,{}", "; say --declare roads.oneway=osm-letters"),
        ("highway,wkt\n2_Klass,{}\n2_Klass,{}", "; say what they are with --declare roads.classes=2_Klass=CLASS"),
    ],
)
def test_errors_of_roads_name_settings_as_the_command_takes_them(tmp_path: Path, rows: str, way_out: str) -> None:
    lines = ('"LINESTRING (114 22.5, 114.01 22.5)"', '"LINESTRING (114.01 22.5, 114.01 22.51)"')
    (tmp_path / "roads.csv").write_text(rows.format(*lines))
    with pytest.raises(InputError, match=re.escape(way_out)):
        build_city(CityRequest(roads=str(tmp_path / "roads.csv"), declare={"roads.crs": "EPSG:4326"}))
