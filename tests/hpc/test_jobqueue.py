"""A cluster from a profile, for Dask code of one's own: on this machine, and as jobs of the private Slurm."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import yaml
from slurm_runs import BUSY, write_profile

import citytide
from citytide.hpc.errors import RunError

LOCAL = {"name": "here", "pools": {"cpu": {"workers": 2, "threads": 2, "memory": "400MB"}}}


def write(folder: Path, **document: Any) -> Path:
    path = folder / f"{document['name']}.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def refusal(profile: Path | str, **asked: Any) -> str:
    with pytest.raises(RunError) as refused, citytide.cluster(profile, **asked):
        pass
    return str(refused.value)


def tell_worker() -> dict[str, str | None]:
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "TMPDIR", "SLURM_JOB_ID", "SLURM_JOB_PARTITION")
    return {name: os.environ.get(name) for name in names}


def test_local_profile_sizes_workers_and_their_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, **LOCAL)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # the profile decides, whatever a shell has exported
    before = {name: value for name, value in os.environ.items() if name != "__DASK_PARENT_PID"}
    with citytide.cluster(path, jobs=3, wait_s=60) as client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        assert [(w["nthreads"], w["memory_limit"]) for w in workers.values()] == [(2, 400_000_000)] * 2
        assert all(address.startswith("tcp://127.0.0.1:") for address in workers)
        assert client.dashboard_link.startswith("http://127.0.0.1:")
        folders = {Path(worker["local_directory"]) for worker in workers.values()}
        budgets = client.run(tell_worker)
        assert {(told["NUMBA_NUM_THREADS"], told["OMP_NUM_THREADS"]) for told in budgets.values()} == {("2", "2")}
        assert client.submit(sum, [1, 2, 3]).result() == 6
    assert not any(folder.exists() for folder in folders)
    assert {name: value for name, value in os.environ.items() if name != "__DASK_PARENT_PID"} == before


def test_script_without_main_guard_gets_a_cluster(tmp_path: Path) -> None:
    path = write(tmp_path, **LOCAL)
    script = tmp_path / "mine.py"
    script.write_text(
        "import citytide\ndef double(x): return 2 * x\n"
        f"with citytide.cluster({str(path)!r}) as client:\n"
        "    print(sum(client.gather(client.map(double, range(5)))))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "20\n", done.stderr


def test_request_that_makes_no_sense_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = write(tmp_path, **LOCAL)
    assert "there is no profile 'nowhere'; known: " in refusal("nowhere")
    assert refusal("generic-gpu", pool="tpu") == "profile 'generic-gpu' has no pool 'tpu'; it has cpu, gpu"
    for jobs in (0, -1, 1.5, True):
        assert refusal(local, jobs=jobs) == f"jobs must be a whole number of at least 1, got {jobs}"
    for wait_s in (0, -3.0, float("inf"), float("nan")):
        assert refusal(local, wait_s=wait_s).startswith(f"wait_s must be a positive number of seconds, got {wait_s}: ")
    assert refusal(write(tmp_path, name="gang", backend="mpi")) == (
        "profile 'gang' names backend 'mpi', which has no Dask cluster: use a profile with backend slurm-jobs, "
        "slurm-allocation or local"
    )
    large = write(tmp_path, name="large", pools={"cpu": {"workers": 1, "memory": "900TB"}})
    assert "the pool asks for 1 workers of 9e+05 GB, but this machine has" in refusal(large)


@pytest.mark.parametrize(
    ("changed", "jobs", "most", "key"),
    [
        ({}, 3, 2, "max_jobs"),
        ({"cpu": {"max_jobs": None}}, 9, 8, "max_jobs"),
        ({"limits": {"max_jobs": 2}, "cpu": {"max_jobs": None}}, 3, 2, "limits.max_jobs"),
        ({"limits": {"max_cores": 7}, "cpu": {"cores": 4}}, 2, 1, "limits.max_cores"),
        ({"allocation": True}, 3, 2, "nodes"),
    ],
)
def test_more_jobs_than_the_profile_allows_are_refused(
    tmp_path: Path, changed: dict[str, Any], jobs: int, most: int, key: str
) -> None:
    assert refusal(write_profile(tmp_path, **changed), jobs=jobs) == (
        f"jobs must be at most {most} for pool 'cpu' of profile 'night', got {jobs}: ask for fewer, or raise {key} in "
        "the profile"
    )


def test_no_slurm_and_no_room_for_keys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = write_profile(tmp_path)
    sbatch = tmp_path / "bin" / "sbatch"
    sbatch.parent.mkdir()
    monkeypatch.setenv("PATH", str(sbatch.parent))
    assert refusal(profile) == "there is no sbatch on PATH: load the site's Slurm module first"
    sbatch.write_text("#!/bin/sh\n")
    sbatch.chmod(0o755)
    told = refusal(profile, folder=tmp_path / "my keys")
    assert told.startswith("the folder of a cluster must be a path of letters, digits and @+=:,./-_") and "'/" in told
    assert not (tmp_path / "my keys").exists()


def without_names(script: str) -> str:
    """A job script without what differs from one cluster to the next: names, addresses, keys, and where logs stand."""
    lines = [line for line in script.splitlines() if not line.startswith(("#SBATCH -J", "#SBATCH -e", "#SBATCH -o"))]
    return re.sub(r"(--name|--tls-[a-z-]+|dask_worker) \S+", r"\1 ...", "\n".join(lines)).strip()


@pytest.mark.parametrize("workers", [1, 2])
def test_exported_profile_makes_the_script_that_a_cluster_submits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """With commands in place of Slurm's that keep the script, and list no job."""
    tools, dask = tmp_path / "bin", tmp_path / "dask"
    tools.mkdir()
    for name, does in (("sbatch", f'cp "$2" {tmp_path}/submitted.sh; echo 4711'), ("scancel", ":"), ("squeue", ":")):
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    profile = write_profile(tmp_path, cpu={"workers": workers, "qos": "long", "scratch": "/local/$USER"})
    with citytide.cluster(profile):
        pass
    submitted = (tmp_path / "submitted.sh").read_text()

    command = [sys.executable, "-m", "citytide", "profile", "export", str(profile), "--to", "jobqueue"]
    subprocess.run([*command, "--out", str(dask / "jobqueue.yaml")], check=True, capture_output=True)
    code = (
        "from dask_jobqueue import SLURMCluster\n"
        f"with SLURMCluster({'processes=2, ' if workers > 1 else ''}security=True) as cluster:\n"
        "    print(cluster.job_script())\n"
    )
    environment = {**os.environ, "DASK_CONFIG": str(dask), "HOME": str(tmp_path)}
    alone = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert alone.returncode == 0, alone.stderr
    assert without_names(alone.stdout) == without_names(submitted)
    assert "--tls-key ..." in without_names(submitted) and "#SBATCH --qos=long" in submitted


