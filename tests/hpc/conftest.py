"""Small runs whose blocks are trivial, and a private Slurm: one for all marked tests, an empty queue for each."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from citytide.hpc.sandbox.processes import find_processes
from citytide.hpc.sandbox.sandbox import Sandbox, missing_packages

SUPPORT = str(Path(__file__).parents[1] / "support")
EMPTY_S = 30.0


@pytest.fixture(autouse=True)
def steps_are_importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers find `doubling` by import path, as they find a workflow's own steps."""
    monkeypatch.syspath_prepend(SUPPORT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))
    yield
    for name in ("crowding", "doubling", "visits"):
        sys.modules.pop(name, None)


@pytest.fixture
def make_doubling() -> Callable[..., Path]:
    """Lay out a run of `doubling` and return its folder."""
    from doubling import lay_out  # type: ignore[import-not-found]

    return lay_out  # type: ignore[no-any-return]


@pytest.fixture
def make_visits_run() -> Callable[..., Path]:
    """Lay out a run of `visits`, which shuffles them by person, and return its folder."""
    from visits import lay_out  # type: ignore[import-not-found]

    return lay_out  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def whole_sandbox() -> Iterator[Sandbox]:
    if missing := missing_packages():
        pytest.skip(f"no Slurm here, {', '.join(missing)} missing: `make slurm` installs what the tests start")
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:  # short: a socket's path has 108 characters
        before = os.environ.get("SLURM_CONF")
        sandbox = Sandbox.start(Path(folder) / "slurm")
        os.environ.update(sandbox.environment)
        try:
            yield sandbox
        finally:
            sandbox.stop()
            os.environ.pop("SLURM_CONF") if before is None else os.environ.update(SLURM_CONF=before)
        assert not sandbox.folder.exists() and find_processes(sandbox.folder) == []


@pytest.fixture
def sandbox(whole_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The private Slurm, whole and with nothing in its queue, whatever the test before did to it."""
    yield whole_sandbox
    _mend(whole_sandbox)
    here = {**os.environ, **whole_sandbox.environment}  # a test may have looked at another cluster
    subprocess.run(["scancel", "--me"], check=False, capture_output=True, timeout=EMPTY_S, env=here)
    deadline = time.monotonic() + EMPTY_S
    while whole_sandbox.status()["jobs"] and time.monotonic() < deadline:
        time.sleep(0.2)


def _mend(sandbox: Sandbox) -> None:
    """Start again what a failed test left stopped, and take back what it took out of service."""
    daemons = sandbox.status()["daemons"]
    if not daemons["slurmdbd"]:
        sandbox.start_accounting()
    if not daemons["slurmctld"]:
        sandbox.start_controller()
    for name in [name for name, pid in daemons.items() if name.startswith("slurmd-") and not pid]:
        sandbox.start_node(name.removeprefix("slurmd-"))
    for name, state in sandbox.status()["nodes"].items():
        if state.startswith(("drain", "down")):
            command = ["scontrol", "update", f"nodename={name}", "state=resume"]
            subprocess.run(command, check=False, capture_output=True, timeout=EMPTY_S)
