"""Who steps when, with a scheme that only writes down what it was asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.hydro.surface_water.active_tiles import Tiling
from citytide.kernels.hydro.surface_water.adaptive_steps import Moment
from citytide.kernels.hydro.surface_water.stepping import advance_members
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water

SURFACE = Surface.enclose(np.zeros((2, 2)), 0.03, cell_m=10.0)
TILING = Tiling(SURFACE.shape, 1, 32, 32)


def deepen(calls: list[Any]) -> Any:
    """A scheme that adds each step's seconds to the depth, and notes them as its peak."""

    def sweep(
        there: Any, lost: Any, maps: Any, peak: Any, here: Any, rain: Any, loss: Any, moment: Moment, active: Any
    ) -> None:
        calls.append((moment.clock.tolist(), moment.seconds.tolist()))
        for old, new in zip(here, there, strict=True):
            new[...] = old
        there[0][...] += moment.seconds[:, None, None]
        peak[:, 0] = np.maximum(peak[:, 0], moment.seconds.view(peak.dtype))

    return sweep


def test_members_make_their_own_steps_and_then_wait() -> None:
    calls: list[Any] = []
    seen: list[float] = []
    water = Water.rest(SURFACE, n_members=3)
    after, peak = advance_members(
        water, SURFACE, Forcing(), deepen(calls), time_step_s=[1.0, 0.5, 4.0], n_steps=[1, 3, 0],
        clock_s=[10.0, 20.0, 30.0], tiling=TILING,
        after_step=lambda fields: seen.append(float(fields["depth"][1, 0, 0])),
    )  # fmt: skip
    assert calls == [
        ([11.0, 20.5, 30.0], [1.0, 0.5, 0.0]),
        ([11.0, 21.0, 30.0], [0.0, 0.5, 0.0]),
        ([11.0, 21.5, 30.0], [0.0, 0.5, 0.0]),
    ]
    assert after.depth[:, 0, 0].tolist() == [1.0, 1.5, 0.0] and peak.tolist() == [1.0, 0.5, 0.0]
    assert seen == [0.5, 1.0, 1.5] and not water.depth.any()


def test_no_steps_leave_the_water_as_it_is() -> None:
    water = Water.rest(SURFACE, 1.0)
    after, peak = advance_members(
        water, SURFACE, Forcing(), deepen([]), time_step_s=1.0, n_steps=0, clock_s=0.0, tiling=TILING
    )
    assert after.depth is water.depth and peak.tolist() == [0.0]


@pytest.mark.parametrize("steps", [np.inf, -1.0])
def test_steps_that_are_none_are_refused(steps: float) -> None:
    with pytest.raises(ValueError, match="time_step_s must be finite and >= 0, got"):
        advance_members(
            Water.rest(SURFACE),
            SURFACE,
            Forcing(),
            deepen([]),
            time_step_s=steps,
            n_steps=1,
            clock_s=0.0,
            tiling=TILING,
        )
