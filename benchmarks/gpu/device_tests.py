"""The tests that need a GPU, in a process of their own with a limit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["find_tests", "read_report", "run_tests"]

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "cuda"  # of the tree, where the package is a link to it
_DONE = re.compile(r"^(\S+::.+?) (PASSED|FAILED|ERROR|SKIPPED)\b", re.MULTILINE)
_ENDED_BY_OWN_TESTS = (0, 1)  # pytest's exit codes for: all passed, some failed


def find_tests(folder: Path = FOLDER) -> list[Path]:
    """Files with tests that need a GPU.

    Only these are collected: others import what a bare machine lacks.
    """
    return [path for path in sorted(folder.glob("test_*.py")) if "mark.gpu" in path.read_text(encoding="utf-8")]


def run_tests(limit_s: float, files: list[Path], marker: str = "gpu") -> dict[str, Any]:
    """Run the tests of these files, and tell how many passed and which failed.

    Returns
    -------
    dict
        ``passed``, ``failed``, ``errors``, ``skipped``, ``failures`` (name and message each); ``stopped`` says why the
        tests did not come to their end; ``left_out`` why there were none.
    """
    if not files:
        return {"left_out": "the tree's tests are not here"}
    if find_spec("pytest") is None:
        return {"left_out": "pytest is not installed"}
    command = [
        sys.executable, "-m", "pytest", "-v", "--color=no", "--tb=short", "-p", "no:cacheprovider", "-m", marker,
        f"--confcutdir={files[0].parent}", *map(str, files),
    ]  # fmt: skip
    path = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONUNBUFFERED": "1", "COLUMNS": "300",
        "NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS": "0",  # small grids are meant, and a warning fails a test
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # so does a warning of a plugin that the machine happens to have
    }  # fmt: skip
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        try:
            code = subprocess.run(
                command, cwd=files[0].parents[2], env=environment, stdout=said, stderr=subprocess.STDOUT,
                timeout=limit_s,
            ).returncode  # fmt: skip
            stopped = "" if code in _ENDED_BY_OWN_TESTS else f"ended with pytest's exit code {code}"
        except subprocess.TimeoutExpired:
            stopped = f"did not end within {limit_s:.0f} s"
        said.seek(0)
        return read_report(said.read(), stopped)


def read_report(said: str, stopped: str = "") -> dict[str, Any]:
    """What pytest's words say, also if they break off.

    Examples
    --------
    >>> told = read_report("tests/a.py::test_x PASSED [ 50%]\\ntests/a.py::test_y FAILED [100%]\\nE   assert 1 == 2\\n")
    >>> told["passed"], told["failures"]
    (1, ['tests/a.py::test_y'])
    """
    done = _DONE.findall(said)
    counted = Counter(how for _, how in done)
    bad = counted["FAILED"] + counted["ERROR"]
    return {
        "passed": counted["PASSED"], "failed": counted["FAILED"], "errors": counted["ERROR"],
        "skipped": counted["SKIPPED"], "failures": [name for name, how in done if how in ("FAILED", "ERROR")],
        **({"stopped": stopped} if stopped else {}),
        **({"said": said[-6000:]} if bad or stopped else {}),
    }  # fmt: skip
