from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.inertia.step import advance_inertia
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water, measure_volumes

ENGINES = ["numpy", "numba", "python"]


def hills(seed: int, n_y: int = 12, n_x: int = 9, lowest: float = 0.0) -> Surface:
    random = np.random.default_rng(seed)
    return Surface.enclose(lowest + 2.0 * random.random((n_y, n_x)), 0.03, cell_m=10.0)


def splash(surface: Surface, seed: int = 0, n_members: int = 1) -> Water:
    shape = (n_members, *surface.ground[surface.inside].shape)
    return Water.rest(surface, np.random.default_rng(seed).random(shape), n_members=n_members)


def turn(water: Water) -> Water:
    """The same water with x and y exchanged."""
    swap = lambda values: np.ascontiguousarray(np.swapaxes(values, -1, -2))  # noqa: E731
    return replace(
        water,
        depth=swap(water.depth),
        flow_x=swap(water.flow_y),
        flow_y=swap(water.flow_x),
        lost=swap(water.lost),
        maps=swap(water.maps),
    )


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), lowest=st.sampled_from([-30.0, 0.0, 40.0]), level=st.floats(-1.0, 3.0))
def test_lake_stays_at_rest(engine: str, seed: int, lowest: float, level: float) -> None:
    surface = hills(seed, 5, 6, lowest)
    ground = surface.ground[surface.inside]
    before = Water.rest(surface, np.maximum(lowest + level - ground, 0.0))
    after, _ = advance_inertia(before, surface, time_step_s=1.0, n_steps=20, engine=engine)
    assert np.abs(after.depth - before.depth).max() <= 1e-12
    assert max(np.abs(after.flow_x).max(), np.abs(after.flow_y).max()) <= 1e-12


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_no_water_is_made_or_lost_and_none_is_negative(engine: str, seed: int) -> None:
    surface = hills(seed, 6, 5)
    rain = np.where(surface.is_wall, 0.0, 2e-5)[None]
    loss = np.where(surface.is_wall, 0.0, 1e-4)[None]
    source = Forcing(rain, loss, np.array([surface.shape[1] + 1]), np.array([[1e-3]]))
    before = splash(surface, seed)
    after, _ = advance_inertia(before, surface, source, time_step_s=1.0, n_steps=30, engine=engine)
    fed = 30.0 * (rain.sum() + 1e-3) * 100.0
    sunk = float(after.lost.sum()) * 100.0
    volume = measure_volumes(before, surface)[0] + fed - sunk
    assert measure_volumes(after, surface)[0] == pytest.approx(volume, rel=1e-12)
    assert after.depth.min() >= 0.0 and sunk > 0.0
    assert (after.depth[0][surface.is_wall] == 0.0).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_turned_and_mirrored_runs_have_the_same_bits(engine: str) -> None:
    surface = hills(3)
    water = splash(surface)
    plain, _ = advance_inertia(water, surface, time_step_s=0.8, n_steps=25, engine=engine)
    turned, _ = advance_inertia(
        turn(water),
        replace(surface, ground=surface.ground.T.copy(), manning=surface.manning.T.copy()),
        time_step_s=0.8,
        n_steps=25,
        engine=engine,
    )
    for name in ("depth", "flow_x", "flow_y", "maps"):
        assert np.array_equal(getattr(turn(turned), name), getattr(plain, name)), name
    mirrored, _ = advance_inertia(
        replace(water, depth=water.depth[..., ::-1].copy()),
        replace(surface, ground=surface.ground[:, ::-1].copy()),
        time_step_s=0.8,
        n_steps=25,
        engine=engine,
    )
    assert np.array_equal(mirrored.depth[..., ::-1], plain.depth)
    assert np.array_equal(-mirrored.flow_x[..., ::-1], plain.flow_x)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_engines_agree(dtype: str) -> None:
    surface = hills(1)
    surface = replace(surface, ground=surface.ground.astype(dtype), manning=surface.manning.astype(dtype))
    rain = np.where(surface.is_wall, 0.0, 1e-4)[None]
    water = splash(surface, n_members=2)
    found = {
        engine: advance_inertia(
            water, surface, Forcing(rain=rain, loss=0.5 * rain), time_step_s=[0.7, 0.5], n_steps=[9, 12], engine=engine
        )[0]
        for engine in ENGINES
    }
    bound = {"f4": 2e-5, "f8": 1e-13}[dtype]
    for name in ("depth", "flow_x", "flow_y", "lost", "maps"):
        reference = getattr(found["numpy"], name)
        assert reference.dtype == dtype
        for engine in ("numba", "python"):
            np.testing.assert_allclose(getattr(found[engine], name), reference, rtol=bound, atol=bound, err_msg=name)


def test_threads_leave_every_bit() -> None:
    surface = hills(5, 150, 40)
    water = splash(surface, n_members=2)
    alone, peak = advance_inertia(water, surface, time_step_s=0.7, n_steps=20)
    many, other = advance_inertia(water, surface, time_step_s=0.7, n_steps=20, threads=4)
    assert np.array_equal(alone.depth, many.depth) and np.array_equal(alone.maps, many.maps)
    assert np.array_equal(peak, other)


def test_member_does_not_hang_on_its_companions() -> None:
    surface = hills(6)
    water = splash(surface, n_members=3)
    together, _ = advance_inertia(water, surface, time_step_s=[0.5, 0.7, 0.3], n_steps=[10, 3, 0])
    for member in range(3):
        one = replace(
            water,
            **{n: getattr(water, n)[member : member + 1] for n in ("depth", "flow_x", "flow_y", "lost", "gained")},
            maps=water.maps[:, member : member + 1],
        )
        alone, _ = advance_inertia(one, surface, time_step_s=[0.5, 0.7, 0.3][member], n_steps=[10, 3, 0][member])
        for name in ("depth", "flow_x", "flow_y"):
            assert np.array_equal(getattr(alone, name)[0], getattr(together, name)[member])
        assert np.array_equal(alone.maps[:, 0], together.maps[:, member])


