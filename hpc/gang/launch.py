"""Start a gang of ranks, pass on the wish to stop, and say once what went wrong."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import DONE, FAILED, RunError
from .gang import ORDER

__all__ = ["GangEnd", "Launcher", "launch_gang"]

Launcher = Literal["mpiexec", "srun"]
JOB_WORDS = ("SLURM_CONF", "SLURM_JOB_ID", "SLURM_JOBID", "SLURM_JOB_NODELIST", "SLURM_JOB_NUM_NODES", "SLURM_NODELIST")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class GangEnd:
    """How a gang ended: 0 if every rank did its work, and else each error once, with the ranks that met it."""

    exit_code: int
    errors: tuple[str, ...] = ()


def launch_gang(
    function: str,
    params: Mapping[str, Any],
    ranks: int,
    folder: Path,
    *,
    launcher: Launcher = "mpiexec",
    options: tuple[str, ...] = (),
) -> GangEnd:
    """Run ``function(gang, params, folder)`` on every rank and wait for the end.

    SIGTERM and SIGINT to this process go on to the ranks, where :meth:`citytide.hpc.gang.gang.Gang.is_stopping` tells
    of them. What the ranks print stands in ``folder/gang.log``.

    Parameters
    ----------
    function
        As ``"package.module:name"``; it must be importable by the ranks.
    params
        What goes into JSON.
    ranks
        Number of processes.
    folder
        Of this gang alone; on several nodes, one that all of them see.
    launcher
        ``"mpiexec"`` of this environment, or ``"srun"`` within an allocation of Slurm.
    options
        Further options of the launcher, e.g. ``("--overlap",)``.

    Raises
    ------
    RunError
        If the launcher or MPI is not there.
    """
    command = _find_launcher(launcher, ranks, options)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "errors", ignore_errors=True)
    order = json.dumps({"function": function, "params": dict(params), "ranks": ranks})
    staged = folder / f"{ORDER}.partial"
    staged.write_text(order, encoding="utf-8")
    staged.replace(folder / ORDER)
    worker = [sys.executable, "-m", "citytide.hpc.gang.gang", str(folder.resolve())]
    # the MPI library is found beside the mpiexec of the first `bin` on PATH; MPI4PY_MPIABI would choose another
    environment = {k: v for k, v in os.environ.items() if k != "MPI4PY_MPIABI"}
    if launcher == "srun":  # a step within a step: what Slurm said of the outer one is not meant for the inner
        environment = {k: v for k, v in environment.items() if not k.startswith("SLURM_") or k in JOB_WORDS}
    environment |= dict.fromkeys(THREADS, "1")  # the ranks are the parallelism
    # what this process can import the ranks can, too
    beside = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(os.path.abspath(path) for path in [*sys.path, *beside]))
    environment["PATH"] = os.pathsep.join([str(Path(sys.prefix) / "bin"), environment.get("PATH", os.defpath)])
    with (folder / "gang.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, *worker], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0,
            preexec_fn=_end_with_parent(),
        )  # fmt: skip
        try:
            with _pass_on_signals(process):
                code = process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return _read_end(folder, ranks, code)


def _find_launcher(launcher: Launcher, ranks: int, options: tuple[str, ...]) -> list[str]:
    if ranks < 1:
        raise RunError(f"ranks must be at least 1, got {ranks}")
    if importlib.util.find_spec("mpi4py") is None:
        raise RunError("a gang needs mpi4py, which is not installed: pip install 'citytide[mpi]'")
    if launcher == "srun":
        if (srun := shutil.which("srun")) is None:
            raise RunError("there is no srun on PATH: use launcher 'mpiexec', or start within an allocation of Slurm")
        return [srun, "--mpi=pmi2", f"--ntasks={ranks}", "--kill-on-bad-exit=1", *options]
    mpiexec = Path(sys.prefix) / "bin" / "mpiexec"
    if not mpiexec.exists():
        raise RunError(f"there is no {mpiexec}: pip install 'citytide[mpi]'; an mpiexec of another MPI would not do")
    return [str(mpiexec), "-n", str(ranks), *options]


def _end_with_parent() -> Callable[[], None]:
    """Have the launcher told to end when the thread that started it is gone: a killed worker leaves no gang."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG

    return ask


@contextmanager
def _pass_on_signals(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Send the ranks SIGTERM when this process is told to end; only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(*_: Any) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read_end(folder: Path, ranks: int, code: int) -> GangEnd:
    met: dict[str, list[int]] = {}
    codes: list[int] = []
    for path in sorted((folder / "errors").glob("*.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        met.setdefault(report["error"], []).extend([] if report["rank"] is None else [report["rank"]])
        codes.append(report["exit_code"])
    errors = tuple(_name_ranks(sorted(who), ranks) + message for message, who in met.items())
    if errors:
        return GangEnd(codes[0] or FAILED, errors)
    if code != DONE:
        what = f"by signal {-code}" if code < 0 else f"with exit status {code}"
        return GangEnd(FAILED, (f"the gang ended {what} and no rank recorded an error: see {folder / 'gang.log'}",))
    return GangEnd(DONE)


def _name_ranks(who: list[int], ranks: int) -> str:
    """Who met an error; nobody's in particular if no rank had a number yet.

    Examples
    --------
    >>> _name_ranks([1], 4), _name_ranks([0, 2], 4), _name_ranks([0, 1], 2)
    ('rank 1: ', 'ranks 0, 2: ', 'all ranks: ')
    """
    if not who:
        return ""
    if len(who) == ranks and ranks > 1:
        return "all ranks: "
    return f"rank{'s' if len(who) > 1 else ''} {', '.join(map(str, who))}: "
