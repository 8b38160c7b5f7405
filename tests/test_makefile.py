"""What the Makefile does on machines that are busy or bare."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.traffic.scenarios import read_scenarios

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


# Stands for every tool of the environment: notes its start, waits until every part has started, and fails as asked.
TOOL = """#!/bin/bash
case "$0 $*" in
*ruff*) exit 0;; *mypy*) part=lint;; *"-m cuda"*) part=simulator;; *slurm*) part=test-slurm;; *) part=unit;; esac
touch {folder}/started-$part
for at in {{1..400}}; do started=({folder}/started-*); [ ${{#started[@]}} = 4 ] && break; sleep 0.05; done
echo "first line of $part"; sleep 0.2; echo "last line of $part with ${{#started[@]}} parts"
[ $part != "{failing}" ]
"""


def make_test(folder: Path, failing: str = "") -> subprocess.CompletedProcess[str]:
    """``make test`` in a folder whose environment holds :data:`TOOL` only."""
    tools = folder / ".venv-test" / "bin"
    tools.mkdir(parents=True)
    (folder / ".dev" / "citytide").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("python", "ruff", "mypy"):
        (tools / name).write_text(TOOL.format(folder=folder, failing=failing))
        (tools / name).chmod(0o755)
    (folder / ".venv-test" / "stamp").touch()
    command = ["make", "--no-print-directory", "test"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_parts_of_a_test_run_at_once_and_tell_their_output_one_after_the_other(tmp_path: Path) -> None:
    told = make_test(tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("with 4 parts") == 4  # each started before any ended
    told_of = [line.split()[3] for line in told.stdout.splitlines() if line.startswith(("first line", "last line"))]
    assert told_of == [part for part in ("unit", "lint", "simulator", "test-slurm") for _ in range(2)]


@pytest.mark.parametrize("failing", ["unit", "lint", "simulator", "test-slurm"])
def test_one_part_that_fails_is_counted_and_stops_no_other(tmp_path: Path, failing: str) -> None:
    told = make_test(tmp_path, failing)
    assert told.returncode != 0 and told.stdout.count("last line of") == 4
    assert failing == "unit" or f"make {failing} failed: see .test-logs/{failing}.log" in told.stderr


def test_demo_ends_with_a_map_of_differences_of_a_road_that_the_city_has(
    default_run: Callable[[str], Path], tmp_path: Path
) -> None:
    command = ["make", "--no-print-directory", "--dry-run", "--old-file=.venv/stamp", "demo"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1].endswith('/runs/demo-differences.svg"')
    assert "compare runs/demo runs/demo-closed --at scenario=base@1.0=closed@1.0" in told.stdout
    writing = next(line for line in told.stdout.splitlines() if "printf" in line)
    subprocess.run(writing.replace("runs/demo-closed.csv", str(tmp_path / "closed.csv")), shell=True, check=True)
    city = open_instance(default_run("city.zarr"))
    table = read_scenarios(tmp_path / "closed.csv", city)
    assert list(table.name) == ["base", "closed"]


# Stands for a Python: it has the packages that it is told, and repeats what it is asked to run.
FAKE_PYTHON = """#!/bin/bash
case "$*" in
*version_info*) exit 0;;
*import*) for name in {has}; do [ "$2" = "import $name" ] && exit 0; done; exit 1;;
*) echo "$0 $* with PYTHONPATH=$PYTHONPATH";;
esac
"""
ALL, HALF = "'numba_cuda, click' 'numba, click'", "'numba, click'"


def make_gpu(folder: Path, **has: str) -> subprocess.CompletedProcess[str]:
    """``make gpu`` in a folder with these Pythons: the named one, and those of environments."""
    (folder / ".dev" / "citytide").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("named", *has):
        python = folder / ("named" if name == "named" else f".venv-{name}/bin") / "python"
        python.parent.mkdir(parents=True)
        python.write_text(FAKE_PYTHON.format(has=has.get(name, "")))
        python.chmod(0o755)
    (folder / "named" / "python3").symlink_to("python")
    command = ["make", "--no-print-directory", "gpu", f"PYTHON={folder}/named/python", "GPU_ARGS=--only regrid"]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    environment["PATH"] = f"{folder}/named{os.pathsep}{environment['PATH']}"
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("has", "chosen"),
    [({"test": HALF, "ptx": ALL}, "ptx"), ({"gpu": ALL, "ptx": ALL}, "gpu"), ({"test": HALF}, "test")],
)
def test_gpu_is_measured_by_the_first_python_that_can(tmp_path: Path, has: dict[str, str], chosen: str) -> None:
    told = make_gpu(tmp_path, **has)
    expected = f".venv-{chosen}/bin/python -m citytide.benchmarks.gpu --only regrid with PYTHONPATH=.dev\n"
    assert (told.returncode, told.stdout) == (0, expected), told.stderr


def test_gpu_says_what_no_python_has(tmp_path: Path) -> None:
    told = make_gpu(tmp_path)
    assert told.returncode != 0 and not told.stdout
    assert "numpy, scipy, numba, numba-cuda and click, and no Python here has them: pip install" in told.stderr
