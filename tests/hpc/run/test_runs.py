import fcntl
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.run.index import find_run, list_runs
from citytide.hpc.run.runs import name_run, open_run
from citytide.hpc.store.ledger import Ledger


def test_run_is_found_by_folder_and_by_id(tmp_path: Path, make_doubling) -> None:
    run = open_run(make_doubling(tmp_path / "run"))
    assert find_run(run.id).samefile(run.path) and open_run(run.id).id == run.id
    assert run.id in [note["id"] for note in list_runs()]
    assert run.status()["state"] == "created" and run.products == {}


def test_folder_of_another_run_is_refused(tmp_path: Path, make_doubling) -> None:
    make_doubling(tmp_path / "run")
    with pytest.raises(RunError, match=r"holds run doubling-.*citytide resume"):
        make_doubling(tmp_path / "run")


def test_folder_with_anything_else_in_it_is_refused(tmp_path: Path, make_doubling) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(RunError, match="is not empty and holds no run"):
        make_doubling(tmp_path)
    with pytest.raises(RunError, match="is a file"):
        make_doubling(tmp_path / "thesis.tex")
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_folder_whose_preparation_was_cut_short_is_used_again(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    (run / "run.json").unlink()
    (run / "preparing").touch()
    assert open_run(make_doubling(tmp_path / "run")).status()["state"] == "created"


def test_missing_runs_and_products_are_named(tmp_path: Path, make_doubling) -> None:
    with pytest.raises(RunError, match="there is no run 'nothing'"):
        find_run("nothing")
    with pytest.raises(RunError, match="holds no run"):
        find_run(str(tmp_path))
    with pytest.raises(RunError, match="has no product 'flow'; published: none yet"):
        open_run(make_doubling(tmp_path / "run")).open("flow")


def test_run_that_cannot_be_indexed_is_still_found_by_its_folder(
    tmp_path: Path, make_doubling, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "file" / "home"))
    run = make_doubling(tmp_path / "run")
    assert "not in the index" in capsys.readouterr().err
    assert open_run(run).status()["state"] == "created"


def test_of_runs_laid_out_at_one_moment_in_one_folder_one_is_accepted(tmp_path: Path, make_doubling) -> None:
    def lay_out(_: int) -> str:
        try:
            return str(make_doubling(tmp_path / "run"))
        except RunError as error:
            return f"{error.exit_code}: {error}"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lay_out, range(4)))
    assert told.count(str(tmp_path / "run")) == 1
    refused = [text for text in told if text != str(tmp_path / "run")]
    assert all("is being filled by another run" in text or "holds run" in text for text in refused), refused
    assert not (tmp_path / "run" / "preparing").exists()


def test_folder_that_is_being_filled_is_refused_with_3(tmp_path: Path, make_doubling) -> None:
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "preparing").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="is being filled by another run at this moment") as told:
            make_doubling(tmp_path / "run")
    assert told.value.exit_code == 3
    assert open_run(make_doubling(tmp_path / "run")).status()["state"] == "created"  # its owner is gone


def test_run_of_another_layout_does_not_go_on(tmp_path: Path, make_doubling) -> None:
    from doubling import drive

    run = make_doubling(tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "schema": 1}))
    with pytest.raises(RunError, match="has layout 1, but this citytide resumes layout 2: start a new run"):
        drive(run)


def test_ids_name_jobs(tmp_path: Path) -> None:
    assert re.fullmatch(r"sums-\d{8}-\d{6}-[0-9a-f]{4}", name_run("my.pack age.sums:WORKFLOW"))
    assert re.fullmatch(r"a-b-\d{8}-\d{6}-[0-9a-f]{4}", name_run("a b"))


def test_steps_are_left_until_their_blocks_are_done_or_if_computed_again(tmp_path: Path, make_doubling) -> None:
    run = open_run(make_doubling(tmp_path / "run", rows=2))
    every = [step.name for step in run.plan.steps]
    assert [step.name for step in run.list_unfinished()] == every and every[0] == "double"
    with Ledger(run.path / "ledger.jsonl", 1) as ledger:
        for block in range(2):
            ledger.append("block", step="double", block=block, shards={}, scalars={}, seconds=0.0)
    assert [step.name for step in run.list_unfinished()] == every[1:]
    assert [step.name for step in run.list_unfinished(("double",))] == every
