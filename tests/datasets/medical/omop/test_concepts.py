"""Names of concepts are found by their id."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.medical.omop.concepts import ConceptNames


def test_vocabularies_with_tabs_and_stray_quotes_are_read(tmp_path: Path) -> None:
    (tmp_path / "CONCEPT.csv").write_text(
        'concept_id\tconcept_name\tdomain_id\n12\t5" pipe, bent\tDevice\n3\ta\tDrug\n'
    )
    names = ConceptNames(tmp_path, "CONCEPT.csv")
    assert dict(names) == {"3": "a", "12": '5" pipe, bent'} and len(names) == 2
    assert names.get("4") is None and names.get("E11.9") is None and names.get("²") is None


def test_no_table_gives_no_names_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    assert dict(ConceptNames(tmp_path, "")) == {}
    (tmp_path / "CONCEPT.csv").write_text("concept_id,concept_name\nx,a\n")
    with pytest.raises(
        InputError, match=r"CONCEPT.csv: column 'concept_id' must hold whole numbers; correct the table"
    ):
        len(ConceptNames(tmp_path, "CONCEPT.csv"))
