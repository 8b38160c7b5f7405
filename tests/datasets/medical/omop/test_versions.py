"""The version of a CDM is read, not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from omop_folders import TABLES, write_omop

from citytide.datasets.errors import InputError
from citytide.datasets.medical.omop.files import list_tables
from citytide.datasets.medical.omop.versions import find_version

VISIT = TABLES["VISIT_OCCURRENCE"]
OF_5_3 = VISIT.replace("care_site_id", "admitting_source_value")
OF_5_4 = VISIT.replace("care_site_id", "admitted_from_concept_id")
BOTH = VISIT.replace("visit_occurrence_id", "admitting_source_value").replace(
    "care_site_id", "admitted_from_concept_id"
)


def find(folder: Path, declared: str = "") -> str:
    return find_version(folder, list_tables(folder), declared)


@pytest.mark.parametrize(
    ("text", "version"), [("v5.3.1", "5.3"), ("5.4", "5.4"), ("CDM v5.4.0", "5.4"), ("5.3", "5.3")]
)
def test_cdm_source_names_the_version(tmp_path: Path, text: str, version: str) -> None:
    assert find(write_omop(tmp_path, CDM_SOURCE=f"cdm_version\n{text}\n")) == version


def test_columns_tell_where_cdm_source_does_not(tmp_path: Path) -> None:
    empty = "cdm_version\n\n"
    assert find(write_omop(tmp_path / "a", CDM_SOURCE=empty, VISIT_OCCURRENCE=OF_5_3)) == "5.3"
    assert find(write_omop(tmp_path / "b", without=("CDM_SOURCE",), VISIT_OCCURRENCE=OF_5_4)) == "5.4"


@pytest.mark.parametrize(
    ("without", "changed", "words"),
    [
        (("CDM_SOURCE",), {}, r"must be known, but CDM_SOURCE is missing or empty .*; declare it: version=5.3 or"),
        ((), {"CDM_SOURCE": "cdm_version\n6.0\n"}, r"CDM_SOURCE must name version 5.3 or 5.4, got 6.0; convert"),
        ((), {"CDM_SOURCE": "cdm_version\n5.3\n5.4\n"}, r"CDM_SOURCE must name version 5.3 or 5.4, got 5.3, 5.4"),
        ((), {"VISIT_OCCURRENCE": OF_5_3}, r"CDM_SOURCE says version 5.4, but VISIT_OCCURRENCE.admitting_.* is of 5.3"),
        (
            (),
            {"VISIT_OCCURRENCE": BOTH},
            r"must be of one version of the CDM, but VISIT_OCCURRENCE.admitting_source_value is of 5.3 and "
            r"VISIT_OCCURRENCE.admitted_from_concept_id of 5.4; export all tables with one version",
        ),
    ],
)
def test_open_or_contradicting_versions_are_refused(
    tmp_path: Path, without: tuple[str, ...], changed: dict[str, str], words: str
) -> None:
    folder = write_omop(tmp_path, without=without, **changed)
    with pytest.raises(InputError, match=words):
        find(folder)
    assert find(folder, "5.4") == "5.4"


def test_declared_version_is_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"version must be 5.3 or 5.4, got '6'; choose one of them"):
        find(write_omop(tmp_path), "6")
