"""OMOP tables become the same records from a folder, a zip, and any cut into blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omop_folders import TABLES, read_all, write_omop, zip_folder

from citytide.datasets.errors import InputError
from citytide.datasets.medical.omop.source import open_omop
from citytide.datasets.medical.opening import open_records, read_records
from citytide.datasets.medical.records import DEATH, EVENT, KINDS, OBSERVED, PERSON
from citytide.datasets.medical.rows import ranges
from citytide.kernels.medical.events import NO_DAY, UNDATED


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(int))


def test_tables_become_records(tmp_path: Path) -> None:
    source = open_records(write_omop(tmp_path / "cdm"))
    rows, counts = read_all(source)
    assert source.has_persons and source.kind == "folder"
    blank = (None, -1, "")
    persons = [row for row in rows if row[0] == PERSON]
    assert [(row[1], row[2], row[9]) for row in persons] == [
        ("007", day("1950-02-28"), 2),
        ("7", day("1960-03-01"), 1),
        ("8", day("1970-05-06"), 0),
        ("9", day("1980-06-15"), 1),
    ]
    assert [row[1:4] for row in rows if row[0] == OBSERVED] == [
        ("007", day("2000-01-01"), day("2010-12-31")),
        ("7", day("2001-01-01"), day("2009-12-31")),
    ]
    assert [row[1:3] for row in rows if row[0] == DEATH] == [("007", day("2010-12-31"))]
    condition, drug, measurement, visit = (KINDS.index(kind) for kind in ("condition", "drug", "measurement", "visit"))
    assert [row[1:9] for row in rows if row[0] == EVENT] == [
        ("007", day("2005-05-07"), day("2005-05-09"), "192671", condition, *blank),
        ("8", UNDATED, NO_DAY, "201826", condition, *blank),
        ("7", day("2006-01-02"), NO_DAY, "201826", condition, *blank),
        ("7", day("2004-01-01"), day("2004-01-30"), "1118084", drug, *blank),
        ("7", day("2004-02-01"), day("2004-02-03"), "1118084", drug, *blank),
        ("8", day("2004-02-01"), NO_DAY, "1118084", drug, *blank),
        ("9", day("2005-01-01"), NO_DAY, "3004249", measurement, 120.5, -1, ""),
        ("9", day("2005-01-02"), NO_DAY, "3004249", measurement, *blank),
        ("9", day("2005-01-01"), day("2005-01-01"), "9202", visit, None, -1, "44"),
    ]
    assert counts == {
        "persons whose sex is unknown": 1,
        "persons without a day of birth, taken as the first of the month": 1,
        "persons without a month of birth, taken as 15 June": 1,
        "rows of CONDITION_OCCURRENCE whose concept is 0 or missing (no matching concept)": 1,
        "rows of CONDITION_OCCURRENCE without a person": 1,
        "rows of CONDITION_OCCURRENCE without a date (kept, undated)": 1,
    }
    assert source.names["1118084"] == "celecoxib" and "201826" not in source.names
    assert "PROCEDURE_OCCURRENCE is missing: nothing of it is known." in source.unread


def test_zip_reads_like_the_folder_in_any_case_of_names(tmp_path: Path) -> None:
    folder = write_omop(tmp_path / "cdm")
    want = read_all(open_records(folder))
    small = tmp_path / "small"
    small.mkdir()
    for file in folder.iterdir():
        head, rest = file.read_text().split("\n", 1)
        (small / file.name.lower()).write_text(head.upper() + "\n" + rest)
    (small / "__MACOSX").mkdir()
    archive = zip_folder(folder, tmp_path / "cdm.zip", "inside/")
    assert read_all(open_records(archive)) == want
    (small / "__MACOSX").rmdir()
    assert read_all(open_records(zip_folder(small, tmp_path / "small.ZIP"))) == want
    assert read_all(open_records(small)) == want


def test_resource_forks_of_a_zip_are_left_out(tmp_path: Path) -> None:
    import zipfile

    path = zip_folder(write_omop(tmp_path / "cdm"), tmp_path / "cdm.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._PERSON.csv", b"\0\5\26\7")
        archive.writestr("__MACOSX/PERSON.csv", b"\0\5\26\7")
    assert read_all(open_records(path)) == read_all(open_records(tmp_path / "cdm"))


@given(range_bytes=st.integers(9, 400), zipped=st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_cut_gives_the_same_records(tmp_path: Path, range_bytes: int, zipped: bool) -> None:
    folder = write_omop(tmp_path / "cdm")
    path = zip_folder(folder, tmp_path / "cdm.zip") if zipped else folder
    want = read_all(open_records(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "RANGE_BYTES", range_bytes)
        source = open_records(path)
        n_blocks = len(source.blocks())
        assert n_blocks >= 7
        assert read_all(source) == want


def test_eras_stand_for_occurrences(tmp_path: Path) -> None:
    eras = {
        "CONDITION_ERA": "condition_era_id,person_id,condition_concept_id,condition_era_start_date,"
        "condition_era_end_date\n1,7,192671,2005-05-07 00:00:00,2005-05-20 00:00:00\n",
        "DRUG_ERA": "drug_era_id,person_id,drug_concept_id,drug_era_start_date,drug_era_end_date\n",
    }
    folder = write_omop(tmp_path / "cdm", **eras)
    rows, _ = read_all(open_records(folder, tables="eras"))
    codes = {row[4] for row in rows if row[0] == EVENT}
    assert codes == {"192671", "3004249", "9202"}
    assert [row[2:4] for row in rows if row[4] == "192671"] == [(day("2005-05-07"), day("2005-05-20"))]
    (folder / "DRUG_ERA.csv").unlink()
    with pytest.raises(
        InputError, match=r"tables=eras needs CONDITION_ERA and DRUG_ERA, but DRUG_ERA is missing; set tables=occ"
    ):
        open_records(folder, tables="eras")


@pytest.mark.parametrize(
    ("without", "changed", "words"),
    [
        (("PERSON",), {}, r"must have the table PERSON, got CDM_SOURCE, .*; export PERSON too"),
        (
            ("CONDITION_OCCURRENCE", "DRUG_EXPOSURE", "MEASUREMENT", "VISIT_OCCURRENCE"),
            {},
            r"must have one of CONDITION_OCCURRENCE, .*, got .*PERSON; export a table of events",
        ),
        (
            (),
            {"DEATH": "person_id,day\n1,2000-01-01\n"},
            r"DEATH.csv: the table must have a column 'death_date', but it has person_id, day; export it as",
        ),
        ((), {"Person": TABLES["PERSON"]}, r"each table must be one file, but PERSON is .*; join them, or remove one"),
    ],
)
def test_what_a_cdm_lacks_is_refused(
    tmp_path: Path, without: tuple[str, ...], changed: dict[str, str], words: str
) -> None:
    folder = write_omop(tmp_path / "cdm", without=without, **changed)
    with pytest.raises(InputError, match=words):
        open_records(folder)
    with pytest.raises(InputError, match=words):
        open_records(zip_folder(folder, tmp_path / "cdm.zip"))


def test_choices_are_checked(tmp_path: Path) -> None:
    folder = write_omop(tmp_path / "cdm")
    with pytest.raises(InputError, match=r"tables must be one of 'occurrences', 'eras', got 'era'"):
        open_omop(folder, tables="era")
    with pytest.raises(InputError, match=r"periods must be one of '', 'span', 'longest', got 'first'"):
        open_omop(folder, periods="first")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"PERSON": TABLES["PERSON"].replace("7,8532", "7,F")},
            r"PERSON.csv, line 3: column 'gender_concept_id' must be 8532 \(female\), .*, got 'F'; map it",
        ),
        (
            {"PERSON": TABLES["PERSON"].replace("1950,2,28", "1950,2,29")},
            r"PERSON.csv, line 2: year, month and day of birth must be a date, got 1950-2-29; correct the row",
        ),
        (
            {"DEATH": "person_id,death_date\n\n007,2010-12-31\n7,31.12.2010\n"},
            r"DEATH.csv, line 4: column 'death_date' must hold dates whose order is known, got '31.12.2010'; write",
        ),
        (
            {"DEATH": "person_id,death_date\n007,soon\n"},
            r"DEATH.csv, line 2: column 'death_date' must hold dates, got 'soon'; write it as 2005-05-07",
        ),
        (
            {"OBSERVATION_PERIOD": TABLES["OBSERVATION_PERIOD"].replace("2009", "1999")},
            r"line 3: column 'observation_period_end_date' must not lie before 'observation_period_start_date', got "
            r"1999-12-31 after 2001-01-01; correct the rows",
        ),
        (
            {"CONDITION_OCCURRENCE": TABLES["CONDITION_OCCURRENCE"].replace("2005-05-09", "2005-05-06")},
            r"line 2: column 'condition_end_date' must not lie before 'condition_start_date', got 2005-05-06 after",
        ),
        (
            {"DRUG_EXPOSURE": TABLES["DRUG_EXPOSURE"].replace(",,30", ",,-30")},
            r"line 2: column 'days_supply' must hold durations of 0 days or more, got -30; correct the row",
        ),
        (
            {"MEASUREMENT": TABLES["MEASUREMENT"].replace("120.5", "high")},
            r"line 2: column 'value_as_number' must hold numbers, got 'high'; write it as 12.5",
        ),
        (
            {"DEATH": 'person_id,death_date,note\n007,2010-12-31,"two\nlines"\n'},
            r"DEATH.csv, line 2: a row must stand on one line, but a quoted field does not end on this line; remove",
        ),
        (
            {"DEATH": "person_id,death_date\n007,2010-12-31\n7,2010-12-31,1\n"},
            r"DEATH.csv, line 3: each row must have the header's 2 fields, got 3; quote fields",
        ),
    ],
)
def test_bad_rows_are_refused_by_their_line(tmp_path: Path, changed: dict[str, str], words: str) -> None:
    source = open_records(write_omop(tmp_path / "cdm", **changed))
    with pytest.raises(InputError, match=words):
        read_all(source)


def test_other_encodings_are_refused_by_line(tmp_path: Path) -> None:
    folder = write_omop(tmp_path / "cdm")
    (folder / "DEATH.csv").write_bytes("person_id,death_date,note\n7,2010-12-31,故\n".encode("gb18030"))
    with pytest.raises(
        InputError, match=r"DEATH.csv, line 2: the text must be UTF-8, but this line is not; save all of it as UTF-8$"
    ):
        read_all(open_records(folder))


def test_errors_of_rows_hold_no_identifier(tmp_path: Path) -> None:
    rows = "person_id,death_date\nSECRET-7,2010-12-31,1\n"
    source = open_records(write_omop(tmp_path / "cdm", DEATH=rows))
    with pytest.raises(InputError) as told:
        read_all(source)
    assert "SECRET" not in str(told.value)


def test_large_members_of_a_zip_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_folder(write_omop(tmp_path / "cdm"), tmp_path / "cdm.zip")
    monkeypatch.setattr(ranges, "UNPACKED_BYTES", 100)
    with pytest.raises(
        InputError, match=r"PERSON.csv: a file in a zip must have at most 100 bytes unpacked, got \d+; unpack the zip"
    ):
        open_records(path)


def test_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cdm.zip"
    path.write_bytes(b"PK\3\4 no zip")
    with pytest.raises(InputError, match=r"cdm.zip: the zip cannot be read \(.*\); fetch or export it again"):
        open_records(path)


@pytest.mark.parametrize("tables", ["occurrences", "eras"])
def test_eunomia_gives_its_published_counts(data: Path, tables: str) -> None:
    """First users of celecoxib and persons with gastrointestinal bleeding: the same from occurrences and from eras."""
    source = open_records(data / "medical" / "eunomia_gibleed_5.3.zip", tables=tables)
    assert source.describe()["version"] == "5.3"
    persons: set[str] = set()
    holders: dict[str, set[str]] = {"1118084": set(), "192671": set()}
    unlisted = 0
    for block in source.blocks():
        records = read_records(source.path, source.describe(), block)
        if records.row == PERSON:
            persons |= set(records.person.tolist())
        if records.row == OBSERVED:
            unlisted += sum(one not in persons for one in records.person.tolist())
        for code, held in holders.items():
            held |= set(records.person[records.code == code].tolist())
    assert len(persons) == 2694 and unlisted == 2649
    assert {code: len(held & persons) for code, held in holders.items()} == {"1118084": 1844, "192671": 479}
    assert source.names["192671"] == "Gastrointestinal hemorrhage"


def test_synthea_reads_as_version_5_4(data: Path) -> None:
    source = open_records(data / "medical" / "omop_synthea27nj_5.4.zip")
    rows, counts = read_all(source)
    assert source.describe()["version"] == "5.4" and not counts
    # rows of the files: PERSON 28, DEATH 2; events 470 + 883 + 1649 + 10040 + 8099 + 1791
    assert sum(row[0] == PERSON for row in rows) == 28
    assert sum(row[0] == EVENT for row in rows) == 470 + 883 + 1649 + 10040 + 8099 + 1791
