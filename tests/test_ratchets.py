"""Numbers that may only fall, and words that may not appear."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("benchmarks", "datasets", "hpc", "kernels", "workflows")
PRODUCT = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_MODULE = 400
MEDIAN_MODULE = 142
MODULES_IN_FOLDER = 12
FULLER = {  # folders with more modules: how many, and why they are not split
    "hpc/execution": (
        14,
        "a driver, the blocks it hands out and what they read; plans and workers of running jobs name these modules",
    ),
    "workflows/hydro/warning": (14, "the furniture of a question, and what a warning alone has: points, table, files"),
}
MARKED_SKIPS = 1  # the small disk that only root can mount
NOUNLESS = {"base", "common", "helpers", "misc", "utils"}


def n_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_too_long_to_have_one_noun() -> None:
    assert not {
        str(path.relative_to(ROOT)): n_lines(path) for path in PRODUCT + TESTS if n_lines(path) > LONGEST_MODULE
    }


def test_median_module_reads_in_one_sitting() -> None:
    assert statistics.median(n_lines(path) for path in PRODUCT if path.name != "__init__.py") <= MEDIAN_MODULE


def test_folder_holds_no_more_modules_than_one_remembers() -> None:
    held = Counter(str(path.parent.relative_to(ROOT)) for path in PRODUCT if path.name != "__init__.py")
    limits = {name: most for name, (most, _) in FULLER.items()}
    too_full = {name: n for name, n in held.items() if n > limits.get(name, MODULES_IN_FOLDER)}
    assert not too_full, "split it by a second noun, or name it in FULLER with the reason"
    assert set(FULLER) <= set(held)


def test_every_module_is_named_by_a_noun() -> None:
    assert not [path for path in PRODUCT + TESTS if path.stem.removeprefix("test_") in NOUNLESS]


def test_no_file_carries_a_path_of_one_machine() -> None:
    foreign = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/")
    texts = [ROOT / "Makefile", ROOT / ".ci" / "run", *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert not [path for path in PRODUCT + texts if foreign.search(path.read_text(encoding="utf-8"))]


def test_few_tests_are_skipped_by_a_mark() -> None:
    marks = re.compile(r"mark\.(?:skip|xfail)")
    counted = {
        str(path): len(marks.findall(path.read_text(encoding="utf-8"))) for path in TESTS if path != Path(__file__)
    }
    assert sum(counted.values()) <= MARKED_SKIPS, counted
