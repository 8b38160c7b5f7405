"""A file for each frame: its time stands in it or in its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rainfiles import ENDS, RATE, bound, make_cube, write

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain_files.formats import open_rain
from citytide.datasets.hydro.rain_files.parts import read_stamp
from citytide.datasets.text.missing import read_missing

rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed: pip install 'citytide[geo]'")
NAMES = ("rain_202309071200.tif", "rain_202309071205.tif")


def write_tif(file: Path, values: Any, *, upward: bool = False, high: float = 1000.0, unit: str | None = "mm h-1",
              nodata: float | None = -1.0, crs: str | None = "EPSG:4547", bands: int = 1) -> Path:  # fmt: skip
    """A raster of 1 km with ``values`` from south to north."""
    n_y, n_x = values.shape
    place = (rasterio.Affine(1000.0, 0.0, 500_000.0, 0.0, high, 2_480_000.0) if upward
             else rasterio.Affine(1000.0, 0.0, 500_000.0, 0.0, -high, 2_480_000.0 + n_y * high))  # fmt: skip
    with rasterio.open(file, "w", driver="GTiff", height=n_y, width=n_x, count=bands, dtype="float32", crs=crs,
                       transform=place, nodata=nodata) as opened:  # fmt: skip
        held = np.nan_to_num(values, nan=-1.0 if nodata is None else nodata).astype(np.float32)
        for band in range(bands):
            opened.write(held if upward else held[::-1], band + 1)
        if unit is not None:
            opened.units = [unit] * bands
    return file


def test_frames_in_netcdf_are_those_of_a_cube(tmp_path: Path) -> None:
    whole = open_rain(write(bound(make_cube()), tmp_path / "whole.nc"))
    folder = tmp_path / "frames"
    folder.mkdir()
    for at in (1, 0):
        write(bound(make_cube()).isel(time=at), folder / f"{'ba'[at]}.nc")
    found = open_rain(folder)
    assert found.time.tolist() == whole.time.tolist() and found.grid == whole.grid
    assert np.array_equal(found.rate, whole.rate, equal_nan=True)


@pytest.mark.parametrize("upward", [False, True])
def test_rasters_have_their_time_in_their_names(tmp_path: Path, upward: bool) -> None:
    for name, rate in zip(NAMES, RATE, strict=True):
        write_tif(tmp_path / name, rate, upward=upward)
    rain = open_rain(tmp_path, time_zone="UTC")
    assert rain.time.tolist() == ENDS and rain.step_s == 300 and rain.crs == "EPSG:4547"
    assert (rain.grid.west, rain.grid.south, rain.grid.shape) == (500_000.0, 2_480_000.0, (2, 3))
    assert np.array_equal(rain.rate, RATE.astype(np.float32), equal_nan=True)
    assert rain.notes == ("The times are taken as the ends of the frames, for the name of a file has no bounds.",)
    with pytest.raises(InputError, match=r"the time 202309071200 in the file's name has no time zone; declare it"):
        open_rain(tmp_path)


def test_declared_unit_and_mark_hold_where_the_file_has_none(tmp_path: Path) -> None:
    for name, rate in zip(NAMES, RATE, strict=True):
        write_tif(tmp_path / name, np.where(np.isnan(rate), 999.9, rate / 12.0), unit=None, nodata=None)
    asked: dict[str, Any] = {"time_zone": "UTC", "units": "mm (5 min)-1"}
    rain = open_rain(tmp_path, missing=read_missing("999.9"), **asked)
    assert rain.rate == pytest.approx(RATE, rel=1e-6, nan_ok=True)
    with pytest.raises(
        InputError, match=r"rain must have a unit, the file names none; declare it, such as --set rain_units="
    ):
        open_rain(tmp_path, time_zone="UTC", missing=read_missing("999.9"))


@pytest.mark.parametrize(
    ("more", "asked", "complaint"),
    [
        ({"bands": 2}, {}, "has 2 bands, and the file has no time for each"),
        ({"high": 500.0}, {}, r"the cells are 1000 by 500; they must be squares"),
        ({"crs": None}, {}, "must have a CRS"),
        ({"unit": "mm"}, {}, r"rain is in 'mm', a sum over an interval"),
        ({}, {"units": "mm s-1"}, r"names the unit 'mm h-1', but rain_units='mm s-1' is declared"),
        ({}, {"level": 1.0}, "rain_level is only for ODIM files"),
    ],
)
def test_raster_that_leaves_something_open_is_refused(
    tmp_path: Path, more: dict[str, Any], asked: dict[str, Any], complaint: str
) -> None:
    write_tif(tmp_path / NAMES[0], RATE[0], **more)
    with pytest.raises(InputError, match=complaint):
        open_rain(tmp_path, time_zone="UTC", **asked)


def test_files_of_two_grids_or_kinds_are_refused(tmp_path: Path) -> None:
    write_tif(tmp_path / NAMES[0], RATE[0])
    write_tif(tmp_path / NAMES[1], np.ones((2, 4)))
    with pytest.raises(InputError, match=r"05\.tif: the grid is .*, in rain_202309071200\.tif it is"):
        open_rain(tmp_path, time_zone="UTC")
    (tmp_path / "a.gif").write_bytes(b"")
    with pytest.raises(InputError, match=r"must have one format, got \.gif, \.tif; keep one"):
        open_rain(tmp_path, time_zone="UTC")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("RAD_20230907_120500.nc", ENDS[1]),
        ("20230907T1205Z.tif", ENDS[1]),
        ("Z_RADA_2023-09-07_12-05-00.tif", ENDS[1]),
        ("radar-20230907120500-v2.tif", ENDS[1]),
    ],
)
def test_stamps_of_many_kinds(name: str, wanted: int) -> None:
    assert read_stamp(Path(name), "UTC") == wanted


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("rain_17.tif", "the file has no time, and its name has none; write when the frame ends"),
        ("202309071200_202309071205.tif", "its name has 2"),
        ("rain_202313071200.tif", "does not exist"),
    ],
)
def test_names_without_one_time_are_refused(name: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read_stamp(Path(name), "UTC")


def test_length_of_a_frame_in_a_name_is_no_second() -> None:
    for name in ("rain_20230907_1405_10min.tif", "rain_20230907_1405_60min.tif", "rain_202309071405.tif"):
        assert read_stamp(Path(name), "UTC") == 1_694_095_500
    assert read_stamp(Path("rain_20230907_140510.tif"), "UTC") == 1_694_095_510
    assert read_stamp(Path("2023-09-07T14-05-10Z.nc"), None) == 1_694_095_510
