"""A pool of a profile in the keys of dask-jobqueue, as its configuration file and its ``SLURMCluster`` take them."""

from __future__ import annotations

import shlex
import sys
from typing import Any

from ...errors import RunError
from ...plan.devices import thread_budget
from ...plan.pools import Pool
from ...plan.profiles import Profile
from ..jobs.backends import HEADROOM
from ..jobs.scripts import LONG_OPTIONS, ask_gpus, escape_value, expand_path

__all__ = ["fill_section", "write_section"]

LOOPBACK = "127.0.0.1:0"  # dashboards are never on a public address
MIN_WORKER_BYTES = 256 * 2**20  # a worker that has imported Dask and Zarr takes about half of it
# How dask-jobqueue 0.9 begins the line of an option: it leaves out header lines that hold one of these texts.
_BEGINNINGS = {
    "job-name": "-J ", "error": "-e ", "output": "-o ", "partition": "-p ", "account": "-A ", "ntasks": "-n ",
    "cpus-per-task": "--cpus-per-task=", "mem": "--mem=", "time": "-t ",
}  # fmt: skip


def fill_section(profile: Profile, pool_name: str) -> dict[str, Any]:
    """The keys of ``jobqueue.slurm`` that give a job of dask-jobqueue what a profile's pool gives a job of a run.

    Parameters
    ----------
    profile
        A profile with a Slurm backend. With ``slurm-allocation`` one job is one node of the allocation.
    pool_name
        One of its pools.

    Raises
    ------
    RunError
        If the profile does not run on Slurm, or a stock Dask worker cannot use what the pool asks for.

    Examples
    --------
    >>> from citytide.hpc.plan.profiles import load_profile
    >>> section = fill_section(load_profile("ci"), "cpu")
    >>> section["queue"], section["cores"], section["job-mem"], section["walltime"]
    ('debug', 1, '900M', '00:20:00')
    """
    if not profile.backend.startswith("slurm"):
        raise RunError(
            f"dask-jobqueue starts jobs of Slurm, but profile {profile.name!r} has backend {profile.backend!r}: "
            "choose a profile with backend slurm-jobs (`citytide profile list`)"
        )
    pool = profile.pool(pool_name)
    workers, memory = pool.workers_per_job, _check(pool, pool_name)
    asked = {
        "nodes": "1",  # dask-jobqueue 0.9 does not say so itself, and a job of two nodes would leave one idle
        **{key: str(value) for key, value in ask_gpus(pool).items()},
        **{key: value for key, value in (("qos", pool.qos), ("constraint", pool.constraint)) if value},
        **({"exclude": ",".join(pool.exclude)} if pool.exclude else {}),
    }
    skipped = {LONG_OPTIONS.get(word.lstrip("-"), word.lstrip("-")) for word in pool.skip_directives}
    return {
        "name": "citytide",
        "queue": pool.partition,
        "account": pool.account,
        "walltime": pool.walltime,
        "cores": pool.threads * workers,  # Dask divides these threads by `processes`
        "processes": workers,
        "memory": f"{int(HEADROOM * memory)} B",
        "job-cpu": pool.job_cores,
        "job-mem": f"{-(-memory // 2**20)}M",
        "interface": pool.interface,
        "python": shlex.quote(profile.python or sys.executable),
        "local-directory": '"$CITYTIDE_SCRATCH"',
        "job-script-prologue": _write_prologue(profile, pool),
        "job-extra-directives": [
            *(f"--{key}={escape_value(value)}" for key, value in asked.items() if key not in skipped),
            *pool.extra_directives,
        ],
        "job-directives-skip": [f"#SBATCH {_BEGINNINGS[key]}" for key in sorted(skipped & set(_BEGINNINGS))],
        "scheduler-options": {"dashboard_address": LOOPBACK},
        "worker-extra-args": ["--dashboard-address", LOOPBACK],
    }


def _check(pool: Pool, name: str) -> int:
    """Memory of one job [B]."""
    if pool.gpus > 1:
        raise RunError(
            f"a stock Dask worker takes a job of one GPU, but pool {name!r} asks for {pool.gpus} in each: "
            "add a pool with `gpus: 1` to the profile and ask for more jobs"
        )
    assert pool.memory != "auto"  # the profile's own check
    workers = pool.workers_per_job
    if pool.memory < workers * MIN_WORKER_BYTES:
        raise RunError(
            f"a Dask worker needs at least {MIN_WORKER_BYTES // 2**20} MiB, but pool {name!r} gives its job "
            f"{pool.memory / 2**20:.0f} MiB for {workers} of them: raise `memory` in the profile, or lower `workers`"
        )
    return pool.memory


def _write_prologue(profile: Profile, pool: Pool) -> list[str]:
    """The site's own lines, scratch that the job removes when its worker has ended, and one thread budget."""
    base = '"${TMPDIR:-/tmp}"' if pool.scratch is None else expand_path(pool.scratch)
    conf = [] if profile.slurm_conf is None else [f"export SLURM_CONF={shlex.quote(profile.slurm_conf)}"]
    return [
        *profile.environment,
        *pool.prologue,
        *conf,
        f"mkdir -p -- {base}",
        f'CITYTIDE_SCRATCH={base}/"citytide-$(id -u)-dask-${{SLURM_JOB_ID:-$$}}-${{SLURM_RESTART_COUNT:-0}}"',
        "trap 'exit 143' TERM; trap 'rm -rf -- \"$CITYTIDE_SCRATCH\"' EXIT",
        'mkdir -m 700 -- "$CITYTIDE_SCRATCH" || exit 1',
        'export CITYTIDE_SCRATCH TMPDIR="$CITYTIDE_SCRATCH"',
        'exec 9>"$CITYTIDE_SCRATCH/.held"; flock -n 9 || :',  # the next job here removes what nobody holds
        *(f"export {name}={value}" for name, value in thread_budget(pool.threads).items()),
        "trap : TERM",  # from here on the shell waits for the worker, which gets the signal too, and then cleans
    ]


def write_section(profile: Profile, pool_name: str) -> str:
    """The section as YAML, with comments that say how to use it.

    Raises
    ------
    RunError
        See :func:`fill_section`.
    """
    import yaml

    section = fill_section(profile, pool_name)
    asked = [*([f"processes={section['processes']}"] if section["processes"] > 1 else []), "security=True"]
    head = [
        f"# Pool {pool_name!r} of citytide's profile {profile.name!r}, for ~/.config/dask/jobqueue.yaml.",
        f"# `dask_jobqueue.SLURMCluster({', '.join(asked)})` then starts its jobs, with TLS; its keys stand in",
        "# shared-temp-directory, which all nodes must mount.",
        *(["# Without processes= Dask takes the job for one worker."] if section["processes"] > 1 else []),
    ]
    told = {key: value for key, value in section.items() if value not in (None, [])}
    document = {"jobqueue": {"slurm": {**told, "shared-temp-directory": "~"}}}
    return "\n".join(head) + "\n" + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
