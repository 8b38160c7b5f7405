"""Jobs of dask-jobqueue: imported without side effects, submitted, and cancelled to the last one."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import FAILED, RunError
from ...plan.profiles import Profile
from ...run.progress import say
from ..query.controller import Controller, Unanswered, is_foreign
from ..query.job_states import is_over

__all__ = ["cancel_what_is_left", "import_jobqueue", "make_job_class", "wait_for_submission"]

NEEDS = ("dask_jobqueue", "cryptography")  # what the extra `jobqueue` installs
SUBMIT_S = 120.0  # sbatch gives up on a controller that is away long before
LEAVE_S = 60.0  # Slurm kills what has not ended 30 s after it was asked to


def import_jobqueue() -> dict[str, Any]:
    """Import dask-jobqueue without its side effects, and return its defaults for Slurm.

    Its import writes a file into the user's configuration of Dask and replaces the handler of Ctrl-C.

    Raises
    ------
    RunError
        If a package is missing, or this is not the main thread, where it cannot be imported.
    """
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise RunError(
            f'citytide.cluster on Slurm needs {" and ".join(missing)}: pip install "citytide[jobqueue]", in the '
            "environment that the jobs use too"
        )
    if "dask_jobqueue" not in sys.modules:
        if threading.current_thread() is not threading.main_thread():
            raise RunError("dask-jobqueue can be imported in the main thread only: open the first cluster there")
        import dask.config

        handler, path = signal.getsignal(signal.SIGINT), dask.config.PATH
        with tempfile.TemporaryDirectory(prefix="citytide-") as nowhere:
            dask.config.PATH = nowhere
            try:
                import dask_jobqueue
            finally:
                dask.config.PATH = path
                signal.signal(signal.SIGINT, handler)
    import dask_jobqueue
    import yaml

    shipped = Path(dask_jobqueue.__file__).with_name("jobqueue.yaml").read_text(encoding="utf-8")
    defaults: dict[str, Any] = yaml.safe_load(shipped)["jobqueue"]["slurm"]
    return defaults


def make_job_class(profile: Profile, told: list[str], jobs: int) -> Any:
    """Dask-jobqueue's own job, submitted with the environment that a run's jobs get, and telling how that went.

    ``told`` gets a text per job: empty, or what sbatch said instead of taking it. Those of the first ``jobs`` are for
    :func:`wait_for_submission`; a later one, of a cluster that is scaled up, is shown. No error is raised here:
    distributed would fail to close a cluster with a job that never started.
    """
    from dask_jobqueue.slurm import SLURMJob
    from distributed.deploy.spec import ProcessInterface

    words = ["env", *(f"--unset={variable}" for variable in os.environ if is_foreign(variable))]
    words += [f"SLURM_CONF={profile.slurm_conf}"] if profile.slurm_conf else []

    class Job(SLURMJob):
        submit_command = shlex.join([*words, "sbatch", "--parsable"])
        cancel_command = shlex.join([*words, "scancel"])

        async def start(self) -> None:
            said = ""
            try:
                await SLURMJob.start(self)
            except Exception as error:
                said = " ".join(str(error).rpartition("stderr:")[2].split())
                await ProcessInterface.start(self)
            if said and len(told) >= jobs:
                say(f"Slurm refused a job ({said})")
            told.append(said)

    return Job


def wait_for_submission(told: list[str], jobs: int, profile: Profile) -> None:
    """Until Slurm has taken or refused every job: dask-jobqueue itself only logs a refusal."""
    deadline = time.monotonic() + SUBMIT_S
    while len(told) < jobs and time.monotonic() < deadline:
        time.sleep(0.05)
    refused = [said for said in told if said]
    if refused:
        raise RunError(
            f"Slurm took {len(told) - len(refused)} of {jobs} jobs and refused the others ({refused[0]}): "
            f"`citytide profile check {profile.name}` tells why, or ask for fewer jobs",
            exit_code=FAILED,
        )
    if len(told) < jobs:
        raise RunError(
            f"sbatch took {len(told)} of {jobs} jobs within {SUBMIT_S:.0f} s: try again when Slurm answers",
            exit_code=FAILED,
        )


def cancel_what_is_left(controller: Controller, name: str) -> None:
    """Until Slurm lists no job of this name: dask-jobqueue does not know of one whose sbatch it did not hear out."""

    deadline, said = time.monotonic() + LEAVE_S, ""
    while time.monotonic() < deadline:
        try:
            left = [entry for entry in controller.queue() if entry.name == name and not is_over(entry)]
            if not left:
                return
            controller.cancel([entry.id for entry in left if entry.state != "COMPLETING"])
            said = f"{len(left)} jobs are still there"
        except Unanswered as error:
            said = f"Slurm does not answer ({error})"
        time.sleep(0.5)
    say(f"jobs named {name} may be left, because {said}: `scancel --name={name}` ends them")
