"""Commands that begin and end runs, as a script meets them; what needs a Slurm stands in test_commands_slurm.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from citytide.hpc.errors import RunError
from citytide.hpc.run.runs import open_run
from citytide.workflows import commands
from citytide.workflows.verify_command import verify

NIGHT = "name: night\nbackend: slurm-jobs\npools:\n  cpu: {memory: 2GB, walltime: '01:00:00'}\n  big: {memory: 8GB, walltime: '01:00:00'}\n"  # noqa: E501


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "night.yaml").write_text(NIGHT)
    (tmp_path / "bin").mkdir()
    for name in ("sbatch", "squeue", "scancel", "sacct"):  # whoever is called leaves a word
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/called\nexit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "home"))
    return tmp_path


def test_dry_run_shows_the_scripts_and_leaves_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    words = ["traffic-assignment", "--profile", "night.yaml", "--dry-run"]
    shown = CliRunner().invoke(commands.submit, [*words, "--out", "a night"])
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("#!/bin/bash") == 3 and f'#SBATCH --chdir="{folder}/a night"' in shown.output
    assert "citytide drive" in shown.output and "citytide.hpc.slurm.jobs.worker" in shown.output
    told = json.loads(CliRunner().invoke(commands.submit, [*words, "--json"]).output)
    assert [name.removeprefix(told["id"]) for name in told["scripts"]] == [".1.driver", ".1.cpu.1", ".1.big.1"]
    assert told["run"] == f"{folder}/runs/{told['id']}"
    assert sorted(folder.rglob("*")) == before


def test_dry_run_refuses_what_submit_would(folder: Path) -> None:
    (folder / "thesis").mkdir()
    (folder / "thesis" / "thesis.tex").touch()
    for words, sentence in (
        (["--profile", "local"], "submit needs a profile with a Slurm backend"),
        (["--profile", "night.yaml", "--out", "thesis"], "is not empty and holds no run"),
    ):
        refused = CliRunner().invoke(commands.submit, ["traffic-assignment", "--dry-run", *words])
        assert isinstance(refused.exception, RunError) and sentence in str(refused.exception)


def test_detaching_needs_a_slurm(folder: Path) -> None:
    refused = CliRunner().invoke(commands.run, ["traffic-assignment", "--detach", "--out", "x"])
    assert isinstance(refused.exception, RunError)
    assert "--detach needs a profile with a Slurm backend" in str(refused.exception)
    assert not (folder / "x").exists()


def test_resume_notes_a_moved_run_again_and_quotes_what_it_prints(folder: Path) -> None:
    done = CliRunner().invoke(commands.run, ["traffic-assignment", "--set", "gap=1e-2", "--out", "first"])
    assert done.exit_code == 0, done.output
    identity = open_run("first").id
    shutil.move(folder / "first", folder / "a moved run")
    again = CliRunner().invoke(commands.resume, ["a moved run", "--json"])
    assert again.exit_code == 0 and json.loads(again.stdout)["state"] == "done"
    assert open_run(identity).path == folder / "a moved run"


def test_setting_in_the_environment_beats_the_file(folder: Path) -> None:
    (folder / "run.yaml").write_text("workflow: traffic-assignment\nset: {gap: 1.0e-1, demand_factors: 1.0}\n")
    command = [sys.executable, "-m", "citytide", "run", "run.yaml", "--out", "run", "--json"]
    environment = {**os.environ, "CITYTIDE_SET__GAP": "2e-2", "CITYTIDE_SET__DEMAND_FACTORS": "0.5"}
    done = subprocess.run([*command, "--set", "demand_factors=0.9"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    settings = json.loads((folder / "run" / "run.json").read_text())["settings"]
    assert settings["gap"] == {"value": 0.02, "source": "CITYTIDE_SET__GAP"}
    assert settings["demand_factors"] == {"value": [0.9], "source": "--set"}


@pytest.mark.parametrize(
    ("schema", "advice"),
    [(2, "to repair it: citytide resume small"), (1, "it cannot be repaired: run small has layout 1")],
)
def test_advice_to_mend_a_run_is_what_resume_accepts(folder: Path, schema: int, advice: str) -> None:
    done = CliRunner().invoke(commands.run, ["traffic-assignment", "--set", "network=braess", "--out", "small"])
    assert done.exit_code == 0, done.output
    next(path for path in folder.glob("small/assignment.zarr/flow/c/**/0") if path.is_file()).write_bytes(b"damaged")
    record = json.loads((folder / "small" / "run.json").read_text())
    (folder / "small" / "run.json").write_text(json.dumps({**record, "schema": schema}))
    told = CliRunner().invoke(verify, ["small"])
    assert told.exit_code == 1 and advice in told.output, told.output


def test_a_step_of_a_done_run_is_computed_again_and_an_unknown_one_refused(folder: Path) -> None:
    done = CliRunner().invoke(commands.run, ["traffic-assignment", "--set", "network=braess", "--out", "small"])
    assert done.exit_code == 0, done.output
    files = sorted(path for path in folder.glob("small/assignment.zarr/**/*") if path.is_file())
    before = [path.read_bytes() for path in files]
    refused = CliRunner().invoke(commands.resume, ["small", "--restart", "no-such-step"])
    assert isinstance(refused.exception, RunError) and "one of assignment, got" in str(refused.exception)
    again = CliRunner().invoke(commands.resume, ["small", "--restart", "assignment", "--json"])
    assert again.exit_code == 0 and json.loads(again.stdout)["state"] == "done", again.output
    assert sorted(path for path in folder.glob("small/assignment.zarr/**/*") if path.is_file()) == files
    assert [path.read_bytes() for path in files] == before
    assert open_run("small").status()["attempt"] > 1


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ({"summary": [{"a": 1, "b": 2}, {"b": "x", "c": None}]}, ["a  b     c", "1  2", "   x  None"]),
        ({"summary": [{"地点": "甲", "n": 1}, {"地点": "abc", "n": 20}]}, ["地点   n", "甲     1", "abc   20"]),
        ({"summary": [{"a": "x\ny", "b": 1}]}, ["a    b", "x y  1"]),
        (
            {"summary": [{"a": "x", "b": None}, {"a": "y", "b": 1}], "columns": {"b": {"missing": "withheld"}}},
            ["a         b", "x  withheld", "y         1"],
        ),
        ({"summary": [{}]}, []),
        ({"summary": [{"a": 1}], "columns": {"a": {"is_hidden_in_terminal": True}}}, []),
    ],
)
def test_rows_of_any_shape_are_shown_in_columns(
    default_run: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    result: dict[str, object],
    lines: list[str],
) -> None:
    run = open_run(default_run("traffic-assignment"))
    monkeypatch.setattr(type(run), "result", {**result, "warnings": [], "products": {}, "state": "done"})
    with pytest.raises(SystemExit) as left:
        commands._tell(run, False)
    shown = capsys.readouterr().out.splitlines()
    assert left.value.code == 0 and shown[: len(lines)] == lines
    assert len(shown) == len(lines) + 1 and shown[-1].startswith("report: ")
