"""Device code compiles for the GPUs of today without one at hand: ``make test-ptx``."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from citytide.kernels.engines import Sweeps, rebind
from citytide.kernels.space.regrid_weights import REGRID
from citytide.kernels.traffic.godunov import PARABOLIC, TRIANGULAR

pytestmark = pytest.mark.ptx


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("sweeps", [PARABOLIC, TRIANGULAR], ids=["parabolic", "triangular"])
def test_godunov_compiles(
    sweeps: Sweeps, width: int, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from numba import cuda, types

    # a rule called by a kernel is compiled for the device at hand, whatever the kernel is compiled for
    device = SimpleNamespace(compute_capability=capability)
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: device)
    real = types.Float(f"float{width}")
    twin = rebind(sweeps.gpu, "cuda", {**sweeps.rules, "cuda": cuda})
    signature = types.void(real[:, ::1], real[:, ::1], *[real] * 5)
    ptx, _ = cuda.compile_ptx(twin, signature, cc=capability)
    assert f".target sm_{capability[0]}{capability[1]}" in ptx
    assert ".f64" in ptx if width == 64 else ".f64" not in ptx  # float32 work stays in float32


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
def test_regrid_compiles(width: int, capability: tuple[int, int]) -> None:
    from numba import cuda, types

    real, axis = types.Float(f"float{width}"), [types.int64[::1], types.int64[::1], types.float64[::1]]
    twin = rebind(REGRID.gpu, "cuda", {"cuda": cuda})
    signature = types.void(real[:, ::1], real[:, ::1], *axis, *axis, types.float64, types.boolean)
    ptx, _ = cuda.compile_ptx(twin, signature, cc=capability)
    assert f".target sm_{capability[0]}{capability[1]}" in ptx
    assert "add.f64" in ptx or "fma.rn.f64" in ptx  # sums are float64 whatever the field


@pytest.mark.parametrize("width", [32, 64])
def test_triad_compiles(width: int) -> None:
    from numba import cuda, types

    from citytide.benchmarks.cases.hydro_device import TRIAD

    real = types.Float(f"float{width}")
    twin = rebind(TRIAD.gpu, "cuda", {"cuda": cuda})
    ptx, _ = cuda.compile_ptx(twin, types.void(*[real[:, ::1]] * 3, real), cc=(9, 0))
    assert (".f64" in ptx) == (width == 64)
