"""Lakes stay, water is kept, and bits do not hang on senses, companions, threads or tiles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.kernels.hydro.shallow_water.step import REACH, advance_shallow_water, measure_signals
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water, measure_volumes

Order = Literal[1, 2]
ORDERS: list[Order] = [1, 2]
FIELDS = ("depth", "flow_x", "flow_y")


def hills(seed: int, n_y: int = 12, n_x: int = 9, lowest: float = 0.0, dtype: str = "f8") -> Surface:
    random = np.random.default_rng(seed)
    return Surface.enclose(lowest + 2.0 * random.random((n_y, n_x)), 0.03, cell_m=10.0, ring=2, dtype=dtype)


def splash(surface: Surface, seed: int = 0, n_members: int = 1) -> Water:
    shape = (n_members, *surface.ground[surface.inside].shape)
    return Water.rest(surface, np.random.default_rng(seed).random(shape), n_members=n_members, faces=False)


def turn(water: Water) -> Water:
    """The same water with x and y exchanged."""
    swapped = {name: np.swapaxes(getattr(water, name), -1, -2).copy() for name in ("depth", "lost", "maps")}
    flows = {"flow_x": np.swapaxes(water.flow_y, -1, -2).copy(), "flow_y": np.swapaxes(water.flow_x, -1, -2).copy()}
    return replace(water, **swapped, **flows)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("engine", ["numba", "python"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), lowest=st.sampled_from([-30.0, 0.0, 40.0]), level=st.floats(-1.0, 3.0))
def test_lake_stays_at_rest(order: Order, engine: Any, seed: int, lowest: float, level: float) -> None:
    surface = hills(seed, 5, 6, lowest)
    ground = surface.ground[surface.inside]
    before = Water.rest(surface, np.maximum(lowest + level - ground, 0.0), faces=False)
    after, _ = advance_shallow_water(before, surface, time_step_s=0.4, n_steps=20, order=order, engine=engine)
    assert np.abs(after.depth - before.depth).max() <= 1e-12
    assert max(np.abs(after.flow_x).max(), np.abs(after.flow_y).max()) <= 1e-12


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_no_water_is_made_or_lost_and_none_is_negative(order: Order, seed: int) -> None:
    surface = hills(seed, 6, 5)
    rain = np.where(surface.is_wall, 0.0, 2e-5)[None]
    loss = np.where(surface.is_wall, 0.0, 1e-4)[None]
    source = Forcing(rain, loss, np.array([2 * surface.shape[1] + 2]), np.array([[1e-3]]))
    before = splash(surface, seed)
    after, fastest = advance_shallow_water(before, surface, source, time_step_s=0.25, n_steps=60, order=order)
    fed = 15.0 * (rain.sum() + 1e-3) * 100.0
    sunk = float(after.lost.sum()) * 100.0
    assert measure_volumes(after, surface)[0] == pytest.approx(
        measure_volumes(before, surface)[0] + fed - sunk, rel=1e-12
    )
    assert 0.25 * fastest[0] <= 0.25 * surface.cell_m
    assert after.depth.min() >= 0.0 and sunk > 0.0
    assert (after.depth[0][surface.is_wall] == 0.0).all()


@pytest.mark.parametrize("order", ORDERS)
def test_turned_and_mirrored_runs_have_the_same_bits(order: Order) -> None:
    surface, steps = hills(3), {"time_step_s": 0.3, "n_steps": 25, "order": order}
    water = splash(surface)
    plain, _ = advance_shallow_water(water, surface, **steps)
    turned, _ = advance_shallow_water(
        turn(water), replace(surface, ground=surface.ground.T.copy(), manning=surface.manning.T.copy()), **steps
    )
    for name in (*FIELDS, "maps"):
        assert np.array_equal(getattr(turn(turned), name), getattr(plain, name)), name
    mirrored, _ = advance_shallow_water(
        replace(water, depth=water.depth[..., ::-1].copy()),
        replace(surface, ground=surface.ground[:, ::-1].copy()),
        **steps,
    )
    assert np.array_equal(mirrored.depth[..., ::-1], plain.depth)
    assert np.array_equal(-mirrored.flow_x[..., ::-1], plain.flow_x)
    assert np.array_equal(mirrored.flow_y[..., ::-1], plain.flow_y)
    assert np.abs(plain.flow_x).max() > 0.1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_compiled_and_plain_python_agree(order: Order, dtype: str) -> None:
    surface = hills(1, dtype=dtype)
    rain = np.where(surface.is_wall, 0.0, 1e-4)[None]
    found = [
        advance_shallow_water(
            splash(surface, n_members=2), surface, Forcing(rain=rain, loss=0.5 * rain), time_step_s=[0.3, 0.2],
            n_steps=[9, 12], order=order, engine=engine,
        )[0]
        for engine in ("numba", "python")
    ]  # fmt: skip
    bound = {"f4": 2e-5, "f8": 1e-12}[dtype]
    for name in (*FIELDS, "lost", "maps"):
        assert getattr(found[0], name).dtype == dtype
        np.testing.assert_allclose(getattr(found[0], name), getattr(found[1], name), rtol=bound, atol=bound)


@pytest.mark.parametrize("order", ORDERS)
def test_threads_leave_every_bit(order: Order) -> None:
    surface = hills(5, 150, 40)
    water, steps = splash(surface, n_members=2), {"time_step_s": 0.3, "n_steps": 20, "order": order}
    alone, fastest = advance_shallow_water(water, surface, **steps)
    many, other = advance_shallow_water(water, surface, **steps, threads=4)
    assert np.array_equal(alone.depth, many.depth) and np.array_equal(alone.maps, many.maps)
    assert np.array_equal(fastest, other)


@pytest.mark.parametrize("order", ORDERS)
def test_member_does_not_hang_on_its_companions(order: Order) -> None:
    surface = hills(6)
    water = splash(surface, n_members=3)
    steps, counts = [0.2, 0.3, 0.1], [10, 3, 0]
    together, _ = advance_shallow_water(water, surface, time_step_s=steps, n_steps=counts, order=order)
    for member in range(3):
        own = {n: getattr(water, n)[member : member + 1] for n in (*FIELDS, "lost", "gained")}
        one = replace(water, **own, maps=water.maps[:, member : member + 1])
        alone, _ = advance_shallow_water(one, surface, time_step_s=steps[member], n_steps=counts[member], order=order)
        for name in FIELDS:
            assert np.array_equal(getattr(alone, name)[0], getattr(together, name)[member])


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=10, deadline=None)
@given(row=st.integers(2, 11), column=st.integers(2, 8), n_steps=st.integers(1, 3))
def test_tile_with_a_halo_gets_the_bits_of_the_whole(order: Order, row: int, column: int, n_steps: int) -> None:
    surface, halo = hills(7), REACH[order] * n_steps
    water, _ = advance_shallow_water(splash(surface), surface, time_step_s=0.3, n_steps=3, order=order)
    whole, _ = advance_shallow_water(water, surface, time_step_s=0.3, n_steps=n_steps, order=order)
    rows, columns = slice(max(row - halo, 0), surface.shape[0]), slice(max(column - halo, 0), surface.shape[1])
    tile = replace(surface, ground=surface.ground[rows, columns].copy(), manning=surface.manning[rows, columns].copy())
    part = replace(
        water,
        **{name: getattr(water, name)[:, rows, columns].copy() for name in (*FIELDS, "lost")},
        maps=water.maps[:, :, rows, columns].copy(),
    )
    here, _ = advance_shallow_water(part, tile, time_step_s=0.3, n_steps=n_steps, order=order)
    skip = (slice(None), slice(row - rows.start, None), slice(column - columns.start, None))
    for name in FIELDS:
        assert np.array_equal(getattr(here, name)[skip], getattr(whole, name)[:, row:, column:]), name


def test_maps_tell_when_how_long_and_how_deep() -> None:
    surface = Surface.enclose(np.zeros((1, 1)), 0.03, cell_m=10.0)
    rain = np.full((1, 3, 3), 0.01)
    water, _ = advance_shallow_water(
        Water.rest(surface, faces=False), surface, Forcing(rain=rain), time_step_s=1.0, n_steps=20
    )
    deepest, hazard, arrival, duration, _ = water.maps[:, 0, 1, 1]
    assert deepest == pytest.approx(0.2) and hazard == 0.0
    assert arrival in (10.0, 11.0)  # 0.1 m stands after ten steps, to the last bit or not
    assert duration == 20.0 - arrival + 1.0


def test_fastest_is_that_of_the_states_that_steps_started_from() -> None:
    surface = hills(2)
    water = splash(surface)
    _, fastest = advance_shallow_water(water, surface, time_step_s=0.3)
    assert fastest == pytest.approx(measure_signals(water), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"time_step_s": -1.0}, "time_step_s must be finite and >= 0, got -1.0"),
        ({"time_step_s": 1.0, "order": 3}, "order must be 1 or 2, got 3"),
        ({"time_step_s": 1.0, "faces": True}, "flows in cells"),
        ({"time_step_s": 1.0, "order": 2, "ring": 1}, "a ring of 2"),
        ({"time_step_s": 1.0, "forcing": Forcing(rain=np.zeros((1, 2, 2)))}, "whole surface"),
    ],
)
def test_wrong_arguments_are_named(given: dict[str, Any], said: str) -> None:
    surface = Surface.enclose(np.zeros((4, 4)), 0.03, cell_m=10.0, ring=given.pop("ring", 2))
    water = Water.rest(surface, faces=given.pop("faces", False))
    with pytest.raises(ValueError, match=said):
        advance_shallow_water(water, surface, given.pop("forcing", None), **given)
