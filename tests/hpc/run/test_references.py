from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.errors import BUSY, RunError
from citytide.hpc.report.provenance import write_crate
from citytide.hpc.report.report import write_report
from citytide.hpc.run.driver_lock import hold_driver_lock
from citytide.hpc.run.index import add_run
from citytide.hpc.run.records import stamp_inputs
from citytide.hpc.run.references import (
    find_changed_upstream,
    read_upstream,
    refuse_changed_upstream,
    resolve_references,
    split_reference,
)
from citytide.hpc.run.runs import open_run
from citytide.workflows import runner

SUPPORT = str(Path(__file__).parents[2] / "support")


@pytest.fixture(autouse=True)
def workers_find_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))


@pytest.fixture(scope="module")
def whole(make_once: Any) -> Iterator[Path]:
    """A folder with a done run `a` and one, `b`, that reads its product; nobody changes it."""

    def make(path: Path) -> None:
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([SUPPORT, *filter(None, [before])])
        first = runner.run("relaying:WORKFLOW", out=path / "a")
        runner.run("relaying:WORKFLOW", set={"store": f"run:{first.id}/scaled", "factor": 3}, out=path / "b")
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)

    return make_once("two-runs", make)


@pytest.fixture
def runs(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "runs")
    record = json.loads((tmp_path / "runs/b/run.json").read_text())
    for one in record["upstream"]:
        one["path"], one["run_path"] = f"{tmp_path}/runs/a/scaled.zarr", f"{tmp_path}/runs/a"
    (tmp_path / "runs/b/run.json").write_text(json.dumps(record))
    return tmp_path / "runs"


def break_byte(store: Path) -> None:
    file = next(path for path in sorted(store.rglob("*")) if path.is_file() and path.parts[-2] == "c")
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def test_reference_by_folder_and_by_id_is_the_path_of_the_product(runs: Path, whole: Path) -> None:
    identity = open_run(runs / "a").id
    add_run(identity, "relaying", whole / "a")  # another worker's index may have it
    values, (by_folder,) = resolve_references({"store": f"run:{runs}/a/scaled", "factor": 2.0})
    assert values == {"store": f"{runs}/a/scaled.zarr", "factor": 2.0}
    assert (by_folder.run, by_folder.product, by_folder.workflow) == (identity, "scaled", "relaying:WORKFLOW")
    values, (by_id,) = resolve_references({"store": f"run:{identity}/scaled"})
    assert values["store"] == f"{whole}/a/scaled.zarr" and by_id.sha256 == by_folder.sha256


def test_stamp_is_the_hash_that_a_store_given_as_a_file_gets(runs: Path) -> None:
    _, (found,) = resolve_references({"store": f"run:{runs}/a/scaled"})
    (stamp,) = stamp_inputs({"store": runs / "a/scaled.zarr"})
    assert found.sha256 == stamp["sha256"]


def test_references_stand_in_lists_as_well(runs: Path) -> None:
    a, b = f"run:{runs}/a/scaled", f"run:{runs}/b/scaled"
    values, found = resolve_references({"stores": [a, b], "text": f"{a}, {b}"})
    paths = [f"{runs}/a/scaled.zarr", f"{runs}/b/scaled.zarr"]
    assert values == {"stores": paths, "text": ",".join(paths)}
    assert [(one.setting, one.reference) for one in found] == [("stores", a), ("stores", b), ("text", a), ("text", b)]


def test_path_of_a_product_in_a_done_run_counts_as_upstream(runs: Path) -> None:
    path = f"{runs}/a/scaled.zarr"
    values, (found,) = resolve_references({"store": path})
    assert values == {"store": path} and found.run == open_run(runs / "a").id and found.reference == path
    break_byte(runs / "a/scaled.zarr")
    assert resolve_references({"store": path}) == ({"store": path}, ())  # as any other store


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("run:flood", "a reference must be run:RUN/PRODUCT, such as run:runs/first/totals, got terrain=run:flood"),
        ("run:a/", "a reference must be run:RUN/PRODUCT"),
        ("run:nowhere/scaled", "terrain=run:nowhere/scaled must name a run: there is no run 'nowhere': give a run's"),
    ],
)
def test_what_names_no_run_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(RunError) as refused:
        resolve_references({"terrain": text})
    assert sentence in str(refused.value)
    assert split_reference("terrain", "run:a/b/flood.zarr") == ("a/b", "flood")


def test_unknown_product_is_refused_with_those_there_are(runs: Path) -> None:
    for name in ("flood", "inputs"):
        with pytest.raises(RunError, match=f"must name a product of run .*, which has scaled, got '{name}'"):
            resolve_references({"store": f"run:{runs}/a/{name}"})


