"""A profile is written for another tool."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from citytide.hpc.commands.site import profile
from citytide.hpc.errors import RunError


def export(*words: str) -> str:
    return CliRunner().invoke(profile, ["export", *words], catch_exceptions=False).output


def test_section_for_jobqueue_is_printed_or_written_once(tmp_path: Path) -> None:
    told = export("ci", "--to", "jobqueue", "--pool", "bigmem")
    section = yaml.safe_load(told)["jobqueue"]["slurm"]
    assert (section["queue"], section["job-mem"], section["walltime"]) == ("bigmem", "1800M", "00:20:00")
    path = tmp_path / "new" / "jobqueue.yaml"
    assert export("ci", "--to", "jobqueue", "--pool", "bigmem", "--out", str(path)) == f"wrote {path}\n"
    assert path.read_text() == told
    with pytest.raises(RunError, match=r"jobqueue.yaml exists: name another file, or give --force to replace it"):
        export("ci", "--to", "jobqueue", "--out", str(path))
    export("ci", "--to", "jobqueue", "--out", str(path), "--force")
    assert yaml.safe_load(path.read_text())["jobqueue"]["slurm"]["queue"] == "debug"


def test_export_that_cannot_be_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "jobqueue.yaml"
    for words, says in (
        (("ci", "--to", "parsl"), "--to must be jobqueue, the one tool that a profile can be written for, got 'parsl'"),
        (("local", "--to", "jobqueue"), "dask-jobqueue starts jobs of Slurm, but profile 'local' has backend 'local'"),
        (("ci", "--to", "jobqueue", "--pool", "x"), "profile 'ci' has no pool 'x'; it has cpu, gpu, bigmem"),
    ):
        with pytest.raises(RunError) as refused:
            export(*words, "--out", str(out))
        assert str(refused.value).startswith(says) and not out.exists()
