"""What is recorded of a block: the water under roads."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.space.crosswalk import Crosswalk
from citytide.workflows.hydro.simulation.case import FloodRoads


@given(rows=st.lists(st.tuples(st.lists(st.floats(0.0, 9.0), max_size=4), st.integers(-1, 1)), min_size=1, max_size=6))
def test_link_stands_under_its_deepest_cell_and_bridges_and_links_off_the_ground_stay_dry(
    rows: list[tuple[list[float], int]],
) -> None:
    depth = np.array([value for cells, _ in rows for value in cells], dtype=np.float64)
    offset = np.cumsum([0, *(len(cells) for cells, _ in rows)])
    level = np.array([at for _, at in rows], dtype=np.int8)
    roads = FloodRoads(Crosswalk(offset, np.arange(depth.size), np.ones(depth.size), depth.size), level)
    found = np.where(roads.on_ground, roads.cells.gather_max(depth), 0.0)
    assert found.tolist() == [max(cells, default=0.0) if at <= 0 else 0.0 for cells, at in rows]
