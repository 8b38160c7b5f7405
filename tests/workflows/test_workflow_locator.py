"""A workflow is found by its name, its path or what a run recorded, wherever its package is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from packages import write_package

import citytide
from citytide.hpc.errors import RunError
from citytide.workflows.commands import run
from citytide.workflows.workflow import (
    WORKFLOWS,
    Workflow,
    find_workflow,
    list_workflows,
    load_workflow,
    reload_workflow,
)

QUESTION = """
import numpy as np
from citytide.workflows import BlockStep, Prepared, Product, Settings, Variable, Workflow

class DoubleSettings(Settings):
    rows: int = 3

def double(arrays):
    return {"y": arrays["x"] * 2.0}

def prepare(settings):
    y = Variable("y", ("row",), "float64", "1", "twice x", "blocks", (settings.rows,))
    step = BlockStep("double", "MODULE:double", "row", settings.rows, ("inputs.zarr",), lambda block: 1, product="d")
    x = np.arange(settings.rows, dtype=np.float64)
    return Prepared((step,), (Product("d", "Twice x", (y,)),), {"x": (("row",), x)})

WORKFLOW = Workflow("NAME", "twice every number", DoubleSettings, prepare, lambda run: {})
"""


def write_question(folder: Path, package: str, name: str, **more: str) -> None:
    module = package.replace("-", "_")
    source = QUESTION.replace("MODULE", module).replace("NAME", more.get("calls_itself", name))
    write_package(folder, package, source, {"citytide.workflows": {name: f"{module}:WORKFLOW"}})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
    return folder


def test_workflow_of_a_package_is_loaded_by_its_name(site: Path) -> None:
    write_question(site, "pack-loaded", "doubling")
    assert load_workflow("doubling").summary == "twice every number"
    assert find_workflow("doubling").origin == "pack-loaded 1.0"
    assert find_workflow("pack_loaded:WORKFLOW") == find_workflow("doubling")


def test_unknown_name_lists_those_of_packages_with_their_origin(site: Path) -> None:
    write_question(site, "pack-listed", "doubling")
    with pytest.raises(
        RunError,
        match=r"must be one of comorbidity, .*, traffic-assignment, doubling \(from pack-listed 1.0\), "
        r"a run file \(FILE.yaml\) or package.module:NAME, got 'dubbing'",
    ):
        load_workflow("dubbing")


@pytest.mark.parametrize("name", ["doubling", "inundation"])
def test_two_owners_of_a_name_are_refused_by_both_names(site: Path, name: str) -> None:
    write_question(site, f"owner-one-{name}", name)
    write_question(site, f"owner-two-{name}", name)
    with pytest.raises(RunError) as refused:
        load_workflow(name)
    assert f"a workflow's name must have one owner, but {name!r} is of " in str(refused.value)
    assert f"owner-one-{name} 1.0 and owner-two-{name} 1.0: uninstall all but one, or name the one" in str(
        refused.value
    )
    assert load_workflow(f"owner_two_{name}:WORKFLOW").name == name
    assert ("citytide 0.1.0" in str(refused.value)) == (name == "inundation")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "1 / 0",
            r"workflow 'odd' cannot be used: odd_\d:WORKFLOW of odd-\d 1.0 cannot be imported \(ZeroDivisionError",
        ),
        ("WORKFLOW = 3", r"'odd_\d:WORKFLOW' must be a citytide.workflows.Workflow, got a int"),
        (
            QUESTION.replace("NAME", "even"),
            r"must have the name of its entry point, but 'odd' of odd-\d 1.0 calls itself 'even': make both the same",
        ),
    ],
)
def test_entry_point_that_cannot_be_used_says_why(
    site: Path, source: str, said: str, request: pytest.FixtureRequest
) -> None:
    number = request.node.callspec.indices["source"]
    write_package(site, f"odd-{number}", source, {"citytide.workflows": {"odd": f"odd_{number}:WORKFLOW"}})
    with pytest.raises(RunError, match=said):
        load_workflow("odd")
    assert load_workflow("inundation").name == "inundation"


def test_help_marks_what_is_from_outside_and_goes_on_where_one_is_broken(site: Path) -> None:
    write_question(site, "pack-helped", "doubling")
    write_package(site, "pack-broken", "1 / 0", {"citytide.workflows": {"halving": "pack_broken:WORKFLOW"}})
    told = CliRunner().invoke(run, ["--help"])
    text = " ".join(told.output.split())
    assert told.exit_code == 0 and f"{', '.join(WORKFLOWS)};" in text.replace("- ", "-")
    assert "doubling (from pack-helped 1.0): twice every number" in text
    assert "halving (from pack-broken 1.0): workflow 'halving' cannot be used: pack_broken:WORKFLOW" in text
    for words in (["doubling", "--help"], ["pack_helped:WORKFLOW", "--help"]):
        told = CliRunner().invoke(run, words)
        assert "Twice every number." in told.output and "rows" in told.output and "[default: 3]" in told.output
    assert "From pack-helped 1.0." in CliRunner().invoke(run, ["doubling", "--help"]).output


def test_run_records_where_its_workflow_is_and_is_loaded_again_from_there(site: Path, tmp_path: Path) -> None:
    write_question(site, "pack-run", "doubling")
    done = citytide.run("doubling", out=tmp_path / "run")
    assert done.result["state"] == "done" and done.open("d").y.values.tolist() == [0.0, 2.0, 4.0]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["workflow"] == "doubling"
    assert record["locator"] == {"path": "pack_run:WORKFLOW", "package": "pack-run", "version": "1.0"}
    write_question(site, "pack-rival", "doubling")  # from now on the name alone has two owners
    assert reload_workflow(record) is load_workflow("pack_run:WORKFLOW")


def test_run_of_a_path_says_so_in_its_run_file(site: Path, tmp_path: Path) -> None:
    (site / "loose.py").write_text(QUESTION.replace("MODULE", "loose").replace("NAME", "loosely"))
    done = citytide.run("loose:WORKFLOW", set={"rows": 2}, out=tmp_path / "run")
    assert done.workflow == "loosely" and done.record["locator"]["path"] == "loose:WORKFLOW"
    assert reload_workflow(done.record).name == "loosely"
    assert (tmp_path / "run" / "run.yaml").read_text().startswith("workflow: loose:WORKFLOW\n")
    again = citytide.run(tmp_path / "run" / "run.yaml", out=tmp_path / "again")
    assert again.open("d").y.size == 2


def test_run_of_an_older_version_is_loaded_by_its_name() -> None:
    assert isinstance(reload_workflow({"workflow": "inundation"}), Workflow)


def test_workflow_that_moved_within_its_package_is_found_by_name(site: Path) -> None:
    write_question(site, "pack-moved", "doubling")
    then = {"path": "pack_before:WORKFLOW", "package": "pack-moved", "version": "0.9"}
    assert reload_workflow({"workflow": "doubling", "locator": then}).name == "doubling"


@pytest.mark.parametrize(
    ("package", "way_out"),
    [("away", "install away 0.9, with which the run was begun"), ("", "put its folder on PYTHONPATH")],
)
def test_workflow_that_is_gone_is_named_with_the_way_out(package: str, way_out: str) -> None:
    locator = {"path": "away_now:WORKFLOW", "package": package, "version": "0.9" if package else ""}
    said = rf"workflow 'gone' must be importable to go on with this run, but away_now:WORKFLOW is not: {way_out} \("
    with pytest.raises(RunError, match=said):
        reload_workflow({"workflow": "gone", "locator": locator})


def test_built_in_workflows_come_first_and_are_citytides() -> None:
    listed = list(list_workflows().items())
    assert [name for name, _ in listed[: len(WORKFLOWS)]] == list(WORKFLOWS)
    assert all(plugins[0].package == "citytide" for _, plugins in listed[: len(WORKFLOWS)])
