import re
from pathlib import Path

import numpy as np
import pytest
from gmns_folders import CONFIG, LINK, NODE, add, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError

MINUTES = [2.2, 1.1, 1.2]


@pytest.mark.parametrize("name", ["vdf_fftt", "VDF_fftt1"])
def test_stated_times_win_over_lengths_and_speeds(tmp_path: Path, name: str):
    toy = open_instance(write(tmp_path, link=add(LINK, name, "7", "8", "9"), config=None))
    assert toy.free_time.tolist() == [8.0, 7.0, 9.0] and toy.units["length"] == "1"
    assert any(f"Free-flow times of 3 links are those of {name.lower()} [min]." in note for note in toy.notes)


def test_times_that_no_cell_states_are_computed(tmp_path: Path):
    toy = open_instance(write(tmp_path, link=add(LINK, "vdf_fftt", "1.2", "", "")))
    np.testing.assert_allclose(toy.free_time, [2.2, 1.2, 1.2])


def test_columns_that_hold_their_unit_come_first(tmp_path: Path):
    miles = add(LINK, "vdf_length_mi", *(str(km / 1.609344) for km in (1.1, 1.1, 1.2)))
    both = add(miles, "vdf_free_speed_mph", *(str(kmh / 1.609344) for kmh in (60, 30, 60)))
    toy = open_instance(write(tmp_path, link=both, config=None))
    np.testing.assert_allclose(toy.free_time, MINUTES, rtol=1e-6)
    assert toy.units["length"] == "mile"
    with pytest.raises(InputError, match=r"line 2: vdf_free_speed_mph is 37.2823 mph, and free_speed is 60 mph; keep"):
        open_instance(write(tmp_path, link=both, config=CONFIG.replace("km/h", "mph")))


@pytest.mark.parametrize(
    ("units", "times"),
    [("miles,mph", MINUTES), ("km,mph", np.array(MINUTES) / 1.609344), ("km,km/h", MINUTES)],
)
def test_units_of_config_are_read(tmp_path: Path, units: str, times: list[float]):
    node = NODE if units.startswith("km") else NODE.replace("114.01", "114.016").replace("114.02", "114.032")
    toy = open_instance(write(tmp_path, config=CONFIG.replace("km,km/h", units), node=node))
    np.testing.assert_allclose(toy.free_time, times)


@pytest.mark.parametrize("unit", ["m", "mile", "ft"])
def test_lengths_that_their_lines_contradict_are_refused(tmp_path: Path, unit: str):
    with pytest.raises(
        InputError, match=r"link.csv: length is typically \S+ times the straight lines between their no"
    ):
        open_instance(write(tmp_path, config=None), length_unit=unit, speed_unit="km/h")


def test_stated_times_contradict_a_wrong_unit(tmp_path: Path):
    options = {"length_unit": "mile", "speed_unit": "km/h"}
    folder = write(
        tmp_path, link=add(LINK, "vdf_fftt", "1.1", "2.2", ""), node="node_id,zone_id\n10,1\n20,\n30,2\n", config=None
    )
    with pytest.raises(InputError, match=r"stated times of 2 links are typically 0.621 times length by speed; correct"):
        open_instance(folder, **options)
    toy = open_instance(write(tmp_path, link=add(LINK, "vdf_fftt", "1.1", "2.2", "1.2"), config=None), **options)
    assert "Stated times of 3 links are typically 0.621 times length by speed; they were used as stated." in toy.notes


@pytest.mark.parametrize(("unit", "metres"), [("m", "1.1"), ("mile", "1.77e+06")])
def test_without_places_lengths_are_those_of_streets(tmp_path: Path, unit: str, metres: str):
    node = "node_id,zone_id\n10,1\n20,\n30,2\n"
    link = LINK if unit == "m" else LINK.replace(",1.1,", ",1100,").replace(",1.2,", ",1200,")
    with pytest.raises(InputError, match=r"length is typically " + re.escape(metres) + r" m, and links of roads have"):
        open_instance(write(tmp_path, node=node, link=link, config=None), length_unit=unit, speed_unit="km/h")


