from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.demand.files import DemandPart, read_entries


def write(folder: Path, text: str) -> Path:
    (folder / "od.csv").write_text(text, encoding="utf-8")
    return folder / "od.csv"


def triples(file: Path, part: DemandPart | None = None) -> list[tuple[int, int, float]]:
    entries = read_entries(file, part)
    return sorted(zip(entries.origin.tolist(), entries.destination.tolist(), entries.volume.tolist(), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "origin,destination,demand\n1,2,30.5\n2,1,7\n",
        "origin\tdestination\tdemand\n1\t2\t30.5\n2\t1\t7\n",
        "origin;destination;demand\n1;2;30,5\n2;1;7\n",
        "origin destination demand\n1 2 30.5\n2 1 7\n",
        "  origin   destination  demand\n     1   2    30.5\n     2   1   7\n\n",
        "Origin,Destination,Demand,,\n1,2,30.5,,\n2,1,7,,\n",
        "Origin,Destination,Demand\n1,2,30.5,,\n2,1,7,,\n",
        "# trips of 2023\norigin,destination,demand\n1,2,30.5\n2,1,7\n",
        "O_ZONE_ID,D_ZONE_ID,VOLUME\n1.0,2.0,30.5\n2,1,7\n",
        "\u8d77\u70b9,\u7ec8\u70b9,\u9700\u6c42\n1,2,30.5\n2,1,7\n",
        "zone,1,2\n1,0,30.5\n2,7,0\n",
        ",1,2\n1,0,30.5\n2,7,\n",
        ";1;2\n1;0;30,5\n2;7;0\n",
        "zone\t1\t2\n1\t0\t30.5\n2\t7\t0\n",
        "o 1 2\n1 0 30.5\n2 7 0\n",
        "O/D,1,2,,\n1,0,30.5,,\n2,7,0,,\n",
        "D/O,1,2\n1,0,7\n2,30.5,0\n",
        "destination,1,2\n1,0,7\n2,30.5,0\n",
    ],
)
def test_one_demand_in_any_dress_is_the_same(tmp_path: Path, text: str):
    found = [entry for entry in triples(write(tmp_path, text)) if entry[2]]
    assert found == [(1, 2, 30.5), (2, 1, 7.0)]


def test_a_matrix_says_how_it_was_read(tmp_path: Path):
    notes = read_entries(write(tmp_path, "zone,1,2,9\n1,0,3,\n2,7,0,0\n")).notes
    assert notes == ("od.csv is a matrix of 2 x 3 zones: its rows are origins.", "od.csv: 1 empty cells count as 0.")
    assert "rows are destinations, for its corner says 'd/o'" in read_entries(write(tmp_path, "D/O,1\n1,0\n")).notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zone,1,2\n1,0,3\n1,7,0\n", r"od.csv, line 3: zone 1 has two rows; keep one of them"),
        ("zone,1,1.0\n1,0,3\n", r"a zone has two columns; keep one of them"),
        (
            "zone,1,99999999999999999999\n1,0,3\n",
            r"must be below 2\*\*53, got 99999999999999999999",
        ),
        ("zone,1,2\n1,0,x\n", r"od.csv, line 2: 2 is 'x'; give a number"),
        ("zone,1,2\n1,0,-3\n", r"od.csv, line 2: 2 is -3; give a finite number >= 0"),
        ("zone,1,2\nsum,0,3\n", r"od.csv, line 2: zone is 'sum'; give a whole number"),
        (",1,2,\n1,0,3,4\n", r"2 columns have no name: the 1st and the 4th; name them, or empty them"),
    ],
)
def test_a_bad_matrix_is_refused(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message):
        read_entries(write(tmp_path, text))
    with pytest.raises(InputError, match=r"demand_mode is 'car', and a table that is one matrix has no mode"):
        read_entries(write(tmp_path, "zone,1,2\n1,0,3\n"), DemandPart(mode="car"))


@pytest.mark.parametrize(
    "corner",
    ["destination_zone", "d_zone_id", "to_zone", "dest_id", "destination zone", "D->O", "j/i",
     "\u7ec8\u70b9/\u8d77\u70b9",
     "\u76ee\u7684\u5730", "attraction", "A/P", "to", "D\\O"],
)  # fmt: skip
def test_a_corner_that_names_destinations_turns_the_matrix(tmp_path: Path, corner: str):
    assert triples(write(tmp_path, f"{corner},1,2\n1,0,100\n2,7,0\n")) == [(1, 2, 7.0), (2, 1, 100.0)]


@pytest.mark.parametrize(
    "corner",
    ["", "zone", "O/D", "O-D", "TAZ", "from/to", "zone_id", "\u8d77\u70b9/\u7ec8\u70b9", "i", "P/A", "Unnamed: 0"],
)
def test_a_corner_that_names_origins_or_zones_keeps_it(tmp_path: Path, corner: str):
    assert triples(write(tmp_path, f"{corner},1,2\n1,0,100\n2,7,0\n")) == [(1, 2, 100.0), (2, 1, 7.0)]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("O/D (veh/day)", r"'o/d \(veh/day\)' counts a day, and capacities an hour"),
        ("daily", r"'daily' counts a day"),
        ("AM 7-9", r"'am 7-9' counts 2 h"),
        (
            "Ziel",
            r"the corner of the matrix is 'ziel': 'ziel' may tell what its rows are, and is not known; write origin",
        ),
        ("bus", r"the corner of the matrix is 'bus': 'bus' is no word for cars"),
        ("# AADT\nzone", r"comment '# AADT' speaks of a day"),
        ("# unit: veh/min\nzone", r"comment '# unit: veh/min' is not read: units, time zones"),
    ],
)
def test_a_matrix_of_another_time_or_unknown_rows_is_refused(tmp_path: Path, head: str, message: str):
    with pytest.raises(InputError, match=message):
        read_entries(write(tmp_path, f"{head},1,2\n1,0,100\n2,7,0\n"))


def test_a_unit_in_the_corner_counts(tmp_path: Path):
    entries = read_entries(write(tmp_path, "# by hand\nO/D (veh/15min),1,2\n1,0,100\n2,7,0\n"))
    assert entries.volume.tolist() == [400.0, 28.0] and "multiplied by 4" in entries.notes[1]
    assert "comments are not read: # by hand" in entries.notes[2]
