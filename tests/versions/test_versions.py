"""The wheel works on the oldest Python with the lowest declared releases, and on newer ones with the newest.

Runs by ``make test-versions``: each declared Python that is on this machine gets an environment of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHON = "Programming Language :: Python :: 3."
DECLARED = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if text.startswith(PYTHON)]
STORES = ("city.zarr", "traffic", "water", "warning", "killed")
TRIED = ("run", "fonts", "geo", "mpi", "privacy", "r", "radar", "slurm")
TOOLS = ("pytest", "hypothesis")
READERS = [  # of files, each its folder of tests
    path for path in sorted((ROOT / "tests" / "datasets").iterdir())
    if path.is_dir() and path.name not in ("__pycache__", "catalogue", "city", "synthetic")
]  # fmt: skip
pytestmark = pytest.mark.versions


@dataclass(frozen=True)
class Trial:
    """One environment, and the folder in which the trial ran."""

    python: str
    releases: str
    folder: Path
    failure: str = ""

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.folder / "trial.json").read_text())  # type: ignore[no-any-return]


def find_python(version: str) -> str | None:
    """An interpreter of this version that starts: on PATH, or among pyenv's."""
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    found = [shutil.which(f"python{version}"), *map(str, sorted(root.glob(f"versions/{version}.*/bin/python")))]
    for python in filter(None, found):
        told = subprocess.run([python, "-c", "import sys; print(*sys.version_info[:2], sep='.')"], capture_output=True)
        if told.stdout.decode().strip() == version:
            return python
    return None


