import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from known_sites import recorded_site

from citytide.hpc.commands.slurm import check_profile, detect_profile
from citytide.hpc.errors import RunError
from citytide.hpc.plan.profiles import load_profile
from citytide.hpc.slurm.site import site as site_module

FITS = "name: mine\nbackend: slurm-jobs\npools:\n  cpu: {cores: 1, memory: 500MiB, walltime: '00:20:00'}\n"


def call(command: Any, *words: str) -> Any:
    return CliRunner().invoke(command, words)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(site_module, "read_site", lambda controller, paths=(): recorded_site())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fits.yaml").write_text(FITS)
    (tmp_path / "wrong.yaml").write_text(FITS.replace("00:20:00", "09:00:00"))
    return tmp_path


@pytest.fixture
def no_slurm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_check_ends_with_0_where_all_would_start(recorded: Path) -> None:
    done = call(check_profile, "fits.yaml")
    assert done.exit_code == 0 and "0 would never start" in done.output and "ok       pools.cpu" in done.output


def test_check_ends_with_2_and_names_what_would_never_start(recorded: Path) -> None:
    done = call(check_profile, "wrong.yaml")
    assert done.exit_code == 2 and "NO       pools.cpu.walltime: 09:00:00 is longer" in done.output
    told = json.loads(call(check_profile, "wrong.yaml", "--json").output)
    assert told["starts"] is False and told["cluster"] == "st"
    assert {"level", "where", "found", "cure"} == set(told["findings"][0])


def test_template_tells_its_blanks_without_slurm(no_slurm: None) -> None:
    done = call(check_profile, "nscc-shenzhen")
    assert done.exit_code == 2 and "pools.gpu.account: 'FILL-IN' is to be filled in" in done.output


def test_no_slurm_is_told_with_a_way_out(no_slurm: None) -> None:
    for command, words in ((check_profile, ["ci"]), (detect_profile, [])):
        done = call(command, *words)
        assert isinstance(done.exception, RunError) and "there is no scontrol on PATH" in str(done.exception)


def test_detected_profile_is_printed_or_written_once(recorded: Path) -> None:
    assert call(detect_profile).output.startswith("# Written by `citytide profile detect`")
    done = call(detect_profile, "--out", "found.yaml")
    assert done.output == "wrote found.yaml; next: citytide profile check found.yaml\n"
    assert load_profile("found.yaml").name == "st"
    assert "found.yaml exists" in str(call(detect_profile, "--out", "found.yaml").exception)
    told = json.loads(call(detect_profile, "--out", "found.yaml", "--force", "--json").output)
    assert told["path"] == "found.yaml" and told["profile"] == (recorded / "found.yaml").read_text()
    assert "ends in .yaml" in str(call(detect_profile, "--out", "found").exception)


def test_help_shows_examples() -> None:
    for command in (check_profile, detect_profile):
        assert "citytide profile" in call(command, "--help").output


@pytest.mark.slurm
def test_detect_then_check_on_a_live_cluster(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environment.items():
        monkeypatch.setitem(os.environ, name, value)
    path = str(tmp_path / "mine.yaml")
    assert call(detect_profile, "--out", path).exit_code == 0
    done = call(check_profile, path)
    assert done.exit_code == 0, done.output
    assert call(check_profile, "ci").exit_code == 0
    assert call(check_profile, "nscc-shenzhen").exit_code == 2
