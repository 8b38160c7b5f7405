from pathlib import Path

import numpy as np
import pytest
from gmns_folders import LINK, NODE, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.gmns.tables.config import find_length_unit, find_speed_unit


@pytest.mark.parametrize("length", ["length (km)", "length_km", "Length[KM]", "length_in_kilometers"])
@pytest.mark.parametrize("speed", ["free_speed (km/h)", "free_speed_kmh", "free_speed_km_h", "free_speed[kph]"])
def test_units_in_headings_are_read(tmp_path: Path, length: str, speed: str):
    link = LINK.replace("length", length).replace("free_speed", speed)
    toy = open_instance(write(tmp_path, link=link, config=None))
    np.testing.assert_allclose(toy.free_time, [2.2, 1.1, 1.2])
    assert not any("not read" in note and "link.csv" in note for note in toy.notes)


@pytest.mark.parametrize(
    ("text", "unit"), [("Miles", "mile"), ("METERS", "m"), ("feet", "ft"), ("公里", "km"), ("parsec", None), ("", None)]
)
def test_words_of_length(text: str, unit: str | None):
    assert find_length_unit(text) == unit


@pytest.mark.parametrize(
    ("text", "unit"),
    [("mph", "mph"), ("miles/hour", "mph"), ("kilometers per hour", "km/h"), ("km/hr", "km/h"),
     ("metres per second", "m/s"), ("公里/小时", "km/h"), ("knots", None), ("m", None)],
)  # fmt: skip
def test_words_of_speed(text: str, unit: str | None):
    assert find_speed_unit(text) == unit


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("link", "free_speed", "speed_limit"),
        ("link", "length", "distance"),
        ("link", "capacity", "capacity (veh/h)"),
        ("link", "lanes", "n_lanes"),
        ("link", "directed", "oneway"),
        ("link", "vdf_alpha", "alpha"),
        ("node", "x_coord", "lon"),
        ("node", "zone_id", "taz"),
    ],
)
def test_a_column_under_another_name_is_not_passed_over(tmp_path: Path, file: str, old: str, new: str):
    text = {"link": LINK, "node": NODE}[file]
    with pytest.raises(InputError) as found:
        open_instance(write(tmp_path, **{file: text.replace(old, new)}))
    assert f"{file}.csv, line 1: column {old!r} is missing, and {new!r} may be it; call it {old}" in str(found.value)


def test_an_unknown_unit_in_a_heading_is_refused(tmp_path: Path):
    with pytest.raises(
        InputError, match=r"link.csv, line 1: column 'length \(furlong\)' has an unknown unit; give one"
    ):
        open_instance(write(tmp_path, link=LINK.replace("length", "length (furlong)")))
