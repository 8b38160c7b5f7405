"""A Dask cluster from a profile, for people with Dask code of their own: ``citytide.cluster``.

Slurm's modules and dask-jobqueue are imported for a profile of Slurm only.
"""

from __future__ import annotations

import getpass
import math
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .errors import RunError
from .execution.forkserver import restore_environment, without_main
from .plan.devices import describe_machine, thread_budget
from .plan.pools import DEFAULT_JOBS, Pool
from .plan.profiles import Profile, load_profile, size_pool
from .run.index import index_folder
from .run.keys import keys_folder, load_security, make_keys, remove_keys

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["cluster", "leave_on_sigterm"]


@contextmanager
def cluster(
    profile: str | Path = "local",
    *,
    pool: str = "cpu",
    jobs: int = 1,
    wait_s: float | None = None,
    folder: str | Path | None = None,
) -> Iterator[Client]:
    """Open a Dask cluster that a profile describes, for Dask code of your own.

    There is no ledger and no resume here: what a lost cluster had computed and not stored is lost. `citytide run` has
    both.

    A profile of Slurm gives a ``SLURMCluster`` of dask-jobqueue: its jobs ask for what the pool says, run under its
    thread budget, with their scratch on the node and TLS between all parts. The scheduler runs in this process. A
    profile with backend ``local`` gives a ``LocalCluster`` on loopback. At the end of the ``with`` block, also after an
    error, Ctrl-C or SIGTERM, its jobs are cancelled and its keys removed. If this process is killed outright, its
    running jobs end by themselves, a pending one ends a minute after it starts, and the keys stay.

    Parameters
    ----------
    profile
        Name of a profile, or the path of a ``.yaml`` file.
    pool
        The profile's pool that workers are of.
    jobs
        Number of jobs; each starts the pool's workers. A local profile starts them once, whatever this number is.
    wait_s
        How long to wait for the first worker [s]. If omitted, the client is there at once, and work that it is given
        waits for workers.
    folder
        Where the cluster makes a folder for its keys and the logs of its jobs, on a file system that all nodes mount.
        The logs stay. If omitted: below ``~/.citytide`` (or ``$CITYTIDE_HOME``), and the logs are removed too.

    Yields
    ------
    distributed.Client
        Connected to the cluster, and Dask's default client in the block.

    Raises
    ------
    RunError
        If the profile has no such pool or allows fewer jobs, its backend has no Dask cluster, a package is missing,
        Slurm refuses a job, or no worker comes within ``wait_s``.

    Examples
    --------
    >>> import citytide
    >>> with citytide.cluster("local") as client:
    ...     client.submit(sum, [1, 2, 3]).result()
    6
    """
    site = load_profile(str(profile))
    _check(site, site.pool(pool), pool, jobs, wait_s)
    if site.backend == "local":
        with _open_local(site.pool(pool)) as client:
            yield client
    else:
        with _open_on_slurm(site, pool, jobs, wait_s, folder) as client:
            yield client


def _check(profile: Profile, pool: Pool, name: str, jobs: int, wait_s: float | None) -> None:
    if profile.backend == "mpi":
        raise RunError(
            f"profile {profile.name!r} names backend 'mpi', which has no Dask cluster: use a profile with backend "
            "slurm-jobs, slurm-allocation or local"
        )
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1:
        raise RunError(f"jobs must be a whole number of at least 1, got {jobs!r}")
    if wait_s is not None and not (wait_s > 0 and math.isfinite(wait_s)):
        raise RunError(f"wait_s must be a positive number of seconds, got {wait_s!r}: omit it to wait for no worker")
    if profile.backend == "local":
        return
    whole = profile.backend == "slurm-allocation"
    limits = {
        "nodes" if whole else "max_jobs": pool.nodes if whole else pool.max_jobs or DEFAULT_JOBS,
        "limits.max_jobs": profile.limits.max_jobs,
        "limits.max_cores": profile.limits.max_cores and profile.limits.max_cores // pool.job_cores,
    }
    key, most = min(((key, most) for key, most in limits.items() if most is not None), key=lambda limit: limit[1])
    if jobs > most:
        raise RunError(
            f"jobs must be at most {most} for pool {name!r} of profile {profile.name!r}, got {jobs}: ask for fewer, or "
            f"raise {key} in the profile"
        )


