"""Tiles that go a window alone end with the bytes of one process."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.hpc.errors import RunError
from citytide.kernels.hydro.inundation import advance_flood
from citytide.kernels.hydro.surface_water.adaptive_steps import WindowRule
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water
from citytide.workflows.hydro.tiles import advance_in_tiles

RULE = WindowRule(steps=5)


def hills(n_y: int, n_x: int, seed: int = 0) -> Surface:
    random = np.random.default_rng(seed)
    valid = random.random((n_y, n_x)) > 0.05
    return Surface.enclose(2.0 * random.random((n_y, n_x)), 0.03, cell_m=10.0, valid=valid)


def rain_and_sea(surface: Surface, n_held: int = 4) -> Forcing:
    """Rain, loss, sources, and levels that are held along the western edge."""
    rain = np.where(surface.is_wall, 0.0, 1e-4)[None]
    free = np.flatnonzero(~surface.is_wall[:, 1])[:n_held] * surface.shape[1] + 1
    inner = np.flatnonzero(~surface.is_wall.ravel())[[20, -20]]
    return Forcing(rain, 0.2 * rain, inner, np.array([[2e-3, 1e-3]]), free, np.full((1, free.size), 1.2))


def same(one: Water, other: Water) -> None:
    for field in fields(Water):
        if field.name != "gained":
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)
    np.testing.assert_allclose(one.gained, other.gained, rtol=1e-12, atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), tiles=st.sampled_from([1, 2, 3, 4, 6, 8]), maps=st.booleans())
def test_any_number_of_tiles_leaves_the_bytes_of_one_process(seed: int, tiles: int, maps: bool) -> None:
    surface = hills(17, 23, seed)
    depth = np.random.default_rng(seed).random((2, 17, 23)) * [[[1.0]], [[0.3]]]
    water = Water.rest(surface, depth, n_members=2, maps=maps)
    asked: dict[str, Any] = {"start_s": 30.0, "horizon_s": 70.0, "rule": RULE}
    whole, n_whole = advance_flood(water, surface, rain_and_sea(surface), **asked)
    parts, n_parts = advance_in_tiles(water, surface, rain_and_sea(surface), tiles=tiles, **asked)
    assert n_parts.tolist() == n_whole.tolist()
    same(parts, whole)


def test_window_that_breaks_its_bound_is_done_again_by_every_tile() -> None:
    """A column of water that falls: faster within the window than at its start."""
    surface = Surface.enclose(np.linspace(3.0, 0.0, 24)[None].repeat(12, axis=0), 0.03, cell_m=10.0)
    depth = np.zeros((12, 24))
    depth[:, :6] = 0.5
    rain = np.where(surface.is_wall, 0.0, 0.02)[None]
    rule = WindowRule(steps=6, headroom=1.0)
    asked: dict[str, Any] = {"start_s": 0.0, "horizon_s": 40.0, "rule": rule}
    water = Water.rest(surface, depth)
    whole, n_whole = advance_flood(water, surface, Forcing(rain=rain), **asked)
    parts, n_parts = advance_in_tiles(water, surface, Forcing(rain=rain), tiles=2, **asked)
    assert n_parts.tolist() == n_whole.tolist()
    assert n_whole[0] * rule.courant * 10.0 / np.sqrt(9.81 * whole.depth.max()) > 41.0  # some were done twice
    same(parts, whole)


def test_gains_of_each_held_cell_are_kept_apart_where_asked() -> None:
    surface = hills(12, 12)
    forcing = rain_and_sea(surface)
    water = Water.rest(surface, n_held=4)
    asked: dict[str, Any] = {"start_s": 0.0, "horizon_s": 60.0, "rule": RULE}
    whole, _ = advance_flood(water, surface, forcing, **asked)
    parts, _ = advance_in_tiles(water, surface, forcing, tiles=4, **asked)
    assert parts.gained.shape == (1, 4) and (whole.gained > 0.0).any()
    np.testing.assert_array_equal(parts.gained, whole.gained)


def test_tiles_stay_on_workers_of_dask() -> None:
    distributed = pytest.importorskip("distributed")
    surface = hills(16, 20, 3)
    water = Water.rest(surface, np.random.default_rng(3).random((16, 20)))
    asked: dict[str, Any] = {"start_s": 0.0, "horizon_s": 20.0, "rule": RULE}
    whole, _ = advance_flood(water, surface, **asked)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        parts, _ = advance_in_tiles(water, surface, tiles=4, client=client, **asked)
    same(parts, whole)


def test_tiles_smaller_than_their_halo_are_refused() -> None:
    surface = hills(8, 8)
    with pytest.raises(RunError, match="4"):
        advance_in_tiles(Water.rest(surface), surface, start_s=0.0, horizon_s=1.0, tiles=4, rule=WindowRule(steps=5))


@pytest.mark.parametrize(("n_y", "n_x", "tiles"), [(24, 8, 3), (40, 16, 5)])
def test_a_middle_tile_of_just_a_window_has_the_bytes_of_one_process(n_y: int, n_x: int, tiles: int) -> None:
    surface, rule = hills(n_y, n_x), WindowRule(steps=8)
    water, forcing = Water.rest(surface, 0.05, n_held=4), rain_and_sea(surface)
    whole, _ = advance_flood(water, surface, forcing, start_s=0.0, horizon_s=120.0, rule=rule)
    parts, _ = advance_in_tiles(water, surface, forcing, start_s=0.0, horizon_s=120.0, rule=rule, tiles=tiles)
    same(parts, whole)