def test_run_that_is_not_done_is_refused_with_its_state(runs: Path) -> None:
    ledger = runs / "a/ledger.jsonl"
    ledger.write_text("".join(line for line in ledger.read_text().splitlines(True) if '"kind":"end"' not in line))
    with pytest.raises(RunError, match=r"must name a run that is done, but run .* is interrupted: first run citytide"):
        resolve_references({"store": f"run:{runs}/a/scaled"})
    with hold_driver_lock(runs / "a"), pytest.raises(RunError, match="is running: wait for its end") as refused:
        resolve_references({"store": f"run:{runs}/a/scaled"})
    assert refused.value.exit_code == BUSY


def test_product_with_other_bytes_than_its_ledger_is_refused(runs: Path) -> None:
    store = runs / "a/scaled.zarr"
    (store / "y/added").touch()
    with pytest.raises(RunError, match=r"must be as run .* wrote it, but .*/y/added was added later: repair it by"):
        resolve_references({"store": f"run:{runs}/a/scaled"})
    (store / "y/added").unlink()
    break_byte(store)
    with pytest.raises(RunError, match=r"the bytes of .*/scaled.zarr/y/c/0 are other ones"):
        resolve_references({"store": f"run:{runs}/a/scaled"})
    (store / "y/c/0").unlink()
    with pytest.raises(RunError, match="/y/c/0 is missing"):
        resolve_references({"store": f"run:{runs}/a/scaled"})


def test_record_keeps_what_was_written_and_the_stamp(runs: Path) -> None:
    record = open_run(runs / "b").record
    (upstream,) = read_upstream(record)
    assert record["settings"]["store"] == {"value": f"run:{upstream.run}/scaled", "source": "--set"}
    assert f"store: run:{upstream.run}/scaled" in (runs / "b/run.yaml").read_text()
    assert upstream.sha256 == stamp_inputs({"s": runs / "a/scaled.zarr"})[0]["sha256"]


def test_changed_upstream_is_refused_by_name_and_a_run_without_one_is_not(runs: Path) -> None:
    refuse_changed_upstream(open_run(runs / "a"))
    refuse_changed_upstream(open_run(runs / "b"))
    break_byte(runs / "a/scaled.zarr")
    identity = open_run(runs / "a").id
    with pytest.raises(RunError, match=f"but scaled of run {identity}, which setting 'store' names, has changed since"):
        refuse_changed_upstream(open_run(runs / "b"))
    shutil.rmtree(runs / "a")
    assert "is gone from" in find_changed_upstream(open_run(runs / "b"))[0]


def test_changed_upstream_is_refused_before_a_restart_and_accepted_only_if_nothing_else_is_refused(runs: Path) -> None:
    break_byte(runs / "a/scaled.zarr")
    before = (runs / "b/run.json").read_bytes()
    with pytest.raises(RunError, match="has changed since"):
        runner.resume(runs / "b", restart=["scale"])
    with pytest.raises(RunError, match="--restart takes a step of the run"):
        runner.resume(runs / "b", restart=["scael"], accept_changes=True)
    assert (runs / "b/run.json").read_bytes() == before, "a refusal writes nothing"
    done = runner.resume(runs / "b", restart=["scale"], accept_changes=True)
    (sentence,) = done.result["accepted"]
    assert done.result["state"] == "done" and "scaled of run" in sentence and "has changed since" in sentence


def test_resume_refuses_a_changed_upstream_and_leaves_a_finished_run_alone(runs: Path) -> None:
    break_byte(runs / "a/scaled.zarr")
    assert runner.resume(runs / "b").result["state"] == "done"
    ledger = runs / "b/ledger.jsonl"
    ledger.write_text("".join(line for line in ledger.read_text().splitlines(True) if '"kind":"end"' not in line))
    before = ledger.read_bytes()
    with pytest.raises(RunError, match="has changed since"):
        runner.resume(runs / "b")
    assert ledger.read_bytes() == before


def test_lineage_stands_in_crate_report_and_status(runs: Path) -> None:
    first, second = open_run(runs / "a"), open_run(runs / "b")
    graph = {entity["@id"]: entity for entity in json.loads(write_crate(second.path).read_text())["@graph"]}
    made = graph[f"#run-{first.id}"]
    assert made["@type"] == "CreateAction" and made["identifier"] == first.id
    product = graph[made["result"]["@id"]]
    assert product["sha256"] == second.record["upstream"][0]["sha256"] and product["@id"].startswith("ni:///sha-256;")
    assert {"@id": product["@id"]} in graph["#run"]["object"] and {"@id": made["@id"]} in graph["./"]["mentions"]
    assert f"store: scaled of run {first.id}" in write_report(second.path).read_text()
    assert second.status()["upstream"][0]["run"] == first.id and first.status()["upstream"] == []
