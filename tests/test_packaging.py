"""What is installed is what stands in the tree (docs/adr/0001)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import citytide

ROOT = Path(__file__).parent.parent
ROOMS = ("benchmarks", "datasets", "hpc", "kernels", "workflows")
SHIPPED = (*ROOMS, "configs")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LEFT_AT_HOME = (
    "*.pyc", "*.nbi", "*.nbc", "__pycache__", "build", "dist", ".git", ".venv*", ".*_cache", ".hypothesis",
    "*.egg-info", "runs", ".test-logs",
)  # fmt: skip


def test_every_package_is_listed() -> None:
    found = {"citytide"} | {
        ".".join(("citytide", *init.parent.relative_to(ROOT).parts))
        for room in ROOMS
        for init in (ROOT / room).rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {module.parent for room in ROOMS for module in (ROOT / room).rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_tests_are_no_second_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_only_name_and_command_line_stand_at_the_root() -> None:
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_type_checkers_are_led_to_every_room_by_relative_links() -> None:
    links = {link.name: link.readlink() for link in (ROOT / ".dev" / "citytide").iterdir()}
    assert links == {name: Path("../..") / name for name in (*ROOMS, "__init__.py", "__main__.py", "py.typed")}


def test_one_version_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text()
    assert PROJECT["project"]["version"] == citytide.__version__
    assert f"\nversion: {citytide.__version__}\n" in citation


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel made from it; built from a copy, for a build writes beside its sources."""
    copy, out = tmp_path_factory.mktemp("sdist") / "citytide", tmp_path_factory.mktemp("dist")
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_AT_HOME), symlinks=True)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> list[str]:
    return zipfile.ZipFile(next(built.glob("citytide-*.whl"))).namelist()


def test_sdist_holds_all_that_its_own_tests_need(built: Path) -> None:
    with tarfile.open(next(built.glob("citytide-*.tar.gz"))) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    skipped = (".pyc", ".nbi", ".nbc")
    folders = [ROOT / name for name in (*SHIPPED, "docs", "tests", ".ci")]
    expected = {
        path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix not in skipped
    }
    expected |= {path for path in ROOT.iterdir() if path.is_file() and path.suffix != ".lock" and path.name != ".git"}
    missing = {path.relative_to(ROOT).as_posix() for path in expected} - held
    assert not missing
    assert not [name for name in held if name.startswith(".dev/")]  # links, which an sdist would turn into copies


def test_page_for_an_index_leads_nowhere_that_is_not_there(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("citytide-*.whl"))) as file:
        head, _, page = file.read(f"citytide-{citytide.__version__}.dist-info/METADATA").decode().partition("\n\n")
    assert page.startswith("# citytide") and "](" not in page
    assert "License-Expression: BSD-3-Clause" in head and "License-File: LICENSE" in head and "Summary: " in head
    assert "Description-Content-Type: text/markdown" in head


def test_every_declared_floor_is_a_floor_and_no_pin() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    asked = [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in extra)]
    assert not [text for text in asked if "==" in text]
    assert not [text for text in asked if ">=" not in text and not text.startswith("citytide[")]


def test_light_install_asks_for_what_kernels_call() -> None:
    names = [text.partition(">=")[0] for text in PROJECT["project"]["dependencies"]]
    assert names == ["numba", "numpy", "scipy"]


def test_wheel_ships_every_module_and_every_data_file(wheel: list[str]) -> None:
    skipped = (".pyc", ".nbi", ".nbc", ".md")
    expected = {
        f"citytide/{path.relative_to(ROOT).as_posix()}"
        for room in SHIPPED
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix not in skipped
    }
    assert {"citytide/py.typed", *expected} <= set(wheel)


def test_wheel_ships_nothing_flat_and_no_test(wheel: list[str]) -> None:
    assert {name.partition("/")[0] for name in wheel} == {"citytide", f"citytide-{citytide.__version__}.dist-info"}
    assert not [name for name in wheel if name.startswith("citytide/tests")]
