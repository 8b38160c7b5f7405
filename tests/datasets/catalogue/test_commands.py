import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from citytide.datasets.catalogue.commands import data as data_group
from citytide.datasets.catalogue.downloads import verify_dataset
from citytide.datasets.catalogue.sources import DATASETS
from citytide.datasets.errors import InputError


def invoke(*words: str):
    return CliRunner().invoke(data_group, list(words))


def test_list_names_every_data_set():
    plain, listed = invoke("list"), json.loads(invoke("list", "--json").stdout)
    assert plain.exit_code == 0
    assert {row["name"] for row in listed} == {*DATASETS, "synthetic-city"}
    assert all(row["name"] in plain.stdout for row in listed)
    assert next(row for row in listed if row["name"] == "synthetic-city")["state"] == "generated"


def test_describe_tells_source_terms_files_and_size(data: Path):
    plain = invoke("describe", "sioux-falls")
    found = json.loads(invoke("describe", "sioux-falls", "--json").stdout)
    assert "24 nodes, 76 links, 528 pairs, demand 360,600" in plain.stdout
    assert "bstabler/TransportationNetworks" in plain.stdout and "academic" in plain.stdout
    assert found["size"]["links"] == 76 and len(found["files"]) == 3
    assert "toll_weight = 0.02" in invoke("describe", "chicago-sketch").stdout
    assert json.loads(invoke("describe", "pneuma", "--json").stdout)["size"] is None


def test_describe_knows_what_is_made_on_the_spot():
    found = json.loads(invoke("describe", "synthetic-city", "--json").stdout)
    assert found["files"] == [] and 2_000 < found["size"]["links"] < 4_000


def test_fetch_reports_where_the_files_are(data: Path):
    found = json.loads(invoke("fetch", "braess", "synthetic-city", "--json").stdout)
    assert [Path(path).name for path in found["braess"]] == ["Braess_net.tntp", "Braess_trips.tntp"]
    assert found["synthetic-city"] == []
    assert "2 files, sha256 as in the catalogue" in invoke("fetch", "braess").stdout


@pytest.mark.parametrize("command", ["describe", "fetch"])
def test_an_unknown_name_answers_with_the_known(command: str):
    error = invoke(command, "atlantis").exception
    assert isinstance(error, InputError) and "data set 'atlantis' is not in the catalogue; known names are" in str(
        error
    )


@pytest.mark.parametrize("command", ["list", "describe", "fetch"])
def test_help_shows_an_example(command: str):
    assert f"Example: citytide data {command}" in invoke(command, "--help").stdout


def test_the_commands_load_nothing_heavy():
    heavy = "numpy pandas zarr dask xarray matplotlib numba scipy pooch"
    code = (
        f"import sys, citytide.datasets.catalogue.commands\nprint([m for m in '{heavy}'.split() if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", ["eunomia-gibleed", "omop-synthea", "nafld"])
def test_describe_tells_of_records_of_persons(data: Path, name: str):
    found = json.loads(invoke("describe", name, "--json").stdout)
    assert found["kind"] == "person-events" and found["terms"] and found["size"] is None
    (file,) = found["files"]
    assert file["at"] == str(data / file["path"]) and not verify_dataset(name)
