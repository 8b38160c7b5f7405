"""Small OMOP CDMs: tables as folders of CSV and as zips."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from citytide.datasets.medical.opening import read_records
from citytide.datasets.medical.records import Records, RecordSource

TABLES = {
    "CDM_SOURCE": "cdm_source_name,cdm_version\nours,v5.4.0\n",
    "PERSON": "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime\n"
    "007,8507,1950,2,28,\n7,8532,1960,3,,\n8,0,1970,,,1970-05-06 00:00:00\n9,8532,1980,,,\n",
    "OBSERVATION_PERIOD": "observation_period_id,person_id,observation_period_start_date,observation_period_end_date\n"
    "1,007,2000-01-01,2010-12-31\n2,7,2001-01-01,2009-12-31\n",
    "DEATH": "person_id,death_date\n007,2010-12-31\n",
    "CONDITION_OCCURRENCE": "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,"
    "condition_end_date\n1,007,192671,2005-05-07,2005-05-09\n2,7,0,2005-05-08,\n3,,192671,2005-05-08,\n"
    "4,8,201826,,\n5,7,201826,2006-01-02 00:00:00,\n",
    "DRUG_EXPOSURE": "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,"
    "days_supply\n1,7,1118084,2004-01-01,,30\n2,7,1118084,2004-02-01,2004-02-03,30\n3,8,1118084,2004-02-01,,\n",
    "MEASUREMENT": "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number\n"
    "1,9,3004249,2005-01-01,120.5\n2,9,3004249,2005-01-02,\n",
    "VISIT_OCCURRENCE": "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,care_site_id\n"
    "1,9,9202,2005-01-01,2005-01-01,44\n",
    "CONCEPT": "concept_id,concept_name\n192671,Gastrointestinal hemorrhage\n1118084,celecoxib\n",
}


def write_omop(folder: Path, *, without: tuple[str, ...] = (), **changed: str) -> Path:
    """Write the tables; ``changed`` replaces or adds some by their name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**TABLES, **changed}.items():
        if name not in without:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def zip_folder(folder: Path, path: Path, inside: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, inside + file.name)
    return path


def read_all(source: RecordSource) -> tuple[list[tuple[object, ...]], Counter[str]]:
    """All records as rows in the order of blocks, and all counts."""
    rows: list[tuple[object, ...]] = []
    counts: Counter[str] = Counter()
    for block in source.blocks():
        records = read_records(source.path, source.describe(), block)
        rows += list_rows(records)
        counts.update(records.counts)
    return rows, counts


def list_rows(records: Records) -> list[tuple[object, ...]]:
    names = ("person", "day", "until", "code", "kind", "value", "cost_fen", "facility", "sex", "area")
    columns = [getattr(records, name).tolist() for name in names]
    assert {len(column) for column in columns} <= {len(records.day)}
    columns[5] = [None if np.isnan(one) else one for one in columns[5]]
    return [(records.row, *row) for row in zip(*columns, strict=True)]
