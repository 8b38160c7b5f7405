"""Data sets of installed packages stand in the catalogue beside citytide's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from packages import write_package

from citytide.datasets.catalogue.commands import data as data_group
from citytide.datasets.catalogue.entries import get_dataset, list_datasets
from citytide.datasets.errors import InputError

ENTRY = """
from citytide.datasets import Dataset, File
ONE = Dataset("NAME", "Visits of a year", "ours", "ours alone", (File("visits.csv", "0" * 64, 12),), kind="visits")
BOTH = [ONE, Dataset("more-visits", "Visits of more years", "ours", "ours alone", ())]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def write_entry(folder: Path, package: str, name: str, attribute: str = "ONE") -> None:
    source = ENTRY.replace("NAME", name)
    module = package.replace("-", "_")
    write_package(folder, package, source, {"citytide.datasets": {package: f"{module}:{attribute}"}})


def test_one_entry_point_may_offer_several(site: Path) -> None:
    write_entry(site, "many-sets", "visits", "BOTH")
    assert get_dataset("visits").kind == "visits" and get_dataset("more-visits").files == ()
    told = CliRunner().invoke(data_group, ["list"])
    assert "Visits of a year (from many-sets 1.0)" in told.stdout and "braess" in told.stdout
    rows = {row["name"]: row for row in json.loads(CliRunner().invoke(data_group, ["list", "--json"]).stdout)}
    assert rows["visits"] == {
        "name": "visits", "title": "Visits of a year", "network": False, "kind": "visits", "state": "absent",
        "from": "many-sets 1.0",
    }  # fmt: skip
    assert rows["braess"]["from"] == "" and rows["braess"]["kind"] == "network"
    assert "from:        many-sets 1.0" in CliRunner().invoke(data_group, ["describe", "visits"]).stdout


@pytest.mark.parametrize(("name", "first"), [("visits", "set-one-visits"), ("braess", "citytide and set-one-braess")])
def test_two_owners_of_a_name_are_refused_by_both_names(site: Path, name: str, first: str) -> None:
    for number in ("one", "two"):
        write_entry(site, f"set-{number}-{name}", name)
    said = (
        rf"the name of a data set must have one owner, but '{name}' is of {first}.* and set-two-{name} 1.0; uninstall"
    )
    with pytest.raises(InputError, match=said):
        get_dataset(name)
    told = CliRunner().invoke(data_group, ["list"])
    assert told.exit_code == 0 and "must have one owner" in told.stderr and "anaheim" in told.stdout


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", r"data sets of bad-0 1.0 cannot be used: bad_0:ONE of bad-0 1.0 cannot be imported \(ZeroDivision"),
        (
            "ONE = 'visits'",
            r"must name a Dataset or a list of them, got a str at bad_1:ONE; repair or uninstall bad-1 1",
        ),
        ("ONE = (3,)", r"must name a Dataset or a list of them, got a int at bad_2:ONE; repair or uninstall bad-2 1.0"),
    ],
)
def test_broken_entry_point_is_named_where_a_name_is_unknown_and_harms_no_other(
    site: Path, source: str, said: str, request: pytest.FixtureRequest
) -> None:
    number = request.node.callspec.indices["source"]
    write_package(site, f"bad-{number}", source, {"citytide.datasets": {"bad": f"bad_{number}:ONE"}})
    with pytest.raises(InputError, match=f"data set 'visits' is not in the catalogue; known names are .*{said}"):
        get_dataset("visits")
    assert get_dataset("braess").kind == "network" and len(list_datasets().unusable) == 1
    assert f"data sets of bad-{number} 1.0 cannot be used" in CliRunner().invoke(data_group, ["list"]).stderr
