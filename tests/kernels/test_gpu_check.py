from __future__ import annotations

from typing import Any

import pytest

from citytide.kernels import gpu_check
from citytide.kernels.engines import EngineError
from citytide.kernels.gpu_check import require_gpu


def test_missing_package_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(gpu_check, "is_installed", lambda engine: False)
    with pytest.raises(EngineError, match=r"needs the package numba-cuda.*citytide\[gpu-cuda13\]"):
        require_gpu("cuda")
    with pytest.raises(EngineError, match="needs the package cupy"):
        require_gpu("cupy")


def test_driver_without_a_gpu_is_told(monkeypatch: pytest.MonkeyPatch, cupy: Any) -> None:
    require_gpu("cupy")
    monkeypatch.setattr(cupy.cuda, "is_available", lambda: False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with pytest.raises(EngineError, match="there is none here with CUDA_VISIBLE_DEVICES=3: run where nvidia-smi shows"):
        require_gpu("cupy")

    def fail() -> bool:
        raise RuntimeError("CUDA driver is\ninsufficient")

    monkeypatch.setattr(cupy.cuda, "is_available", fail)
    with pytest.raises(EngineError, match="it says: CUDA driver is insufficient"):
        require_gpu("cupy")


def test_simulator_counts_for_cuda_and_other_engines_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    require_gpu("cuda")
    with pytest.raises(EngineError, match="must be one for GPUs, cuda or cupy, got 'numba'"):
        require_gpu("numba")
