"""What this machine lends a run: cores, memory, GPUs, and one thread budget per worker."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from .gpu.cards import Gpu, list_gpus

__all__ = ["Machine", "describe_machine", "parse_memory", "peak_memory_bytes", "thread_budget"]

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {f"{prefix}i": 1024**power for power, prefix in enumerate("kmgt", start=1)}


@dataclass(frozen=True)
class Machine:
    """Cores this process may use, memory [B] it may hope for, and the GPUs."""

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
