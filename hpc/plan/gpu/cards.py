"""The GPUs of this machine, as nvidia-smi lists them; in Numba's simulator there is one, which is no card."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

__all__ = ["SIMULATOR", "Gpu", "is_simulated", "list_gpus", "name_own_gpu"]

SIMULATOR = "simulator"
MEBIBYTE = 1024**2
QUERY = "uuid,name,memory.total,driver_version,mig.mode.current"


@dataclass(frozen=True)
class Gpu:
    """A GPU: memory in bytes, 0 if it is not known."""

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
    """The GPUs that this process may use, in the order in which CUDA numbers them for it."""
    if is_simulated():
        return (Gpu(SIMULATOR, "Numba's simulator"),)
    asked = ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = parse_gpus(told.stdout) if told.returncode == 0 else ()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return found if visible is None else choose_visible(visible, found)


def parse_gpus(text: str) -> tuple[Gpu, ...]:
    """GPUs from a table of uuid, name, memory [MiB], driver, and whether MIG divides the GPU.

    Examples
    --------
    >>> (gpu,) = parse_gpus("GPU-aa, NVIDIA H200, 143771, 580.159.03, Disabled")
    >>> str(gpu), gpu.memory_bytes
    ('NVIDIA H200, driver 580.159.03', 150754820096)
    """
    found = []
    for line in text.splitlines():
        uuid, _, rest = line.partition(",")
        name, memory, driver, mig = ([*(part.strip() for part in rest.rsplit(",", 3)), "", "", "", ""])[:4]
        if uuid.strip():
            # of a GPU that MIG divides each part has less, and nvidia-smi tells that of the whole
            size = int(memory) * MEBIBYTE if memory.isdigit() and mig != "Enabled" else 0
            found.append(Gpu(uuid.strip(), name, size, driver))
    return tuple(found)


def choose_visible(visible: str, found: Sequence[Gpu]) -> tuple[Gpu, ...]:
    """The GPUs that CUDA_VISIBLE_DEVICES names, up to the first that is not there: as CUDA reads it.

    Examples
    --------
    >>> gpus = Gpu("GPU-aa", "A100"), Gpu("GPU-bb", "H100")
    >>> [[gpu.name for gpu in choose_visible(text, gpus)] for text in ("1,0", "GPU-bb", "0,7,1", "")]
    [['H100', 'A100'], ['H100'], ['A100'], []]
    """
    chosen: list[Gpu] = []
    for name in (word.strip() for word in visible.split(",")):
        if name.startswith("MIG-") and found:
            chosen.append(Gpu(name, f"a part of {found[0].name}", 0, found[0].driver))
            continue
        named = [gpu for place, gpu in enumerate(found) if name == str(place) or (name and gpu.uuid.startswith(name))]
        if not named:
            break
        chosen.append(named[0])
    return tuple(chosen)


@cache
def name_own_gpu() -> str:
    """Name and driver of the GPU that this process works on: the first that it may use."""
    own = list_gpus()
    return str(own[0]) if own else "a GPU without a name"
