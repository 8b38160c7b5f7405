"""Device code of road networks compiles for the GPUs of today without one at hand: ``make test-ptx``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from citytide.kernels.engines import Sweeps, rebind
from citytide.kernels.traffic.device.loading import ADD_TREES, LOAD_IN_GLOBAL, LOAD_IN_SHARED

pytestmark = pytest.mark.ptx


def compile_sweep(sweeps: Sweeps, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch, *args: Any) -> str:
    from numba import cuda, types

    # a routine called by a kernel is compiled for the device at hand, whatever the kernel is compiled for
    device = SimpleNamespace(compute_capability=capability)
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: device)
    twin = rebind(sweeps.gpu, "cuda", {**sweeps.rules, "cuda": cuda})
    ptx, _ = cuda.compile_ptx(twin, types.void(*args), cc=capability)
    assert f".target sm_{capability[0]}{capability[1]}" in ptx
    return str(ptx)


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("in_shared", [True, False], ids=["shared", "global"])
def test_trees_compile(in_shared: bool, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    node, real = types.int32[::1], types.float64[::1]
    roads, trips = (node, node, node, real, types.boolean[::1]), (node, node, real, types.int64[::1])
    nodes, reals = types.int32[:, ::1], types.float64[:, ::1]
    scratch = (reals, nodes, reals, nodes, types.int32[:, :, ::1])
    sweeps = LOAD_IN_SHARED if in_shared else LOAD_IN_GLOBAL
    ptx = compile_sweep(sweeps, capability, monkeypatch, types.uint8[:, ::1], *roads, *trips, real, *scratch,
                        types.int64, types.float64, types.boolean)  # fmt: skip
    assert ".f32" not in ptx  # labels are the host's: float64 all along
    assert ("[48000]" in ptx) == in_shared  # bytes of labels in shared memory
    assert "atom.cas.b64" in ptx or "atom.shared.cas.b64" in ptx
    assert "atom.add.f64" not in ptx  # no sum depends on which thread comes first


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
def test_sum_of_trees_compiles(capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    rows = types.int32[:, ::1], types.float64[::1], types.int32[::1], types.int32[:, ::1], types.float64[:, ::1]
    ptx = compile_sweep(ADD_TREES, capability, monkeypatch, *rows, types.int64)
    assert "atom" not in ptx and "add" in ptx and ".f64" in ptx
