from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.errors import RunError
from citytide.hpc.gang.layout import Place, TileLayout

PLACES: tuple[Place, ...] = ("cell", "x_face", "y_face")
SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 30))


def make_layout(shape: tuple[int, int], ranks: int, reach: int) -> TileLayout | None:
    try:
        return TileLayout(shape, ranks, reach)
    except RunError as error:
        assert "use fewer ranks" in str(error)
        return None


@given(SHAPES, st.integers(1, 12), st.integers(1, 3), st.sampled_from(PLACES))
def test_every_cell_and_face_has_one_owner_and_arrays_hold_what_they_reach(
    shape: tuple[int, int], ranks: int, reach: int, place: Place
) -> None:
    if (layout := make_layout(shape, ranks, reach)) is None:
        return
    owners = np.zeros(layout.whole(place), int)
    numbers = np.arange(owners.size, dtype=float).reshape(owners.shape)
    padded = np.pad(numbers, reach, constant_values=-7.0)
    for tile in layout.tiles:
        owners[tile.owned(place).within((0, 0))] += 1
        y, x = tile.cells.y0, tile.cells.x0
        height, width = tile.shape(place)
        assert np.array_equal(tile.cut(numbers, -7.0, place), padded[y : y + height, x : x + width])
    assert (owners == 1).all()


@given(SHAPES, st.integers(1, 12), st.integers(1, 3))
def test_inner_and_rim_are_the_tile_and_the_inner_needs_no_halo(shape: tuple[int, int], ranks: int, reach: int) -> None:
    if (layout := make_layout(shape, ranks, reach)) is None:
        return
    for tile in layout.tiles:
        count = np.zeros(shape, int)
        for box in (tile.inner(), *tile.rim()):
            count[box.within((0, 0))] += 1
        mine = np.zeros(shape, int)
        mine[tile.cells.within((0, 0))] = 1
        assert np.array_equal(count, mine)
        inner = tile.inner()
        if inner.y0 < inner.y1 and inner.x0 < inner.x1:
            y0, y1 = max(inner.y0 - reach, 0), min(inner.y1 + reach, shape[0])
            x0, x1 = max(inner.x0 - reach, 0), min(inner.x1 + reach, shape[1])
            assert mine[y0:y1, x0:x1].all()


def test_the_split_has_the_shortest_seams() -> None:
    assert TileLayout((1000, 1000), 4).split == (2, 2)
    assert TileLayout((4000, 10), 4).split == (4, 1)
    assert TileLayout((10, 4000), 6).split == (1, 6)


@pytest.mark.parametrize(("shape", "ranks", "reach"), [((3, 3), 7, 1), ((4, 4), 4, 3), ((0, 4), 1, 1)])
def test_a_domain_too_small_is_refused(shape: tuple[int, int], ranks: int, reach: int) -> None:
    with pytest.raises(RunError, match="ranks"):
        TileLayout(shape, ranks, reach)