@contextmanager
def _open_local(pool: Pool) -> Iterator[Client]:
    import dask.config
    from distributed import Client, LocalCluster  # its import loads the defaults that are read below

    workers, memory = size_pool(pool, describe_machine())
    budget = thread_budget(pool.threads)
    environment = {**dask.config.get("distributed.nanny.pre-spawn-environ"), **budget}
    base = None if pool.scratch is None else os.path.expandvars(pool.scratch)
    with (
        restore_environment([*environment, "PYTHONHASHSEED"], budget),  # a nanny prefers what its parent has
        tempfile.TemporaryDirectory(prefix="citytide-", dir=base) as scratch,
        dask.config.set({"distributed.nanny.pre-spawn-environ": environment}),
        without_main("Dask Worker process"),  # a script or a notebook needs no main guard
        LocalCluster(
            n_workers=workers,
            threads_per_worker=pool.threads,
            memory_limit=memory,
            local_directory=scratch,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # never on a public address
        ) as opened,
        Client(opened) as client,
    ):
        yield client


@contextmanager
def _open_on_slurm(
    profile: Profile, pool: str, jobs: int, wait_s: float | None, folder: str | Path | None
) -> Iterator[Client]:
    from .slurm.jobqueue import submission, waiting
    from .slurm.jobqueue.section import fill_section
    from .slurm.query.controller import Controller

    section = fill_section(profile, pool)
    if shutil.which("sbatch") is None:
        raise RunError("there is no sbatch on PATH: load the site's Slurm module first")
    defaults = submission.import_jobqueue()
    import dask.config
    from dask_jobqueue.slurm import SLURMCluster
    from distributed import Client

    identity, controller = secrets.token_hex(4), Controller(conf=profile.slurm_conf)
    name = f"citytide-{re.sub(r'[^A-Za-z0-9_-]', '_', getpass.getuser())}-{identity}"
    told: list[str] = []
    with _private_folder(folder, name) as place, leave_on_sigterm():
        logs = place / "slurm" / "logs"
        config = f"citytide-{identity}"  # a section of its own: nothing of the user's ~/.config/dask gets in
        mine = {**defaults, **section, "name": name, "log-directory": str(logs)}
        with dask.config.set({f"jobqueue.{config}": mine}):
            try:
                with (
                    SLURMCluster(
                        config_name=config,
                        name=name,
                        processes=section["processes"],  # in the configuration alone it names no group of workers
                        job_cls=submission.make_job_class(profile, told, jobs),
                        security=load_security(keys_folder(place, 1)),
                    ) as opened,
                    Client(opened) as client,
                ):
                    opened.scale(jobs=jobs)
                    submission.wait_for_submission(told, jobs, profile)
                    if wait_s is not None:
                        waiting.wait_for_worker(client, wait_s, controller, name, logs)
                    yield client
            finally:
                submission.cancel_what_is_left(controller, name)


@contextmanager
def _private_folder(folder: str | Path | None, name: str) -> Iterator[Path]:
    """A folder with the cluster's keys, for this user alone; one that nobody named is removed at the end."""
    base = Path(folder).expanduser() if folder is not None else index_folder().parent / "clusters"
    place = base.absolute() / name
    if not re.fullmatch(r"[\w@+=:,./-]+", str(place), re.ASCII):
        raise RunError(
            "the folder of a cluster must be a path of letters, digits and @+=:,./-_, because job scripts name it, "
            f"got {str(place)!r}: give another `folder`"
        )
    place.mkdir(mode=0o700, parents=True)
    try:
        make_keys(place, 1)
        yield place
    finally:
        remove_keys(place)
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)
            with suppress(OSError):  # another cluster is open
                base.rmdir()


@contextmanager
def leave_on_sigterm() -> Iterator[None]:
    """SIGTERM ends this process as an exception does, so that the jobs are cancelled; where nobody else handles it."""

    def leave(*_: object) -> NoReturn:
        sys.exit(128 + signal.SIGTERM)

    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
