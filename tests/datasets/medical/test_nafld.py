"""Persons and events of ``nafld.rda``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.catalogue.readers import read_dataset
from citytide.datasets.errors import InputError
from citytide.datasets.medical.nafld import _read_tables
from citytide.datasets.medical.opening import open_records, read_records
from citytide.datasets.medical.records import DEATH, EVENT, OBSERVED, PERSON, Records
from citytide.kernels.medical.events import UNDATED


@pytest.fixture(scope="module")
def nafld(data: Path) -> dict[int, Records]:
    source = read_dataset("nafld", kind="person-events")
    blocks = source.blocks()
    return {block.row: read_records(source.path, source.describe(), block) for block in blocks}


def test_published_numbers_of_persons_and_events_are_read(nafld: dict[int, Records]) -> None:
    assert {row: len(records.day) for row, records in nafld.items()} == {
        PERSON: 17549, OBSERVED: 17549, DEATH: 1364, EVENT: 34345,
    }  # fmt: skip
    events = nafld[EVENT]
    assert np.count_nonzero(events.day == UNDATED) == 18
    assert events.counts == {"events without a day (kept, undated)": 18}
    assert np.count_nonzero(~np.isin(events.person, nafld[PERSON].person)) == 6
    assert len(set(events.code.tolist())) == 10


def test_first_diagnoses_are_the_published_ones(nafld: dict[int, Records]) -> None:
    """Reference: 2,780 persons have both diabetes and hypertension; 7,097 and 3,452 have either."""
    known = np.isin(nafld[EVENT].person, nafld[PERSON].person) & (nafld[EVENT].day != UNDATED)
    of = {code: set(nafld[EVENT].person[known & (nafld[EVENT].code == code)].tolist()) for code in ("diabetes", "htn")}
    assert (len(of["diabetes"]), len(of["htn"]), len(of["diabetes"] & of["htn"])) == (3452, 7097, 2780)


def test_persons_have_sex_birth_and_time_under_observation(nafld: dict[int, Records]) -> None:
    first = nafld[PERSON].person.tolist().index("1")  # 57 years, female, followed for 6,261 days
    birth = int(nafld[PERSON].day[first])
    assert nafld[PERSON].sex[first] == 1 and 57 * 365.25 < -birth < 58 * 365.25
    assert (int(nafld[OBSERVED].day[first]), int(nafld[OBSERVED].until[first])) == (0, 6261)
    died = nafld[OBSERVED].until[np.isin(nafld[OBSERVED].person, nafld[DEATH].person)]
    assert died.tolist() == nafld[DEATH].day.tolist()


def test_other_tables_of_r_are_refused(data: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"caers.rda: an .rda file must have table nafld1 with columns id, age, .*, got .*; write other",
    ):
        open_records(data / "medical" / "caers.rda")


def test_damaged_file_and_missing_package_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.rda").write_bytes(b"no R data")
    with pytest.raises(InputError, match=r"a.rda: the file cannot be read as R data \(\w+\); save it again in R"):
        open_records(tmp_path / "a.rda")
    monkeypatch.setitem(sys.modules, "rdata", None)
    _read_tables.cache_clear()
    with pytest.raises(InputError, match=r'an .rda file needs the package rdata; pip install "citytide\[r\]"'):
        open_records(tmp_path / "a.rda")
