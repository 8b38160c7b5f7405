from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.engines import Sweeps
from citytide.kernels.hydro.surface_water.active_tiles import Tiling
from citytide.kernels.hydro.surface_water.scheme import Scheme, advance_scheme
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water

SURFACE = Surface.enclose(np.zeros((3, 4)), 0.03, cell_m=10.0)
OPTIONS: dict[str, Any] = {"clock_s": 0.0, "threshold_m": 0.1, "after_step": None, "threads": 1}


def raise_level(out, flow_x_out, flow_y_out, lost, maps, peak_bits, depth, flow_x, flow_y, ground, rough, rain, loss,
                clock, scalars, extra, active):  # fmt: skip
    """A scheme that adds the step times its second scalar and the extra argument to every depth."""
    assert scalars.dtype == depth.dtype
    for member in range(depth.shape[0]):
        out[member] = depth[member] + scalars[member][0] * scalars[member][1] * extra
        flow_x_out[member], flow_y_out[member] = flow_x[member], flow_y[member]


def make_scheme() -> Scheme:
    sweeps = Sweeps(cpu=raise_level)
    return Scheme(
        {4: sweeps, 8: sweeps}, Tiling(SURFACE.shape, 1, 8, 8), lambda step: (step, 7.0),
        lambda depth: (depth.ndim,),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sweeps_get_the_scalars_of_their_dtype_and_the_extras(dtype: type) -> None:
    surface = Surface.enclose(np.zeros((3, 4)), 0.03, cell_m=10.0, dtype=np.dtype(dtype))
    after, peak = advance_scheme(
        Water.rest(surface, n_members=2), surface, None, make_scheme(), time_step_s=[0.5, 1.0], n_steps=2,
        engine="python", **OPTIONS,
    )  # fmt: skip
    assert after.depth.dtype == dtype and peak.tolist() == [0.0, 0.0]
    assert after.depth[:, 1, 1].tolist() == [2 * 0.5 * 7.0 * 3, 2 * 1.0 * 7.0 * 3]


def test_numbers_of_other_kinds_are_refused_before_a_sweep() -> None:
    water = Water.rest(SURFACE)
    whole = Water(*(getattr(water, name).astype(np.int32) for name in ("depth", "flow_x", "flow_y", "lost")),
                  water.gained, water.maps)  # fmt: skip
    with pytest.raises(ValueError, match="water and surface must be both float32 or both float64"):
        advance_scheme(whole, SURFACE, Forcing(), make_scheme(), time_step_s=1.0, n_steps=1, engine="python", **OPTIONS)
