"""Nothing of single persons leaves the store: not by what a step raises, nor by results, records or bundles."""

from __future__ import annotations

import errno
import json
import os
import stat
import tarfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import persons
import pytest
import releasing
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from persons import CANARY

from citytide.hpc.errors import PersonLevelError, RunError
from citytide.hpc.execution.blocks import run_blocks
from citytide.hpc.plan import steps
from citytide.hpc.plan.plans import make_plan
from citytide.hpc.report.bundle import bundle_run
from citytide.hpc.run.privacy import call_privately
from citytide.hpc.run.runs import Run, create_run
from citytide.hpc.store.stores import read_arrays
from citytide.workflows import runner
from citytide.workflows.city.commands import city

SUPPORT = Path(__file__).parents[2] / "support"
TROUBLES = ("value", "exit", "base", "chain", "file")


@pytest.fixture(autouse=True)
def own_umask(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Blocks at person level close the files of their process; that of the tests is opened again."""
    monkeypatch.syspath_prepend(str(SUPPORT))
    monkeypatch.setattr(steps, "RELEASE", releasing.FUNCTION)
    before = os.umask(0o022)
    yield
    os.umask(before)


def lay_out(path: Path, trouble: str = "") -> Run:
    prepared = persons.prepare(persons.PersonSettings(trouble=trouble))
    plan = make_plan(prepared.steps, prepared.products, workers=1, threads=1, memory_per_worker=10**9)
    return create_run(path, plan, prepared.arrays, {"workflow": "persons:WORKFLOW"})


def find_canary(folder: Path, *closed: str, canary: str = CANARY) -> list[str]:
    """Files that hold the canary, outside the folders that may."""
    found = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(closed) and canary.encode() in path.read_bytes():
            found.append(name)
    return found


def read_mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_run_that_is_done_shows_persons_to_its_owner_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = runner.run("persons:WORKFLOW", out=tmp_path / "run", quiet=False)
    assert run.result["state"] == "done" and run.result["summary"] == [{"adults": 2}]
    refused, told = run.result["warnings"]
    assert refused.startswith("an array of single persons must not be") and told.startswith("1 cells are withheld by")
    own = read_arrays(run.path / "persons.zarr")  # by its owner, on purpose
    assert bytes(own["name"][0]).decode() == CANARY and own["age"].tolist() == [0, 10, 20, 30]
    assert {name.partition("/")[0] for name in find_canary(run.path)} == {"persons.zarr"}
    for path in (run.path / "persons.zarr").rglob("*"):
        assert read_mode(path) == (0o700 if path.is_dir() else 0o600), path
    assert read_mode(run.path / "persons.zarr") == 0o700
    graph = json.loads((run.path / "ro-crate-metadata.json").read_text())["@graph"]
    told = next(entity["description"] for entity in graph if entity["@id"].startswith("persons.zarr"))
    assert f"do not pass it on. It holds name (person: 4, letter: {len(CANARY)}), age (person: 4)." in told
    assert CANARY not in "".join(capfd.readouterr()) and not find_in_bundle(run.path)


def find_in_bundle(run: Path, canary: str = CANARY) -> list[str]:
    with tarfile.open(bundle_run(run, run.parent / "bundle.tar.gz")) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        assert members and not any("private" in member.name or ".zarr" in member.name for member in members)
        return [m.name for m in members if canary.encode() in archive.extractfile(m).read()]  # type: ignore[union-attr]


@pytest.mark.parametrize("trouble", ["list-chain", "count-base"])
def test_a_run_that_failed_tells_type_step_block_and_file_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], trouble: str
) -> None:
    run = runner.run("persons:WORKFLOW", set={"trouble": trouble}, out=tmp_path / "run", quiet=False)
    step, block, kind = ("list", 2, "RuntimeError") if trouble == "list-chain" else ("count-chunk", 0, "Told")
    kept = run.path / "private" / f"{step}-{block}.txt"
    assert run.result["state"] == "failed"
    assert f"step '{step}', block {block}: PersonLevelError: {kind}; its text stands in {kept}" in run.result["error"]
    assert CANARY in kept.read_text(encoding="utf-8") and "Traceback" in kept.read_text(encoding="utf-8")
    assert (read_mode(kept), read_mode(kept.parent)) == (0o600, 0o700)
    assert not find_canary(run.path, "private/", "staging/persons.zarr/")
    told = "".join(capfd.readouterr())
    assert kind in told and CANARY not in told and not find_in_bundle(run.path)


@settings(max_examples=25)
@given(
    text=st.text(st.characters(min_codepoint=33, max_codepoint=0x4FFF, exclude_categories=["Cs"]), min_size=6),
    kind=st.sampled_from(TROUBLES), step=st.sampled_from(["list", "count-chunk"]),
)  # fmt: skip
def test_no_text_that_a_step_raises_leaves_the_private_folder(
    tmp_path_factory: pytest.TempPathFactory, text: str, kind: str, step: str
) -> None:
    canary = f"~{text}~"
    run = lay_out(tmp_path_factory.mktemp("run") / "run", f"{step.partition('-')[0]}-{kind}")
    before, persons.CANARY = persons.CANARY, canary
    try:
        outcomes: list[dict[str, Any]] = []
        if step == "count-chunk":
            outcomes += run_blocks(str(run.path), 1, "list", [0])
        outcomes += run_blocks(str(run.path), 1, step, [2] if step == "list" else [0])
    finally:
        persons.CANARY = before
    last = outcomes[-1]
    assert (last["outcome"], last["type"], last["trace"]) == ("failed", "PersonLevelError", "")
    assert canary not in json.dumps(outcomes, ensure_ascii=False) and canary not in repr(outcomes)
    assert not find_canary(run.path, "private/", "staging/persons.zarr/", canary=canary)
    (kept,) = (run.path / "private").iterdir()
    assert kept.name in last["message"] and read_mode(kept) == 0o600


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_a_full_disk_is_told_as_that(tmp_path: Path) -> None:
    run = lay_out(tmp_path / "run")
    with pytest.raises(OSError) as full:
        call_privately(raising(OSError(errno.ENOSPC, "no space", CANARY)), run.path, run.plan, "list", 0)
    assert full.value.errno == errno.ENOSPC and CANARY not in repr(full.value) and full.value.__context__ is None
    assert not (run.path / "private").exists()


def test_no_chain_of_exceptions_leads_to_the_text(tmp_path: Path) -> None:
    run = lay_out(tmp_path / "run")
    with pytest.raises(PersonLevelError) as told:
        call_privately(raising(ValueError(CANARY)), run.path, run.plan, "list", 0, rank=3)
    assert told.value.__context__ is None and told.value.__cause__ is None and told.value.exit_code == 1
    assert (run.path / "private" / "list-0-rank-3.txt").exists()


def test_steps_that_meet_no_person_raise_as_ever(tmp_path: Path) -> None:
    run = lay_out(tmp_path / "run")
    with pytest.raises(ValueError, match="as it is"):
        call_privately(raising(ValueError("as it is")), run.path, run.plan, "other", 0)


@pytest.fixture(scope="module")
def upstream(make_once: Callable[..., Path]) -> Path:
    """A run that is done and holds persons."""

    def make(path: Path) -> None:
        runner.run("persons:WORKFLOW", out=path)

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SUPPORT))
        patch.setattr(steps, "RELEASE", releasing.FUNCTION)
        before = os.umask(0o022)
        found = make_once("persons-upstream", make)
        os.umask(before)
    return found


@pytest.mark.parametrize("given", ["run:{}/persons", "{}/persons.zarr", "{}/persons.zarr/name", "{}"])
def test_persons_of_another_run_are_refused_as_arrays_of_the_next(upstream: Path, tmp_path: Path, given: str) -> None:
    with pytest.raises(RunError) as refused:
        runner.run("passing:WORKFLOW", set={"store": given.format(upstream), "how": "arrays"}, out=tmp_path / "run")
    assert str(refused.value).startswith("data of single persons must reach steps as a Source, which keeps them marked")
    assert not (tmp_path / "run").exists()


def test_persons_of_another_run_stay_marked_as_a_source(upstream: Path, tmp_path: Path) -> None:
    asked = {"store": f"run:{upstream}/persons", "how": "source"}
    with pytest.raises(RunError, match=r"step 'copy' must write a product at person level, because it reads data of"):
        runner.run("passing:WORKFLOW", set=asked, out=tmp_path / "open")
    run = runner.run("passing:WORKFLOW", set={**asked, "marked": True, "trouble": "copy"}, out=tmp_path / "run")
    assert run.result["state"] == "failed" and run.plan.sources["persons"].person_level
    assert CANARY in (run.path / "private/copy-0.txt").read_text() and not find_canary(run.path, "private/")


@pytest.mark.parametrize("trouble", ["prepare", "then", "finish"])
def test_no_text_that_a_question_raises_over_persons_is_shown(
    upstream: Path, tmp_path: Path, trouble: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "home"))
    asked = {"store": f"run:{upstream}/persons", "how": "source", "marked": True, "trouble": trouble}
    if trouble == "then":
        run = runner.run("passing:WORKFLOW", set=asked, out=tmp_path / "run", quiet=False)
        told, kept = run.result["error"], run.path / "private/plan-2.txt"
    else:
        with pytest.raises(PersonLevelError) as raised:
            runner.run("passing:WORKFLOW", set=asked, out=tmp_path / "run", quiet=False)
        told, name = str(raised.value), {"prepare": "prepare-passing-WORKFLOW.txt", "finish": "finish.txt"}[trouble]
        kept = (tmp_path / ("home" if trouble == "prepare" else "run")) / "private" / name
    assert f"ValueError; its text stands in {kept}" in told and CANARY in kept.read_text()
    assert (read_mode(kept), read_mode(kept.parent)) == (0o600, 0o700)
    assert CANARY not in "".join(capfd.readouterr())
    assert not find_canary(tmp_path, "home/private/", "run/private/", "run/staging/", "run/passed.zarr/")


def test_a_city_holds_no_persons_of_a_run(upstream: Path, tmp_path: Path) -> None:
    asked = ["build", "--terrain", f"run:{upstream}/persons", "--out", str(tmp_path / "city.zarr")]
    with pytest.raises(
        RunError, match=r"a city must hold nothing of single persons, because it is passed on, got terr"
    ):
        CliRunner().invoke(city, asked, catch_exceptions=False)
    assert not (tmp_path / "city.zarr").exists()