def test_one_length_that_cannot_be_is_refused_with_its_line(tmp_path: Path):
    with pytest.raises(
        InputError, match=r"line 4: length is 12,000 m, and the road on the map has 1,029 m; correct le"
    ):
        open_instance(write(tmp_path, link=LINK.replace(",1.2,", ",12,")))
    longer = LINK.replace(",1.2,", ",12,").replace("link_id", "geometry,link_id", 1)
    head, *rows = longer.splitlines()
    line = '"LINESTRING (114.01 22.5, 114.01 22.55, 114.02 22.55, 114.02 22.5)"'
    drawn = "\n".join([head, *(f"{line if row.startswith('13') else ''},{row}" for row in rows)]) + "\n"
    assert open_instance(write(tmp_path, link=drawn)).free_time[2] == pytest.approx(12.0)


def test_lengths_are_a_note_where_times_are_stated(tmp_path: Path):
    link = add(LINK, "vdf_fftt", "1.1", "2.2", "1.2")
    toy = open_instance(write(tmp_path, link=link, config=CONFIG.replace("km,km/h", "m,km/h")))
    np.testing.assert_allclose(toy.free_time, MINUTES)
    assert any("the straight lines between their nodes" in note and "were used" in note for note in toy.notes)
    assert any("3 links have a length that their stated time crosses at less than 2" in note for note in toy.notes)


@pytest.mark.parametrize(("old", "new", "kmh"), [(",60,1000", ",201,1000", "201"), (",30,900", ",1.9,900", "1.9")])
def test_speeds_that_no_car_drives_are_refused(tmp_path: Path, old: str, new: str, kmh: str):
    with pytest.raises(InputError, match=rf"free_speed gives {kmh} km/h, outside 2 to 200 km/h; correct the speed or"):
        open_instance(write(tmp_path, link=LINK.replace(old, new)))


def test_links_of_length_zero_are_exempt(tmp_path: Path):
    link = LINK.replace(",true,1.1,2,60,", ",true,0,2,900,")
    toy = open_instance(write(tmp_path, link=link))
    np.testing.assert_allclose(toy.free_time, [2.2, 0.0, 1.2])


def test_empty_lengths_are_measured(tmp_path: Path):
    toy = open_instance(write(tmp_path, link=LINK.replace(",1.1,2,60", ",,2,60")))
    assert toy.length[1] == pytest.approx(1.02896, abs=1e-4)
    assert any(
        "Lengths of 1 links are empty and were measured: 0 along their line, 1 stra" in note for note in toy.notes
    )
    with pytest.raises(InputError, match=r"link.csv, line 2: length is empty; give a length, or state the crs"):
        open_instance(
            write(tmp_path, link=LINK.replace(",1.1,2,60", ",,2,60"), node="node_id,zone_id\n10,1\n20,\n30,2\n")
        )


def test_empty_speeds_follow_from_the_class(tmp_path: Path):
    link = add(LINK.replace(",60,1000", ",,1000"), "facility_type", "Minor Arterial", "", "")
    toy = open_instance(write(tmp_path, link=link))
    assert toy.free_time[1] == pytest.approx(60 * 1.1 / 40)
    with pytest.raises(
        InputError, match=r"line 2: free_speed is empty, and the class of the road is unknown; give a s"
    ):
        open_instance(write(tmp_path, link=LINK.replace(",60,1000", ",,1000")))


def test_contradicting_or_unclear_times_are_refused(tmp_path: Path):
    twice = add(add(LINK, "vdf_fftt", "7", "8", "9"), "VDF_fftt1", "7", "8.5", "9")
    with pytest.raises(
        InputError, match=r"line 3: vdf_fftt is 8 and vdf_fftt1 is 8.5; these columns say the same thin"
    ):
        open_instance(write(tmp_path, link=twice))
    with pytest.raises(
        InputError,
        match=r"line 1: column 'vdf_fftt' is missing, and 'free_flow_time' may be it; call it vdf_fftt, in mi",
    ):
        open_instance(write(tmp_path, link=add(LINK, "free_flow_time", "7", "8", "9")))
    with pytest.raises(
        InputError, match=r"link.csv: vdf_fftt is 0 on every row; leave the column empty where times ar"
    ):
        open_instance(write(tmp_path, link=add(LINK, "vdf_fftt", "0", "0", "0")))
    periods = add(add(LINK, "vdf_fftt1", "7", "8", "9"), "vdf_fftt2", "7", "8", "10")
    with pytest.raises(
        InputError, match=r"line 4: vdf_fftt2 is 10: the link differs between periods; keep the columns"
    ):
        open_instance(write(tmp_path, link=periods))
