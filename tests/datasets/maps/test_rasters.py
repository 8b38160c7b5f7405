"""Rasters keep numbers and place, southernmost row first; what is missing is said, what is broken refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.maps.rasters import is_same_grid, read_raster

HEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4)  # as in a file: the upper row first
ASCII = "ncols 4\nnrows 3\nxllcorner 505000\nyllcorner 2493000\ncellsize 10\nNODATA_value -9999\n"


def write_ascii(file: Path, values: Any = HEIGHTS, head: str = ASCII) -> Path:
    text = head + "\n".join(" ".join(f"{value:g}" for value in row) for row in values) + "\n"
    file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())
    return file


def write_tiff(
    file: Path, values: Any = HEIGHTS, crs: str | None = "EPSG:4547", cell: Any = (10.0, 10.0), **more: Any
) -> Path:
    import rasterio
    from rasterio.transform import from_origin

    shape = values.shape if values.ndim == 2 else values.shape[1:]
    profile = dict(
        driver="GTiff", height=shape[0], width=shape[1], count=1 if values.ndim == 2 else len(values),
        dtype=values.dtype, crs=crs, transform=from_origin(505000.0, 2493030.0, *cell), nodata=-9999.0,
    )  # fmt: skip
    with rasterio.open(file, "w", **{**profile, **more}) as opened:
        opened.write(values, 1) if values.ndim == 2 else opened.write(values)
    return file


@pytest.mark.parametrize("name", ["高程 一.asc", "高程 一.asc.gz", "高程 一.tif"])
def test_formats_give_the_same_grid_and_the_same_numbers(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "深圳 数据"
    folder.mkdir()
    file = write_tiff(folder / name) if name.endswith("tif") else write_ascii(folder / name)
    raster = read_raster(file, crs=None if name.endswith("tif") else "EPSG:4547")
    assert raster.crs == "EPSG:4547"
    assert (raster.grid.west, raster.grid.south, raster.grid.cell_m, raster.grid.shape) == (505000, 2493000, 10, (3, 4))
    assert raster.values.tolist() == HEIGHTS[::-1].tolist() and raster.valid.all()


def test_no_data_is_a_mask(tmp_path: Path) -> None:
    values = HEIGHTS.copy()
    values[0, 1] = -9999.0
    for file in (write_ascii(tmp_path / "a.asc", values), write_tiff(tmp_path / "a.tif", values)):
        raster = read_raster(file, crs="EPSG:4547")
        assert np.argwhere(~raster.valid).tolist() == [[2, 1]]


def test_the_centre_of_the_corner_cell_may_be_given_instead(tmp_path: Path) -> None:
    head = ASCII.replace("xllcorner 505000", "xllcenter 505005").replace("yllcorner 2493000", "yllcenter 2493005")
    grid = read_raster(write_ascii(tmp_path / "a.asc", head=head), crs="EPSG:4547").grid
    assert (grid.west, grid.south) == (505000.0, 2493000.0)


def test_a_projection_file_beside_it_names_the_crs(tmp_path: Path) -> None:
    from pyproj import CRS

    file = write_ascii(tmp_path / "a.asc")
    file.with_suffix(".prj").write_text(CRS.from_epsg(4547).to_wkt("WKT1_ESRI"))
    assert read_raster(file).crs == "EPSG:4547"


def test_no_data_may_be_nan(tmp_path: Path) -> None:
    values = HEIGHTS.copy()
    values[0, 1] = np.nan
    ascii_file = write_ascii(tmp_path / "a.asc", values, ASCII.replace("-9999", "nan"))
    for file in (ascii_file, write_tiff(tmp_path / "a.tif", values, nodata=np.nan)):
        assert np.argwhere(~read_raster(file, crs="EPSG:4547").valid).tolist() == [[2, 1]]


def test_heights_packed_as_whole_numbers_are_unpacked(tmp_path: Path) -> None:
    import rasterio

    file = write_tiff(tmp_path / "a.tif", HEIGHTS.astype(np.int16))
    with rasterio.open(file, "r+") as opened:
        opened.scales, opened.offsets = (0.5,), (100.0,)
    assert read_raster(file).values.tolist() == (HEIGHTS[::-1] * 0.5 + 100.0).tolist()


def test_real_grids_are_read(data: Path) -> None:
    basin = read_raster(data / "hydro/dem/Square_TestBasin.asc", crs="local")
    assert basin.grid.shape == (200, 200) and basin.grid.cell_m == 30.0
    assert float(basin.values.max()) == pytest.approx(230.27, abs=0.01)
    flood = read_raster(data / "hydro/synxflow_flood/DEM.gz", crs="local")
    assert flood.grid.shape == (269, 269) and int(flood.valid.sum()) == 43_512
    rhine = read_raster(data / "hydro/rhine/rhine_elv0.tif")
    assert rhine.crs == "EPSG:4326" and rhine.grid.shape == (682, 997) and int(rhine.valid.sum()) == 349_847


def test_a_raster_that_begins_in_the_south_is_the_same(tmp_path: Path) -> None:
    from rasterio.transform import Affine

    upward = Affine(10.0, 0.0, 505000.0, 0.0, 10.0, 2493000.0)
    raster = read_raster(write_tiff(tmp_path / "a.tif", HEIGHTS[::-1].copy(), transform=upward))
    assert raster.grid == read_raster(write_tiff(tmp_path / "b.tif")).grid
    assert raster.values.tolist() == HEIGHTS[::-1].tolist()


def test_cells_that_are_squares_up_to_rounding_are_read(tmp_path: Path) -> None:
    raster = read_raster(write_tiff(tmp_path / "a.tif", cell=(10.0, 10.0001)))
    assert raster.grid.cell_m == pytest.approx(10.00005) and raster.grid.south == pytest.approx(2492999.9997)
    assert is_same_grid(raster.grid, read_raster(write_tiff(tmp_path / "b.tif")).grid)


def test_longitudes_from_180_on_are_west(tmp_path: Path) -> None:
    from rasterio.transform import from_origin

    raster = read_raster(
        write_tiff(tmp_path / "a.tif", crs="EPSG:4326", transform=from_origin(241.0, 34.0, 0.01, 0.01))
    )
    assert raster.grid.west == -119.0 and raster.grid.north == pytest.approx(34.0)


def test_a_number_may_be_declared_to_be_no_data(tmp_path: Path) -> None:
    values = HEIGHTS.copy()
    values[0, 1], values[2, 3] = -32768.0, -9999.0
    for file in (write_ascii(tmp_path / "a.asc", values), write_tiff(tmp_path / "a.tif", values)):
        raster = read_raster(file, crs="EPSG:4547", nodata=-32768.0)
        assert np.argwhere(~raster.valid).tolist() == [[0, 3], [2, 1]]
    values[0, 1] = np.nan
    assert not read_raster(write_tiff(tmp_path / "n.tif", values), nodata=np.nan).valid[2, 1]


def test_what_a_file_says_of_its_numbers_is_kept(tmp_path: Path) -> None:
    import rasterio

    file = write_tiff(tmp_path / "a.tif", crs="EPSG:26911+6360")
    with rasterio.open(file, "r+") as opened:
        opened.units = ("ft",)
    raster = read_raster(file)
    assert (raster.crs, raster.units, raster.height_datum) == ("EPSG:26911", "ft", "NAVD88")
    picture = write_tiff(tmp_path / "p.tif", HEIGHTS.astype(np.uint8), nodata=None)
    assert read_raster(picture).looks == "8-bit"
    with rasterio.open(picture, "r+") as opened:
        opened.write_colormap(1, {1: (255, 0, 0, 255)})
    assert read_raster(picture).looks == "palette"


def broken(tmp_path: Path, what: str) -> Path:
    from rasterio.transform import Affine

    if what == "rotated":
        return write_tiff(tmp_path / "a.tif", transform=Affine(10.0, 1.0, 505000.0, 1.0, -10.0, 2493000.0))
    if what == "mirrored":
        return write_tiff(tmp_path / "a.tif", transform=Affine(-10.0, 0.0, 505000.0, 0.0, -10.0, 2493000.0))
    if what == "complex":
        return write_tiff(tmp_path / "a.tif", HEIGHTS.astype(np.complex64), nodata=None)
    bad = HEIGHTS.copy()
    bad[1, 2] = np.nan
    if what == "nan":
        return write_tiff(tmp_path / "a.tif", bad)
    if what == "oblong":
        return write_tiff(tmp_path / "a.tif", cell=(10.0, 20.0))
    if what == "bands":
        return write_tiff(tmp_path / "a.tif", np.stack([HEIGHTS, HEIGHTS]))
    if what == "no crs":
        return write_tiff(tmp_path / "a.tif", crs=None)
    if what == "cut off":
        return write_ascii(tmp_path / "a.asc", HEIGHTS[:2])
    if what == "word":
        return write_ascii(tmp_path / "a.asc", head=ASCII.replace("cellsize 10", "cellsize ten"))
    if what == "no cell":
        return write_ascii(tmp_path / "a.asc", head=ASCII.replace("cellsize 10\n", ""))
    if what == "dx, dy":
        return write_ascii(tmp_path / "a.asc", head=ASCII.replace("cellsize 10", "dx 10\ndy 20"))
    if what == "empty":
        return write_ascii(tmp_path / "a.asc", np.full((3, 4), -9999.0))
    (tmp_path / "a.tif").write_bytes(b"no raster at all")
    return tmp_path / "a.tif"


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("nan", r"a.tif: the cell at 505025, 2493015 holds nan; give"),
        ("oblong", r"cells are 10 by 20; they must be squares"),
        ("dx, dy", r"a.asc: the cells are 10 by 20; they must be squares"),
        ("bands", r"one band, got 2"),
        ("rotated", r"a.tif: the raster must be upright, but it is rotated or mirrored; resample it"),
        ("mirrored", r"rotated or mirrored"),
        ("complex", r"holds numbers of type complex64"),
        ("no crs", r"CRS"),
        ("cut off", r"8 numbers, 3 rows of 4 are 12; check whether the file is cut off"),
        ("word", r"a.asc, line 5: cellsize is 'ten'"),
        ("no cell", r"cellsize must be a length above 0"),
        ("empty", r"no cell holds data"),
        ("noise", r"cannot be read"),
    ],
)
def test_what_is_broken_is_refused_by_name(tmp_path: Path, what: str, complaint: str) -> None:
    crs = "EPSG:4547" if what not in ("no crs",) else None
    with pytest.raises(InputError, match=complaint):
        read_raster(broken(tmp_path, what), crs=crs)


def test_a_declared_crs_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the file is in EPSG:4547, but EPSG:32650 is declared"):
        read_raster(write_tiff(tmp_path / "a.tif"), crs="EPSG:32650")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.tif: the file cannot be read"):
        read_raster(tmp_path / "none.tif")


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    file = write_tiff(tmp_path / "a.tif")
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(InputError, match=r'pip install "citytide\[geo\]"'):
        read_raster(file)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x1f\x8b broken",
        gzip.compress(b"ncols 2\n" * 400, mtime=0)[:40],
        b"ncols inf\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\n5\n",
        b"ncols 1.5\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\n5\n",
        b"ncols 1\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize inf\n5\n",
    ],
)
def test_damaged_grid_is_one_error(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "dem.asc"
    file.write_bytes(raw)
    with pytest.raises(InputError, match=r"dem\.asc"):
        read_raster(file, crs="local")


def test_grid_is_known_by_its_first_word_whatever_stands_before(tmp_path: Path) -> None:
    plain = write_ascii(tmp_path / "a.asc").read_bytes()
    (tmp_path / "b.asc").write_bytes(b"\xef\xbb\xbf" + plain)
    ncols, rest = plain.split(b"\n", 1)
    nrows, rest = rest.split(b"\n", 1)
    (tmp_path / "c.asc.gz").write_bytes(gzip.compress(b"\n".join([nrows, ncols, rest])))
    for name in ("b.asc", "c.asc.gz"):
        assert read_raster(tmp_path / name, crs="EPSG:4547").values.tolist() == HEIGHTS[::-1].tolist()
    (tmp_path / "d.tif.gz").write_bytes(gzip.compress(write_tiff(tmp_path / "d.tif").read_bytes()))
    with pytest.raises(InputError, match=r"d\.tif\.gz: the file is compressed by gzip, .*; unpack it first"):
        read_raster(tmp_path / "d.tif.gz")


def test_assumed_crs_is_of_files_that_name_none(tmp_path: Path) -> None:
    named = read_raster(write_tiff(tmp_path / "a.tif"), assumed="EPSG:4326")
    assert (named.crs, named.names_crs) == ("EPSG:4547", True)
    bare = read_raster(write_ascii(tmp_path / "a.asc"), assumed="EPSG:32650")
    assert (bare.crs, bare.names_crs) == ("EPSG:32650", False)


@pytest.mark.parametrize("name", ["a.asc", "a.tif"])
def test_number_for_no_data_that_no_cell_holds_is_noted(tmp_path: Path, name: str) -> None:
    file = write_tiff(tmp_path / name) if name.endswith("tif") else write_ascii(tmp_path / name)
    found = read_raster(file, assumed="EPSG:4547", nodata=-998.0)
    assert found.valid.all() and found.notes == ("No cell holds nodata=-998, which was declared.",)
    found = read_raster(file, assumed="EPSG:4547", nodata=3.0)
    assert found.notes == () and (~found.valid).sum() == 1


def test_packed_raster_keeps_the_numbers_of_the_file(tmp_path: Path) -> None:
    import rasterio

    file = write_tiff(tmp_path / "a.tif", HEIGHTS.astype("int16"), nodata=None)
    assert read_raster(file).packed is None
    with rasterio.open(file, "r+") as opened:
        opened.scales = (0.5,)
    found = read_raster(file, nodata=4.0)
    assert found.packed is not None and found.packed.tolist() == HEIGHTS[::-1].tolist()
    assert found.values.tolist() == (HEIGHTS[::-1] / 2).tolist()
    assert found.values[~found.valid].tolist() == [2.0]
