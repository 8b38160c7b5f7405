"""Radar pictures: the palette against its published formula, times out of names, and pictures that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain_files.formats import open_rain
from citytide.datasets.hydro.rain_files.radar_gif import read_radar_gif

NAME = "AQC151351545F_00005.801.gif"


def draw(folder: Path, pixels: np.ndarray, name: str = NAME) -> Path:
    picture = Image.fromarray(pixels.astype(np.uint8), mode="P") if pixels.ndim == 2 else Image.fromarray(pixels)
    if pixels.ndim == 2:
        picture.putpalette([part for at in range(256) for part in (at, at, 255 - at)])
    path = folder / name
    picture.save(path)
    return path


def test_places_of_the_palette_mean_what_was_published(tmp_path: Path) -> None:
    pixels = np.zeros((640, 710), dtype=np.uint8)
    pixels[0, :256] = np.arange(256)
    found = read_radar_gif([draw(tmp_path, pixels)])
    rate = found.rate[0, -1, :256]  # the upper row of the picture is the northernmost
    place = np.arange(2, 251)
    expected = 12.0 * (10.0 ** ((place - 71.5) / 20.0) / 316.0) ** (1.0 / 1.5)
    np.testing.assert_allclose(rate[2:251], expected, rtol=1e-6)
    assert (rate[:2] == 0.0).all() and (rate[251:255] == 0.0).all() and np.isnan(rate[255])


def test_frames_of_a_day(data: Path) -> None:
    rain = open_rain(data / "hydro/radar_mch_20150515")
    assert rain.rate.shape == (40, 640, 710) and rain.crs == "EPSG:21781" and rain.step_s == 300
    # 15 May 2015, 15:45 UTC, is 1431704700
    assert rain.time[0] == 1_431_704_700 and (np.diff(rain.time) == 300).all()
    assert (rain.grid.west, rain.grid.east, rain.grid.south, rain.grid.north) == (255e3, 965e3, -160e3, 480e3)
    assert float(np.nanmax(rain.rate)) == pytest.approx(115.53756, rel=1e-6)
    assert 0.1 < np.isnan(rain.rate[0]).mean() < 0.5 and len(rain.sources) == 40


@pytest.mark.parametrize(
    ("name", "message"),
    [("radar.gif", "must hold a time"), ("AQC154001545F.gif", "holds day 400"), ("AQC151352545F.gif", "25:45")],
)
def test_names_without_a_time_are_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_radar_gif([draw(tmp_path, np.zeros((640, 710)), name)])


def test_pictures_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"10 x 10 in mode P.*640 x 710"):
        read_radar_gif([draw(tmp_path, np.zeros((10, 10)))])
    (tmp_path / NAME).write_bytes(b"GIF89a torn")
    with pytest.raises(InputError, match="cannot be read"):
        read_radar_gif([tmp_path / NAME])
