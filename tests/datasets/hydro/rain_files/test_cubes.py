"""Cubes keep numbers, times and place, whatever the order of their axes and the unit of the rain."""

from __future__ import annotations

import sys
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from rainfiles import ENDS, RATE, bound, make_cube, write

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain_files.cubes import read_rain_cube
from citytide.datasets.hydro.rain_files.formats import open_rain


@pytest.mark.parametrize(("name", "engine"), [("雨 一.nc", "scipy"), ("雨 一.nc", "h5netcdf"), ("雨 一.zarr", None)])
def test_formats_give_the_same_rain(tmp_path: Path, name: str, engine: str | None) -> None:
    rain = open_rain(write(make_cube(), tmp_path / name, engine))
    assert rain.crs == "EPSG:4547" and rain.time.tolist() == ENDS and rain.step_s == 300
    grid = rain.grid
    assert (grid.west, grid.south, grid.cell_m, grid.shape) == (500_000.0, 2_480_000.0, 1000.0, (2, 3))
    assert rain.rate.dtype == np.float32 and np.array_equal(rain.rate, RATE.astype(np.float32), equal_nan=True)
    assert rain.notes == ("The times are taken as the ends of the frames, for time has no bounds.",)


@settings(max_examples=12)
@given(st.permutations(("time", "y", "x")), st.booleans(), st.booleans())
def test_the_order_of_the_axes_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[str], from_north: bool, from_east: bool
) -> None:
    cube = make_cube().isel(y=slice(None, None, -1 if from_north else 1), x=slice(None, None, -1 if from_east else 1))
    rain = read_rain_cube(write(cube.transpose(*order), tmp_path_factory.mktemp("cube") / "a.nc"))
    assert (rain.grid.west, rain.grid.south) == (500_000.0, 2_480_000.0)
    assert np.array_equal(rain.rate, RATE.astype(np.float32), equal_nan=True)