def list_floors() -> dict[str, str]:
    """The lowest release that is declared of each package, by name."""
    listed = [*PROJECT["dependencies"], *chain.from_iterable(PROJECT["optional-dependencies"][name] for name in TRIED)]
    found = (re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?>=([\d.]+)(?:,.*)?", text) for text in listed)
    return {match[1].lower(): match[2] for match in found if match}


def call(*words: str | Path, **how: Any) -> str:
    done = subprocess.run([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
    return "" if done.returncode == 0 else f"{' '.join(map(str, words))}\n{done.stdout[-6000:]}"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as a release is: from the sdist, which is built from a copy without what lies about."""
    copy, out = tmp_path_factory.mktemp("copy") / "citytide", tmp_path_factory.mktemp("dist")
    skipped = shutil.ignore_patterns(
        ".venv*", ".git", "__pycache__", "build", "*.egg-info", "runs", ".*_cache", ".test-logs"
    )
    shutil.copytree(ROOT, copy, ignore=skipped, symlinks=True)
    failure = call(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, copy)
    assert not failure, failure
    return next(out.glob("*.whl"))


def try_out(python: str, releases: str, wheel: Path, folder: Path, is_long: bool) -> Trial:
    uv, here = Path(sys.executable).with_name("uv"), folder / "env" / "bin" / "python"
    floors = folder / "floors.txt"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "VIRTUAL_ENV"))}
    work = folder / "work"
    work.mkdir(parents=True)
    floors.write_text("".join(f"{name}=={floor}\n" for name, floor in list_floors().items()))
    lowest = ["--constraints", floors] if releases == "lowest" else []
    steps = [
        [uv, "venv", "--quiet", "--python", find_python(python), folder / "env"],
        [uv, "pip", "install", "--quiet", "--python", here, *lowest, f"{wheel}[{','.join(TRIED)}]", *TOOLS],
        [here, Path(__file__).with_name("trial.py"), work, *(["all"] if is_long else [])],
    ]
    if lowest:  # readers of files are what the extras bring
        steps.append([here, "-m", "pytest", "-qx", "-p", "no:cacheprovider", "-W", "default", *READERS])
    for words in steps:
        if failure := call(*words, env=environment, cwd=folder):
            return Trial(python, releases, work, failure)
    return Trial(python, releases, work)


@pytest.fixture(scope="session")
def trials(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Trial]]:
    """The oldest Python with the lowest releases, every other with the newest; those between do not run all."""
    there = [python for python in DECLARED if find_python(python)]
    asked = [(python, "lowest" if python == DECLARED[0] else "newest") for python in there]
    asked.sort(key=lambda one: one[0] not in (there[0], there[-1]))  # the long ones begin
    folder = tmp_path_factory.mktemp("trials")
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(
            lambda one: try_out(*one, wheel, folder / "-".join(one), one[0] in (there[0], there[-1])), asked
        )
        yield sorted(done, key=lambda trial: DECLARED.index(trial.python))
    shutil.rmtree(folder)


@pytest.mark.parametrize("python", DECLARED)
def test_every_declared_python_is_tried(python: str) -> None:
    if find_python(python) is None:
        assert not os.environ.get("CITYTIDE_CI"), f"Python {python} is not on this machine"
        pytest.skip(f"Python {python} is not on this machine: it is declared, and was not tried")


def test_lowest_releases_are_those_that_are_declared(trials: list[Trial]) -> None:
    lowest = next((trial for trial in trials if trial.releases == "lowest"), None)
    if lowest is None:
        pytest.skip(f"Python {DECLARED[0]} is not on this machine: the lowest releases were not tried")
    assert not lowest.failure, lowest.failure
    floors = {name: Version(floor) for name, floor in list_floors().items()}
    assert {"numpy", "numba", "zarr", "xarray", "dask", "distributed", "rasterio", "mpi4py"} <= set(floors)
    assert {name: Version(lowest.record["versions"][name]) for name in floors} == floors


@pytest.mark.parametrize("python", DECLARED)
def test_wheel_builds_a_city_and_runs_each_workflow(trials: list[Trial], python: str) -> None:
    trial = next((trial for trial in trials if trial.python == python), None)
    if trial is None:
        pytest.skip(f"Python {python} is not on this machine")
    assert not trial.failure, trial.failure


def test_killed_run_was_resumed_to_the_bytes_of_an_undisturbed_one(trials: list[Trial]) -> None:
    assert trials
    for trial in trials:
        assert 0 < trial.record["blocks_when_killed"] < 40
        assert read_files(trial.folder / "killed") == read_files(trial.folder / "traffic")


def test_ranks_left_the_bytes_of_one_process(trials: list[Trial]) -> None:
    assert trials
    for trial in (trials[0], trials[-1]):
        assert read_files(trial.folder / "ranks") == read_files(trial.folder / "water")


def read_files(folder: Path) -> dict[str, bytes]:
    """Files of the stores in a folder, by name."""
    stores = [folder] if folder.suffix == ".zarr" else sorted(set(folder.glob("*.zarr")) - {folder / "inputs.zarr"})
    files = {
        str(file.relative_to(folder)): file.read_bytes()
        for store in stores
        for file in sorted(store.rglob("*"))
        if file.is_file()
    }
    assert files
    return files


def read_values(folder: Path) -> dict[str, np.ndarray]:
    return {
        f"{store.name}/{name}": np.asarray(array[...])
        for store in ([folder] if folder.suffix == ".zarr" else sorted(folder.glob("*.zarr")))
        for name, array in sorted(zarr.open_group(store, mode="r").arrays())
    }


@pytest.mark.parametrize("store", STORES)
def test_stores_are_the_same_whatever_the_versions(trials: list[Trial], store: str) -> None:
    """Byte for byte between equal releases; between others compressors and the last bits of floats may differ."""
    if len(trials) < 2:
        pytest.skip("there is only one Python on this machine, so nothing to compare")
    first = trials[-1]
    for other in trials[:-1]:
        if not (other.folder / store).exists():
            assert other not in (trials[0], trials[-1])  # one between the ends, which runs the first of them alone
            continue
        if other.record["versions"] == first.record["versions"]:
            assert read_files(other.folder / store) == read_files(first.folder / store)
        mine, others = read_values(first.folder / store), read_values(other.folder / store)
        assert mine.keys() == others.keys()
        for name, values in mine.items():
            assert values.shape == others[name].shape and values.dtype == others[name].dtype, name
            if values.dtype.kind == "f":
                scale = np.nanmax(np.abs(values), initial=0.0)
                np.testing.assert_allclose(others[name], values, rtol=1e-4, atol=1e-6 * scale, err_msg=name)
            else:
                np.testing.assert_array_equal(others[name], values, err_msg=name)
