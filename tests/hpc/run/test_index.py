import shutil
from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.run.index import find_run, index_folder, list_runs, note_again
from citytide.hpc.run.runs import open_run


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", '"text"', "{}", '{"id": "x"}', '{"id": 1, "path": 2, "created": 3}']
)
def test_damaged_note_is_named_and_hides_no_run(
    tmp_path: Path, make_doubling, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    run = open_run(make_doubling(tmp_path / "run"))
    bad = index_folder() / "broken.json"
    bad.write_text(text)
    assert [note["id"] for note in list_runs()] == [run.id]
    assert f"the note {bad} of a run is damaged" in capsys.readouterr().err
    with pytest.raises(RunError, match=r"broken\.json of a run is damaged"):
        find_run("broken")


def test_moved_run_is_noted_again(tmp_path: Path, make_doubling) -> None:
    run = open_run(make_doubling(tmp_path / "run"))
    created = str(run.record["created"])
    shutil.move(run.path, tmp_path / "moved")
    with pytest.raises(RunError, match="which is gone: give its new folder"):
        find_run(run.id)
    note_again(run.id, run.workflow, tmp_path / "moved", created)
    assert find_run(run.id) == tmp_path / "moved"
    assert list_runs()[0]["created"] == created


def test_copy_does_not_take_the_originals_place(tmp_path: Path, make_doubling) -> None:
    run = open_run(make_doubling(tmp_path / "run"))
    shutil.copytree(run.path, tmp_path / "copy")
    note_again(run.id, run.workflow, tmp_path / "copy", str(run.record["created"]))
    assert find_run(run.id) == tmp_path / "run"
    (index_folder() / f"{run.id}.json").write_text("{")
    note_again(run.id, run.workflow, tmp_path / "copy", str(run.record["created"]))
    assert find_run(run.id) == tmp_path / "copy"