def test_sigterm_becomes_an_exit_where_nobody_handles_it() -> None:
    from citytide.hpc.jobqueue import leave_on_sigterm

    with pytest.raises(SystemExit) as left, leave_on_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
    assert left.value.code == 143 and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def listening_hosts(port: int | None) -> set[str]:
    """Where this process listens on a port; another one may have the same port of another address."""
    sockets = psutil.Process().net_connections("tcp")
    return {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN and one.laddr.port == port}


def queue() -> list[str]:
    done = subprocess.run(["squeue", "--me", "--noheader", "--format=%i %j %t"], capture_output=True, text=True)
    return done.stdout.splitlines()


def leftovers() -> list[str]:
    """Jobs, keys and scratch of a cluster; a job's last act is to remove its scratch."""
    home = Path(os.environ["CITYTIDE_HOME"])
    return [*queue(), *map(str, home.glob("clusters/*")), *map(str, Path("/tmp").glob("citytide-*-dask-*"))]


def nothing_is_left() -> bool:
    deadline = time.monotonic() + 20 * BUSY
    while leftovers() and time.monotonic() < deadline:
        time.sleep(0.2)
    return leftovers() == []


@pytest.mark.slurm
def test_two_jobs_compute_under_tls_and_leave_nothing(sandbox: Any, tmp_path: Path) -> None:
    profile = write_profile(tmp_path, cpu={"workers": 2, "threads": 1, "memory": "1200MiB"})
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with citytide.cluster(profile, jobs=2, wait_s=60 * BUSY) as client:
        assert client.scheduler.address.startswith("tls://")
        dashboard = urlsplit(client.dashboard_link).port  # its host is the scheduler's, whatever it listens on
        assert listening_hosts(dashboard) == {"127.0.0.1"}
        client.wait_for_workers(4, timeout=60 * BUSY)
        told = list(client.run(tell_worker).values())
        assert len({worker["SLURM_JOB_ID"] for worker in told}) == 2
        assert {(worker["NUMBA_NUM_THREADS"], worker["SLURM_JOB_PARTITION"]) for worker in told} == {("1", "debug")}
        assert all("-dask-" in str(worker["TMPDIR"]) for worker in told)
        workers = client.scheduler_info(n_workers=-1)["workers"]
        assert all(address.startswith("tls://") for address in workers)
        pages = {address: worker["services"]["dashboard"] for address, worker in workers.items()}
        assert all(client.run(listening_hosts, pages[at], workers=[at]) == {at: {"127.0.0.1"}} for at in pages)
        assert {round(worker["memory_limit"] / 2**20) for worker in workers.values()} == {552}  # 0.92 of half a job
        assert sum(client.gather(client.map(lambda x: x * x, range(10)))) == 285
        (place,) = Path(os.environ["CITYTIDE_HOME"]).glob("clusters/*")
        assert all(path.stat().st_mode & 0o077 == 0 for path in (place, *place.glob("slurm/keys-1/*")))
        assert len(queue()) == 2 and all(f" {place.name} " in line for line in queue())
    assert queue() == [] and nothing_is_left()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