@pytest.mark.parametrize(
    ("units", "factor"),
    [("m s-1", 3.6e6), ("kg m-2 s-1", 3600.0), ("mm (5 min)-1", 12.0), ("毫米/小时", 1.0)],
)
def test_rates_are_converted(tmp_path: Path, units: str, factor: float) -> None:
    rain = read_rain_cube(write(make_cube(RATE / factor, units), tmp_path / "a.nc"))
    assert rain.rate == pytest.approx(RATE, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize(("units", "factor"), [("mm", 1.0), ("m", 1000.0), ("kg m-2", 1.0)])
def test_sums_are_rates_over_their_bounds_and_end_with_them(tmp_path: Path, units: str, factor: float) -> None:
    rain = read_rain_cube(write(bound(make_cube(RATE / 12.0 / factor, units)), tmp_path / "a.nc"))
    assert rain.rate == pytest.approx(RATE, rel=1e-6, nan_ok=True)
    assert rain.time.tolist() == [end + 300 for end in ENDS] and rain.notes == ()


def test_packed_numbers_are_unpacked_and_their_fill_is_unknown(tmp_path: Path) -> None:
    cube = make_cube()
    cube["rain"].encoding = {"dtype": "int16", "scale_factor": 0.5, "add_offset": 10.0, "_FillValue": -9999}
    rain = read_rain_cube(write(cube, tmp_path / "a.nc"))
    assert np.array_equal(rain.rate, RATE.astype(np.float32), equal_nan=True)


def test_rain_is_found_by_what_it_means_before_what_it_is_called(tmp_path: Path) -> None:
    cube = make_cube().rename(rain="RR")
    cube["rain"] = cube["RR"] * 2.0
    cube["RR"].attrs["standard_name"] = "rainfall_rate"
    rain = read_rain_cube(write(cube, tmp_path / "a.nc"))
    assert np.array_equal(rain.rate, RATE.astype(np.float32), equal_nan=True)


def test_axes_in_kilometres_and_by_their_meaning(tmp_path: Path) -> None:
    cube = make_cube().rename(x="west_east", y="south_north")
    for axis, letter in (("west_east", "x"), ("south_north", "y")):
        attrs = {"units": "km", "standard_name": f"projection_{letter}_coordinate"}
        cube = cube.assign_coords({axis: (axis, cube[axis].values / 1000.0, attrs)})
    rain = read_rain_cube(write(cube, tmp_path / "a.nc"))
    assert (rain.grid.west, rain.grid.south, rain.grid.cell_m) == (500_000.0, 2_480_000.0, 1000.0)


def test_the_crs_may_be_parameters_an_attribute_or_declared(tmp_path: Path) -> None:
    from pyproj import CRS

    parameters = make_cube()
    attrs = {key: value for key, value in CRS("EPSG:32650").to_cf().items() if not key.endswith("wkt")}
    parameters["spatial_ref"].attrs = attrs
    found = CRS(read_rain_cube(write(parameters, tmp_path / "a.nc")).crs).to_cf()
    assert found["longitude_of_central_meridian"] == 117.0 and found["false_easting"] == 500_000.0
    bare = write(make_cube(crs=None), tmp_path / "b.nc")
    assert read_rain_cube(bare, crs="EPSG:4547").crs == "EPSG:4547"
    named = write(make_cube(crs=None).assign_attrs(crs="EPSG:4547"), tmp_path / "c.nc")
    assert read_rain_cube(named).crs == "EPSG:4547"
    with pytest.raises(InputError, match=r"b\.nc: the layer must have a CRS, it names none"):
        read_rain_cube(bare)
    with pytest.raises(InputError, match=r"the file is in EPSG:4547, but EPSG:32650 is declared"):
        read_rain_cube(named, crs="EPSG:32650")


def test_degrees_are_refused_as_a_plane(tmp_path: Path) -> None:
    cube = make_cube(crs=None).rename(x="lon", y="lat")
    cube = cube.assign_coords(
        lon=("lon", [114.0, 114.1, 114.2], {"units": "degrees_east"}),
        lat=("lat", [22.4, 22.5], {"units": "degrees_north"}),
    )
    file = write(cube, tmp_path / "a.nc")
    assert read_rain_cube(file).crs == "EPSG:4326"
    with pytest.raises(InputError, match=r"got degrees \(EPSG:4326\); resample"):
        open_rain(file)


def broken(what: str) -> xarray.Dataset:
    cube = make_cube()
    if what == "oblong":
        return cube.assign_coords(y=[0.0, 500.0])
    if what == "uneven":
        return cube.assign_coords(x=[0.0, 1000.0, 2500.0])
    if what == "no x":
        return cube.drop_vars("x")
    if what == "flat":
        return cube.isel(x=0, y=0)
    if what == "levels":
        return cube.expand_dims(height=[0.0, 1.0])
    if what == "two":
        return cube.assign(pr=cube["rain"])
    if what == "noleap":
        cube["time"].attrs["calendar"] = "noleap"
    if what == "no unit of time":
        del cube["time"].attrs["units"]
    if what == "fractions":
        return cube.assign_coords(time=("time", [0.0, 0.0051], cube["time"].attrs))
    if what == "bounds":
        return bound(cube, -5.0)
    return cube


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("oblong", r"a\.nc: the cells must be squares of one size \(from 500 to 1000\); resample"),
        ("uneven", r"must be squares of one size \(from 1000 to 1500\)"),
        ("no x", r"rain has no coordinate x along its dimensions time, y, x"),
        ("flat", r"no variable has time, y and x; there are rain"),
        ("levels", r"rain has the dimensions height, time, y, x"),
        ("two", r"the file holds rain, pr; keep the variable"),
        ("noleap", r"time follows the calendar noleap"),
        ("no unit of time", r"time is in ''; give units such as"),
        ("fractions", r"must be whole seconds"),
        ("bounds", r"time_bnds must end after they start"),
    ],
)
def test_what_is_broken_is_refused_by_name(tmp_path: Path, what: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read_rain_cube(write(broken(what), tmp_path / "a.nc"))


@pytest.mark.parametrize(
    ("units", "complaint"),
    [
        (None, r"rain must have a unit"),
        ("mm", r"rain is in 'mm', a sum over an interval that the file does not give; give time bounds"),
        ("dBZ", r"a\.nc: rain is reflectivity in dBZ; give rain"),
        ("K", r"rain is in 'K', which cannot be converted"),
    ],
)
def test_a_unit_that_is_none_of_rain_is_refused(tmp_path: Path, units: str | None, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read_rain_cube(write(make_cube(units=units), tmp_path / "a.nc"))


def test_a_damaged_file_and_a_missing_library_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, raw in (("a.nc", b"no cube"), ("b.nc", b"\x89HDF\r\n\x1a\n broken")):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(InputError, match=rf"{name}: the file cannot be read"):
            read_rain_cube(tmp_path / name)
    (tmp_path / "c.zarr").mkdir()
    with pytest.raises(InputError, match=r"c\.zarr: the file cannot be read"):
        read_rain_cube(tmp_path / "c.zarr")
    monkeypatch.setitem(sys.modules, "h5netcdf", None)
    with pytest.raises(InputError, match=r'pip install "citytide\[radar\]"'):
        read_rain_cube(tmp_path / "b.nc")


def test_rain_in_a_unit_it_is_not_in_is_refused(tmp_path: Path) -> None:
    hard = np.zeros((2, 2, 3))
    hard[1, 0, 2] = 2500.0
    with pytest.raises(
        InputError, match=r"rain is 2500 mm/h at 2023-09-07 12:05.*, row 0, column 2, and no rain falls"
    ):
        open_rain(write(make_cube(hard), tmp_path / "a.nc"))


def test_bounds_have_units_of_their_own(tmp_path: Path) -> None:
    cube = make_cube()
    cube["time"].attrs["bounds"] = "time_bnds"
    cube["time_bnds"] = (("time", "nv"), [[300, 600], [600, 900]], {"units": "seconds since 2023-09-07 11:55:00"})
    found = read_rain_cube(write(cube, tmp_path / "a.nc"))
    assert found.time.tolist() == [1_694_088_300, 1_694_088_600]
