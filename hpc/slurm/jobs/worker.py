"""What a worker job runs: Dask workers under nannies, one per GPU where there are any.

``python -m citytide.hpc.slurm.jobs.worker RUN --name JOB`` reads everything else from the run's folder. Workers are
named ``JOB-0``, ``JOB-1`` ..., so that a worker tells its job.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import RunError
from ...execution.forkserver import choose_method, start_forkserver, without_main
from ...execution.functions import find_function
from ...execution.worker_groups import MEMORY
from ...plan.devices import thread_budget
from ...plan.gpu.cards import is_simulated
from ...plan.plans import read_plan
from ...plan.pools import Pool
from ...plan.profiles import Profile
from ...run.driver_lock import newest_attempt, read_driver
from ...run.job_names import parse_name
from ...run.keys import keys_folder, load_security
from ...run.records import read_json
from .backends import grant_of
from .scheduler import read_address

__all__ = ["pin_gpus"]

SCHEDULER_S = 300.0  # to wait for the driver's scheduler; jobs may start before it
MOST_SIMULATED = 64  # GPUs of a node whose GPUs are names
DEATH_S = 60  # to wait for a scheduler that says where it is


def pin_gpus(visible: str | None, listed: Sequence[str]) -> list[str]:
    """UUIDs of the GPUs that Slurm gave this job: indices differ between tasks, UUIDs do not.

    Examples
    --------
    >>> pin_gpus("1,0", ["GPU-aa", "GPU-bb"])
    ['GPU-bb', 'GPU-aa']
    >>> pin_gpus("GPU-bb", ["GPU-aa", "GPU-bb"])
    ['GPU-bb']
    """
    names = [name.strip() for name in (visible or "").split(",") if name.strip()]
    uuids = []
    for name in names:
        if name.isdigit() and int(name) < len(listed):
            uuids.append(listed[int(name)])
        elif not name.isdigit():
            uuids.append(name)
        else:
            raise RunError(
                f"CUDA_VISIBLE_DEVICES={visible} names GPU {name}, but this node lists {len(listed)}: ask the "
                "administrator to constrain devices (ConstrainDevices=yes) or to fix gres.conf"
            )
    return uuids


def _listed_gpus() -> list[str]:
    """UUIDs in the order of their indices, whatever CUDA_VISIBLE_DEVICES says; in the simulator the indices."""
    if is_simulated():
        return [str(index) for index in range(MOST_SIMULATED)]
    asked = subprocess.run(
        ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True, timeout=60
    )
    if asked.returncode:
        raise RunError(f"nvidia-smi failed on this node ({asked.stderr.strip()}): its GPUs cannot be told apart")
    return asked.stdout.split()


def _wait_for_scheduler(run: Path, attempt: int) -> dict[str, Any]:
    deadline = time.monotonic() + SCHEDULER_S
    while time.monotonic() < deadline:
        if newest_attempt(run) > attempt:
            raise RunError(f"run {run} is at attempt {newest_attempt(run)}: this job belongs to attempt {attempt}")
        if told := read_address(run, attempt):
            return told
        driver = read_driver(run)
        if driver and driver["attempt"] == attempt and driver["state"] == "ended":
            raise RunError(f"attempt {attempt} of run {run} has ended: there is nothing to do")
        time.sleep(0.2)
    raise RunError(f"no scheduler of attempt {attempt} within {SCHEDULER_S:.0f} s: its driver is gone")


@contextmanager
def own_scratch(name: str, pool: Pool) -> Iterator[str]:
    """The job's scratch folder; a worker by srun shares its job with others and makes one of its own."""
    if os.environ.get("CITYTIDE_JOB") == name:
        yield tempfile.gettempdir()  # by TMPDIR, which the job's script sets and takes away
        return
    base = os.path.expandvars(pool.scratch) if pool.scratch else tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix=f"citytide-{os.getuid()}-{name}-", dir=base))
    with (folder / ".held").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as the script does: a sweep leaves locked folders alone
        try:
            yield str(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


async def serve(run: Path, attempt: int, pool_name: str, name: str, pool: Pool, count: int, scratch: str) -> None:
    """Keep the job's workers until their scheduler dismisses them or the job is asked to end."""
    import dask.config
    from distributed import Nanny

    told = _wait_for_scheduler(run, attempt)
    budget = thread_budget(pool.threads)
    gpus = pin_gpus(os.environ.get("CUDA_VISIBLE_DEVICES"), _listed_gpus()) if pool.gpus else []
    if pool.gpus and len(gpus) != count:
        raise RunError(f"pool {pool_name!r} asks for {count} GPUs, but Slurm gave this job {len(gpus)}")
    dask.config.set(
        {
            "distributed.nanny.pre-spawn-environ": budget,
            "distributed.worker.multiprocessing-method": choose_method(budget),
            "distributed.admin.system-monitor.gil.enabled": False,
            "distributed.comm.timeouts.connect": "30s",
            "distributed.worker.memory.target": False,  # nothing is spilled: answers are small, and no pickle is read
            "distributed.worker.memory.spill": False,
        }
    )
    grant = grant_of(pool_name, pool, 1)
    nannies = []
    for index in range(count):
        own = {"CITYTIDE_WORKER": f"{name}-{index}", **({"CUDA_VISIBLE_DEVICES": gpus[index]} if gpus else {})}
        nannies.append(
            Nanny(
                told["address"],
                nthreads=pool.threads,
                memory_limit=grant.memory_per_worker,
                name=f"{name}-{index}",
                local_directory=scratch,
                security=load_security(keys_folder(run, attempt)),
                protocol="tls",
                interface=pool.interface,
                death_timeout=DEATH_S,
                preload=["citytide.hpc.execution.worker"],
                resources={f"pool-{pool_name}": pool.threads, MEMORY: grant.room_bytes},
                env={**budget, **own},
                dashboard=False,
                dashboard_address="127.0.0.1:0",  # its plain HTTP is served all the same, but to nobody else
            )
        )
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    try:
        with without_main():
            await asyncio.gather(*nannies)
        print(f"citytide: {count} workers registered with {told['address']}", flush=True)
        asked = asyncio.ensure_future(ended.wait())
        lives: set[asyncio.Future[Any]] = {asyncio.ensure_future(nanny.finished()) for nanny in nannies}
        while lives and not asked.done():  # a nanny that ends leaves the others at work
            over, _ = await asyncio.wait([asked, *lives], return_when=asyncio.FIRST_COMPLETED)
            lives -= over
    finally:
        await asyncio.gather(*(nanny.close(timeout=5) for nanny in nannies), return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="the Dask workers of one job of a run")
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--workers", type=int, help="worker processes; those of the pool by default")
    asked = parser.parse_args()
    parsed = parse_name(asked.name)
    if parsed is None:
        raise SystemExit(f"citytide: {asked.name!r} is not a job's name")
    profile = Profile.model_validate(read_json(asked.run / "run.json")["profile"])
    pool = profile.pool(parsed.pool)
    modules = {find_function(step.function).partition(":")[0] for step in read_plan(asked.run).steps}
    start_forkserver(thread_budget(pool.threads), sorted(modules))
    try:
        count = asked.workers or pool.workers_per_job
        with own_scratch(asked.name, pool) as scratch:
            asyncio.run(serve(asked.run, parsed.attempt, parsed.pool, asked.name, pool, count, scratch))
    except RunError as error:
        sys.exit(f"citytide: {error}")


if __name__ == "__main__":
    main()
