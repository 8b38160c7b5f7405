from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from citytide.hpc.plan.gpu.cards import Gpu, list_gpus, name_own_gpu, parse_gpus

TOLD = """GPU-aa, NVIDIA A100-SXM4, 80GB, 81920, 535.104.05, Disabled
GPU-bb, NVIDIA GB10, [N/A], 580.1, [N/A]
"""


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{TOLD}END\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    name_own_gpu.cache_clear()
    yield program
    name_own_gpu.cache_clear()


def test_names_with_commas_and_memory_that_is_not_told() -> None:
    first, second = parse_gpus(TOLD)
    assert first == Gpu("GPU-aa", "NVIDIA A100-SXM4, 80GB", 81920 * 1024**2, "535.104.05")
    assert (second.memory_bytes, str(second)) == (0, "NVIDIA GB10, driver 580.1")


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ["A100", "GB10"]),
        ("1", ["GB10"]),
        ("GPU-bb,GPU-aa", ["GB10", "A100"]),
        ("0,7", ["A100"]),
        ("", []),
        ("MIG-12", ["a part of NVIDIA A100"]),
    ],
)
def test_process_may_use_the_gpus_that_are_visible_and_works_on_the_first(
    smi: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, names: list[str]
) -> None:
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    found = list_gpus()
    assert len(found) == len(names) and all(name in gpu.name for name, gpu in zip(names, found, strict=True))
    assert name_own_gpu() == (str(found[0]) if found else "a GPU without a name")


def test_memory_of_a_gpu_that_mig_divides_is_not_known() -> None:
    (gpu,) = parse_gpus("GPU-aa, NVIDIA A100, 81920, 580.1, Enabled")
    assert gpu.memory_bytes == 0


def test_broken_driver_lists_no_gpu(smi: Path) -> None:
    smi.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'; exit 9\n")
    assert list_gpus() == ()


def test_simulator_is_one_gpu_of_unknown_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    (gpu,) = list_gpus()
    assert str(gpu) == "Numba's simulator" and gpu.memory_bytes == 0
