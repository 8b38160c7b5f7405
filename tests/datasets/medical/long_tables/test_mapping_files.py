"""A mapping of columns says all that matters, or is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.medical.long_tables.mapping_files import read_mapping
from citytide.datasets.medical.long_tables.mappings import KindColumn, Mapping

LEAST = {"person": "id", "date": "day", "code": "icd"}
FULL = """
person: 患者编号
date: {column: 就诊日期, format: "%d/%m/%Y"}
code: 诊断编码
kind: {column: type, values: {1: condition, 2: drug}}
value: result
cost: {column: fee, unit: CNY}
facility: hospital
end: leave
encoding: GB18030
delimiter: ";"
missing: ["NULL", "-"]
files: visits-*.csv
persons:
  file: persons.csv
  id: id
  birth: {column: year, format: "%Y"}
  sex: {column: sex, values: {1: male, 2: female, 9: unknown}}
  area: district
  observed_from: from
  observed_to: to
  death: death
observed: {from: 2015-01-01, to: "2024-12-31"}
"""


def test_every_key_of_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "columns.yaml").write_text(FULL, encoding="utf-8")
    mapping = read_mapping(tmp_path / "columns.yaml")
    assert mapping.date.format == "%d/%m/%Y" and mapping.end is not None and mapping.end.column == "leave"
    assert isinstance(mapping.kind, KindColumn) and mapping.kind.values == {"1": "condition", "2": "drug"}
    assert mapping.persons is not None and mapping.persons.sex is not None
    assert mapping.persons.sex.values["9"] == "unknown"
    assert mapping.observed is not None and mapping.observed.to.year == 2024
    again = Mapping.model_validate(mapping.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert again == mapping  # as workers get it


def test_the_mapping_that_the_docs_show_is_read(tmp_path: Path) -> None:
    page = Path(__file__).parents[4] / "docs" / "records-formats.md"
    shown = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "columns.yaml").write_text(shown, encoding="utf-8")
    assert read_mapping(tmp_path / "columns.yaml").model_fields_set == set(Mapping.model_fields) - {"days"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"colour": "x"}, r"a mapping of columns has no key 'colour'; allowed: person, date, code, kind, .*observed$"),
        (
            {"persons": {"file": "a", "id": "b", "gender": "c"}},
            r"no key 'persons.gender'; allowed: file, id, birth, sex",
        ),
        ({"date": None}, r"a mapping of columns must say date; write date: COLUMN, or date: {column: COLUMN, format:"),
        ({"cost": {"column": "fee"}}, r"must say cost.unit; write cost: {column: COLUMN, unit: CNY} or unit: fen"),
        ({"cost": "fee"}, r"cost of a mapping cannot be 'fee': .*; write cost: {column: COLUMN, unit: CNY}"),
        (
            {"cost": {"column": "fee", "unit": "USD"}},
            r"cost.unit of a mapping cannot be 'USD': input should be 'CNY' or",
        ),
        (
            {"persons": {"file": "a", "id": "b", "sex": {"column": "c"}}},
            r"must say persons.sex.values; write values: {'1': male, '2': female, '9': unknown}",
        ),
        (
            {"persons": {"file": "a", "id": "b", "sex": "c"}},
            r"persons.sex of a mapping cannot be 'c': .*; write sex: {",
        ),
        (
            {"persons": {"file": "a", "id": "b", "sex": {"column": "c", "values": {"1": "boy"}}}},
            r"persons.sex.values.1 of a mapping cannot be 'boy': input should be 'unknown', 'female' or 'male'",
        ),
        (
            {"persons": {"file": "a", "id": "b", "sex": {"column": "c", "values": {True: "male"}}}},
            r"persons.sex.values: YAML reads yes, no, on and off as true and false: quote them",
        ),
        ({"kind": {"column": "type"}}, r"must say kind.values; write values: {DX: condition, RX: drug}"),
        ({"kind": "diagnosis"}, r"kind of a mapping cannot be 'diagnosis': .*'condition'"),
        (
            {"date": {"column": "d", "format": "%m/%Y"}},
            r"date: a date's format must have the year .* got '%m/%Y'; corr",
        ),
        ({"days": "n", "end": "e"}, r"days and end both say how long an event lasts: keep one of them"),
        (
            {"observed": {"from": "2020-01-02", "to": "2020-01-01"}},
            r"observed: observed.to must not lie before observed.from, got 2020-01-01 after 2020-01-02",
        ),
        ({"missing": [None]}, r"missing of a mapping cannot be None: .*; quote each word, such as missing: \['NULL'"),
        ({"kind": {"column": "type", "values": {"1": "d"}}}, r"kind.values.1 of a mapping cannot be 'd': input should"),
        ({"encoding": "GBK"}, r"encoding of a mapping cannot be 'GBK': input should be 'UTF-8' or 'GB18030'"),
    ],
)
def test_what_is_open_or_unknown_is_refused(changed: dict[str, Any], words: str) -> None:
    given = {key: value for key, value in {**LEAST, **changed}.items() if value is not None}
    with pytest.raises(InputError, match=words):
        read_mapping(given)


def test_files_that_are_no_mapping_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "columns.yaml"
    for text, words in (
        ("person: [", r"columns.yaml, line \d: a mapping of columns must be YAML; write one key: value on each line"),
        ("person", r"columns.yaml: a mapping of columns must have keys and values, got str; write person: COLUMN"),
        ("", r"must have keys and values, got NoneType"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=words):
            read_mapping(file)
    with pytest.raises(InputError, match="the file is missing"):
        read_mapping(tmp_path / "none.yaml")
