"""Which reader reads what a user names; what no reader can read is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from omop_folders import write_omop

from citytide.datasets.catalogue.readers import read_dataset
from citytide.datasets.errors import InputError
from citytide.datasets.medical.opening import open_records
from citytide.datasets.medical.records import RecordSource

LEAST = {"person": "id", "date": "day", "code": "icd"}


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("none.csv", {}, r"none.csv: the file or folder is missing; check the name"),
        (
            "a.csv",
            {},
            r"a.csv: a table of events must come with a mapping of its columns, but none is given; write a Y",
        ),
        ("in", {}, r"in: a table of events must come with a mapping of its columns"),
        ("a.xlsx", {"mapping": LEAST}, r"must be CSV or Parquet to be read with a mapping, got '.xlsx'; unpack it"),
        ("a.zip", {"mapping": LEAST}, r"must be CSV or Parquet to be read with a mapping, got '.zip'; unpack it"),
        (
            "a.csv",
            {"mapping": LEAST, "periods": "span"},
            r"periods is an option of an OMOP CDM, but this is none; omit",
        ),
        (
            "a.csv",
            {"mapping": LEAST, "tables": "eras"},
            r"tables is an option of an OMOP CDM, but this is none; omit t",
        ),
        ("a.rda", {"version": "5.3"}, r"version is an option of an OMOP CDM, but this is none; omit version"),
    ],
)
def test_what_no_reader_reads_is_refused(tmp_path: Path, name: str, options: dict[str, Any], words: str) -> None:
    (tmp_path / "in").mkdir()
    for file in ("a.csv", "a.xlsx", "a.zip", "a.rda"):
        (tmp_path / file).write_text("id,day,icd\n")
    with pytest.raises(InputError, match=words):
        open_records(tmp_path / name, **options)


def test_folder_of_omop_needs_no_mapping(tmp_path: Path) -> None:
    source: RecordSource = open_records(write_omop(tmp_path / "cdm"))
    assert source.describe() == {"format": "omop", "version": "5.4", "periods": ""}


@pytest.mark.parametrize("name", ["eunomia-gibleed", "omop-synthea"])  # nafld: test_nafld.py
def test_data_sets_of_the_catalogue_open_by_name(data: Path, name: str) -> None:
    source = read_dataset(name, kind="person-events")
    assert source.describe()["format"] == "omop" and source.blocks()
