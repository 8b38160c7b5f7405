"""One store holds the work of one version of code and sources, or says that it does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doubling import store_bytes
from tides import Tides, forget_tides, make_tides

from citytide.hpc.errors import RunError
from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.execution.execution import execute_run
from citytide.hpc.run.records import read_json, write_json
from citytide.hpc.run.resumption.verify import verify_run
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import done_blocks, read_ledger
from citytide.workflows.runner import resume


@pytest.fixture
def tides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tides]:
    yield make_tides(tmp_path, monkeypatch)
    forget_tides()


def files(run: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def refusal(run: Path, **options: Any) -> str:
    before = files(run)
    with pytest.raises(RunError) as refused:
        resume(run, **options)
    assert files(run) == before, "a refusal writes nothing"
    return str(refused.value)


def told_everywhere(run: Path) -> list[str]:
    """The sentences about accepted changes, which record, result, report and crate must all hold."""
    sentences: list[str] = read_json(run / "result.json")["accepted"]
    (action,) = (
        entity for entity in json.loads((run / "ro-crate-metadata.json").read_text())["@graph"]
        if entity["@id"] == "#run"
    )  # fmt: skip
    from html import escape

    report = (run / "report.html").read_text()
    accepted = read_json(run / "run.json")["accepted"]
    assert len(accepted) == len(sentences) > 0
    for sentence, entry in zip(sentences, accepted, strict=True):
        assert entry["words"] in sentence and sentence in action["description"]
        assert escape(sentence).replace("&#x27;", "&#39;") in report
    return sentences


def test_changed_module_is_refused_by_name_and_each_way_out_works(tides: Tides) -> None:
    run = tides.run(is_stopped=True)
    tides.edit("factors.py", "FACTOR = 3.0\n")
    told = refusal(run)
    assert "module tides_made.factors has changed, which step 'first' needs" in told
    assert "put it back" in told and "--restart first" in told and "--accept-changes" in told and "new run" in told
    assert told.count(". ") == 0, "one sentence"
    assert "tides_made.factors" in refusal(run, restart=["second"]), "the second step still reads the old first one"

    mixed = shutil.copytree(run, run.with_name("mixed"))
    assert resume(mixed, accept_changes=True).result["state"] == "done"
    (sentence,) = told_everywhere(mixed)
    assert "module tides_made.factors has changed" in sentence and "blocks done before: first 4" in sentence
    assert open_run(mixed).open("first").y.values.tolist() == [10.0, 12.0, 14.0, 16.0], "of the old code"
    assert resume(mixed).result["state"] == "done", "what was accepted is not asked for again"

    renewed = shutil.copytree(run, run.with_name("renewed"))
    assert resume(renewed, restart=["first"]).result["state"] == "done"
    assert "accepted" not in read_json(renewed / "run.json") and "accepted" not in read_json(renewed / "result.json")
    forget_tides()
    assert store_bytes(renewed) == store_bytes(tides.run("fresh")), "as a fresh run of the new code"
    assert verify_run(open_run(renewed)) == []

    tides.edit("factors.py", "FACTOR = 2.0\n")
    assert resume(run).result["state"] == "done", "it was put back"


def test_edit_to_a_module_that_no_step_reaches_is_accepted_in_silence(
    tides: Tides, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tides.run(is_stopped=True)
    tides.edit("unrelated.py", "NOTHING = 1\n")
    tides.edit("question.py", (tides.package / "question.py").read_text() + "\n# a remark\n")
    capfd.readouterr()
    assert resume(run).result["state"] == "done"
    assert "accepted" not in read_json(run / "run.json") and "changed" not in capfd.readouterr().err


def test_other_version_is_refused_and_accepted_only_by_its_flag(tides: Tides) -> None:
    run = tides.run(is_stopped=True)
    record = read_json(run / "run.json")
    write_json(run / "run.json", {**record, "version": "0.0.9"})
    told = refusal(run)
    assert f"citytide was 0.0.9 and is {record['version']}" in told
    assert "use that version" in told and "--restart" not in told
    assert "citytide was 0.0.9" in refusal(run, restart=["first"]), "the inputs were laid out by it"
    assert resume(run, accept_changes=True).result["state"] == "done"
    assert "citytide was 0.0.9" in told_everywhere(run)[0]
    assert read_json(run / "run.json")["version"] == record["version"]


def test_changed_source_is_refused_and_accepted_only_by_its_flag(tides: Tides) -> None:
    run = tides.run(is_stopped=True)
    tides.source.write_text("20")
    told = refusal(run)
    assert f"source 'level' ({tides.source}): its file has changed" in told and "put it back" in told
    tides.source.unlink()
    assert f"source 'level' ({tides.source}): it is missing" in refusal(run)
    tides.source.write_text("20")
    assert resume(run, accept_changes=True).result["state"] == "done"
    assert "source 'level'" in told_everywhere(run)[0]
    before = read_json(run / "run.json")["accepted"][0]
    assert before["before"] != before["after"] == read_json(run / "run.json")["sources"]["level"]["sha256"]


def test_done_run_is_not_refused_and_restart_computes_it_anew(tides: Tides) -> None:
    run = tides.run()
    before, ledger = store_bytes(run), read_ledger(run / "ledger.jsonl")
    tides.edit("offsets.py", "OFFSET = 5.0\n")
    assert resume(run).result["state"] == "done"
    assert store_bytes(run) == before and read_ledger(run / "ledger.jsonl") == ledger
    assert resume(run, restart=["second"]).result["state"] == "done"
    assert open_run(run).open("second").z.values.tolist() == [15.0, 17.0, 19.0, 21.0]
    lines = read_ledger(run / "ledger.jsonl")
    assert [line["steps"] for line in lines if line["kind"] == "restart"] == [["second"]]
    attempts = {step: line["attempt"] for (step, _), line in done_blocks(lines).items()}
    assert attempts["first"] == 1 < attempts["second"], "the first step is not computed again"
    forget_tides()
    assert store_bytes(run) == store_bytes(tides.run("fresh"))


def test_unknown_step_is_refused_with_the_names_there_are(tides: Tides) -> None:
    run = tides.run()
    assert refusal(run, restart=["third"]) == "--restart takes a step of the run, one of first, second, got 'third'"


def test_run_of_an_earlier_version_goes_on_with_a_warning(tides: Tides, capfd: pytest.CaptureFixture[str]) -> None:
    run = tides.run(is_stopped=True)
    record = read_json(run / "run.json")
    for key in ("code", "sources"):
        del record[key]
    write_json(run / "run.json", record)
    tides.edit("factors.py", "FACTOR = 3.0\n")
    assert resume(run).result["state"] == "done"
    assert "did not note the code of its steps" in capfd.readouterr().err


def test_every_driver_checks_for_itself(tides: Tides) -> None:
    """A driver job starts long after `citytide resume` looked."""
    run = tides.run(is_stopped=True)
    tides.edit("offsets.py", "OFFSET = 5.0\n")
    with pytest.raises(RunError, match=r"module tides_made\.offsets has changed, which step 'second' needs"):
        execute_run(open_run(run), LocalBackend(1, 1, 10**9), lambda done: {}, quiet=True)


def test_restart_that_was_killed_before_it_cleared_is_cleared_by_the_next_driver(
    tides: Tides, monkeypatch: pytest.MonkeyPatch
) -> None:
    from citytide.workflows import runner

    run = tides.run()
    tides.edit("offsets.py", "OFFSET = 5.0\n")

    def die(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(runner, "execute_run", die)
        with pytest.raises(KeyboardInterrupt):
            resume(run, restart=["second"])
    assert open_run(run).status()["state"] == "interrupted"
    assert resume(run).result["state"] == "done"
    assert open_run(run).open("second").z.values.tolist() == [15.0, 17.0, 19.0, 21.0]
