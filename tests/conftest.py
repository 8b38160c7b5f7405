"""What every test may rely on: the data folder, a home of its own, one cache of compiled kernels, shared default runs.

Also the order in which ``make test`` hands modules to its workers.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Generator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SUPPORT = Path(__file__).parent / "support"  # what several tests share
IN_CI = os.environ.get("CITYTIDE_CI") == "1"

# Patterns of the modules that take longest: they begin, so that no worker is left alone with one at the end.
LONGEST = (
    "tests/test_readme.py", "tests/workflows/hydro/inundation/test_question.py",
    "tests/workflows/traffic/assignment/test_question.py", "tests/workflows/hydro/warning/test_question.py",
    "tests/kernels/hydro/shallow_water/test_step.py", "tests/benchmarks/*/test_shallow_water.py",
    "tests/workflows/hydro/inundation/test_gang.py", "tests/hpc/execution/test_execution.py",
    "tests/workflows/hydro/*test_boundaries.py", "tests/workflows/hydro/*test_soils.py",
    "tests/workflows/test_default_runs.py", "tests/fuzz/test_road_formats.py", "tests/test_main.py",
    "tests/kernels/hydro/rain/test_nowcast.py", "tests/kernels/hydro/test_inundation.py", "tests/test_doctests.py",
    "tests/kernels/hydro/shallow_water/test_published.py", "tests/workflows/test_commands.py",
    "tests/workflows/hydro/*test_ground.py",
)  # fmt: skip
APART = (
    "tests/test_readme.py",
    "tests/test_doctests.py",
)  # whose tests share no fixture: any worker takes one

sys.path.insert(0, str(SUPPORT))

# Before any test imports the product: children inherit all of it.
os.environ.setdefault("CITYTIDE_DATA", str(ROOT.parent / "shared" / "data"))
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".numba_cache"))  # compiled once for all tests and all runs
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of some hundred children compiles the product's source anew

# Deadlines time the machine, not the code; in CI a failure must come back on the next run.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if IN_CI else "here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules begin; the others keep their order."""

    def find_place(item: pytest.Item) -> int:
        module = item.nodeid.partition("::")[0]
        return next((at for at, pattern in enumerate(LONGEST) if fnmatch(module, pattern)), len(LONGEST))

    items.sort(key=find_place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For ``--dist loadfile``: a worker takes a whole module, but for those of APART, in the order of collection."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByModule(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return nodeid if module in APART else module

    config.option.loadscopereorder = False
    return ByModule(config, log)


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
def make_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], Any]], Path]:
    """A path that all workers of this session share: the first who asks for a name has it made, the others wait.

    ``make(path)`` writes a file or a folder there, which no test may change; copy it for that.
    """
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "made-once"

    def make_unless_made(name: str, make: Callable[[Path], Any]) -> Path:
        path, made = shared / name, shared / f"{name}.made"
        path.parent.mkdir(parents=True, exist_ok=True)
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                make(path)
                made.touch()
        return path

    return make_unless_made


@pytest.fixture(scope="session")
def default_run(make_once: Callable[[str, Callable[[Path], Any]], Path]) -> Callable[[str], Path]:
    """Of a workflow's name, the folder of a run with its default settings; of "city.zarr", the default city."""

    def make(path: Path) -> None:
        import citytide
        from citytide.workflows.city.build import CityRequest, build_city
        from citytide.workflows.city.store import write_city

        if path.suffix == ".zarr":
            write_city(build_city(CityRequest(synthetic=True)), path)
        else:
            citytide.run(path.name, out=path)

    return lambda name: make_once(name, make)


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    """A stand-in for CuPy, which ``import cupy`` then finds: NumPy's memory behind CuPy's rules."""
    from strict_cupy import STRICT_CUPY

    from citytide.kernels.engines import is_installed

    monkeypatch.setitem(sys.modules, "cupy", STRICT_CUPY)
    monkeypatch.setitem(sys.modules, "cupy.cuda", STRICT_CUPY.cuda)
    is_installed.cache_clear()
    yield STRICT_CUPY
    is_installed.cache_clear()


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
