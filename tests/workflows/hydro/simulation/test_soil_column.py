"""What a soil takes is the same on a part of the cells."""

from __future__ import annotations

import numpy as np

from citytide.workflows.hydro.simulation.soil_column import SoilColumn


def test_a_tile_of_the_soil_takes_what_the_whole_takes() -> None:
    random = np.random.default_rng(3)
    whole = SoilColumn(random.random((4, 6)) * 1e-5, random.random((4, 6)), random.random((4, 6)) * 0.5)
    sunk = random.random((2, 4, 6))
    rate = whole.take(sunk, 60.0)
    part = whole.apply(lambda field: field[1:3, 2:5])
    assert np.array_equal(part.take(sunk[:, 1:3, 2:5], 60.0), rate[:, 1:3, 2:5]) and rate.shape == (2, 4, 6)
