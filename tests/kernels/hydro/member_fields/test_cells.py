from __future__ import annotations

import numpy as np

from citytide.kernels.hydro.member_fields.cells import read_cells


def test_cells_are_read_in_their_order_and_none_are_none() -> None:
    field = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    found = read_cells(field, np.array([19, 0, 19]))
    assert found.dtype == np.float32 and np.array_equal(found, field[:, [3, 0, 3], [4, 0, 4]])
    assert read_cells(field, np.zeros(0, int)).shape == (3, 0)
