"""What the Makefile does on machines that are busy or bare."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"


def make_slurm(folder: Path, update: str) -> subprocess.CompletedProcess[str]:
    """``make slurm`` on a machine without Slurm, whose ``apt-get update`` is this shell text."""
    programs = {
        "dpkg-query": "exit 1",
        "sudo": 'exec "$@"',
        "slurmctld": "echo slurm 99.1",
        "apt-get": f'echo "$@" >> {folder}/calls\ncase "$*" in *update*) {update};; esac',
    }
    for name, body in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    command = ["make", "--no-print-directory", "slurm", "APT_WAIT_S=0"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_slurm_waits_while_another_program_holds_the_lock_of_apt(tmp_path: Path) -> None:
    told = make_slurm(tmp_path, f'[ $(grep -c update {tmp_path}/calls) -ge 3 ] || {{ echo "{LOCKED}" >&2; exit 100; }}')
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("waiting") == 2 and "Slurm 99.1 is here" in told.stdout
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == 4 and "DPkg::Lock::Timeout=600 install" in calls[3] and "slurmctld" in calls[3]


def test_slurm_says_at_once_what_else_is_wrong(tmp_path: Path) -> None:
    told = make_slurm(tmp_path, 'echo "E: no such release" >&2; exit 100')
    assert (
        told.returncode != 0
        and "E: no such release" in told.stderr
        and "install" not in (tmp_path / "calls").read_text()
    )
