from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.kernels.hydro.inertia.step import advance_inertia, signal_speed
from citytide.kernels.hydro.inundation import advance_flood
from citytide.kernels.hydro.surface_water.adaptive_steps import WindowRule, advance_to, plan_window
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water


@given(bound=st.floats(0.5, 50.0), left=st.floats(1e-3, 1e5), steps=st.integers(1, 100))
def test_window_meets_the_horizon_or_takes_all_its_steps(bound: float, left: float, steps: int) -> None:
    rule = WindowRule(steps=steps)
    (step,), (count,) = plan_window([bound], [left], 10.0, rule)
    assert 1 <= count <= steps
    assert step <= min(rule.courant * 10.0 / bound, rule.longest_s) * (1.0 + 1e-8)
    assert count == steps or step * count == pytest.approx(left, rel=1e-12)
    assert step * count <= left * (1.0 + 1e-9)


def test_member_at_its_horizon_waits() -> None:
    step, count = plan_window([5.0, 5.0], [0.0, 10.0], 10.0, WindowRule())
    assert step[0] == 0.0 and count[0] == 0 and count[1] > 0


def test_broken_bound_redoes_the_window_of_that_member_only() -> None:
    surface = Surface.enclose(np.zeros((1, 12)), 0.03, cell_m=10.0)
    burst = Forcing(source_cell=np.array([surface.shape[1] + 1]), source=np.array([[0.0], [0.5]]))
    calls = []

    def steps(state, time_step_s, n_steps, clock_s):
        calls.append((time_step_s.tolist(), n_steps.tolist()))
        after, peak = advance_inertia(state, surface, burst, time_step_s=time_step_s, n_steps=n_steps)
        return after, signal_speed(peak)

    water = Water.rest(surface, 0.05, n_members=2)
    after, taken = advance_to(
        water, 60.0, np.zeros(2), 10.0, WindowRule(steps=500), steps=steps,
        speed=lambda state: signal_speed(state.depth.max(axis=(1, 2))),
    )  # fmt: skip
    assert len(calls) > 1 and all(count[0] == 0 for _, count in calls[1:])
    assert all(call[0][1] < calls[0][0][1] for call in calls[1:])
    assert taken[1] > taken[0] == calls[0][1][0]
    brought = after.depth.sum(axis=(1, 2)) - water.depth.sum(axis=(1, 2))
    np.testing.assert_allclose(brought, [0.0, 30.0], rtol=1e-12, atol=1e-12)


@settings(max_examples=10)
@given(seed=st.integers(0, 99))
def test_bits_of_a_member_are_its_own(seed: int) -> None:
    random = np.random.default_rng(seed)
    surface = Surface.enclose(random.random((5, 6)), 0.03, cell_m=10.0)
    depth = random.random((3, 5, 6)) * np.array([0.1, 1.0, 3.0])[:, None, None]
    together, taken = advance_flood(Water.rest(surface, depth, n_members=3), surface, start_s=0.0, horizon_s=90.0)
    for member in range(3):
        alone, steps = advance_flood(Water.rest(surface, depth[member]), surface, start_s=0.0, horizon_s=90.0)
        assert np.array_equal(alone.depth[0], together.depth[member]) and steps[0] == taken[member]
        assert np.array_equal(alone.maps[:, 0], together.maps[:, member])


def test_state_without_numbers_is_called_unstable() -> None:
    surface = Surface.enclose(np.zeros((2, 2)), 0.03, cell_m=10.0)
    endless = Forcing(source_cell=np.array([5]), source=np.array([[np.nan]]))
    with pytest.raises(ValueError, match="unstable: member 0"):
        advance_flood(Water.rest(surface, 1.0), surface, endless, start_s=0.0, horizon_s=60.0)


@pytest.mark.parametrize("wrong", [{"courant": 0.0}, {"steps": 0}, {"headroom": 0.9}, {"longest_s": 0.0}])
def test_rule_that_cannot_hold_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(wrong)))):
        WindowRule(**wrong)
