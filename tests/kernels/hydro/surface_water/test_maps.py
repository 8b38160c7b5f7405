from __future__ import annotations

import numpy as np

from citytide.kernels.hydro.surface_water.maps import ARRIVAL, DEEPEST, DURATION, HAZARD, LIMITED, MAPS, record_cell


def test_indices_are_those_of_the_names() -> None:
    assert [MAPS[at] for at in (DEEPEST, HAZARD, ARRIVAL, DURATION, LIMITED)] == list(MAPS)


def test_a_cell_keeps_its_greatest_depth_and_discharge_and_its_first_time_above_the_threshold() -> None:
    maps = np.zeros((len(MAPS), 1, 2, 2))
    maps[ARRIVAL] = np.inf
    for depth, along, clock in ((0.05, 3.0, 1.0), (0.3, 1.0, 2.0), (0.2, 0.0, 3.0)):
        record_cell(maps, 0, 1, 1, depth, along, 4.0, clock, 0.5, 0.1)
    assert maps[:, 0, 1, 1].tolist() == [0.3, 5.0, 2.0, 1.0, 0.0]
    assert maps[:, 0, 0, 0].tolist() == [0.0, 0.0, np.inf, 0.0, 0.0]
