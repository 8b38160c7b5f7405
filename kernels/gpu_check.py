"""Whether a GPU works here, and what is missing if not."""

from __future__ import annotations

import importlib
import os

from .engines import Engine, EngineError, is_installed

__all__ = ["require_gpu"]

PACKAGES: dict[Engine, str] = {"cuda": "numba-cuda", "cupy": "cupy"}


def require_gpu(engine: Engine = "cuda") -> None:
    """Refuse to go on where no GPU can be used by an engine; Numba's simulator counts as one for ``"cuda"``.

    Parameters
    ----------
    engine
        ``"cuda"`` (Numba) or ``"cupy"``.

    Raises
    ------
    EngineError
        With what is missing: the package, the driver, or the GPU.
    """
    if engine not in PACKAGES:
        raise EngineError(f"engine must be one for GPUs, cuda or cupy, got {engine!r}")
    if engine == "cuda" and os.environ.get("NUMBA_ENABLE_CUDASIM") == "1":
        return
    if not is_installed(engine):
        raise EngineError(
            f"a GPU needs the package {PACKAGES[engine]}, which this environment lacks: "
            'pip install "citytide[gpu-cuda13]" (or gpu-cuda12, after your driver), or compute on the CPU'
        )
    if reason := _find_reason(engine):
        raise EngineError(
            f"a GPU needs a driver that lists one, but {reason}: run where nvidia-smi shows one, or compute on the CPU"
        )


def _find_reason(engine: Engine) -> str:
    """Why no GPU can be used; empty if one can."""
    try:
        if engine == "cupy":
            usable = importlib.import_module("cupy").cuda.is_available()
        else:
            usable = importlib.import_module("numba.cuda").is_available()
    except Exception as error:  # the driver's own kind of error, which differs by release
        return f"it says: {' '.join(str(error).split())[:200]}"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if usable:
        return ""
    return "there is none here" if visible is None else f"there is none here with CUDA_VISIBLE_DEVICES={visible}"