@settings(max_examples=20, deadline=None)
@given(row=st.integers(2, 11), column=st.integers(2, 8), n_steps=st.integers(1, 4))
def test_tile_with_a_halo_gets_the_bits_of_the_whole(row: int, column: int, n_steps: int) -> None:
    surface = hills(7)
    water = splash(surface)
    water, _ = advance_inertia(water, surface, time_step_s=0.7, n_steps=3)
    whole, _ = advance_inertia(water, surface, time_step_s=0.7, n_steps=n_steps)
    rows, columns = slice(max(row - n_steps, 0), surface.shape[0]), slice(max(column - n_steps, 0), surface.shape[1])
    tile = replace(surface, ground=surface.ground[rows, columns].copy(), manning=surface.manning[rows, columns].copy())
    part = replace(
        water,
        depth=water.depth[:, rows, columns].copy(),
        flow_x=water.flow_x[:, rows, slice(columns.start, None)].copy(),
        flow_y=water.flow_y[:, slice(rows.start, None), columns].copy(),
        lost=water.lost[:, rows, columns].copy(),
        maps=water.maps[:, :, rows, columns].copy(),
    )
    here, _ = advance_inertia(part, tile, time_step_s=0.7, n_steps=n_steps)
    skip = (slice(None), slice(row - rows.start, None), slice(column - columns.start, None))
    assert np.array_equal(here.depth[skip], whole.depth[:, row:, column:])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_bits_are_those_of_packs_and_of_single_faces(dtype: str) -> None:
    """A cut begins its packs at another cell, and what a pack had there before may be one of the last single ones."""
    surface = hills(8, 3, 45)
    surface = replace(surface, ground=surface.ground.astype(dtype), manning=surface.manning.astype(dtype))
    water = splash(surface)
    whole, _ = advance_inertia(water, surface, time_step_s=0.7, n_steps=2)
    for first in range(1, 18):
        last = surface.shape[1] - first // 2
        cut = (..., slice(first, last))
        tile = replace(surface, ground=surface.ground[cut].copy(), manning=surface.manning[cut].copy())
        fields = {name: getattr(water, name)[cut].copy() for name in ("depth", "flow_y", "lost", "maps")}
        flow_x = water.flow_x[..., first : last + 1].copy()
        here, _ = advance_inertia(replace(water, flow_x=flow_x, **fields), tile, time_step_s=0.7, n_steps=2)
        skip = (..., slice(2, -2))
        assert np.array_equal(here.depth[skip], whole.depth[cut][skip])
        assert np.array_equal(here.maps[skip], whole.maps[cut][skip])
    turned, _ = advance_inertia(
        turn(water),
        replace(surface, ground=surface.ground.T.copy(), manning=surface.manning.T.copy()),
        time_step_s=0.7,
        n_steps=2,
    )
    assert np.array_equal(turn(turned).depth, whole.depth) and np.array_equal(turn(turned).maps, whole.maps)


def test_maps_tell_when_how_long_and_how_deep() -> None:
    surface = Surface.enclose(np.zeros((1, 1)), 0.03, cell_m=10.0)
    rain = np.full((1, 3, 3), 0.01)
    water, _ = advance_inertia(Water.rest(surface), surface, Forcing(rain=rain), time_step_s=1.0, n_steps=20)
    deepest, hazard, arrival, duration, _ = water.maps[:, 0, 1, 1]
    assert deepest == pytest.approx(0.2) and hazard == 0.0
    assert arrival in (10.0, 11.0)  # 0.1 m stands after ten steps, to the last bit or not
    assert duration == 20.0 - arrival + 1.0


def test_held_level_fills_the_land_and_is_counted() -> None:
    surface = Surface.enclose(np.zeros((1, 20)), 0.03, cell_m=10.0)
    sea = Forcing(level_cell=np.array([surface.shape[1] + 1]), level=np.array([[0.5]]))
    water, _ = advance_inertia(Water.rest(surface), surface, sea, time_step_s=1.5, n_steps=4000)
    np.testing.assert_allclose(water.depth[0, 1, 1:-1], 0.5, atol=2e-3)
    assert water.gained[0, 0] == pytest.approx(water.depth.sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"time_step_s": -1.0}, "time_step_s must be finite and >= 0, got -1.0"),
        ({"time_step_s": np.nan}, "finite"),
        ({"time_step_s": 1.0, "theta": 0.0}, "theta"),
        ({"time_step_s": 1.0, "forcing": Forcing(rain=np.zeros((1, 2, 2)))}, "whole surface"),
    ],
)
def test_wrong_arguments_are_named(given: dict[str, Any], said: str) -> None:
    surface = hills(0, 4, 4)
    with pytest.raises(ValueError, match=said):
        advance_inertia(splash(surface), surface, given.pop("forcing", None), **given)


def test_other_dtypes_and_engines_are_refused() -> None:
    surface = hills(0, 4, 4)
    with pytest.raises(ValueError, match="both float32 or both float64"):
        advance_inertia(splash(surface), replace(surface, ground=surface.ground.astype("f4")), time_step_s=1.0)
    with pytest.raises(EngineError, match="cuda"):
        advance_inertia(splash(surface), surface, time_step_s=1.0, engine="cuda")
