"""Chains of three small runs, each reading the store of the one before it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from sums import store_bytes

from citytide.hpc.commands import runs as run_commands
from citytide.hpc.commands import site
from citytide.hpc.control.chains import Chain, describe_chain, open_chain
from citytide.hpc.errors import RunError
from citytide.hpc.plan.gpu.cards import Gpu
from citytide.workflows import commands, runner
from citytide.workflows.chain import draft_chain, resume_chain, run_chain
from citytide.workflows.chain_commands import find_code
from citytide.workflows.verify_command import verify

SUPPORT = str(Path(__file__).parents[1] / "support")
RELAY = "relaying:WORKFLOW"
STAGES = [
    {"name": "first", "workflow": RELAY, "set": {"rows": 5}},
    {"name": "second", "workflow": RELAY, "set": {"rows": 5, "store": "run:first/scaled", "factor": 3.0}},
    {"name": "third", "workflow": RELAY, "set": {"rows": 5, "stores": ["run:first/scaled", "run:second/scaled"]}},
]


@pytest.fixture(autouse=True)
def workers_find_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))


def write_chain(folder: Path, stages: list[dict[str, Any]] | None = None, **changed: Any) -> Path:
    path = folder / "chain.yaml"
    path.write_text(yaml.safe_dump({"stages": stages or STAGES, **changed}, sort_keys=False))
    return path


def with_set(place: int, **settings: Any) -> list[dict[str, Any]]:
    """The stages with settings of one of them changed."""
    return [{**stage, "set": {**stage["set"], **settings}} if at == place else stage for at, stage in enumerate(STAGES)]


def bytes_of(chain: Path) -> dict[str, dict[str, bytes]]:
    return {stage["name"]: store_bytes(chain / stage["name"]) for stage in STAGES}


@pytest.fixture(scope="module")
def undisturbed(make_once: Any) -> Iterator[Path]:
    def make(path: Path) -> None:
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([SUPPORT, *filter(None, [before])])
        path.mkdir()
        run_chain(write_chain(path), out=path / "chain")
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)

    return make_once("chain", make)


def test_stages_run_one_after_another_on_the_products_of_those_before(undisturbed: Path) -> None:
    chain = open_chain(undisturbed / "chain")
    assert describe_chain(chain)["state"] == "done"
    first, second, third = (chain.run(name) for name in chain.names)
    assert first is not None and second is not None and third is not None
    y = [run.open("scaled").y.values for run in (first, second, third)]
    x = y[0] / 2.0
    assert y[1] == pytest.approx(3.0 * (x + y[0])) and y[2] == pytest.approx(2.0 * (x + y[0] + y[1]))
    assert [one["run"] for one in third.record["upstream"]] == [first.id, second.id]
    assert third.record["settings"]["stores"]["value"] == ["run:first/scaled", "run:second/scaled"]
    told = yaml.safe_load((third.path / "run.yaml").read_text())  # outside of the chain it has to name them by id
    assert told["set"]["stores"] == [f"run:{first.id}/scaled", f"run:{second.id}/scaled"]


def test_step_of_a_finished_chain_is_computed_again_by_its_stage_alone(undisturbed: Path) -> None:
    with pytest.raises(RunError, match=r"--restart of a chain concerns the stage .* has none: name the stage, as in "):
        resume_chain(undisturbed / "chain", restart=("scale",))


def test_record_tells_who_asked_for_what_and_when(undisturbed: Path) -> None:
    record = json.loads((undisturbed / "chain/chain.json").read_text())
    assert {"id", "created", "version", "user", "host", "directory"} <= set(record)
    assert [stage["set"] for stage in record["stages"]] == [stage["set"] for stage in STAGES]
    assert all(stage["profile"]["name"] == "local" for stage in record["stages"])


@pytest.mark.parametrize(("stage", "where"), [("first", "finish"), ("second", "prepare"), ("third", "finish")])
def test_killed_chain_resumes_to_the_same_bytes(undisturbed: Path, tmp_path: Path, stage: str, where: str) -> None:
    file = write_chain(tmp_path, with_set([s["name"] for s in STAGES].index(stage), die=str(tmp_path / where)))
    command = [sys.executable, "-m", "citytide", "run", str(file), "--out", str(tmp_path / "chain")]
    killed = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert killed.returncode == -9, killed.stderr
    assert describe_chain(open_chain(tmp_path / "chain"))["state"] == "interrupted"
    chain = resume_chain(tmp_path / "chain")
    assert describe_chain(chain)["state"] == "done"
    assert bytes_of(chain.path) == bytes_of(undisturbed / "chain")


@pytest.mark.parametrize(
    ("place", "settings", "sentence"),
    [
        (1, {"store": "run:third/scaled"}, "stage 'second': store=run:third/scaled must name a stage before it"),
        (1, {"store": "run:second/scaled"}, "must name a stage before it, and those are first: change the order"),
        (2, {"store": "run:zeroth/scaled"}, "must name a run: there is no run 'zeroth': give a run's folder, or an id"),
        (2, {"store": "run:first/flood"}, "run:first/flood must name a product of stage 'first', which has scaled"),
        (2, {"store": "run:first"}, "stage 'third': a reference must be run:RUN/PRODUCT"),
        (2, {"depth": 3}, "stage 'third': setting: unknown key 'depth'"),
        (2, {"rows": "many"}, "stage 'third': setting: rows: "),
    ],
)
def test_what_a_later_stage_cannot_mean_is_refused_before_the_first_runs(
    tmp_path: Path, place: int, settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RunError) as refused:
        run_chain(write_chain(tmp_path, with_set(place, **settings)), out=tmp_path / "chain")
    assert sentence in str(refused.value) and not (tmp_path / "chain").exists()


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        ([STAGES[0], {"name": "b", "workflow": "flod"}], "workflow must be one of "),
        ([STAGES[0], STAGES[0]], "each stage must have a name of its own, but 'first' is given twice"),
        ([{**STAGES[0], "name": "a/b"}], "stages.0.name: "),
        ([{**STAGES[0], "pool": "cpu"}], "unknown key 'stages.0.pool'"),
        ({"first": {"workflow": RELAY}}, "stages: must be a list: begin each stage with `- name: NAME`"),
    ],
)
def test_file_of_a_chain_is_checked(tmp_path: Path, stages: Any, sentence: str) -> None:
    with pytest.raises(RunError) as refused:
        draft_chain(write_chain(tmp_path, stages))
    assert sentence in str(refused.value)


def test_later_stage_on_a_gpu_is_refused_before_the_first_runs_where_none_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citytide.hpc.plan.devices.list_gpus", lambda: ())
    flood = {"name": "flood", "workflow": "inundation", "set": {"device": "gpu", "rain": "60"}}
    said = "^stage 'flood': device=gpu needs a GPU, but nvidia-smi lists none on this machine: run it .*set device=cpu$"
    with pytest.raises(RunError, match=said):
        run_chain(write_chain(tmp_path, [STAGES[0], flood]), out=tmp_path / "chain")
    assert not (tmp_path / "chain").exists()
    assert draft_chain(write_chain(tmp_path, [STAGES[0], {**flood, "set": {"device": "auto"}}])).first
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    monkeypatch.setattr("citytide.hpc.plan.devices.list_gpus", lambda: (Gpu("simulator", "Numba's simulator"),))
    assert draft_chain(write_chain(tmp_path, [STAGES[0], flood])).first


def test_settings_are_overridden_by_stage_and_key(tmp_path: Path) -> None:
    file = write_chain(tmp_path)
    draft = draft_chain(file, set={"first.rows": "4", "third.factor": "9"})
    assert draft.first.settings["rows"] == {"value": 4, "source": "--set"}
    assert draft.record["stages"][2]["overrides"] == {"factor": "9"}
    for key in ("rows", "fourth.rows"):
        with pytest.raises(RunError, match=r"must be STAGE.KEY=VALUE with a stage among first, second, third, got"):
            draft_chain(file, set={key: "4"})


def test_environment_sets_the_stages_that_know_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYTIDE_SET__ROWS", "3")
    assert draft_chain(write_chain(tmp_path)).first.settings["rows"]["value"] == 3
    monkeypatch.setenv("CITYTIDE_SET__DEPTH", "3")
    with pytest.raises(RunError, match="CITYTIDE_SET__DEPTH must name a setting of a stage, but no stage has it"):
        draft_chain(write_chain(tmp_path))


def test_stage_that_cannot_begin_is_told_by_status_until_it_does(tmp_path: Path) -> None:
    file = write_chain(tmp_path, [*with_set(1, rows=4)[:2]])  # five rows of the first stage do not fit
    with pytest.raises(RunError, match=r"^store must hold y"):
        run_chain(file, out=tmp_path / "chain")
    told = describe_chain(open_chain(tmp_path / "chain"))
    assert (told["state"], told["stages"][1]["state"]) == ("failed", "not begun")
    assert told["error"].startswith("stage 'second' could not begin: store must hold y, got ")
    chain = open_chain(tmp_path / "chain")
    chain.record["stages"][1]["set"]["rows"] = 5
    (chain.path / "chain.json").write_text(json.dumps(chain.record))
    assert describe_chain(resume_chain(chain.path))["state"] == "done" and Chain(chain.path).refusal == ""


def test_commands_take_a_chain_as_one(undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file, call = str(write_chain(tmp_path)), CliRunner().invoke
    planned = call(commands.plan, [file])
    assert planned.exit_code == 0, planned.output
    assert "is planned once second is done, reads first/scaled, second/scaled" in planned.output
    assert json.loads(call(commands.plan, [file, "--json"]).output)["stages"][1]["reads"] == ["first/scaled"]
    done = call(commands.run, [file, "--out", "chain", "--set", "third.factor=1"])
    assert done.exit_code == 0 and "stage second: done" in done.output, done.output
    told = call(run_commands.status, ["chain"])
    assert "stage third: done" in told.output and "reads store: scaled of run " in told.output
    identity = open_chain("chain").id
    assert json.loads(call(run_commands.status, [identity, "--json"]).output)["state"] == "done"
    again = call(commands.resume, ["chain", "--json"])
    assert again.exit_code == 0 and [s["state"] for s in json.loads(again.stdout)["stages"]] == ["done"] * 3
    assert len(call(site.report, ["chain"]).output.splitlines()) == 3
    refused = call(commands.run, [file, "--out", "chain"])
    assert "holds a chain: go on with it by `citytide resume" in str(refused.exception)
    refused = call(verify, ["chain"])
    assert "chain is a chain of runs, and here one of them is needed: give chain/first or" in str(refused.exception)
    refused = call(commands.submit, [file])
    assert "stage 'first': submit needs a profile with a Slurm backend" in str(refused.exception)


def test_chain_goes_on_from_the_folder_it_was_begun_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    file = write_chain(tmp_path, [STAGES[0], {**STAGES[1], "set": {"rows": 5, "store": "run:chain/first/scaled"}}])
    with pytest.raises(RunError, match="must name a run: there is no run 'chain/first'"):
        run_chain(file, out="chain")
    chain = run_chain(write_chain(tmp_path, STAGES[:1]), out="chain")
    chain.record["stages"].append({**json.loads(json.dumps(chain.record["stages"][0])), "name": "second"})
    chain.record["stages"][1]["set"] = {"rows": 5, "store": "run:chain/first/scaled"}
    (chain.path / "chain.json").write_text(json.dumps(chain.record))
    monkeypatch.chdir(tmp_path)
    work.rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="goes on from the folder it was begun in"):
        resume_chain(tmp_path / "elsewhere/chain")
    (tmp_path / "elsewhere").rename(work)
    assert describe_chain(resume_chain(work / "chain"))["state"] == "done"


@pytest.mark.parametrize(("key", "code"), [("unsolved", 1), ("overflowed", 1), ("mine", 0)])
def test_a_stage_whose_rows_are_not_solved_is_no_success(
    undisturbed: Path, monkeypatch: pytest.MonkeyPatch, key: str, code: int
) -> None:
    run = open_chain(undisturbed / "chain").run("first")
    assert run is not None
    monkeypatch.setattr(type(run), "result", {**run.result, key: ["base"]})
    assert find_code(run) == code


def test_verify_names_a_product_of_another_run_that_has_changed(undisturbed: Path, tmp_path: Path) -> None:
    first, second = undisturbed / "chain/first", tmp_path / "second"
    run = runner.run(RELAY, set={"rows": 5, "store": f"run:{_copy(first, tmp_path / 'first')}/scaled"}, out=second)
    assert CliRunner().invoke(verify, [str(run.path)]).exit_code == 0
    shard = next(path for path in (tmp_path / "first/scaled.zarr/y/c").rglob("*") if path.is_file())
    shard.write_bytes(shard.read_bytes() + b"x")
    told = CliRunner().invoke(verify, [str(run.path)])
    assert told.exit_code == 1 and "which setting 'store' names, has changed since" in told.output
    assert told.output.endswith("of that product as it was: put it back, or start a new run\n")


def _copy(run: Path, place: Path) -> Path:
    shutil.copytree(run, place)
    return place


def test_done_stage_that_answers_to_what_is_no_longer_there_is_refused(tmp_path: Path) -> None:
    chain = run_chain(write_chain(tmp_path, STAGES[:2]), out=tmp_path / "chain")
    shard = next(path for path in sorted((chain.path / "first/scaled.zarr/y/c").rglob("*")) if path.is_file())
    held = shard.read_bytes()
    shard.write_bytes(held + b"x")
    with pytest.raises(RunError) as refused:
        resume_chain(chain.path)
    assert "of stage 'second' scaled of run " in str(refused.value) and "has changed since" in str(refused.value)
    assert f"remove {chain.path / 'second'} and the folders of the stages after it" in str(refused.value)
    shard.write_bytes(held)
    assert describe_chain(resume_chain(chain.path))["state"] == "done"
