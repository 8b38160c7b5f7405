"""Frames of rain fall on the ground of a flood as they do on that of a warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from pyproj import CRS

import citytide
from citytide.datasets.errors import InputError
from citytide.datasets.place.transformation import transform
from citytide.kernels.space.grid import Grid
from citytide.workflows.hydro.inputs.rain_frames import share_unseen, weigh_cells
from citytide.workflows.hydro.inundation.question import prepare_inundation
from citytide.workflows.hydro.inundation.settings import InundationSettings
from citytide.workflows.hydro.warning.question import prepare_warning
from citytide.workflows.hydro.warning.settings import FloodWarningSettings
from citytide.workflows.workflow import Prepared

LAEA = CRS("+proj=laea +lat_0=23 +lon_0=113 +x_0=300000 +y_0=200000 +ellps=GRS80 +units=m").to_wkt()
GROUND = "ncols 20\nnrows 20\nxllcorner 505000\nyllcorner 2490000\ncellsize 50\n" + "1 " * 19 + "1\n"


@pytest.fixture
def ground(tmp_path: Path) -> dict[str, Any]:
    """A flat square of 1 km near 505 500, 2 490 500, and a point on it."""
    (tmp_path / "flat.asc").write_text(GROUND + ("1 " * 19 + "1\n") * 19)
    return {"terrain": str(tmp_path / "flat.asc"), "crs": "EPSG:4547", "height_datum": "local", "roughness": "0.03"}


def write_frames(file: Path, rate: Any, *, crs: str = "EPSG:4547", cell: float = 500.0, minutes: int = 5) -> str:
    """Frames (time, y, x) around the ground that start at 12:00 UTC."""
    x, y = (float(at) for at in transform(505_500.0, 2_490_500.0, "EPSG:4547", crs))
    n_t, n_y, n_x = rate.shape
    end = minutes * np.arange(1, n_t + 1)
    cube = xarray.Dataset(
        {
            "rain": (("time", "y", "x"), rate, {"units": "mm h-1", "grid_mapping": "crs"}),
            "time_bnds": (("time", "nv"), np.stack([end - minutes, end], axis=1)),
            "crs": ((), 0, {"crs_wkt": CRS(crs).to_wkt()}),
        },
        {
            "time": ("time", end, {"units": "minutes since 2023-09-07 12:00:00", "bounds": "time_bnds"}),
            "y": ("y", y + cell * (np.arange(n_y) - (n_y - 1) / 2)),
            "x": ("x", x + cell * (np.arange(n_x) - (n_x - 1) / 2)),
        },
    )
    cube.to_netcdf(file, engine="scipy")
    return str(file)


def prepare(ground: dict[str, Any], **more: Any) -> Prepared:
    return prepare_inundation(InundationSettings(**{"duration_minutes": 15, **ground, **more}))


def warn(ground: dict[str, Any], folder: Path, **more: Any) -> Prepared:
    (folder / "points.csv").write_text("name,x,y\nhere,505500,2490500\n")
    asked = {"points": str(folder / "points.csv"), "members": 1, "lead_minutes": 10, "spin_up_minutes": 10}
    return prepare_warning(FloodWarningSettings(**{**asked, **ground, **more}))


def test_water_of_an_inundation_is_that_of_its_frames(ground: dict[str, Any], tmp_path: Path) -> None:
    """Three frames, 30 mm in all of 36, 72 and 252 mm/h, then dry; outputs fall between the ends of frames."""
    rate = np.array([36.0, 72.0, 252.0])[:, None, None] * np.ones((3, 6, 6))
    rain = write_frames(tmp_path / "a.nc", rate)
    run = citytide.run(
        "inundation", set={**ground, "rain": rain, "duration_minutes": 40, "output_minutes": 20}, out=tmp_path / "run"
    )
    assert run.result["state"] == "done", run.result
    flood = run.open("flood")
    np.testing.assert_allclose(flood.rain_m3, 0.030 * 1e6, rtol=1e-6)
    assert flood.time.values.astype(str).tolist()[0].startswith("2023-09-07T12:20:00")
    assert any("last 15 min of the 40 min simulated" in note for note in run.record["notes"])


@pytest.mark.parametrize(("crs", "cell"), [(LAEA, 500.0), ("EPSG:4326", 0.005)])
def test_frames_of_another_plane_are_carried_to_the_ground(
    ground: dict[str, Any], tmp_path: Path, crs: str, cell: float
) -> None:
    rain = write_frames(tmp_path / "a.nc", np.full((4, 40, 40), 24.0), crs=crs, cell=cell)
    flood, warning = prepare(ground, rain=rain), warn(ground, tmp_path, rain=rain)
    for found, name in ((flood, "rain"), (warning, "rain_before")):
        assert (found.arrays[name][1] == 24.0).all() and found.arrays[name][1].size
        assert any("was carried from" in note and len(note) < 250 for note in found.notes)
    assert flood.attrs["unseen"] == warning.attrs["unseen"] == 0.0
    assert any("1 of 4 frames of rain lie after the run" in note for note in flood.notes)
    assert warning.arrays["radar"][1].shape[1] > 30


def test_same_frames_give_the_same_rain_to_both(ground: dict[str, Any], tmp_path: Path) -> None:
    rate = np.random.default_rng(4).gamma(0.5, 8.0, (3, 10, 10))
    rain = write_frames(tmp_path / "a.nc", rate)
    flood = prepare(ground, rain=rain)
    assert np.array_equal(flood.arrays["rain"][1], rate[:, 4:6, 4:6].astype(np.float32))
    assert flood.arrays["rain_start_s"][1].tolist() == [0.0, 300.0, 600.0]
    warning = warn(ground, tmp_path, rain=rain)
    assert np.array_equal(warning.arrays["rain_before"][1], flood.arrays["rain"][1][1:])


def test_hydrographs_with_dates_fit_frames(ground: dict[str, Any], tmp_path: Path) -> None:
    rain = write_frames(tmp_path / "a.nc", np.ones((3, 6, 6)))
    (tmp_path / "brook.csv").write_text("time,flow (m3/s)\n2023-09-07T12:00Z,1\n2023-09-07T12:15Z,3\n")
    found = prepare(ground, rain=rain, inflow=f"505500 2490500 {tmp_path / 'brook.csv'}")
    assert found.arrays["inflow_m3_s"][1][[0, -1], 0].tolist() == [1.0, 3.0]


def test_rain_that_is_not_seen_is_refused_or_said_first(ground: dict[str, Any], tmp_path: Path) -> None:
    rate = np.full((3, 6, 6), 36.0)
    rate[:, :3] = np.nan  # half of the ground
    rain = write_frames(tmp_path / "a.nc", rate)
    found = prepare(ground, rain=rain)
    assert found.attrs["unseen"] == 0.5
    for make in (lambda: prepare(ground, rain=rain, rain_unseen_limit=0.4),
                 lambda: warn(ground, tmp_path, rain=rain, rain_unseen_limit=0.4)):  # fmt: skip
        with pytest.raises(InputError, match=r"50 % of the rain .* is not known.*--set rain_unseen_limit="):
            make()
    run = citytide.run("inundation", set={**ground, "rain": rain, "duration_minutes": 5}, out=tmp_path / "run")
    assert run.result["headline"].startswith("50 % of the rain over the ground is not known and counts as none. Under")
    assert run.result["warnings"] == ["50 % of the rain over the ground is not known and counts as none"]
    rate[:] = np.nan
    with pytest.raises(InputError, match="100 % of the rain over the ground is not known"):
        prepare(ground, rain=write_frames(tmp_path / "b.nc", rate))


@pytest.mark.parametrize("rain", ["60000", "2000.5", "nan", "-1"])
def test_number_that_is_no_rain_is_refused(ground: dict[str, Any], rain: str) -> None:
    with pytest.raises(InputError, match=rf"rain must be (in \[0, 2000\]|at most 2000) mm/h, got {rain}"):
        prepare(ground, rain=rain)


def test_frames_that_are_no_rain_are_refused_everywhere(ground: dict[str, Any], tmp_path: Path) -> None:
    rain = write_frames(tmp_path / "a.nc", np.full((3, 6, 6), 60_000.0))
    for make in (prepare, lambda ground, rain: warn(ground, tmp_path, rain=rain)):
        with pytest.raises(InputError, match=r"rain is 60000 mm/h at .*, and no rain falls harder than 2000 mm/h"):
            make(ground, rain=rain)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"rain": "60", "fill": "linear"}, "fill applies only to frames of rain"),
        ({"rain": "FRAMES", "rain_zones": "zones.asc"}, "rain_zones applies only to a table of rain"),
        ({"rain": "FRAMES", "place_rain_at": "9e6,9e6"}, "do not overlap"),
        ({"rain": "FRAMES", "rain_units": "mm s-1"}, "names the unit 'mm h-1', but rain_units='mm s-1' is declared"),
        ({"rain": "FRAMES", "rain_crs": "EPSG:32650"}, "the file is in EPSG:4547, but EPSG:32650 is declared"),
        ({"rain": "FRAMES", "rain_level": 2.0}, "rain_level is only for ODIM files"),
    ],
)
def test_settings_that_do_not_fit_the_rain_are_refused(
    ground: dict[str, Any], tmp_path: Path, more: dict[str, Any], complaint: str
) -> None:
    if more["rain"] == "FRAMES":
        more = more | {"rain": write_frames(tmp_path / "a.nc", np.ones((3, 6, 6)))}
    with pytest.raises(InputError, match=complaint):
        prepare(ground, **more)


def test_ground_that_frames_cover_in_part_is_refused(ground: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not cover the ground's"):
        prepare(ground, rain=write_frames(tmp_path / "a.nc", np.ones((3, 2, 2)), cell=300.0))


def test_unseen_share_is_of_the_ground_and_not_of_cells() -> None:
    grid, ground = Grid(0.0, 0.0, 100.0, 2, 2), Grid(90.0, 90.0, 10.0, 11, 11)  # a sliver below three of the cells
    rate = np.zeros((1, 2, 2), np.float32)
    rate[0, 1, 1] = np.nan
    assert share_unseen(rate, weigh_cells(grid, ground)) == pytest.approx(100 / 121)
    valid = np.ones((11, 11), np.bool_)
    valid[1:, 1:] = False
    assert share_unseen(rate, weigh_cells(grid, ground, valid)) == 0.0
    finer = weigh_cells(Grid(0.0, 0.0, 5.0, 4, 4), Grid(0.0, 0.0, 20.0, 1, 1))
    np.testing.assert_allclose(finer, 1 / 16)
