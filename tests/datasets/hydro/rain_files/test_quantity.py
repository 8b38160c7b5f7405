"""What a file says of its rain is believed: ranges, methods, names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rainfiles import RATE, make_cube, write

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain_files.cubes import read_rain_cube


@pytest.mark.parametrize(
    "attrs", [{"valid_max": 50.0}, {"valid_range": [0.0, 50.0]}, {"valid_min": 0.0, "valid_max": 50.0}]
)
def test_what_is_out_of_the_valid_range_is_unknown(tmp_path: Path, attrs: dict[str, Any]) -> None:
    cube = make_cube()
    cube["rain"].attrs |= attrs
    rain = read_rain_cube(write(cube, tmp_path / "a.nc"))
    wanted = np.where(RATE > 50.0, np.nan, RATE).astype(np.float32)
    assert np.array_equal(rain.rate, wanted, equal_nan=True)
    assert "1 cells of rain lay out of its valid range, and count as unknown." in rain.notes


def test_range_of_packed_numbers_is_that_of_the_packed(tmp_path: Path) -> None:
    cube = make_cube()
    cube["rain"].encoding = {"dtype": "int16", "scale_factor": 0.5, "_FillValue": np.int16(-1)}
    cube["rain"].attrs["valid_max"] = np.int16(24)  # 12 mm/h
    rain = read_rain_cube(write(cube, tmp_path / "a.nc"))
    assert rain.rate[0, 0, 2] == 12.0 and np.isnan(rain.rate[0, 1, 1])


@pytest.mark.parametrize(
    ("attrs", "complaint"),
    [
        ({"cell_methods": "time: maximum (interval: 5 min)"}, r"rain is the maximum over time \(cell_methods"),
        ({"cell_methods": "area: mean time: standard_deviation"}, r"rain is the standard deviation over time"),
        ({"cell_methods": "area: maximum"}, r"rain is the maximum over area"),
        ({"cell_methods": "y: x: sum"}, r"rain is the sum over y: x"),
        ({"standard_name": "water_evaporation_flux"}, r"standard_name water_evaporation_flux, which is only a part"),
        ({"standard_name": "snowfall_flux"}, r"standard_name snowfall_flux"),
        ({"standard_name": "convective_precipitation_flux"}, r"only a part of the rain; give one of rainfall_rate"),
    ],
)
def test_other_quantities_are_refused_by_name(tmp_path: Path, attrs: dict[str, str], complaint: str) -> None:
    cube = make_cube()
    cube["rain"].attrs |= attrs
    with pytest.raises(InputError, match=complaint):
        read_rain_cube(write(cube, tmp_path / "a.nc"))


@pytest.mark.parametrize("methods", ["time: mean", "area: mean time: sum", "time: point", "time: mean (comment: max)"])
def test_means_and_sums_are_rain(tmp_path: Path, methods: str) -> None:
    cube = make_cube()
    cube["rain"].attrs["cell_methods"] = methods
    assert np.array_equal(read_rain_cube(write(cube, tmp_path / "a.nc")).rate, RATE.astype(np.float32), equal_nan=True)


@pytest.mark.parametrize(("name", "long_name"), [("evaporation", ""), ("v1", "snow fall"), ("quality", "index")])
def test_only_field_that_is_no_rain_is_refused(tmp_path: Path, name: str, long_name: str) -> None:
    cube = make_cube().rename(rain=name)
    cube[name].attrs["long_name"] = long_name
    with pytest.raises(InputError, match=rf"the only field of the file, '{name}.*', is not rain by its name"):
        read_rain_cube(write(cube, tmp_path / "a.nc"))


def test_fields_that_are_not_read_are_listed(tmp_path: Path) -> None:
    cube = make_cube()
    cube["quality"] = cube["rain"] * 0.0
    assert "Not read of the rain's file: quality." in read_rain_cube(write(cube, tmp_path / "a.nc")).notes
