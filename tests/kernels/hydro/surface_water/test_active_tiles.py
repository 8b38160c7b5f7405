"""Tiles at rest are passed over, and nobody can tell from the water."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.kernels.hydro.inertia.step import advance_inertia
from citytide.kernels.hydro.shallow_water.step import advance_shallow_water
from citytide.kernels.hydro.surface_water import stepping
from citytide.kernels.hydro.surface_water.active_tiles import ActiveTiles, Tiling
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water

SHAPE = (150, 330)  # five tiles down, six across
STEP_S = 0.5  # a sum of such is exact
THRESHOLD_M = 2.0  # no pond is deeper


def lay_ground(rng: np.random.Generator, dtype: Any) -> Surface:
    """Hills in the west, a plain in the east, and walls here and there."""
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]] / 50.0
    ground = 2.0 * np.sin(2.0 * x + rng.uniform(0, 6)) * np.cos(3.0 * y + rng.uniform(0, 6)) + rng.uniform(
        0, 0.05, SHAPE
    )
    ground[:, 120:] = 0.0
    valid = rng.uniform(size=SHAPE) > 0.01
    return Surface.enclose(ground, 0.03, cell_m=10.0, valid=valid, ring=2, dtype=dtype)


def lay_water(rng: np.random.Generator, surface: Surface, **asked: Any) -> Water:
    """Dry hills with a pond, and a plain under still water, in which a change runs a cell a step, with a wave in it."""
    depth = np.zeros((2, *SHAPE))
    depth[:, :, 120:] = 0.5
    for member in range(2):
        row, column = rng.integers(0, 120), rng.integers(0, 300)
        depth[member, row : row + 20, column : column + 20] = rng.uniform(0.05, 1.0)
        depth[member, 60:64, 150:154] += 0.1
    depth[:, :2, :2] = 0.3
    return Water.rest(surface, depth, n_members=2, **asked)


def force(rng: np.random.Generator, surface: Surface, kinds: set[str]) -> Forcing:
    """A shower over a part, sinks, springs and a tide."""
    free = np.flatnonzero(~surface.is_wall)
    cells = rng.choice(free, 4, replace=False)
    given: dict[str, Any] = {}
    if "rain" in kinds:
        rain = np.zeros((1, *surface.shape))
        rain[0, 30:50, 20:60] = 2e-5
        given["rain"] = np.where(surface.is_wall, 0.0, rain).astype(surface.ground.dtype)
    if "loss" in kinds:
        given["loss"] = np.where(surface.is_wall, 0.0, 1e-6)[None].astype(surface.ground.dtype)
    if "source" in kinds:
        given |= {"source_cell": cells[:2], "source": np.array([[1e-3, 1e-4]])}
    if "level" in kinds:
        given |= {"level_cell": cells[2:], "level": np.array([[0.6, -5.0]])}
    return Forcing(**given)


def step_alone(advance: Any, water: Water, surface: Surface, forcing: Forcing, n_steps: Any) -> Any:
    """One call for each step: then no tile has a past, and none rests."""
    peaks = []
    for step in range(int(max(n_steps))):
        water, peak = advance(
            water, surface, forcing, time_step_s=STEP_S, n_steps=[int(step < n) for n in n_steps],
            clock_s=step * STEP_S, threshold_m=THRESHOLD_M,
        )  # fmt: skip
        peaks.append(peak)
    return water, np.max(peaks, axis=0)


def same_bits(one: Water, other: Water) -> bool:
    names = ("depth", "flow_x", "flow_y", "lost", "gained", "maps")
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)


KINDS = st.sets(st.sampled_from(["rain", "loss", "source", "level"]))


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kinds=KINDS, n_steps=st.tuples(st.integers(1, 90), st.integers(0, 90)),
       maps=st.booleans(), single=st.booleans())  # fmt: skip
def test_inertia_is_the_same_to_the_last_bit(
    seed: int, kinds: set[str], n_steps: tuple[int, int], maps: bool, single: bool
) -> None:
    rng = np.random.default_rng(seed)
    surface = lay_ground(rng, np.float32 if single else np.float64)
    water, forcing = lay_water(rng, surface, maps=maps), force(rng, surface, kinds)
    after, peak = advance_inertia(water, surface, forcing, time_step_s=STEP_S, n_steps=n_steps, threshold_m=THRESHOLD_M)
    alone, highest = step_alone(advance_inertia, water, surface, forcing, n_steps)
    assert same_bits(after, alone) and peak.tobytes() == highest.tobytes()


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kinds=KINDS, n_steps=st.tuples(st.integers(1, 60), st.integers(0, 60)),
       order=st.sampled_from([1, 2]))  # fmt: skip
def test_shallow_water_is_the_same_to_the_last_bit(
    seed: int, kinds: set[str], n_steps: tuple[int, int], order: int
) -> None:
    def advance(*words: Any, **asked: Any) -> Any:
        return advance_shallow_water(*words, order=order, **asked)

    rng = np.random.default_rng(seed)
    surface = lay_ground(rng, np.float64)
    water, forcing = lay_water(rng, surface, faces=False), force(rng, surface, kinds)
    after, peak = advance(water, surface, forcing, time_step_s=STEP_S, n_steps=n_steps, threshold_m=THRESHOLD_M)
    alone, highest = step_alone(advance, water, surface, forcing, n_steps)
    assert same_bits(after, alone) and peak.tobytes() == highest.tobytes()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was active after each look."""
    seen: list[Any] = []

    class Seen(ActiveTiles):
        def look(self, step: int, *words: Any) -> None:
            super().look(step, *words)
            seen.append(self.active.copy())

    monkeypatch.setattr(stepping, "ActiveTiles", Seen)
    return seen


