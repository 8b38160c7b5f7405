from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.medical.offsets import check_offsets


def test_offsets_come_back_as_int64() -> None:
    assert check_offsets("offset", np.array([0, 0, 3], "i4"), 3).dtype == np.int64


@pytest.mark.parametrize("offset", [[], [1, 3], [0, 2], [0, 3, 2, 3], [[0, 3]]])
def test_offsets_that_cut_other_rows_are_refused(offset: Any) -> None:
    with pytest.raises(ValueError, match=r"offset must rise from 0 to the number of rows \(3\), one more than there"):
        check_offsets("offset", offset, 3)
