"""Device code of the pairs of codes compiles for the GPUs of today without one at hand: ``make test-ptx``."""

from __future__ import annotations

import pytest

from citytide.kernels.engines import rebind
from citytide.kernels.medical.pair_sweeps import PAIRS_ON_DEVICE

pytestmark = pytest.mark.ptx


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
def test_pairs_compile(capability: tuple[int, int]) -> None:
    from numba import cuda, types

    table = types.int64[:, ::1]
    twin = rebind(PAIRS_ON_DEVICE.gpu, "cuda", {"cuda": cuda})
    signature = types.void(table, types.int32[::1], types.uint32[::1], table, table, table, types.int64[::1])
    ptx, _ = cuda.compile_ptx(twin, signature, cc=capability)
    assert f".target sm_{capability[0]}{capability[1]}" in ptx
    assert ".u64" in ptx and ("atom" in ptx or "red." in ptx)  # 64-bit whole numbers, added in memory
    assert ".f64" not in ptx and ".f32" not in ptx
