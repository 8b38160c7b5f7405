"""Sources of an import: which are opened, and which are refused before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from recordfiles import make_rows, write_mapping, write_records

from citytide.datasets.errors import InputError
from citytide.datasets.medical.records import EVENT, PERSON
from citytide.kernels.medical.events import NO_DAY
from citytide.workflows.medical.records import inputs
from citytide.workflows.medical.records.inputs import open_inputs, read_observed
from citytide.workflows.medical.records.settings import RecordSettings


def test_default_is_synthetic_persons_which_are_no_file() -> None:
    opened = open_inputs(["synthetic"], RecordSettings(synthetic_events=2400, seed=3))
    assert opened.sources == {} == opened.paths and opened.lists_persons
    assert opened.described[0]["is_read"] is False and opened.described[0]["description"]["seed"] == 3
    assert {block.row for _, block in opened.blocks} >= {PERSON, EVENT}


def test_sources_are_read_one_after_another(tmp_path: Path) -> None:
    events, persons = make_rows(0, 5, 30)
    folders = [write_records(tmp_path / name, events, persons) for name in "ab"]
    settings = RecordSettings(mapping=write_mapping(tmp_path / "mapping.yaml"))
    opened = open_inputs(folders, settings)
    numbers = [number for number, _ in opened.blocks]
    assert numbers == sorted(numbers) and set(numbers) == {0, 1}
    assert {name: (source.kind, source.person_level) for name, source in opened.sources.items()} == {
        "records_0": ("folder", True), "records_1": ("folder", True)
    }  # fmt: skip
    assert read_observed(settings, opened) == (NO_DAY, NO_DAY)


def test_days_of_observation_are_those_of_the_settings() -> None:
    settings = RecordSettings(observed_from="1970-01-11", observed_to="1971-01-01", synthetic_events=24)
    assert read_observed(settings, open_inputs(["synthetic"], settings)) == (10, 365)
    with pytest.raises(ValueError, match=r"observed_to must not be before observed_from \(1970-01-11\)"):
        RecordSettings(observed_from="1970-01-11", observed_to="1970-01-10")


def test_persons_that_only_a_later_source_lists_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events, persons = make_rows(0, 5, 30)
    folder = write_records(tmp_path / "all", events, persons)
    mappings = {
        "without": write_mapping(tmp_path / "a.yaml", persons=False), "with": write_mapping(tmp_path / "b.yaml")
    }  # fmt: skip
    (tmp_path / "all" / "persons.csv").rename(tmp_path / "persons.csv")
    alone = inputs.open_source(folder, RecordSettings(mapping=mappings["without"]))
    (tmp_path / "persons.csv").rename(tmp_path / "all" / "persons.csv")
    listing = inputs.open_source(folder, RecordSettings(mapping=mappings["with"]))
    opened = {"first": alone, "second": listing}
    monkeypatch.setattr(inputs, "open_source", lambda where, settings: opened[where])
    with pytest.raises(InputError, match="second: the first source must list persons if a later one does, but only"):
        open_inputs(["first", "second"], RecordSettings())
    assert open_inputs(["second", "first"], RecordSettings()).lists_persons


def test_source_that_is_neither_file_nor_name_is_refused() -> None:
    with pytest.raises(InputError, match="a file that exists or a name in the catalogue, got 'nowhere'"):
        open_inputs(["nowhere"], RecordSettings())


def test_a_table_of_codes_is_a_source_of_its_own_and_names_its_codes(tmp_path: Path) -> None:
    table = tmp_path / "codes.csv"
    table.write_text("from,to,name\nC1,C,chronic\n")
    opened = open_inputs(["synthetic"], RecordSettings(code_map=str(table), unmapped="drop", synthetic_events=240))
    assert opened.names["C"] == "chronic" and opened.described[0]["unmapped"] == "drop"
    source = opened.sources["code_map"]
    assert (source.path, source.kind, source.person_level) == (table, "file", False)
    table.write_text("old,new\nC1,C\n")
    with pytest.raises(InputError, match=r"a table of codes must have the columns from and to"):
        open_inputs(["synthetic"], RecordSettings(code_map=str(table)))


def test_version_of_omop_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "person.csv").write_text("person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth\n")
    (tmp_path / "measurement.csv").write_text("person_id,measurement_concept_id,measurement_date,value_as_number\n")
    with pytest.raises(InputError, match=r"version=5\.3 or version=5\.4"):
        open_inputs([str(tmp_path)], RecordSettings())
    (one,) = open_inputs([str(tmp_path)], RecordSettings(version="5.4")).opened
    assert one.source.describe()["version"] == "5.4"
