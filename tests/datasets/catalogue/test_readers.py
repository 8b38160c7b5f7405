"""Each entry of the catalogue names its reader, and a caller takes only the kind that it can use."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from packages import write_package

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.catalogue.readers import find_inputs, read_dataset
from citytide.datasets.catalogue.sources import DATASETS
from citytide.datasets.errors import InputError

READER = """
import hashlib
from pathlib import Path
from citytide.datasets import Dataset, File

def read_visits(file, *, wards=None, least=0):
    return {"visits": Path(file).read_text(), "wards": wards and Path(wards).name, "least": least}

def name(file, option=""):
    body = (Path(__file__).parent / file).read_bytes()
    return File(file, hashlib.sha256(body).hexdigest(), len(body), option=option)

ALL = (
    Dataset("visits", "Visits", "ours", "ours", (name("visits.csv"), name("wards.csv", "wards")), kind="visits",
            reader="PACKAGE:read_visits"),
    Dataset("no-road", "Nothing", "ours", "ours", (name("visits.csv"),), kind="network", reader="PACKAGE:read_visits"),
    Dataset("no-reader", "Nothing", "ours", "ours", (name("visits.csv"),), kind="visits", reader="PACKAGE:read_viits"),
)
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    package = request.node.name.partition("[")[0][-20:].strip("_")
    for name, text in (("visits.csv", "a visit"), ("wards.csv", "a ward")):
        (tmp_path / name).write_text(text)
    write_package(
        tmp_path, package, READER.replace("PACKAGE", package), {"citytide.datasets": {"all": f"{package}:ALL"}}
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("CITYTIDE_DATA", str(tmp_path))
    return tmp_path


def test_every_network_and_records_of_the_catalogue_name_a_reader_that_is_there() -> None:
    for dataset in DATASETS.values():
        assert bool(dataset.reader) == (dataset.kind in ("network", "person-events"))
        module, _, name = dataset.reader.partition(":")
        assert not module or callable(getattr(import_module(module), name))


def test_reader_gets_the_first_file_those_with_an_option_and_what_the_caller_says(site: Path) -> None:
    found = read_dataset("visits", kind="visits", least=3)
    assert found == {"visits": "a visit", "wards": "wards.csv", "least": 3}
    assert read_dataset("visits", kind="visits", wards=site / "visits.csv")["wards"] == "visits.csv"
    with pytest.raises(InputError, match="option 'most' means nothing to this kind of visits; allowed: wards, least"):
        read_dataset("visits", kind="visits", most=3)


def test_data_set_of_another_kind_is_refused(site: Path) -> None:
    said = (
        "data set 'visits' must be of kind 'network' to be used here, got kind 'visits'; data sets of kind 'network': "
    )
    with pytest.raises(InputError, match=said):
        open_instance("visits")
    with pytest.raises(InputError, match=r"must be of kind 'tracks' .*, got kind 'files'; .*'tracks': none"):
        read_dataset("pneuma", kind="tracks")
    with pytest.raises(InputError, match=r"must be of kind 'visits' .*, got kind 'network'; .*: visits, no-reader"):
        find_inputs("braess", kind="visits")


def test_network_whose_reader_returns_something_else_is_refused(site: Path) -> None:
    with pytest.raises(
        InputError, match=r"a network must return an Instance, got a dict from \w+:read_visits; give its"
    ):
        open_instance("no-road")


def test_reader_that_is_not_there_is_named(site: Path) -> None:
    with pytest.raises(
        InputError, match=r"reader of data set 'no-reader' must be .* got '\w+:read_viits' .*; repair or"
    ):
        read_dataset("no-reader", kind="visits")


def test_setting_names_a_data_set_or_a_path(site: Path) -> None:
    assert [path.name for path in find_inputs("visits", kind="visits")] == ["visits.csv", "wards.csv"]
    assert find_inputs(site / "wards.csv", kind="visits") == (site / "wards.csv",)
    with pytest.raises(
        InputError,
        match=r"an input must be a file that exists or a name in the catalogue, got 'vizits'; .*: visits, no-reader",
    ):
        find_inputs("vizits", kind="visits")
    with pytest.raises(InputError, match=r"a file that exists or a name in the catalogue, got ''"):
        find_inputs("", kind="visits")  # and not the present folder