@pytest.mark.slurm
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_after_an_exception(
    sandbox: Any, tmp_path: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SBATCH_PARTITION", "nowhere")  # the profile counts, not the environment
    with pytest.raises(error), citytide.cluster(write_profile(tmp_path), jobs=2) as client:
        assert len(queue()) == 2
        client.submit(time.sleep, 60)
        raise error
    assert queue() == [] and nothing_is_left()


@pytest.mark.slurm
def test_wait_that_ends_without_a_worker_names_the_reason_and_keeps_the_logs(sandbox: Any, tmp_path: Path) -> None:
    held = write_profile(tmp_path, cpu={"extra_directives": ["--begin=now+1hour"]})
    told = refusal(held, jobs=2, wait_s=3)
    assert "a worker must come within wait_s, 3 s, and none did: job " in told
    assert "it may not begin yet" in told and "(and 1 more); give wait_s more time" in told
    broken = write_profile(tmp_path, environment=["echo 'the module is missing' >&2; exit 3"])
    told = refusal(broken, wait_s=8, folder=tmp_path / "logs")
    assert "is FAILED on" in told and "its log ends with 'the module is missing'" in told
    (log,) = (tmp_path / "logs").glob("*/slurm/logs/*.err")
    assert log.read_text() == "the module is missing\n"
    assert not list((tmp_path / "logs").rglob("*.pem")) and nothing_is_left()


@pytest.mark.slurm
def test_refusal_by_slurm_is_told_at_once(sandbox: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = refusal(write_profile(tmp_path, cpu={"partition": "nowhere"}), jobs=2)
    assert told.startswith("Slurm took 0 of 2 jobs and refused the others (sbatch: error:")
    assert "invalid partition" in told and "`citytide profile check night` tells why" in told
    assert nothing_is_left() and capfd.readouterr().err == ""


@pytest.mark.slurm
def test_sigterm_cancels_the_jobs(sandbox: Any, tmp_path: Path) -> None:
    profile = write_profile(tmp_path)
    script = (
        f"import citytide, time\nwith citytide.cluster({str(profile)!r}, jobs=2):\n"
        "    print('open', flush=True)\n    time.sleep(100)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "open\n"
        assert len(queue()) == 2
        process.terminate()
        assert process.wait(60 * BUSY) == 143
    assert nothing_is_left()
