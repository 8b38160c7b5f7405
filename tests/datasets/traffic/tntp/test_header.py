import re
from pathlib import Path

import pytest
from tntp_folders import NET, TRIPS, write

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.tntp.tntp import read_tntp


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("trips", "<SCALING> 2"), ("trips", "<EXPANSION> 2"), ("trips", "<MULTIPLY BY> 2"), ("trips", "<PERIOD> 24 h"),
        ("trips", "<TIME PERIOD> 0600_0900"), ("trips", "<UNIT> veh/day"), ("net", "<TOLL COEFF> 2"),
        ("net", "<VALUE OF TIME> 2"), ("net", "<BPR ALPHA> 2"), ("net", "<DIRECTED> no"),
        ("net", "<CAPACITY PERIOD> 2"), ("net", "<VDF> conical"),
    ],
)  # fmt: skip
def test_a_key_that_changes_the_answer_is_refused(tmp_path: Path, file: str, line: str):
    texts = {"net": NET, "trips": TRIPS}
    texts[file] = texts[file].replace("<END", f"{line}\n<END")
    with pytest.raises(InputError, match=rf"{re.escape(line.split('>')[0])}> is '.*' and is not read; apply it to the"):
        read_tntp(write(tmp_path, **texts))


@pytest.mark.parametrize(
    "line", ["<PERIOD> AM", "<TIME PERIOD> 07:00-08:00", "<UNIT> veh/h", "<SCALE> 1", "<VDF> BPR", "<LENGTH UNIT> km"]
)
def test_a_key_that_says_what_is_assumed_is_told(tmp_path: Path, line: str):
    toy = read_tntp(write(tmp_path, trips=TRIPS.replace("<END", f"{line}\n<END")))
    assert toy.demand.tolist() == [7.0] and f"Toy_trips.tntp: not read: {line}." in toy.notes
