"""What this machine lends a run: cores, memory, GPUs, and one thread budget per worker."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

__all__ = [
    "SIMULATOR", "Gpu", "Machine", "describe_machine", "find_own_gpu", "is_simulated", "list_gpus", "parse_memory",
    "peak_memory_bytes", "thread_budget",
]  # fmt: skip

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {f"{prefix}i": 1024**power for power, prefix in enumerate("kmgt", start=1)}


@dataclass(frozen=True)
class Gpu:
    """A GPU as nvidia-smi tells of it; memory [B] is 0 where it is not known, or shared out by MIG."""

    uuid: str
    name: str
    memory_bytes: int = 0
    driver: str = ""


SIMULATOR = Gpu("simulator", "simulator")  # Numba's, which runs device code in Python


@dataclass(frozen=True)
class Machine:
    """Cores this process may use, memory [B] it may hope for, and the GPUs it may use."""

    cores: int
    memory_bytes: int
    available_bytes: int
    gpus: tuple[Gpu, ...] = ()


def describe_machine() -> Machine:
    """Read cores from the affinity mask, memory from the control group or the machine, whichever is less."""
    memory = psutil.virtual_memory()
    total = min([memory.total, *_cgroup_limits()])
    return Machine(len(os.sched_getaffinity(0)), total, min(total, memory.available), list_gpus())


def _cgroup_limits() -> list[int]:
    """Memory limits of every control group this process stands in, from its own path up to the root."""
    limits = []
    try:
        own = Path("/proc/self/cgroup").read_text().strip().splitlines()[-1].rpartition(":")[2]
    except OSError:
        return []
    base = Path("/sys/fs/cgroup")
    for group in [base / own.lstrip("/"), *(base / own.lstrip("/")).parents]:
        try:
            limits.append(int((group / "memory.max").read_text()))
        except (OSError, ValueError):
            pass
        if group == base:
            break
    return limits


def is_simulated() -> bool:
    """Whether Numba simulates a GPU in this environment."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"


def list_gpus() -> tuple[Gpu, ...]:
    """The GPUs that this process may use, in the order of CUDA_VISIBLE_DEVICES; the simulator in its environment."""
    if is_simulated():
        return (SIMULATOR,)
    query = "--query-gpu=uuid,name,memory.total,driver_version,mig.mode.current"
    try:
        asked = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = _read_gpus(asked.stdout) if asked.returncode == 0 else ()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return found if visible is None else _choose_gpus(visible, found)


def _read_gpus(text: str) -> tuple[Gpu, ...]:
    """The answer of nvidia-smi: a GPU a line, its memory in MiB."""
    rows = [[word.strip() for word in line.split(",")] for line in text.splitlines()]
    return tuple(
        Gpu(uuid, name, int(memory) * 1024**2 if memory.isdigit() and mig != "Enabled" else 0, driver)
        for uuid, name, memory, driver, mig in (row for row in rows if len(row) == 5)
    )


def _choose_gpus(visible: str, found: tuple[Gpu, ...]) -> tuple[Gpu, ...]:
    """Those that CUDA_VISIBLE_DEVICES names, by index or UUID, up to the first that is not there, as CUDA does."""
    chosen = []
    for name in (word.strip() for word in visible.split(",")):
        by_index = found[int(name)] if name.isdigit() and int(name) < len(found) else None
        gpu = by_index or next((one for one in found if name.startswith("GPU-") and one.uuid.startswith(name)), None)
        if gpu is None:
            break
        chosen.append(gpu)
    return tuple(chosen)


@cache
def find_own_gpu() -> Gpu | None:
    """The first GPU that this process may use; a part of one, by MIG, counts as that one."""
    return next(iter(list_gpus()), None)


def parse_memory(text: str | int) -> int:
    """Bytes meant by ``"2GB"``, ``"600 MiB"`` or a plain number.

    Examples
    --------
    >>> parse_memory("2GB"), parse_memory("1 MiB"), parse_memory(512)
    (2000000000, 1048576, 512)
    """
    if isinstance(text, int) and not isinstance(text, bool) and text > 0:
        return text
    if not isinstance(text, str):
        raise ValueError(f"memory must be a size such as 2GB, 600MiB or 1500000000, got {text!r}")
    value = text.strip().lower().removesuffix("b")
    number = value.rstrip("kmgti ")
    unit = value[len(number) :].strip()
    try:
        if not 0 < (size := float(number) * _UNITS[unit]) < 1e18:
            raise ValueError
        return int(size)
    except (ValueError, KeyError):
        raise ValueError(f"memory must be a size such as 2GB, 600MiB or 1500000000, got {text!r}") from None


def thread_budget(threads: int) -> dict[str, str]:
    """Environment that holds every thread pool of one worker to its share of cores.

    Dask's nanny sets the first three alone; Numba and Zarr would each take the whole machine.
    """
    n = str(threads)
    return {
        "OMP_NUM_THREADS": n,
        "MKL_NUM_THREADS": n,
        "OPENBLAS_NUM_THREADS": n,
        "NUMBA_NUM_THREADS": n,
        "NUMBA_THREADING_LAYER": "omp",  # `workqueue` aborts the process when two Python threads meet in it
        "ZARR_THREADING__MAX_WORKERS": n,
        "ZARR_ASYNC__CONCURRENCY": n,
    }


def peak_memory_bytes() -> int:
    """Largest resident set of this process so far (VmHWM) [B]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
