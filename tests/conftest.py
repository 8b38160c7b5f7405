"""What every test may lean on: the data folder, a home of its own, one cache of compiled kernels."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SUPPORT = Path(__file__).parent / "support"  # what several tests share
IN_CI = os.environ.get("CITYTIDE_CI") == "1"

sys.path.insert(0, str(SUPPORT))

# Before any test imports the product: children inherit all of it.
os.environ.setdefault("CITYTIDE_DATA", str(ROOT.parent / "shared" / "data"))
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".numba_cache"))  # compiled once for all tests and all runs
os.environ.setdefault("MPLBACKEND", "Agg")

# Deadlines time the machine, not the code; in CI a failure must come back on the next run.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if IN_CI else "here")


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """An index of runs that is nobody's: tests must not list their runs among the user's."""
    folder = tmp_path_factory.mktemp("home")
    before = os.environ.get("CITYTIDE_HOME")
    os.environ["CITYTIDE_HOME"] = str(folder)
    yield folder
    if before is None:
        del os.environ["CITYTIDE_HOME"]
    else:
        os.environ["CITYTIDE_HOME"] = before


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of published input files; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ["CITYTIDE_DATA"])
    if not folder.is_dir():
        pytest.skip(f"no data folder at {folder}: set CITYTIDE_DATA to one")
    return folder


def _may_skip(fixtures: Any) -> bool:
    return "data" in (fixtures or ()) and not Path(os.environ["CITYTIDE_DATA"]).is_dir()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Under CITYTIDE_CI=1 a skipped test is a failed one: nothing goes unchecked in silence."""
    report = yield
    if (
        IN_CI
        and report.skipped
        and not hasattr(report, "wasxfail")
        and not _may_skip(getattr(item, "fixturenames", ()))
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped under CITYTIDE_CI=1: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """A module skipped whole (importorskip) fails likewise."""
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped under CITYTIDE_CI=1: {report.longrepr}"
    return report
