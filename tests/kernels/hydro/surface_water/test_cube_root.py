from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.engines import Sweeps, prange
from citytide.kernels.hydro.surface_water.cube_root import ROOTS, inverse_cube_root


def _roots(out: Any, values: Any) -> None:
    for place in prange(out.size):
        out[place] = inverse_cube_root(values[place])


SWEEPS = {n_bytes: Sweeps(cpu=_roots, inverse_cube_root=root) for n_bytes, root in ROOTS.items()}


@pytest.mark.parametrize("engine", ["numba", "python"])
@pytest.mark.parametrize(("dtype", "bound"), [("f4", 3e-7), ("f8", 1e-15)])
@given(values=st.lists(st.floats(1e-6, 1e5), min_size=1, max_size=20))
def test_root_is_right_to_the_stated_share(engine: Any, dtype: str, bound: float, values: list[float]) -> None:
    array = np.array(values, dtype)
    roots = SWEEPS[array.itemsize](engine, np.empty_like(array), array)
    assert roots.dtype == array.dtype
    np.testing.assert_allclose(roots.astype("f8"), 1.0 / np.cbrt(array.astype("f8")), rtol=bound)
