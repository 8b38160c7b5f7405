"""The card of this machine and what drives it, or what is missing for a measurement."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

__all__ = ["describe_card", "find_missing", "is_simulated", "list_versions"]

SIMULATOR = "simulator"
PACKAGES = ("numpy", "scipy", "numba", "numba-cuda", "cuda-bindings", "pytest")


def is_simulated() -> bool:
    """Whether Numba's simulator stands for a GPU."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"


def find_missing() -> str:
    """What a measurement lacks here, one sentence; empty: nothing.

    Examples
    --------
    >>> is_simulated() or isinstance(find_missing(), str)
    True
    """
    if is_simulated():
        return ""
    if find_spec("numba_cuda") is None:
        return "a GPU is measured with numba-cuda, which is not installed: pip install 'citytide[gpu-cuda13]'"
    import numba.cuda

    if not numba.cuda.is_available():
        error = " ".join(str(numba.cuda.cuda_error() or "it sees no device").split())
        return f"a GPU is measured where its driver finds one, and numba-cuda found none: {error}"
    return ""


def describe_card() -> dict[str, Any]:
    """Name, compute capability, memory, driver and runtime; None for what the machine does not tell."""
    if is_simulated():
        return {"name": SIMULATOR, "processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    import numba.cuda

    device: Any = numba.cuda.get_current_device()
    name = device.name
    return {
        "name": name.decode() if isinstance(name, bytes) else str(name),
        "compute_capability": _ask(lambda: _join(device.compute_capability)),
        "multiprocessors": _ask(lambda: int(device.MULTIPROCESSOR_COUNT)),
        "cache_bytes": _ask(lambda: int(device.L2_CACHE_SIZE)),
        "memory_bytes": _ask(lambda: int(numba.cuda.current_context().get_memory_info()[1])),
        "driver": _ask(_read_driver),
        "cuda_driver": _ask(lambda: _join(_import("driver").driver.get_version())),
        "cuda_runtime": _ask(lambda: _join(_import("runtime").runtime.get_version())),
        "cores": os.cpu_count(),
    }  # fmt: skip


def list_versions() -> dict[str, str | None]:
    """Versions of Python and of what a measurement stands on; None: not installed.

    Examples
    --------
    >>> import numpy
    >>> list_versions()["numpy"] == numpy.__version__
    True
    """
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    found["cupy"] = _ask(lambda: str(importlib.import_module("cupy").__version__))
    return found


def _ask(what: Callable[[], Any]) -> Any:
    """A fact that cannot be had must not end the day."""
    try:
        return what()
    except Exception:
        return None


def _import(name: str) -> Any:
    return importlib.import_module(f"numba.cuda.cudadrv.{name}")


def _join(numbers: Iterable[int]) -> str:
    return ".".join(map(str, numbers))


def _read_driver() -> str:
    told = subprocess.run(
        ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True,
        timeout=20, check=True,
    )  # fmt: skip
    return told.stdout.split()[0]
