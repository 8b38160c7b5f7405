from __future__ import annotations

import numpy as np

from citytide.kernels.hydro.surface_water.cell_sums import sum_cells


def test_cells_of_single_precision_are_added_in_double_and_the_ring_is_left_out() -> None:
    field = np.full((2, 1002, 1003), np.float32(0.1))
    field[:, [0, -1]] = field[:, :, [0, -1]] = 9.0
    np.testing.assert_allclose(sum_cells(field, ring=1), 1000 * 1001 * float(np.float32(0.1)), rtol=1e-12)
    assert sum_cells(field[:1]).shape == (1,)
