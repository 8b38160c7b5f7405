from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.index import find_run, list_runs
from citytide.hpc.runs import open_run


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
