"""Frames of rain open whatever their format, and move only as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain_files.formats import is_frames, open_rain


@pytest.mark.parametrize(
    ("name", "frames"), [("a.gif", True), ("a.H5", True), ("a.zarr", True), ("a.tiff", True), ("a.csv", False)]
)
def test_frames_are_told_from_tables_by_name(name: str, frames: bool) -> None:
    assert is_frames(name) is frames


def test_path_without_rain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_rain(tmp_path / "none")
    with pytest.raises(InputError, match="rain cannot be read from an empty folder"):
        open_rain(tmp_path)
    (tmp_path / "notes.txt").write_text("rain")
    with pytest.raises(InputError, match=r"rain cannot be read from \.txt"):
        open_rain(tmp_path)


def test_moved_rain_says_so_and_keeps_its_rates(data: Path) -> None:
    folder = data / "hydro/radar_mch_20150515"
    here = open_rain(folder)
    moved = open_rain(folder, place_rain_at=(501_040.0, 2_491_000.0), place_crs="EPSG:4547")
    assert moved.crs == "EPSG:4547" and "was moved" in moved.notes[-1] and "EPSG:21781" in moved.notes[-1]
    assert moved.grid.shape == here.grid.shape and np.array_equal(moved.rate, here.rate, equal_nan=True)
    middle = 0.5 * (moved.grid.west + moved.grid.east), 0.5 * (moved.grid.south + moved.grid.north)
    assert abs(middle[0] - 501_040.0) <= 500.0 and abs(middle[1] - 2_491_000.0) <= 500.0
    assert moved.grid.west % 1000.0 == 0.0
    with pytest.raises(InputError, match="must be two finite numbers"):
        open_rain(folder, place_rain_at=(np.nan, 0.0))
