"""The same water falls on the ground, whatever the plane of the frames."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import CRS

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain.field import RainField
from citytide.datasets.hydro.rain.reprojection import reproject_rain
from citytide.datasets.place.transformation import transform
from citytide.kernels.space.grid import Grid

GROUND = Grid(505_000.0, 2_490_000.0, 10.0, 400, 400)
LAEA = CRS("+proj=laea +lat_0=23 +lon_0=113 +x_0=300000 +y_0=200000 +ellps=GRS80 +units=m").to_wkt()


def frames(crs: str, grid: Grid, n: int = 2) -> RainField:
    rate = np.random.default_rng(5).gamma(0.4, 10.0, (n, *grid.shape)).astype(np.float32)
    return RainField(crs, grid, 300 * np.arange(n), 300, rate)


def around(crs: str, cell: float, n: int) -> Grid:
    x, y = transform(507_000.0, 2_492_000.0, "EPSG:4547", crs)
    return Grid(float(x) - n * cell / 2, float(y) - n * cell / 2, cell, n, n)


@pytest.mark.parametrize(("crs", "cell"), [(LAEA, 1000.0), ("EPSG:4326", 0.01), ("EPSG:3857", 1200.0)])
def test_water_is_kept(crs: str, cell: float) -> None:
    """Rain that lies well inside of the frames: nothing of it is lost at their edges."""
    rain = frames(crs, around(crs, cell, 40))
    rate = np.zeros_like(rain.rate)
    rate[:, 5:-5, 5:-5] = rain.rate[:, 5:-5, 5:-5]
    rain = RainField(crs, rain.grid, rain.time, 300, rate)
    found = reproject_rain(rain, "EPSG:4547", over=GROUND, reach_m=300_000.0, file="a.nc")
    x, y = np.meshgrid(rain.grid.x_edges, rain.grid.y_edges)
    x, y = transform(x, y, crs, "EPSG:4547")
    dx, dy = x[1:, 1:] - x[:-1, :-1], y[1:, 1:] - y[:-1, :-1]
    area = 0.5 * np.abs(dx * (y[1:, :-1] - y[:-1, 1:]) - dy * (x[1:, :-1] - x[:-1, 1:]))
    wanted = (rate * area).sum(axis=(1, 2), dtype=np.float64)
    fallen = np.nan_to_num(found.rate).sum(axis=(1, 2), dtype=np.float64) * found.grid.cell_m**2
    np.testing.assert_allclose(fallen, wanted, rtol=1e-6)
    assert found.crs == "EPSG:4547" and found.time.tolist() == [0, 300]
    assert len(found.notes[-1]) < 250 and "conservatively" in found.notes[-1]


def test_frames_are_cut_to_the_reach_and_cover_the_ground() -> None:
    rain = frames("EPSG:4326", Grid(100.0, 15.0, 0.1, 150, 250), 1)
    found = reproject_rain(rain, "EPSG:4547", over=GROUND, reach_m=100_000.0)
    grid = found.grid
    assert grid.west <= GROUND.west - 90_000 and grid.n_y < 30 and grid.east >= GROUND.east + 90_000
    assert np.isfinite(found.rate).all() and "within 100 km" in found.notes[-1]


def test_frames_over_the_ground_alone_are_drawn_finer() -> None:
    rain = frames("EPSG:4326", around("EPSG:4326", 0.02, 20), 1)
    far, near = (reproject_rain(rain, "EPSG:4547", over=GROUND, reach_m=reach) for reach in (1e5, 0.0))
    assert far.grid.cell_m == pytest.approx(4 * near.grid.cell_m, rel=0.01)
    x, y = transform(rain.grid.x[10], rain.grid.y[10], "EPSG:4326", "EPSG:4547")
    row, column = (int((at - low) // near.grid.cell_m) for at, low in ((y, near.grid.south), (x, near.grid.west)))
    assert near.rate[0, row, column] == pytest.approx(rain.rate[0, 10, 10], rel=1e-6)  # the middle of a cell is its own


def test_longitudes_from_0_to_360_are_found() -> None:
    rain = frames("EPSG:4326", Grid(240.0, 30.0, 0.1, 100, 100), 1)
    x, y = transform(-118.0, 34.0, "EPSG:4326", "EPSG:32611")
    ground = Grid(float(x), float(y), 10.0, 50, 50)
    found = reproject_rain(rain, "EPSG:32611", over=ground)
    assert np.isfinite(found.rate).all()


def test_ground_beyond_the_frames_is_unknown() -> None:
    half = Grid(114.0, 22.4, 0.01, 13, 40)  # its northern edge lies over the ground
    found = reproject_rain(frames("EPSG:4326", half, 1), "EPSG:4547", over=GROUND)
    assert found.grid.north >= GROUND.north and np.isnan(found.rate[0, -1]).all()
    assert np.isfinite(found.rate[0, 0]).any()


@pytest.mark.parametrize("crs", [LAEA, "EPSG:21781", "EPSG:4326"])
def test_rain_elsewhere_is_refused_with_short_names(crs: str) -> None:
    grid = Grid(5.0, 45.0, 0.1, 20, 20) if crs == "EPSG:4326" else Grid(-3e5, -2e5, 1000.0, 50, 50)
    with pytest.raises(InputError, match=r"rain over longitude .* do not overlap \(.*place_rain_at=X,Y") as caught:
        reproject_rain(frames(crs, grid, 1), "EPSG:4547", over=GROUND, file="radar")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(("crs", "to"), [("local", "EPSG:4547"), (LAEA, "local")])
def test_local_planes_have_no_way(crs: str, to: str) -> None:
    with pytest.raises(InputError, match=r"a local plane has no position on earth; name the CRS of the") as caught:
        reproject_rain(frames(crs, Grid(0.0, 0.0, 1000.0, 3, 3), 1), to, over=GROUND)
    assert len(str(caught.value)) < 300
