"""Files with several data sets of one quantity: times are frames, levels are chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from rainfiles import RATES, write_odim

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain_files.formats import open_rain
from citytide.datasets.hydro.rain_files.radar_odim import read_radar_odim


def write_several(file: Path, sets: list[dict[str, Any]]) -> Path:
    """A composite with a data set for each of some changes: attributes of what or where."""
    write_odim(file)
    with h5py.File(file, "r+") as opened:
        for number in range(2, len(sets) + 1):
            opened.copy("dataset1", f"dataset{number}")
        for number, changes in enumerate(sets, start=1):
            opened[f"dataset{number}/data1/data"][0, 1] = number
            for name, value in changes.items():
                group = opened.require_group(f"dataset{number}/{'where' if name in ('elangle', 'height') else 'what'}")
                group.attrs[name] = np.bytes_(value) if isinstance(value, str) else value
    return file


def test_steps_of_a_forecast_are_frames(tmp_path: Path) -> None:
    steps = [{"endtime": f"12{minute:02d}00"} for minute in (5, 10, 15)]
    rain = open_rain(write_several(tmp_path / "a.h5", steps))
    assert rain.time.tolist() == [1_694_088_300, 1_694_088_600, 1_694_088_900] and rain.step_s == 300
    assert rain.rate[:, 1, 1].tolist() == [0.0, 0.5, 1.0]


def test_levels_are_named_and_one_is_chosen(tmp_path: Path) -> None:
    for name, levels in (("elangle", (0.5, 1.5)), ("height", (1000.0, 2000.0))):
        file = write_several(tmp_path / f"{name}.h5", [{name: level} for level in levels])
        with pytest.raises(
            InputError, match=rf"several levels: {levels[0]:g}, {levels[1]:g} .*rain_level={levels[0]:g}"
        ):
            read_radar_odim([file])
        rain = read_radar_odim([file], level=levels[1])
        assert rain.time.tolist() == [1_694_088_000] and rain.rate[0, 1, 1] == 0.5
        with pytest.raises(InputError, match=r"the file has no data at the level 7; there are"):
            read_radar_odim([file], level=7.0)


def test_one_level_needs_no_choice(tmp_path: Path) -> None:
    rain = read_radar_odim([write_several(tmp_path / "a.h5", [{"elangle": 0.5}])])
    assert rain.rate[0, 1, 1] == 0.0 and rain.rate[0, 0, 2] == RATES[0][2]


def test_sets_that_nothing_tells_apart_are_refused(tmp_path: Path) -> None:
    file = write_several(tmp_path / "a.h5", [{}, {}])
    with pytest.raises(
        InputError, match=r"dataset1/data1, dataset2/data1 hold RATE at the same time; ?|how they differ"
    ):
        read_radar_odim([file])


def test_level_without_levels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there are no levels; omit rain_level"):
        read_radar_odim([write_odim(tmp_path / "a.h5")], level=1.0)
