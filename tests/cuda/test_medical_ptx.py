"""Device code that counts persons compiles for the GPUs of today without one at hand: ``make test-ptx``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from citytide.kernels.engines import rebind
from citytide.kernels.medical.accumulators.event_counts import COUNT_EVENTS
from citytide.kernels.medical.accumulators.incidence import COUNT_NEW
from citytide.kernels.medical.accumulators.prevalence import COUNT_FIRSTS, COUNT_OBSERVED
from citytide.kernels.medical.scan.event_strata import PLACE_EVENTS
from citytide.kernels.medical.scan.firsts import LIST_ON_DEVICE
from citytide.kernels.medical.scan.passes import Pass
from citytide.kernels.medical.scan.persons import PLACE_PERSONS
from citytide.kernels.medical.scan.segments import SPLIT_DAYS

pytestmark = pytest.mark.ptx


def compile_pass(each: Pass, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch, *args: Any) -> str:
    from numba import cuda, types

    # a routine called by a kernel is compiled for the device at hand, whatever the kernel is compiled for
    device = SimpleNamespace(compute_capability=capability)
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: device)
    assert each.gpu
    twin = rebind(each.gpu.gpu, "cuda", {**each.gpu.rules, "cuda": cuda})
    lanes = types.uint8[:, ::1]
    ptx, _ = cuda.compile_ptx(twin, types.void(lanes, *args), cc=capability)
    assert f".target sm_{capability[0]}{capability[1]}" in ptx
    return str(ptx)


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
def test_counts_of_persons_compile(capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import types

    i64, place = types.int64[::1], types.int32[::1]
    n, day, code, byte, mark = types.int64, place, types.uint32[::1], types.uint8[::1], types.boolean[::1]
    fixed, edges, periods = place, types.int32[:, ::1], (types.int16[::1], n, n)
    firsts, segments = (i64, i64, place, place), (i64, i64, place, place, place, place)
    counts = [
        (COUNT_FIRSTS, (*firsts, place, n, day, i64, i64)),
        (COUNT_OBSERVED, (i64, i64, place, day, day, types.boolean, fixed, i64, i64)),
        (COUNT_NEW, (*firsts, day, *segments, day, day, n, n, n, i64, i64, i64, i64, i64)),
        (COUNT_EVENTS, (i64, code, byte, mark, day, place, n, i64, i64)),
    ]
    for each, args in counts:
        ptx = compile_pass(each, capability, monkeypatch, *args)
        assert "atom" in ptx and ".f64" not in ptx and ".f32" not in ptx  # whole numbers: the order changes nothing
    shared = [
        (PLACE_PERSONS, (day, byte, code, i64, n, n, n, n, fixed, edges)),
        (PLACE_EVENTS, (i64, day, fixed, edges, n, n, *periods, place)),
        (SPLIT_DAYS, (day, day, day, n, fixed, edges, n, n, *periods, i64, n, *segments)),
        (LIST_ON_DEVICE, (i64, code, byte, day, mark, i64, place, n, *periods, n, *firsts)),
    ]
    for each, args in shared:
        assert ".f64" not in compile_pass(each, capability, monkeypatch, *args)
