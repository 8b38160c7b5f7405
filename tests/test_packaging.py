"""What is installed is what stands in the tree (docs/adr/0001)."""

from __future__ import annotations

import shutil
import subprocess
import sys
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
LEFT_AT_HOME = ("*.pyc", "*.nbi", "*.nbc", "__pycache__", "*.md", "build")


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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names in a wheel built from a copy of the tree: a build writes beside its sources."""
    copy = tmp_path_factory.mktemp("wheel")
    for room in SHIPPED:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns(*LEFT_AT_HOME))
    for name in ("__init__.py", "__main__.py", "py.typed", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(copy),
        ".",
    ]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    return zipfile.ZipFile(next(copy.glob("citytide-*.whl"))).namelist()


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
