"""Composites keep numbers, times and place; what is not seen is NaN, what is not there is dry."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from rainfiles import CELL, RATES, SOUTH, WEST, WHAT, write_odim

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain_files.formats import open_rain
from citytide.datasets.hydro.rain_files.radar_gif import read_radar_gif
from citytide.datasets.hydro.rain_files.radar_odim import read_radar_odim
from citytide.datasets.place.transformation import transform


def test_numbers_time_and_place_are_kept(tmp_path: Path) -> None:
    rain = read_radar_odim([write_odim(tmp_path / "a.h5")])
    assert rain.crs == "EPSG:4547" and rain.time.tolist() == [1_694_088_000] and rain.notes == ()
    grid = rain.grid
    assert (grid.west, grid.south) == pytest.approx((WEST, SOUTH), abs=0.01)
    assert (grid.cell_m, grid.shape) == (CELL, (2, 3))
    assert rain.rate.dtype == np.float32
    assert np.array_equal(rain.rate[0], np.array(RATES, np.float32), equal_nan=True)


def test_cells_may_be_squares_but_for_rounding(tmp_path: Path) -> None:
    rain = read_radar_odim([write_odim(tmp_path / "a.h5", xscale=1000.0001)])
    assert rain.grid.cell_m == 1000.0001 and np.array_equal(rain.rate[0], np.array(RATES, np.float32), equal_nan=True)


def test_attributes_that_lie_higher_up_hold_below(tmp_path: Path) -> None:
    file = write_odim(tmp_path / "a.h5")
    with h5py.File(file, "r+") as opened:
        for name in WHAT:
            opened["dataset1/what"].attrs[name] = opened["dataset1/data1/what"].attrs.pop(name)
    assert np.array_equal(read_radar_odim([file]).rate[0], np.array(RATES, np.float32), equal_nan=True)


def test_reflectivity_becomes_rain_by_the_relation_of_the_file(tmp_path: Path) -> None:
    raw = np.array([[23.0, -1.0, np.nan]])
    how = {"quantity": "DBZH", "gain": 1.0, "offset": 0.0, "nodata": np.nan, "undetect": -1.0}
    own = read_radar_odim([write_odim(tmp_path / "a.h5", raw, zr_a=316.0, zr_b=1.5, **how)])
    assert own.rate[0, 0, :2] == pytest.approx([(10**2.3 / 316.0) ** (1 / 1.5), 0.0]) and np.isnan(own.rate[0, 0, 2])
    assert own.notes == ("Rain was taken from reflectivity (DBZH) by Z = 316 R^1.5.",)
    usual = read_radar_odim([write_odim(tmp_path / "b.h5", raw, **how)])
    assert usual.rate[0, 0, 0] == pytest.approx(1.0, rel=0.01)  # Marshall and Palmer: 23 dBZ is 1 mm/h
    assert usual.notes == ("Rain was taken from reflectivity (DBZH) by Z = 200 R^1.6.",)


def test_sums_become_rates_and_end_where_they_end(tmp_path: Path) -> None:
    rain = read_radar_odim([write_odim(tmp_path / "a.h5", quantity="ACRR", endtime="120500")])
    assert rain.time.tolist() == [1_694_088_300]
    assert rain.rate[0, 0, 1:] == pytest.approx([4.5 * 6, 99.5 * 6])  # mm in ten minutes


def test_sums_that_overlap_are_refused(tmp_path: Path) -> None:
    files = [
        write_odim(tmp_path / f"{end}.h5", quantity="ACRR", starttime=f"11{end}00", endtime=f"12{end}00")
        for end in ("05", "10")
    ]
    with pytest.raises(
        InputError, match=r"05\.h5: the intervals of the frames overlap: .* is 3600 s long, .* 300 s apart"
    ):
        read_radar_odim(files)


def test_sums_since_one_start_are_differenced(tmp_path: Path) -> None:
    files = [
        write_odim(tmp_path / f"{end}.h5", quantity="ACRR", starttime="120000", endtime=f"12{end}00", offset=0.0,
                   gain=gain, undetect=-1.0)
        for end, gain in (("05", 0.5), ("10", 1.0))
    ]  # fmt: skip
    rain = read_radar_odim(files)
    assert rain.time.tolist() == [1_694_088_300, 1_694_088_600] and "is a sum since 2023-09-07 12:00" in rain.notes[0]
    assert rain.rate[:, 0, 1].tolist() == [5.0 * 12, 5.0 * 12]  # 5 mm, then 10 mm, in five minutes each


def test_highest_reflectivity_is_that_of_hail(tmp_path: Path) -> None:
    raw = np.zeros((40, 60))
    raw[3, 4], raw[5, 6] = 400.0, 60.0
    how = {"quantity": "DBZH", "gain": 1.0, "offset": 0.0, "nodata": np.nan, "undetect": 0.0}
    for clock in ("120000", "120500"):
        write_odim(tmp_path / f"{clock}.h5", raw, clock=clock, **how)
    rain = open_rain(tmp_path)
    assert rain.rate.max() == pytest.approx((10**5.3 / 200) ** (1 / 1.6), rel=1e-6)
    assert any("4 of 4,800 cells of rain lay above 74.88 mm/h" in note for note in rain.notes)
    higher = open_rain(tmp_path, cap_mm_h=150.0)
    assert higher.rate[0, -4, 4] == 150.0


def test_rain_is_preferred_to_reflectivity_and_quality_is_passed_over(tmp_path: Path) -> None:
    file = write_odim(tmp_path / "a.h5")
    with h5py.File(file, "r+") as opened:
        opened.copy("dataset1", "dataset2")
        opened["dataset1/data1/what"].attrs["quantity"] = np.bytes_("DBZH")
        opened.copy("dataset1/data1", "dataset1/quality1")
        opened.require_group("dataset1/quality1/how").attrs["task"] = np.bytes_("fi.fmi.ropo")
    rain = read_radar_odim([file])
    assert np.array_equal(rain.rate[0], np.array(RATES, np.float32), equal_nan=True)
    assert rain.notes == ("Not read of the radar's files: quality field fi.fmi.ropo, quantity DBZH.",)


def test_planes_in_kilometres_and_spheres_are_read(tmp_path: Path) -> None:
    """The German composite: a polar stereographic plane on a sphere of 6,370.04 km, corners as published."""
    projdef = "+proj=stere +lat_0=90 +lon_0=10.0 +lat_ts=60 +a=6370040 +b=6370040 +units=km"
    place = {"LL_lon": 3.5889, "LL_lat": 46.9526, "UR_lon": 15.7208, "UR_lat": 54.7405}
    raw = np.zeros((900, 900), np.uint8)
    rain = read_radar_odim([write_odim(tmp_path / "a.h5", raw, crs=projdef, xscale=1.0, yscale=1.0, **place)])
    assert (rain.grid.west, rain.grid.south) == pytest.approx((-523_462, -4_658_645), abs=10)
    assert rain.grid.cell_m == 1000.0 and rain.grid.shape == (900, 900)


def test_a_folder_of_frames_opens_as_rain(tmp_path: Path, data: Path) -> None:
    """Frames of the Swiss network written as ODIM open as their pictures do."""
    pictures = sorted((data / "hydro/radar_mch_20150515").glob("*.gif"))[:2]
    wanted = read_radar_gif(pictures)
    lon, lat = transform([255e3, 965e3], [-160e3, 480e3], wanted.crs, "EPSG:4326")
    place = {"LL_lon": lon[0], "LL_lat": lat[0], "UR_lon": lon[1], "UR_lat": lat[1], "undetect": -1.0}
    for clock, rate in (("120500", wanted.rate[1]), ("120000", wanted.rate[0])):
        write_odim(
            tmp_path / f"{clock}.h5", rate[::-1], crs=wanted.crs, clock=clock,
            gain=1.0, offset=0.0, nodata=np.nan, **place,
        )  # fmt: skip
    rain = open_rain(tmp_path)
    assert rain.step_s == 300 and rain.crs == wanted.crs
    assert (rain.grid.west, rain.grid.south) == pytest.approx((255e3, -160e3), abs=0.01)
    assert np.array_equal(rain.rate, wanted.rate, equal_nan=True)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"object": "PVOL"}, r"a\.h5: the file holds polar scans \(object PVOL\); give a composite"),
        ({"quantity": "VRADH"}, r"must hold rain; its quantities are VRADH; give one of RATE"),
        ({"nodata": None}, r"must name nodata"),
        ({"xscale": 1001.0}, r"cells are 1001 by 1000; they must be squares"),
        ({"xscale": 500.0}, r"cells are 500 by 1000; they must be squares"),
        ({"xscale": None, "LL_lat": None}, r"where names no xscale, LL_lat"),
        ({"xsize": 4}, r"says 2 x 4 cells, the data has 2 x 3"),
        ({"UR_lon": 114.5}, r"the corners are \d+ by \d+ m apart"),
        ({"LL_lat": 95.0}, r"does not exist"),
        ({"projdef": None}, r"must have a CRS"),
        ({"projdef": "+proj=nothing"}, r"is unknown"),
        ({"gain": "half"}, r"a\.h5: the file cannot be read \(could not convert"),
        ({"time": "250000"}, r"date 20230907 and time 250000 is not a time"),
        ({"time": None, "endtime": None}, r"has no time"),
        ({"quantity": "ACRR", "endtime": "115500"}, r"must have an interval"),
    ],
)
def test_what_is_broken_is_refused_by_name(tmp_path: Path, more: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read_radar_odim([write_odim(tmp_path / "a.h5", **more)])


def test_frames_of_two_products_are_refused(tmp_path: Path) -> None:
    one = write_odim(tmp_path / "a.h5")
    for other, complaint in (
        (write_odim(tmp_path / "b.h5", np.zeros((2, 4), np.uint8)), r"b\.h5: the grid is .* in a\.h5 it is"),
        (write_odim(tmp_path / "c.h5", quantity="DBZH"), r"c\.h5: the quantity is DBZH, in a\.h5 it is RATE"),
    ):
        with pytest.raises(InputError, match=complaint):
            read_radar_odim([one, other])


def test_a_missing_library_and_a_damaged_file_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_odim(tmp_path / "a.h5")
    cut = tmp_path / "b.h5"
    shutil.copy(file, cut)
    cut.write_bytes(cut.read_bytes()[:500])
    with pytest.raises(InputError, match=r"b\.h5: the file cannot be read"):
        read_radar_odim([cut])
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r'pip install "citytide\[radar\]"'):
        read_radar_odim([file])


@pytest.mark.parametrize("quantity", ["RATE", "DBZH"])
def test_marks_of_floats_are_those_of_their_own_type(tmp_path: Path, quantity: str) -> None:
    raw = np.array([[20.0, -99.9], [-88.8, 30.0]], np.float32)
    held = {"quantity": quantity, "gain": None, "offset": None, "nodata": np.float64(-99.9), "undetect": -88.8}
    for clock in ("120000", "120500"):
        write_odim(tmp_path / f"{clock}.h5", raw, clock=clock, **held)
    rate = read_radar_odim(sorted(tmp_path.glob("*.h5"))).rate[0]
    assert np.isnan(rate).tolist() == [[False, False], [False, True]] and rate[0, 0] == 0.0


def test_a_frame_that_starts_at_the_nominal_time_ends_later(tmp_path: Path) -> None:
    for minute in (0, 5):
        write_odim(
            tmp_path / f"{minute}.h5", clock=f"12{minute:02}00", starttime=f"12{minute:02}00",
            endtime=f"12{minute + 5:02}00",
        )  # fmt: skip
    assert read_radar_odim(sorted(tmp_path.glob("*.h5"))).time.tolist() == [1_694_088_300, 1_694_088_600]


def test_corners_in_degrees_keep_their_digits(tmp_path: Path) -> None:
    place = {"LL_lon": 113.71249, "LL_lat": 22.41249, "UR_lon": 113.74249, "UR_lat": 22.43249}
    write_odim(tmp_path / "a.h5", crs="EPSG:4326", xscale=0.01, yscale=0.01, **place)
    grid = read_radar_odim([tmp_path / "a.h5"]).grid
    assert (grid.west, grid.south) == pytest.approx((113.71249, 22.41249), abs=1e-8)
