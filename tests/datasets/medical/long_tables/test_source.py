"""A long table gives the same records from CSV and Parquet, in one file or many, cut anywhere."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omop_folders import read_all

from citytide.datasets.errors import InputError
from citytide.datasets.medical.opening import open_records
from citytide.datasets.medical.records import DEATH, EVENT, KINDS, OBSERVED, PERSON
from citytide.datasets.medical.rows import parquet_rows, ranges
from citytide.kernels.medical.events import NO_DAY, UNDATED

MAPPING: dict[str, Any] = {
    "person": "who",
    "date": "day",
    "code": "icd",
    "kind": {"column": "type", "values": {"DX": "condition", "RX": "drug"}},
    "value": "result",
    "cost": {"column": "fee", "unit": "CNY"},
    "facility": "where",
    "days": "n",
}
HEAD = "who,day,icd,type,result,fee,where,n\n"
EVENTS = HEAD + (
    "007,2005-05-07,I10,DX,,12.30,H1,\n"
    "7,2005/05/08,A10BA02,RX,2.5,,H2,30\n"
    "\n"
    " 7 ,,I10,DX,,,,3\n"
    ",2005-05-09,I10,DX,,,,\n"
    "8,2005-05-09,,DX,,,,\n"
)
PERSONS = (
    "id,born,sex,district,from,to,died\n"
    "007,1950,1,南山,2005-01-01,2010-12-31,2010-12-31\n"
    "7,1960,2,福田,,2009-12-31,\n"
    "8,,,,,,\n"
    ",1960,9,,,,\n"
)
PERSON_TABLE: dict[str, Any] = {
    "file": "persons.csv",
    "id": "id",
    "birth": {"column": "born", "format": "%Y"},
    "sex": {"column": "sex", "values": {"1": "male", "2": "female", "9": "unknown"}},
    "area": "district",
    "observed_from": "from",
    "observed_to": "to",
    "death": "died",
}


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(int))


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_table_becomes_events(tmp_path: Path) -> None:
    source = open_records(write(tmp_path / "in", events=EVENTS) / "events.csv", MAPPING)
    rows, counts = read_all(source)
    assert (source.kind, source.has_persons) == ("file", False)
    condition, drug = KINDS.index("condition"), KINDS.index("drug")
    assert rows == [
        (EVENT, "007", day("2005-05-07"), NO_DAY, "I10", condition, None, 1230, "H1", 0, ""),
        (EVENT, "7", day("2005-05-08"), day("2005-06-06"), "A10BA02", drug, 2.5, -1, "H2", 0, ""),
        (EVENT, "7", UNDATED, NO_DAY, "I10", condition, None, -1, "", 0, ""),
    ]
    assert counts == {"rows without a person": 1, "rows without a code": 1, "rows without a date (kept, undated)": 1}
    assert any("No table of persons is named" in one for one in source.unread)


def test_table_of_persons_gives_persons_observation_and_deaths(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", events=EVENTS, persons=PERSONS)
    (folder / "read.me").write_text("x")
    (folder / "._events.csv").write_bytes(b"\0\5\26\7")
    source = open_records(
        folder, {**MAPPING, "persons": PERSON_TABLE, "observed": {"from": "2005-01-01", "to": "2010-12-31"}}
    )
    rows, counts = read_all(source)
    assert source.has_persons and source.kind == "folder"
    assert source.describe()["observed"] == [day("2005-01-01"), day("2010-12-31")]
    assert [(row[1], row[2], *row[9:]) for row in rows if row[0] == PERSON] == [
        ("007", day("1950-06-15"), 2, "南山"),
        ("7", day("1960-06-15"), 1, "福田"),
        ("8", NO_DAY, 0, ""),
    ]
    assert [row[1:4] for row in rows if row[0] == OBSERVED] == [
        ("007", day("2005-01-01"), day("2010-12-31")),
        ("7", NO_DAY, day("2009-12-31")),
    ]
    assert [row[1:3] for row in rows if row[0] == DEATH] == [("007", day("2010-12-31"))]
    assert counts["persons without a month of birth, taken as 15 June"] == 2
    assert counts["rows of persons without a person"] == 1 and counts["persons whose sex is unknown"] == 1
    assert "Files that are not read: ._events.csv, read.me." in source.unread


def test_a_month_of_birth_is_taken_as_its_first_day(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", events=EVENTS, persons="id,born\n1,2000-03\n")
    persons = {"file": "persons.csv", "id": "id", "birth": {"column": "born", "format": "%Y-%m"}}
    rows, counts = read_all(open_records(folder, {**MAPPING, "persons": persons}))
    assert [row[2] for row in rows if row[0] == PERSON] == [day("2000-03-01")]
    assert counts["persons without a day of birth, taken as the first of the month"] == 1


@given(range_bytes=st.integers(5, 300), n_files=st.integers(1, 3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_cut_gives_the_same_records(tmp_path: Path, range_bytes: int, n_files: int) -> None:
    want = read_all(open_records(write(tmp_path / "one", events=EVENTS) / "events.csv", MAPPING))
    lines = EVENTS.splitlines(keepends=True)[1:]
    names = {f"part{i}": HEAD + "".join(lines[i * 6 // n_files : (i + 1) * 6 // n_files]) for i in range(n_files)}
    folder = write(tmp_path / f"in{n_files}", **names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "RANGE_BYTES", range_bytes)
        assert read_all(open_records(folder, MAPPING)) == want


@pytest.mark.parametrize(("row_group", "longest"), [(1, 1), (2, 10**6), (100, 1)])
def test_parquet_reads_like_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row_group: int, longest: int) -> None:
    want = read_all(open_records(write(tmp_path / "in", events=EVENTS) / "events.csv", MAPPING))
    table = pa.table(
        {
            "who": pa.array(["007", "7", "7", "", "8"]).dictionary_encode(),
            "day": pa.array([dt.date(2005, 5, 7), dt.date(2005, 5, 8), None, dt.date(2005, 5, 9), dt.date(2005, 5, 9)]),
            "icd": ["I10", "A10BA02", "I10", "I10", None],
            "type": ["DX", "RX", "DX", "DX", "DX"],
            "result": pa.array([None, 2.5, None, None, None], pa.float32()),
            "fee": pa.array([12.3, None, None, None, None], pa.float64()),
            "where": ["H1", "H2", None, None, None],
            "n": pa.array([None, 30, 3, None, None], pa.int16()),
            "other": [1, 2, 3, 4, 5],
        }
    )
    pq.write_table(table, tmp_path / "events.parquet", row_group_size=row_group)
    monkeypatch.setattr(parquet_rows, "RANGE_BYTES", longest)
    source = open_records(tmp_path / "events.parquet", MAPPING)
    assert len(source.blocks()) == {(1, 1): 5, (2, 10**6): 1, (100, 1): 1}[row_group, longest]
    assert read_all(source) == want


def test_rows_of_parquet_are_named_in_errors(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"who": ["1", "2", "3"], "day": ["", "", "soon"], "icd": ["a", "b", "c"]}),
        tmp_path / "e.parquet",
        row_group_size=1,
    )
    source = open_records(tmp_path / "e.parquet", {"person": "who", "date": "day", "code": "icd"})
    with pytest.raises(InputError, match=r"e.parquet: row 3: column 'day' must hold dates, got 'soon'; write it as"):
        read_all(source)
    (tmp_path / "e.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"e.parquet: the file cannot be read as Parquet \(.*\); write it again"):
        open_records(tmp_path / "e.parquet", {"person": "who", "date": "day", "code": "icd"})


@pytest.mark.parametrize(
    ("files", "changed", "words"),
    [
        (
            {"events": EVENTS},
            {"code": "icd10"},
            r"events.csv: the table must have a column 'icd10', but it has who, day, icd, .*, n; correct the mapping",
        ),
        (
            {"events": EVENTS, "persons": PERSONS},
            {"persons": {**PERSON_TABLE, "area": "street"}},
            r"persons.csv: the table must have a column 'street', but it has id, born, .*; correct persons of the map",
        ),
        (
            {"events": EVENTS},
            {"persons": PERSON_TABLE},
            r"persons.csv: the table of persons is missing; correct persons.f",
        ),
        (
            {"events": EVENTS},
            {"files": "visits-*.csv"},
            r"must hold files of CSV or Parquet like visits-\*.csv, got ev",
        ),
        ({}, {}, r"a folder of events must hold files of CSV or Parquet, got none; unpack what is packed"),
    ],
)
def test_files_that_do_not_fit_the_mapping_are_refused(
    tmp_path: Path, files: dict[str, str], changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        open_records(write(tmp_path / "in", **files), {**MAPPING, **changed})


def test_persons_beside_one_file_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", events=EVENTS, persons=PERSONS)
    with pytest.raises(
        InputError, match=r"a table of persons must lie in the folder of the events, .*; put persons.csv and the events"
    ):
        open_records(folder / "events.csv", {**MAPPING, "persons": PERSON_TABLE})


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"persons": PERSONS.replace("7,1960,2", "7,1960,女")}, r"csv, line 3: column 'sex' must hold one of '1', "
         r"'2', '9' or nothing, got '女'; add it to persons.sex.values of the mapping"),
        ({"persons": PERSONS.replace("2005-01-01,2010", "2011-01-01,2010")}, r"csv, line 2: column 'to' must not "
         r"lie before 'from', got 2010-12-31 after 2011-01-01"),
        ({"events": EVENTS.replace("RX", "XX")}, r"events.csv, line 3: column 'type' must hold one of 'DX', 'RX', got "
         r"'XX'; add it to kind.values of the mapping, as one of other, condition"),
        ({"events": EVENTS.replace(",30\n", ",-30\n")}, r"events.csv, line 3: column 'n' must hold durations of 0 da"),
        ({"events": EVENTS.replace("2005/05/08", "08/05/2005")}, r"events.csv, line 3: .* whose order is known, got"),
    ],
)  # fmt: skip
def test_bad_rows_are_refused_by_their_line(tmp_path: Path, files: dict[str, str], words: str) -> None:
    folder = write(tmp_path / "in", **{"events": EVENTS, "persons": PERSONS, **files})
    source = open_records(folder, {**MAPPING, "persons": PERSON_TABLE})
    with pytest.raises(InputError, match=words):
        read_all(source)


def test_an_end_before_its_event_is_refused(tmp_path: Path) -> None:
    table = (
        write(tmp_path / "in", events="id,a,b,c\n1,2005-05-07,2005-05-07,x\n1,2005-05-07,2005-05-06,x\n") / "events.csv"
    )
    source = open_records(table, {"person": "id", "date": "a", "end": "b", "code": "c"})
    with pytest.raises(
        InputError, match=r"line 3: column 'b' must not lie before 'a', got 2005-05-06 after 2005-05-07"
    ):
        read_all(source)


def test_gb18030_is_read_where_the_mapping_says_so(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes("编号;日期;诊断\n甲1;2005年5月7日;高血压\n".encode("gb18030"))
    mapping = {"person": "编号", "date": "日期", "code": "诊断", "delimiter": ";"}
    rows, _ = read_all(open_records(tmp_path / "e.csv", {**mapping, "encoding": "GB18030"}))
    assert [row[1:5] for row in rows] == [("甲1", day("2005-05-07"), NO_DAY, "高血压")]
    with pytest.raises(
        InputError, match=r"e.csv, line 1: the text must be UTF-8, but this line is not; .*encoding: GB18030"
    ):
        open_records(tmp_path / "e.csv", mapping)
