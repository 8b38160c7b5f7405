"""A city on disk: the same bytes for the same city, whole or not there, damage noticed."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rioxarray  # noqa: F401  (gives data sets their accessor `rio`)
import xarray as xr
import zarr
from smallcity import make_small_layers

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.city.assembly import assemble_city
from citytide.datasets.city.city import City, open_city
from citytide.datasets.errors import InputError
from citytide.hpc.errors import RunError
from citytide.workflows.city import store as city_store
from citytide.workflows.city.store import refuse_existing, write_city


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def city() -> City:
    return assemble_city(make_small_layers())


def test_the_city_comes_back_and_its_bytes_are_the_same_each_time(city: City, tmp_path: Path) -> None:
    one = write_city(city, tmp_path / "one.zarr")
    again = write_city(open_city(one), tmp_path / "深圳 数据" / "again.zarr")
    assert content(one) == content(again)
    assert not list(tmp_path.glob(".*partial"))


def test_xarray_opens_it_with_coordinates_units_and_names(city: City, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store = xr.open_zarr(write_city(city, tmp_path / "city.zarr"))
    assert store.height.dims == ("y", "x") and store.height.attrs["units"] == "m"
    assert store.height.attrs["height_datum"] == "CN85" and store.height.attrs["grid_mapping"] == "crs"
    assert float(store.height.sel(x=505005.0, y=2493015.0)) == 1.0
    assert store.link_name.values.tolist()[0] == "福华0路"
    assert "CGCS2000" in store.crs.attrs["crs_wkt"]
    assert store.attrs["time_zone"] == "Asia/Shanghai"


def test_other_tools_put_the_city_on_the_map(city: City, tmp_path: Path) -> None:
    store = xr.open_zarr(write_city(city, tmp_path / "city.zarr"), decode_coords="all")
    assert store.rio.crs.to_epsg() == 4547 and store.rio.resolution() == (10.0, 10.0)
    assert store.rio.bounds() == (505_000.0, 2_493_000.0, 505_500.0, 2_493_500.0)
    assert store.height.sel(x=505_123.0, y=2_493_077.0, method="nearest").compute().item() == 7.0
    assert {"station_x", "station_y", "facility_x", "storm_y", "crs", "link", "area"} <= set(store.coords)
    for name in ("height", "valid", "station_kind", "link_vertex_x", "ring_vertex_y", "node_x"):
        assert store[name].encoding["grid_mapping"] == "crs"
    assert store.x.attrs["axis"] == "X" and store.y.attrs["standard_name"] == "projection_y_coordinate"


def test_local_city_has_axes_and_no_crs(city: City, tmp_path: Path) -> None:
    store = xr.open_zarr(write_city(replace(city, crs="local"), tmp_path / "city.zarr"), decode_coords="all")
    assert "crs" not in store.variables and "grid_mapping" not in store.height.attrs and store.y.attrs["axis"] == "Y"


def test_things_are_selected_by_their_numbers_and_codes(city: City, tmp_path: Path) -> None:
    store = xr.open_zarr(write_city(city, tmp_path / "city.zarr")).load()
    assert store.node_x.sel(node=12).item() == city.roads.x[2]
    assert store.link_name.sel(link=3).item() == "福华2路"
    assert store.node.values[store.link_head.sel(link=3)] == 13
    assert city.areas is not None
    assert [store.area_people.sel(area=code).item() for code in city.areas.code] == city.areas.people.tolist()
    assert store.facility_name.sel(facility="H1").item() == "福田医院"
    assert store.station_name.sel(station="G2").item() == "二号"


def test_city_of_an_earlier_version_is_refused_with_the_way_out(city: City, tmp_path: Path) -> None:
    place = write_city(city, tmp_path / "city.zarr")
    zarr.open_group(place, mode="r+").attrs["city_schema"] = 1
    with pytest.raises(
        InputError, match=r"the city is of version 1; this citytide reads version 2: build the city again"
    ):
        open_city(place)


def test_number_that_two_links_bear_is_refused(city: City, tmp_path: Path) -> None:
    twice = replace(city.roads, link_id=np.array([1, 2, 3, 4, 5, 6, 7, 8, 8]))
    with pytest.raises(RunError, match=r"link 8 is given 2 times, and store city is selected by it"):
        write_city(replace(city, roads=twice), tmp_path / "city.zarr")
    assert not list(tmp_path.iterdir())


def test_the_store_names_no_file_clock_or_path(city: City, tmp_path: Path) -> None:
    assert city.terrain is not None
    told = replace(city, terrain=replace(city.terrain, sources=(tmp_path / "secret.tif",)))
    store = write_city(told, tmp_path / "city.zarr")
    assert content(store) == content(write_city(city, tmp_path / "plain.zarr"))


def test_a_taken_place_is_refused_and_an_older_city_gives_way_only_when_told(city: City, tmp_path: Path) -> None:
    place = write_city(city, tmp_path / "city.zarr")
    with pytest.raises(RunError, match="exists already"):
        write_city(city, place)
    write_city(replace(city, name="newer"), place, overwrite=True)
    assert open_city(place).name == "newer"
    foreign = tmp_path / "notes"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="is none"):
        write_city(city, foreign, overwrite=True)
    assert (foreign / "thesis.txt").read_text() == "years of work"


def test_a_build_that_dies_leaves_nothing_under_the_name(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    place = write_city(city, tmp_path / "city.zarr")
    before = content(place)
    monkeypatch.setattr(city_store, "write_block", die)
    with pytest.raises(KeyboardInterrupt):
        write_city(replace(city, name="newer"), place, overwrite=True)
    assert content(place) == before and [path.name for path in tmp_path.iterdir()] == ["city.zarr"]


def test_what_a_killed_build_left_is_swept(city: City, tmp_path: Path) -> None:
    stage = tmp_path / ".city.zarr.partial"
    (stage / "staging" / "city.zarr").mkdir(parents=True)
    (stage / "staging" / "city.zarr" / "half").write_text("half")
    place = write_city(city, tmp_path / "city.zarr")
    assert not stage.exists() and content(place) == content(write_city(city, tmp_path / "other.zarr"))


def test_a_city_moved_aside_by_a_killed_build_is_put_back(city: City, tmp_path: Path) -> None:
    place = write_city(city, tmp_path / "city.zarr")
    before = content(place)
    stage = tmp_path / ".city.zarr.partial"
    stage.mkdir()
    place.rename(stage / "old")
    with pytest.raises(RunError, match="exists already"):
        write_city(city, place)
    assert content(place) == before


def test_every_flipped_chunk_is_noticed(city: City, tmp_path: Path) -> None:
    place = write_city(city, tmp_path / "city.zarr")
    for name in ("height", "link_length", "area_people", "link_cell_weight"):
        chunk = next(path for path in sorted((place / name).rglob("*")) if path.is_file() and path.name != "zarr.json")
        raw = bytearray(chunk.read_bytes())
        raw[len(raw) // 2] ^= 1
        chunk.write_bytes(raw)
        with pytest.raises(InputError, match="damaged"):
            open_city(place)
        raw[len(raw) // 2] ^= 1
        chunk.write_bytes(raw)
    assert open_city(place).name == "small"


def test_what_is_no_city_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.zarr: the folder does not exist"):
        open_city(tmp_path / "nowhere.zarr")
    zarr.open_group(tmp_path / "other.zarr", mode="w")
    with pytest.raises(InputError, match=r"other.zarr: the Zarr group is not a city"):
        open_city(tmp_path / "other.zarr")
    zarr.open_group(tmp_path / "other.zarr", mode="r+").attrs["city_schema"] = 99
    with pytest.raises(InputError, match="version 99"):
        open_city(tmp_path / "other.zarr")


def test_a_city_is_a_network_by_its_path(city: City, tmp_path: Path) -> None:
    place = write_city(city, tmp_path / "city.zarr")
    instance = open_instance(place)
    assert instance.n_links == 9 and instance.sources == (place,)
    assert np.array_equal(instance.demand, [100.0, 50.0])
    bare = write_city(replace(city, demand=None), tmp_path / "bare.zarr")
    with pytest.raises(InputError, match=r"bare.zarr: the city has no demand"):
        open_instance(bare)


def test_builds_at_one_moment_leave_one_whole_city(city: City, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = tmp_path / "city.zarr"
    write_city(city, path)
    with ThreadPoolExecutor(4) as pool:
        written = [pool.submit(write_city, city, path, overwrite=True) for _ in range(4)]
    assert [done.result() for done in written] == [path] * 4
    assert open_city(path).name == city.name
    assert [entry.name for entry in tmp_path.iterdir()] == ["city.zarr"]


@pytest.mark.parametrize("name", ["file/city.zarr", "x" * 250, "nowhere.zarr"])
def test_place_that_cannot_be_made_is_refused_before_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "nowhere.zarr").symlink_to(tmp_path / "gone")
    with pytest.raises(RunError, match="choose another --out"):
        refuse_existing(tmp_path / name)


def test_record_of_one_version_leaves_that_of_another(city: City, tmp_path: Path) -> None:
    from citytide.hpc.plan.settings import Settings

    names = [city_store.write_record(city, Settings(), tmp_path / name).name for name in ("v1.0", "v1.1", "a.zarr")]
    assert names == ["v1.0.build.json", "v1.1.build.json", "a.build.json"]
