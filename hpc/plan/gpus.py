"""The GPUs of this machine, as nvidia-smi lists them; in Numba's simulator there is one, which is no card."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cache

__all__ = ["SIMULATOR", "Gpu", "is_simulated", "list_gpus", "name_own_gpu"]

SIMULATOR = "simulator"
MEBIBYTE = 1024**2


@dataclass(frozen=True)
class Gpu:
    """A GPU: memory in bytes, 0 if unknown."""

    uuid: str
    name: str
    memory_bytes: int = 0
    driver: str = ""

    def __str__(self) -> str:
        return f"{self.name}, driver {self.driver}" if self.driver else self.name


def is_simulated() -> bool:
    """Whether device code of this process runs in Numba's simulator."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"


def list_gpus() -> tuple[Gpu, ...]:
    """The GPUs in the order of their indices, whatever CUDA_VISIBLE_DEVICES says."""
    if is_simulated():
        return (Gpu(SIMULATOR, "Numba's simulator"),)
    asked = ["nvidia-smi", "--query-gpu=uuid,name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_gpus(told.stdout) if told.returncode == 0 else ()


def parse_gpus(text: str) -> tuple[Gpu, ...]:
    """GPUs from a table of uuid, name, memory [MiB] and driver.

    Examples
    --------
    >>> (gpu,) = parse_gpus("GPU-aa, NVIDIA H200, 143771, 580.159.03")
    >>> str(gpu), gpu.memory_bytes
    ('NVIDIA H200, driver 580.159.03', 150754820096)
    """
    found = []
    for line in text.splitlines():
        uuid, _, rest = line.partition(",")
        name, memory, driver = ([*(part.strip() for part in rest.rsplit(",", 2)), "", "", ""])[:3]
        if uuid.strip():
            found.append(Gpu(uuid.strip(), name, int(memory) * MEBIBYTE if memory.isdigit() else 0, driver))
    return tuple(found)


@cache
def name_own_gpu() -> str:
    """Name and driver of the GPU that this process works on: the first that CUDA_VISIBLE_DEVICES names, or of all."""
    gpus = list_gpus()
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0].strip()
    own = [gpu for place, gpu in enumerate(gpus) if named in (gpu.uuid, str(place))] or gpus
    return str(own[0]) if own else "a GPU without a name"
