from __future__ import annotations

import numpy as np
import pytest

from citytide.kernels.hydro.surface_water.adaptive_steps import Moment
from citytide.kernels.hydro.surface_water.host_forcing import HostForcing, as_members, find_inward
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing

SURFACE = Surface.enclose(np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]), 0.03, cell_m=10.0)  # 4 x 5 with its ring
STEPS, ACTS = np.array([2.0, 1.0]), np.array([True, False])
NOW = Moment(0, ACTS, np.where(ACTS, STEPS, 0.0), STEPS)


def test_sources_feed_the_members_that_act_by_their_own_step() -> None:
    depth, gained = np.zeros((2, 4, 5)), np.zeros((2, 1))
    forcing = Forcing(source_cell=np.array([6, 8]), source=np.array([[0.1, 0.3]]))
    held = HostForcing(SURFACE, forcing, STEPS, gained)
    held.hold(depth, ACTS)
    assert depth[0].ravel()[[6, 8]].tolist() == [0.2, 0.6] and not depth[1].any() and not held.settle().any()


def test_levels_are_held_over_the_ground_and_what_they_gave_is_summed_or_kept_apart() -> None:
    forcing = Forcing(level_cell=np.array([6, 7, 8]), level=np.full((1, 3), 1.5))
    for columns, expected in ((1, [[2.0]]), (3, [[1.5, 0.5, 0.0]])):
        depth, gained = np.zeros((2, 4, 5)), np.zeros((2, columns))
        held = HostForcing(SURFACE, forcing, STEPS, gained)
        held.hold(depth, ACTS)
        assert depth[0].ravel()[6:9].tolist() == [1.5, 0.5, 0.0] and not depth[1].any()
        assert held.settle()[:1].tolist() == expected and not held.settle()[1].any()


def test_held_cells_take_the_momentum_of_the_free_cell_beside_them() -> None:
    forcing = Forcing(level_cell=np.array([8, 13]), level=np.zeros((1, 2)))  # the eastern column
    inward = find_inward(SURFACE, forcing)
    assert inward.tolist() == [7, 12]
    flows = [np.arange(40.0).reshape(2, 4, 5), -np.arange(40.0).reshape(2, 4, 5)]
    HostForcing(SURFACE, forcing, STEPS, np.zeros((2, 1))).let_through(*flows, np.ones((2, 4, 5)), NOW)
    assert flows[0][0].ravel()[[8, 13]].tolist() == [7.0, 12.0] and flows[1][0, 1, 3] == -7.0
    assert flows[0][1].ravel()[[8, 13]].tolist() == [28.0, 33.0]  # this member waits


def test_held_cell_is_no_faster_than_the_water_beside_it() -> None:
    """A millimetre that took the momentum of a metre would run a thousand times as fast."""
    held = HostForcing(
        SURFACE, Forcing(level_cell=np.array([8, 13]), level=np.zeros((1, 2))), STEPS, np.zeros((2, 1))
    )  # fmt: skip
    depth = np.ones((2, 4, 5))
    depth[0, 1, 3], depth[0, 2, 3] = 1e-3, 50.0
    flow = np.full((2, 4, 5), 2.0)
    held.let_through(flow, -flow, depth, NOW)
    assert flow[0, 1, 3] == 2e-3 and flow[0, 2, 3] == 2.0


def test_held_cell_among_held_cells_stands_still() -> None:
    everywhere = np.array([6, 7, 8, 11, 12, 13])
    forcing = Forcing(level_cell=everywhere, level=np.zeros((1, 6)))
    assert find_inward(SURFACE, forcing).tolist() == everywhere.tolist()
    flow = np.ones((2, 4, 5))
    HostForcing(SURFACE, forcing, STEPS, np.zeros((2, 1))).let_through(flow, flow.copy(), np.ones((2, 4, 5)), NOW)
    assert not flow[0].ravel()[everywhere].any() and flow[1].all()


def test_tile_is_told_whose_momentum_its_held_cells_take() -> None:
    forcing = Forcing(level_cell=np.array([8]), level=np.zeros((1, 1)), inward_cell=np.array([9]))
    assert find_inward(SURFACE, forcing).tolist() == [9]


def test_field_of_another_ground_is_refused() -> None:
    with pytest.raises(ValueError, match="over the whole surface"):
        as_members(np.zeros((1, 2, 3)), SURFACE, np.zeros(1, "f4"))
    assert as_members(np.zeros((1, 4, 5)), SURFACE, np.zeros(1, "f4")).dtype == np.float32
