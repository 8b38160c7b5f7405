"""Device code of the water kernels compiles for the GPUs of today without one at hand: ``make test-ptx``."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from citytide.kernels.engines import Sweeps, rebind
from citytide.kernels.hydro.green_ampt import INFILTRATION
from citytide.kernels.hydro.inertia.device import HIGHEST
from citytide.kernels.hydro.inertia.outflows import OUTFLOWS
from citytide.kernels.hydro.inertia.sweeps import INERTIA
from citytide.kernels.hydro.member_fields.cells import READ_CELLS
from citytide.kernels.hydro.member_fields.feeding import LOSE, SCALE
from citytide.kernels.hydro.member_fields.peaks import GROUPS, MERGE
from citytide.kernels.hydro.rain.advection import ADVECTION
from citytide.kernels.hydro.rain.trajectories import LOOK_UP, TRACE
from citytide.kernels.hydro.shallow_water.device import SIGNALS
from citytide.kernels.hydro.shallow_water.sweeps import SHALLOW_WATER
from citytide.kernels.hydro.surface_water.cell_sums import SUM_COLUMNS
from citytide.kernels.hydro.surface_water.device_forcing import APPLY, LET_THROUGH, RECALL

pytestmark = pytest.mark.ptx


def compile_sweep(sweeps: Sweeps, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch, *args: Any) -> str:
    from numba import cuda, types

    # a rule called by a kernel is compiled for the device at hand, whatever the kernel is compiled for
    device = SimpleNamespace(compute_capability=capability)
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: device)
    twin = rebind(sweeps.gpu, "cuda", {**sweeps.rules, "cuda": cuda})
    ptx, _ = cuda.compile_ptx(twin, types.void(*args), cc=capability)
    assert f".target sm_{capability[0]}{capability[1]}" in ptx
    return str(ptx)


def list_doubles(ptx: str) -> set[str]:
    """What is computed in float64: not what is loaded, stored, converted, chosen or compared."""
    return set(re.findall(r"\b(abs|add|div|ex2|fma|lg2|max|min|mul|neg|rcp|rsqrt|sqrt|sub)\.(?:[a-z]+\.)*f64", ptx))


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
def test_inertia_compiles(width: int, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    real, bits = types.Float(f"float{width}"), types.Integer(f"int{width}")
    fields, plane = real[:, :, ::1], real[:, ::1]
    cells, steps = real[::1], (types.int64[::1], types.int64)
    args = (fields, *[cells] * 3, real[:, :, :, ::1], bits[:, ::1], *[cells] * 7, plane, plane, bits[::1], *steps)
    ptx = compile_sweep(INERTIA[width // 8], capability, monkeypatch, *args)
    assert ".f64" in ptx if width == 64 else ".f64" not in ptx  # float32 work stays in float32
    assert "atom.global.max" in ptx or "atom.max" in ptx
    assert "atom" in compile_sweep(HIGHEST, capability, monkeypatch, bits[:, :, ::1], bits[:, ::1])
    given = (*[fields] * 3, real[:, :, :, ::1], plane, real[::1], real[::1])
    ptx = compile_sweep(OUTFLOWS, capability, monkeypatch, *given)
    assert "atom" in ptx and (".f64" in ptx) == (width == 64)


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
def test_shallow_water_compiles(width: int, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    real = types.Float(f"float{width}")
    fields, plane = real[:, :, ::1], real[:, ::1]
    args = (*[fields] * 4, real[:, :, :, ::1], plane, *[fields] * 3, plane, plane, fields, fields, plane, plane,
            types.int64, types.int64[::1], types.int64)  # fmt: skip
    ptx = compile_sweep(SHALLOW_WATER[width // 8], capability, monkeypatch, *args)
    assert ".f64" in ptx if width == 64 else ".f64" not in ptx  # float32 work stays in float32
    ptx = compile_sweep(SIGNALS, capability, monkeypatch, *[fields] * 3, plane, *[real] * 3)
    assert "atom" in ptx and (".f64" in ptx) == (width == 64)


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
def test_forcing_compiles(width: int, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    real = types.Float(f"float{width}")
    plane, cells, fields, maps = real[:, ::1], types.int64[::1], real[:, :, ::1], real[:, :, :, ::1]
    assert (".f64" in compile_sweep(RECALL, capability, monkeypatch, fields, maps, cells)) == (width == 64)
    given = (fields, fields, maps, types.float64[:, ::1], cells, cells, plane, cells, plane, real[::1], plane, cells,
             types.int64, real)  # fmt: skip
    ptx = compile_sweep(APPLY, capability, monkeypatch, *given)
    assert list_doubles(ptx) >= {"sub", "add"}  # gains are summed in float64 whatever the water
    assert width == 64 or list_doubles(ptx) == {"sub", "add"}
    given = (plane, *[fields] * 3, cells, cells, cells, types.int64, real, real)
    assert (".f64" in compile_sweep(LET_THROUGH, capability, monkeypatch, *given)) == (width == 64)


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
def test_advection_compiles(width: int, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    real = types.Float(f"float{width}")
    ptx = compile_sweep(ADVECTION, capability, monkeypatch, real[:, :, ::1], *[real[:, ::1]] * 3, *[real] * 3)
    # Comparing a position with the number of cells is the one thing done in float64.
    assert not list_doubles(ptx) if width == 32 else "fma" in list_doubles(ptx)


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
def test_infiltration_compiles(width: int, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    sunk, double = types.Float(f"float{width}")[:, :, ::1], types.float64[:, :, ::1]
    args = (double, types.float64[::1], sunk, *[double] * 3, types.float64)
    ptx = compile_sweep(INFILTRATION, capability, monkeypatch, *args)
    assert "sqrt.rn.f64" in ptx and "div.rn.f64" in ptx  # in double precision whatever the water


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
def test_trajectories_compile(width: int, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    real = types.Float(f"float{width}")
    plane = real[:, ::1]
    ptx = compile_sweep(TRACE, capability, monkeypatch, real[:, :, ::1], plane, plane, real, real)
    ptx += compile_sweep(LOOK_UP, capability, monkeypatch, *[plane] * 4, *[real] * 4)
    # Comparing a position with the number of cells is the one thing done in float64.
    assert not list_doubles(ptx) if width == 32 else "fma" in list_doubles(ptx)


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("width", [32, 64])
def test_fields_of_members_compile(width: int, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    real, double, whole = types.Float(f"float{width}"), types.float64, types.int64
    fields, plane, maps, cells = real[:, :, ::1], real[:, ::1], real[:, :, :, ::1], whole[::1]
    in_double = {
        "scaled": compile_sweep(
            SCALE, capability, monkeypatch, fields, double[:, ::1], double[::1], double, whole, whole
        ),
        "lost": compile_sweep(LOSE, capability, monkeypatch, fields, *[double[:, :, ::1]] * 2, double),
        "summed": compile_sweep(SUM_COLUMNS, capability, monkeypatch, double[:, ::1], fields, whole),
    }  # fmt: skip
    in_its_own = {
        "read": compile_sweep(READ_CELLS, capability, monkeypatch, plane, fields, cells),
        "grouped": compile_sweep(GROUPS, capability, monkeypatch, fields, maps, *[fields] * 3, cells, cells, real),
        "merged": compile_sweep(MERGE, capability, monkeypatch, maps, maps, real),
    }
    assert [name for name, ptx in in_double.items() if ".f64" not in ptx] == []
    assert [name for name, ptx in in_its_own.items() if (".f64" in ptx) != (width == 64)] == []
