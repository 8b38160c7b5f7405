"""A road knows the water that stood on it between two looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.hydro.inertia.step import advance_inertia
from citytide.kernels.hydro.inundation import advance_flood
from citytide.kernels.hydro.member_fields.peaks import IntervalPeaks
from citytide.kernels.hydro.shallow_water.step import advance_shallow_water
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water

SURFACE = Surface.enclose(np.array([[1.0, 0.8, 0.6, 0.4, 0.2, 0.0]]), 0.03, cell_m=10.0)
ENTRIES = np.array([9, 10, 12])  # the second and third cell, and the fifth, on 3 x 8 cells with the ring
OFFSET = np.array([0, 2, 2, 3])


def advance(water: Water, start_s: float, end_s: float, **asked: Any) -> Water:
    return advance_flood(water, SURFACE, Forcing(), start_s=start_s, horizon_s=end_s, **asked)[0]


def test_water_that_comes_and_drains_between_two_looks_is_seen() -> None:
    water = Water.rest(SURFACE, np.array([[0.5, 0.0, 0.0, 0.0, 0.0, 0.0]]))
    peaks = IntervalPeaks(water, OFFSET, ENTRIES + 1)
    assert not peaks.look(water).any()
    water = advance(water, 0.0, 600.0)
    depth, hazard = peaks.look(water)[:, 0]
    assert depth[0] > 0.1 > water.depth[0, 1, 2:4].max() and hazard[0] > 0.1
    assert depth[1] == hazard[1] == 0.0  # a link without cells
    water = advance(water, 600.0, 1200.0)
    again = peaks.look(water)
    assert again[0, 0, 0] < depth[0] and again[1, 0, 0] < hazard[0]


@pytest.mark.parametrize("scheme", ["inertia", "shallow-water"])
def test_maps_of_the_run_keep_their_bits_and_the_greatest_of_all_looks_is_theirs(scheme: Any) -> None:
    ring = 2 if scheme == "shallow-water" else 1
    surface = Surface.enclose(np.random.default_rng(3).random((5, 6)), 0.03, cell_m=10.0, dtype="f4", ring=ring)
    depth = np.random.default_rng(4).random((2, 5, 6)).round() * 0.3
    water = plain = Water.rest(surface, depth, n_members=2, faces=scheme == "inertia")
    water = Water.rest(surface, depth, n_members=2, faces=scheme == "inertia")
    cells = np.flatnonzero(~surface.is_wall)
    peaks, seen = IntervalPeaks(water, np.arange(cells.size + 1), cells), []
    for start_s, end_s in ((0.0, 20.0), (20.0, 25.0), (25.0, 90.0)):
        span: dict[str, Any] = {"start_s": start_s, "horizon_s": end_s, "scheme": scheme}
        plain = advance_flood(plain, surface, **span)[0]
        water = advance_flood(water, surface, **span)[0]
        seen.append(peaks.look(water))
    peaks.restore(water)
    for name in ("depth", "flow_x", "lost", "maps"):
        assert getattr(water, name).tobytes() == getattr(plain, name).tobytes(), name
    whole = plain.maps[:2].reshape(2, 2, -1)[:, :, cells]
    np.testing.assert_array_equal(np.max(seen[1:], axis=0) <= whole, True)
    assert (np.max(seen, axis=0)[1] == whole[1]).all() and (seen[0] >= 0.0).all()


@pytest.mark.parametrize("scheme", ["inertia", "shallow-water"])
def test_look_finds_the_deepest_of_every_single_step(scheme: str) -> None:
    """Forty steps in one call have the bits of forty calls, after each of which somebody reads the depth."""
    advance_by, ring = (advance_inertia, 1) if scheme == "inertia" else (advance_shallow_water, 2)
    random = np.random.default_rng(6)
    surface = Surface.enclose(random.random((5, 6)), 0.03, cell_m=10.0, ring=ring)
    depth = random.random((2, 5, 6)).round() * 0.4
    water = single = Water.rest(surface, depth, n_members=2, faces=scheme == "inertia")
    cells = np.flatnonzero(~surface.is_wall)[::3]
    peaks = IntervalPeaks(water, np.arange(cells.size + 1), cells)
    for n_steps in (40, 20):
        seen = [single.depth.reshape(2, -1)[:, cells]]
        for _ in range(n_steps):
            single = advance_by(single, surface, time_step_s=0.5, n_steps=1)[0]
            seen.append(single.depth.reshape(2, -1)[:, cells])
        water = advance_by(water, surface, time_step_s=0.5, n_steps=n_steps)[0]
        np.testing.assert_array_equal(peaks.look(water)[0], np.max(seen, axis=0))
        assert (np.max(seen, axis=0) > np.maximum(seen[0], seen[-1])).any()  # looks alone would have missed some


def test_moment_of_a_look_belongs_to_both_intervals() -> None:
    water = Water.rest(SURFACE, np.array([[0.0, 0.4, 0.0, 0.0, 0.0, 0.0]]))
    peaks = IntervalPeaks(water, OFFSET, ENTRIES + 1)
    water = advance(water, 0.0, 0.5)
    first = peaks.look(water)
    assert first[0, 0, 0] == 0.4  # what stood there at the start
    now = water.depth[0, 1, 2:4].max()
    water = advance(water, 0.5, 300.0)
    assert water.depth[0, 1, 2:4].max() < now <= peaks.look(water)[0, 0, 0] <= first[0, 0, 0]


def test_compiled_peaks_are_those_of_plain_python() -> None:
    random = np.random.default_rng(5)
    for faces in (True, False):
        water = Water.rest(SURFACE, random.random((2, 1, 6)), n_members=2, faces=faces)
        water.flow_x[...], water.flow_y[...] = random.normal(size=water.flow_x.shape), random.random(water.flow_y.shape)
        found = [IntervalPeaks(water, OFFSET, ENTRIES, engine=engine).look(water) for engine in ("numba", "python")]
        np.testing.assert_array_equal(*found)
        assert found[0][:, :, [0, 2]].min() > 0.0


def test_tiles_find_together_what_one_finds() -> None:
    water = Water.rest(SURFACE, 0.3)
    peaks = IntervalPeaks(water, OFFSET, ENTRIES)
    assert peaks.look(water, lambda mine: np.maximum(mine, 0.7))[0].tolist() == [[0.7, 0.7, 0.7]]


def test_water_without_maps_is_refused() -> None:
    with pytest.raises(ValueError, match="water must have maps to note its peaks in, got none"):
        IntervalPeaks(Water.rest(SURFACE, maps=False), OFFSET, ENTRIES)
