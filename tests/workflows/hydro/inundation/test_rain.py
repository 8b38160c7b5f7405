"""Rain of an inundation from numbers and tables: what falls where, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import citytide
from citytide.datasets.errors import InputError
from citytide.datasets.maps.layers import TerrainLayer
from citytide.kernels.space.grid import Grid
from citytide.workflows.hydro.inundation.rain import open_rain
from citytide.workflows.hydro.inundation.settings import InundationSettings


def ground() -> TerrainLayer:
    shape = (2, 3)
    return TerrainLayer(
        "local", "local", Grid(0.0, 0.0, 10.0, *shape), np.zeros(shape, np.float32),
        np.full(shape, 0.03, np.float32), np.ones(shape, bool),
    )  # fmt: skip


def write(folder: Path, text: str, name: str = "rain.csv") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def read(rain: str, **options: Any) -> Any:
    return open_rain(InundationSettings(rain=rain, **options), ground(), None, 60.0)


def write_zones(folder: Path, rows: str) -> str:
    return write(folder, f"ncols 3\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 10\n{rows}\n", "zones.asc")


def test_zones_take_the_column_of_their_number(tmp_path: Path) -> None:
    table = write(tmp_path, "time (s),zone2 (mm/h),zone1 (mm/h)\n0,20,10\n")
    rain = read(table, rain_zones=write_zones(tmp_path, "1 1 1\n2 2 2"), crs="local")
    assert rain.zone.tolist() == [[2, 2, 2], [1, 1, 1]] and rain.rain[0, :, 0].tolist() == [0.0, 10.0, 20.0]
    with pytest.raises(InputError, match=r"rain\.csv: zone 0 has no rain: the table has zones 1, 2; give a rain for"):
        read(table, rain_zones=write_zones(tmp_path, "0 1 1\n2 2 2"), crs="local")
    with pytest.raises(InputError, match="rates for 2 zones; say where they are"):
        read(table)
    with pytest.raises(InputError, match="rates for 1 zones, number 3; say where"):
        read(write(tmp_path, "time (s),zone 3 (mm/h)\n0,20\n"))


@pytest.mark.parametrize(
    ("rain", "options", "said"),
    [
        ("2001", {}, "rain must be at most 2000 mm/h, got 2001 mm/h; check its unit"),
        (
            "2",
            {"rain_unseen_limit": 0.5},
            "rain_unseen_limit applies only to frames of rain, but rain has none; omit it",
        ),
        ("2", {"rain_units": "in h-1"}, r"rain_units applies only to a table of rain, .*\(a number is in mm/h\)"),
        ("60", {"rain_factors": [50.0]}, r"rain must be at most 2000 mm/h, got 60 mm/h times 50 \(rain_factors\)"),
        ("time (min),rain (m/s)\n0,0.01\n", {}, r"line 2: rain \(m/s\) is 0\.01, which is 36000 mm h-1"),
        ("time (min),rain (mm)\n0,1\n", {}, "a sum over an interval, .* with --set rain_units="),
        ("time (min),rain (mm/h)\n0,9999\n", {}, "declare --set missing=9999 if it means no value"),
    ],
)
def test_rain_that_cannot_be_is_refused(tmp_path: Path, rain: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(write(tmp_path, rain) if "," in rain else rain, **options)


def test_rain_that_outlasts_its_table_is_told(tmp_path: Path) -> None:
    told = "rain.csv: the rates of the last row, at 30 s, last to the end of the run, at 60 s; a last row of 0 ends the"
    assert read(write(tmp_path, "time (s),rain (mm/h)\n0,20\n30,10\n")).notes[-1].startswith(told)
    assert not read(write(tmp_path, "time (s),rain (mm/h)\n0,20\n30,0\n")).notes
    assert not read(write(tmp_path, "time (s),rain (mm/h)\n0,20\n60,10\n")).notes


def test_minutes_and_dates_of_a_table_give_the_volume_that_fell(tmp_path: Path) -> None:
    dem = write(tmp_path, "ncols 4\nnrows 4\nxllcorner 0\nyllcorner 0\ncellsize 10\n" + "1 1 1 1\n" * 4, "dem.asc")
    common: dict[str, Any] = {
        "terrain": dem, "crs": "local", "height_datum": "local", "precision": "float64", "duration_minutes": 30,
        "output_minutes": 30,
    }  # fmt: skip
    counted = write(tmp_path, "time (min),rain (mm/h)\n0,60\n20,0\n", "counted.csv")
    dated = write(
        tmp_path,
        "time (UTC+8);rain (mm 10min-1)\n2023-09-07 22:00;10,0\n2023-09-07 22:10;10,0\n2023-09-07 22:20;0\n",
        "dated.csv",
    )
    for name, table in (("counted", counted), ("dated", dated)):
        run = citytide.run("inundation", set={**common, "rain": table}, out=tmp_path / name)
        flood = run.open("flood")
        assert flood.rain_m3.item() == pytest.approx(1600 * 0.02, rel=1e-9)
        if name == "dated":
            assert flood.time.values[0] == np.datetime64("2023-09-07T14:30")
            assert any("starts with the first row of dated.csv" in note for note in run.record["notes"])
