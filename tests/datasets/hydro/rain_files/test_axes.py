"""Cells lie where the file says, to a thousandth of one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rainfiles import ENDS, RATE, bound, make_cube, write

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain_files.axes import Axis, make_grid
from citytide.datasets.hydro.rain_files.cubes import read_rain_cube
from citytide.datasets.hydro.rain_files.formats import open_rain

PATH = Path("a.nc")


def axis(start: float, cell: float, n: int, rounding: float = 0.0) -> Axis:
    return Axis(start + cell * np.arange(n), np.nan, rounding)


def test_cells_may_drift_by_a_thousandth_over_the_raster() -> None:
    grid, flip_y, flip_x = make_grid(axis(5.0, 10.0, 90), axis(5.0, 10.0001, 90), PATH)
    assert (grid.west, grid.cell_m, flip_y, flip_x) == (pytest.approx(0.0, abs=1e-3), 10.00005, 1, 1)
    with pytest.raises(InputError, match=r"must be squares of one size \(from 10 to 10\.0001\)"):
        make_grid(axis(5.0, 10.0, 200), axis(5.0, 10.0001, 200), PATH)
    with pytest.raises(InputError, match=r"from 1000 to 1000\.9"):
        make_grid(axis(0.0, 1000.0, 640), axis(0.0, 1000.9, 640), PATH)


def test_single_precision_is_rounding() -> None:
    lon = np.float32(113.0) + np.float32(0.01) * np.arange(300, dtype=np.float32)
    middle = lon.astype(np.float64)
    rounding = 2.0 * float(np.spacing(lon.max()))
    grid, *_ = make_grid(Axis(middle, np.nan, rounding), axis(22.0, 0.01, 200), PATH)
    assert grid.cell_m == pytest.approx(0.01, rel=1e-4)


def test_bounds_of_the_cells_win_over_their_coordinates(tmp_path: Path) -> None:
    """Coordinates that are the western and southern edges, as they say themselves."""
    cube = make_cube()
    for name in ("x", "y"):
        edges = cube[name].values - 500.0
        cube = cube.assign_coords({name: (name, edges, cube[name].attrs | {"bounds": f"{name}_bnds"})})
        cube[f"{name}_bnds"] = ((name, "nv"), np.stack([edges, edges + 1000.0], axis=1))
    rain = read_rain_cube(write(cube, tmp_path / "a.nc"))
    assert (rain.grid.west, rain.grid.south, rain.grid.cell_m) == (500_000.0, 2_480_000.0, 1000.0)
    assert np.array_equal(rain.rate, RATE.astype(np.float32), equal_nan=True) and len(rain.notes) == 1
    from_north = read_rain_cube(write(cube.isel(y=slice(None, None, -1)), tmp_path / "b.nc"))
    assert from_north.grid == rain.grid and np.array_equal(from_north.rate, rain.rate, equal_nan=True)
    cube["x_bnds"] = cube["x_bnds"] * [1.0, 1.0001]
    with pytest.raises(InputError, match="x_bnds must neither overlap nor leave gaps"):
        read_rain_cube(write(cube, tmp_path / "c.nc"))


def test_sums_since_the_start_fall_once(tmp_path: Path) -> None:
    cube = make_cube(np.array([4.0, 10.0])[:, None, None] * np.ones((2, 2, 3)), "mm")
    bound(cube)["time_bnds"][:] = [[0.0, 5.0], [0.0, 10.0]]
    rain = open_rain(write(cube, tmp_path / "a.nc"))
    assert rain.rate[:, 0, 0].sum() / 12.0 == pytest.approx(10.0)  # mm in ten minutes
    assert any("is a sum since 2023-09-07 12:00" in note for note in rain.notes)


def test_one_frame_with_bounds_says_how_long_it_is(tmp_path: Path) -> None:
    file = write(bound(make_cube()).isel(time=0), tmp_path / "a.nc")
    rain = open_rain(file)
    assert rain.time.tolist() == [ENDS[0] + 300] and rain.step_s == 300
    assert np.array_equal(rain.rate[0], RATE[0].astype(np.float32), equal_nan=True)
    with pytest.raises(InputError, match="there must be at least two frames, got one; give at least two"):
        open_rain(write(make_cube().isel(time=0), tmp_path / "b.nc"))


def test_frames_that_are_missing_are_known_by_the_length_of_the_others(tmp_path: Path) -> None:
    cube = make_cube(np.array([12.0, 24.0])[:, None, None] * np.ones((2, 2, 3)))
    file = write(bound(cube.assign_coords(time=("time", [0, 10], cube.time.attrs))), tmp_path / "a.nc")
    with pytest.raises(InputError, match=r"1 of 3 frames are missing: 2023-09-07 12:10:00"):
        open_rain(file)
    filled = open_rain(file, fill="linear")
    assert filled.step_s == 300 and filled.rate[:, 0, 0].tolist() == [12.0, 18.0, 24.0]


def test_time_that_is_missing_is_refused(tmp_path: Path) -> None:
    cube = make_cube().assign_coords(time=("time", [0.0, np.nan], {"units": "minutes since 2023-09-07"}))
    with pytest.raises(InputError, match="every frame must have a time, one is missing"):
        read_rain_cube(write(cube, tmp_path / "a.nc"))
