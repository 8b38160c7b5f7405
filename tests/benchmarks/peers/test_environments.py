"""An environment counts only once it is whole, and other versions make another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from citytide.benchmarks.peers import environments
from citytide.benchmarks.peers.__main__ import SCRIPTS, peers
from citytide.benchmarks.peers.environments import PEERS, PeerError, find_interpreter, make_environment


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Peers below tmp_path, made without a network: what pip was asked."""
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path))
    asked: list[list[str]] = []

    def create(folder: Path, **options: Any) -> None:
        (folder / "bin").mkdir(parents=True)

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, "scipy==1.17.1\n", "")

    monkeypatch.setattr(environments.venv, "create", create)
    monkeypatch.setattr(environments.subprocess, "run", run)
    return asked


def test_an_environment_is_made_once_with_pinned_versions(pip: list[list[str]], tmp_path: Path) -> None:
    first, second = make_environment("scipy"), make_environment("scipy")
    assert first == second == find_interpreter("scipy")
    assert tmp_path in first.parents
    installs = [command for command in pip if "install" in command]
    assert len(installs) == 1
    assert set(PEERS["scipy"]) <= set(installs[0])


def test_every_pin_names_an_exact_version() -> None:
    assert all("==" in pin for pins in PEERS.values() for pin in pins)
    assert {name.partition(" ")[0] for name in SCRIPTS} == set(PEERS)


def test_other_versions_make_another_environment(pip: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_environment("scipy")
    monkeypatch.setitem(PEERS, "scipy", ("scipy==1.16.0",))
    assert make_environment("scipy") != before


def test_an_interrupted_attempt_does_not_count(pip: list[list[str]]) -> None:
    python = make_environment("scipy")
    (python.parents[1] / "ready.json").unlink()
    left = python.parents[1] / "left-over"
    left.touch()
    with pytest.raises(PeerError, match="no environment yet: python -m"):
        find_interpreter("scipy")
    assert make_environment("scipy") == python
    assert not left.exists()


def test_a_failed_installation_shows_the_reason(pip: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "warning\nNo matching distribution\n")

    monkeypatch.setattr(environments.subprocess, "run", fail)
    with pytest.raises(PeerError, match="scipy cannot be installed: No matching distribution"):
        make_environment("scipy")
    with pytest.raises(PeerError, match="no environment yet"):
        find_interpreter("scipy")


def test_an_unknown_peer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PeerError, match="known: aequilibrae, duckdb, landlab, properscoring, pysteps, scipy"):
        find_interpreter("matsim")


def test_peers_are_listed_with_their_state(pip: list[list[str]]) -> None:
    listed = CliRunner().invoke(peers, ["list"])
    assert listed.exit_code == 0
    assert listed.stdout.count("not made") == len(PEERS)
    assert "aequilibrae==1.7.2" in listed.stdout


def test_peer_scripts_need_nothing_of_ours() -> None:
    folder = Path(environments.__file__).parent
    for script in SCRIPTS.values():
        text = (folder / script).read_text()
        assert "citytide" not in "".join(line for line in text.splitlines() if "import" in line.split()[:1])
        assert "from ." not in text


def test_peers_are_asked_for_by_their_own_interpreter() -> None:
    """Importing the benchmarks must not need any peer."""
    code = "import sys, citytide.benchmarks.peers.assignment_aequilibrae; sys.exit('aequilibrae' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
