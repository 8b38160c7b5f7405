"""Classes of change are symmetric around no change."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from citytide.workflows.drawing.change_scale import make_change_scale, round_down


@given(arrays(np.float64, 9, elements=st.floats(-1e6, 1e6)))
def test_gain_and_loss_of_one_size_have_mirrored_classes(change: np.ndarray) -> None:
    scale = make_change_scale(change)
    assert (scale.edges == -scale.edges[::-1]).all() and len(scale.colours) == len(scale.edges) + 1
    inner = change[~np.isin(np.abs(change), scale.edges)]  # an edge itself belongs to the class above
    more, less = scale.classify(inner), scale.classify(-inner)
    assert (np.where(more < 0, -1, 2 * scale.middle - more) == less).all()


def test_nothing_changes_where_nothing_differs() -> None:
    scale = make_change_scale(np.zeros(3))
    assert scale.top == 0.0 and scale.classify(np.zeros(3)).tolist() == [-1, -1, -1]
    assert scale.ticks() == {1: "\N{MINUS SIGN}3", 3: "\N{MINUS SIGN}1", 6: "+1", 8: "+3"}


@given(st.floats(1e-9, 1e9))
def test_a_rounded_number_is_one_two_or_five(value: float) -> None:
    found = round_down(value)
    assert found <= value * (1 + 1e-9) < 2.6 * found