def test_dry_land_and_a_standing_film_rest(looks: list[Any]) -> None:
    """The tiles around a pond wake, and all others sleep from the second step on, until it comes near them."""
    surface = Surface.enclose(np.zeros(SHAPE), 0.03, cell_m=10.0)
    depth = np.full(SHAPE, 5e-4)
    depth[70:80, 140:150] = 1.0
    advance_inertia(Water.rest(surface, depth), surface, time_step_s=STEP_S, n_steps=16)
    expected = np.zeros((5, 6), np.uint8)
    expected[1:4, 1:4] = 1
    assert len(looks) == 15 and all((one[0] == expected).all() for one in looks)


def test_deep_still_water_rests_unless_its_hours_are_counted(looks: list[Any]) -> None:
    surface = Surface.enclose(np.zeros(SHAPE), 0.03, cell_m=10.0)
    for maps in (False, True):
        looks.clear()
        advance_inertia(Water.rest(surface, 1.0, maps=maps), surface, time_step_s=STEP_S, n_steps=3)
        assert [one.any() for one in looks] == [maps, maps]


@pytest.mark.parametrize("advance", [advance_inertia, advance_shallow_water])
def test_rain_that_sinks_at_once_is_counted_at_every_step(advance: Any, looks: list[Any]) -> None:
    """The ground stays dry, and only the sum of what sank tells that it rained."""
    surface = Surface.enclose(np.zeros(SHAPE), 0.03, cell_m=10.0, ring=2)
    rain, loss = np.zeros((2, 1, *surface.shape))
    rain[0, 34:38, 66:70], loss[...] = 1e-5, 2e-5
    water = Water.rest(surface, n_members=2, faces=advance is advance_inertia)
    after, _ = advance(water, surface, Forcing(rain, loss), time_step_s=STEP_S, n_steps=[40, 7], clock_s=0.0)
    np.testing.assert_allclose(after.lost[:, 35, 68], [40 * STEP_S * 1e-5, 7 * STEP_S * 1e-5], rtol=1e-12)
    assert not after.depth.any() and (advance is advance_shallow_water or not looks[-1].all())


def test_sources_and_moved_rings_keep_their_tiles_awake() -> None:
    tiling = Tiling((102, 202), 1, 20, 40)
    tiles = ActiveTiles(tiling, 1, fed=np.array([50 * 202 + 100]), is_edge_moved=True, still_m=np.inf)
    assert tiling.counts == (5, 5) and tiling.steps == 10
    fields = tuple(np.zeros((1, 102, 202 + more)) for more in (0, 1, 0))
    tiles.look(0, fields, fields, "python", 1)
    assert tiles.active.all()  # beside the ring, or beside the source
    tiles.never[2, 2] = False
    tiles.look(5, fields, fields, "python", 1)
    assert tiles.active.all()  # too early to look again
    tiles.look(10, fields, fields, "python", 1)
    assert tiles.active.sum() == 24


def test_change_in_one_bit_is_a_change() -> None:
    tiles = ActiveTiles(Tiling((66, 130), 1, 32, 32), 2, fed=np.zeros(0, np.int64), is_edge_moved=False, still_m=np.inf)
    before = tuple(np.zeros((2, 66, 131)) for _ in range(3))
    after = tuple(field.copy() for field in before)
    after[1][1, 33, 129] = -0.0
    tiles.look(0, before, after, "numba", 1)
    assert not tiles.active[0].any() and tiles.active[1].tolist() == [[0, 0, 1, 1]] * 2


def test_water_that_goes_to_rest_has_both_its_states_alike() -> None:
    """A wave dies out in a small pond, its tile falls asleep, and wakes when another wave comes."""
    surface = Surface.enclose(np.zeros(SHAPE), 0.03, cell_m=10.0, dtype=np.float32)
    depth = np.zeros(SHAPE)
    depth[10:14, 10:14] = 2e-3
    depth[100:140, 250:320] = 3.0
    water = Water.rest(surface, depth, maps=False)
    after, _ = advance_inertia(water, surface, time_step_s=STEP_S, n_steps=1000)
    alone, _ = step_alone(advance_inertia, water, surface, Forcing(), [1000])
    assert same_bits(after, alone)
