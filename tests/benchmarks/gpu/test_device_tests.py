"""The device tests run in a process of their own, and what they said is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.benchmarks.gpu.device_tests import find_tests, run_tests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tests" / "cuda"
    folder.mkdir(parents=True)
    (folder / "test_other.py").write_text("import a_package_that_is_not_here\n")
    (tmp_path / "tests" / "conftest.py").write_text("import a_package_that_is_not_here\n")
    return folder


def write(folder: Path, body: str) -> list[Path]:
    (folder / "test_it.py").write_text(f"import pytest, time\npytestmark = pytest.mark.gpu\n{body}")
    return find_tests(folder)


def test_files_of_the_tree_are_found() -> None:
    assert {path.name for path in find_tests()} >= {"test_device.py", "test_hydro_device.py"}


def test_what_passed_and_what_failed_is_counted_and_named(folder: Path) -> None:
    files = write(folder, "def test_good(): pass\ndef test_bad(): assert 1 == 2\n")
    told = run_tests(60.0, files)
    assert (told["passed"], told["failed"], told["errors"]) == (1, 1, 0) and "stopped" not in told
    assert told["failures"] == ["tests/cuda/test_it.py::test_bad"] and "assert 1 == 2" in told["said"]


def test_tests_that_hang_are_ended_and_what_they_said_before_counts(folder: Path) -> None:
    told = run_tests(6.0, write(folder, "def test_good(): pass\ndef test_hangs(): time.sleep(600)\n"))
    assert told["passed"] == 1 and told["stopped"] == "did not end within 6 s"


def test_files_that_cannot_be_collected_are_no_success(folder: Path) -> None:
    told = run_tests(60.0, write(folder, "import a_package_that_is_not_here\n"))
    assert told["stopped"] == "ended with pytest's exit code 2" and "a_package_that_is_not_here" in told["said"]


def test_a_tree_without_tests_is_left_out_in_words(tmp_path: Path) -> None:
    assert run_tests(60.0, find_tests(tmp_path)) == {"left_out": "the tree's tests are not here"}
