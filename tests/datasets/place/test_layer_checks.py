"""Arrays of a layer that differ in length are refused by name."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from citytide.datasets.place.layer_checks import refuse_unequal_lengths


def test_array_of_another_length_is_refused_by_name() -> None:
    layer = SimpleNamespace(x=np.zeros(3), y=np.zeros(2))
    refuse_unequal_lengths(layer, "node", 3, ("x",))
    with pytest.raises(ValueError, match=r"\.y must hold one value per node \(3\), got 2"):
        refuse_unequal_lengths(layer, "node", 3, ("x", "y"))
