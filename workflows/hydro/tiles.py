"""A flood in tiles that go their own way for a window of steps, each with a halo as deep as the window is long.

Nothing is exchanged within a window: a tile reads so much of its neighbours that what it does not know, which creeps
inwards by a cell a step, has not reached its own cells when the window ends. So one task of Dask advances one tile by
one window, and only the tiles' own cells and their fastest signals leave it. The bytes are those of one process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hpc.gang.layout import EXTRA, Place, Tile, TileLayout
from ...kernels.hydro.inertia.outflows import combine_speeds, measure_outflows
from ...kernels.hydro.inertia.step import REACH, advance_inertia
from ...kernels.hydro.surface_water.adaptive_steps import WindowRule, advance_to
from ...kernels.hydro.surface_water.stepping import Fields
from ...kernels.hydro.surface_water.surface import WALL_M, Surface
from ...kernels.hydro.surface_water.water import Forcing, Water

__all__ = ["advance_in_tiles"]

Array = NDArray[Any]
Floats = NDArray[np.float64]
PLACES: dict[str, Place] = {"depth": "cell", "flow_x": "x_face", "flow_y": "y_face", "lost": "cell", "maps": "cell"}


def advance_in_tiles(
    water: Water,
    surface: Surface,
    forcing: Forcing | None = None,
    *,
    start_s: float,
    horizon_s: float,
    tiles: int,
    client: Any = None,
    rule: WindowRule | None = None,
    threshold_m: float = 0.1,
    theta: float = 0.8,
) -> tuple[Water, NDArray[np.int64]]:
    """Advance all members by local inertia under one forcing, a window of a tile at a time.

    Parameters
    ----------
    water, surface, forcing, start_s, horizon_s, threshold_m, theta
        As :func:`~citytide.kernels.hydro.inundation.advance_flood` takes them; a ring of one cell.
    tiles
        How many; each must have as many rows and columns as a window has steps.
    client
        A ``distributed.Client``, on whose workers the tiles stay; None computes them here, one after the other.
    rule
        How steps are chosen; ``steps`` is also the halo's depth. Short windows (16) suit small tiles.

    Returns
    -------
    water : Water
    n_steps : (member,) array of int
        Both as ``advance_flood`` returns them with the same rule, to the last bit.

    Raises
    ------
    RunError
        If the tiles would be smaller than their halo.
    ValueError
        As ``advance_flood`` does.

    Examples
    --------
    >>> surface = Surface.enclose(np.zeros((8, 8)), 0.03, cell_m=10.0)
    >>> drop = np.zeros((8, 8))
    >>> drop[3, 3] = 1.0
    >>> water = Water.rest(surface, drop)
    >>> after, _ = advance_in_tiles(
    ...     water, surface, start_s=0.0, horizon_s=60.0, tiles=2, rule=WindowRule(steps=4))
    >>> float(after.depth.sum().round(12))
    1.0
    """
    if not start_s <= horizon_s:
        raise ValueError(f"the horizon ({horizon_s} s) lies before the start ({start_s} s)")
    rule, forcing = rule or WindowRule(steps=16), forcing or Forcing()
    field = _Field(water, surface, forcing, tiles, rule, client, {"threshold_m": threshold_m, "theta": theta})
    clock = np.full(water.n_members, float(start_s))
    state, n_steps = advance_to(
        field.cut(water), horizon_s, clock, surface.cell_m, rule, speed=field.measure, steps=field.advance
    )
    return field.join(state, water), n_steps


@dataclass(frozen=True)
class _State:
    """What each tile owns, here or on a worker: a dict of arrays, with ``gained`` of its own held cells and the
    ``outflow`` of all its cells, whose faces it shares with its neighbours."""

    parts: tuple[Any, ...]
    client: Any

    def choose(self, takes: NDArray[np.bool_], other: _State) -> _State:
        if takes.all():
            return self
        parts = [_run(self.client, _merge, a, b, takes) for a, b in zip(self.parts, other.parts, strict=True)]
        return _State(tuple(parts), self.client)


@dataclass(frozen=True)
class _Ground:
    """What a tile sees of the surface and its forcing, halo included."""

    tile: Tile
    surface: Surface
    forcing: Forcing
    is_own: NDArray[np.bool_]  # (held,) of the held cells in sight


class _Field:
    """The tiles, what each sees, and who its neighbours are."""

    def __init__(
        self, water: Water, surface: Surface, forcing: Forcing, tiles: int, rule: WindowRule, client: Any,
        asked: Mapping[str, Any],
    ) -> None:  # fmt: skip
        rows, columns = surface.shape
        self.client, self.asked = client, dict(asked)
        self.courant, self.cell_m = rule.courant, surface.cell_m
        self.depth = rule.steps * REACH
        self.layout = TileLayout((rows - 2, columns - 2), tiles, self.depth)
        self.grounds = [_see(surface, forcing, tile) for tile in self.layout.tiles]
        if client is not None:
            self.grounds = client.scatter(self.grounds)
        self.near = [
            [
                at
                for at, other in enumerate(self.layout.tiles)  # whose outermost face may be another's than its cell
                if any(other.owned(place).meet(tile.held(place)) for place in EXTRA)
            ]
            for tile in self.layout.tiles
        ]
        self.n_held = 0 if forcing.level_cell is None else forcing.level_cell.size
        self.keeps = self.n_held > 0 and water.gained.shape[1] == self.n_held  # the gains of each held cell
        self.level_cell, self.columns = forcing.level_cell, columns

    def cut(self, water: Water) -> _State:
        """The water of each tile."""
        parts, outflow = [], measure_outflows(water)
        for tile in self.layout.tiles:
            part = {"outflow": outflow}
            for name, place in PLACES.items():
                box = tile.owned(place)
                whole = getattr(water, name)
                part[name] = whole[..., box.y0 + 1 : box.y1 + 1, box.x0 + 1 : box.x1 + 1].copy()
            own = self._own(tile)
            part["gained"] = water.gained[:, own] if self.keeps else np.zeros((water.n_members, int(own.sum())))
            parts.append(part)
        return _State(tuple(self.client.scatter(parts) if self.client is not None else parts), self.client)

    def _own(self, tile: Tile) -> NDArray[np.bool_]:
        """Which held cells of the surface are the tile's."""
        return _within(tile, self.level_cell, self.columns)

    def advance(self, state: _State, time_step_s: Floats, n_steps: NDArray[np.int64], clock_s: Floats) -> Any:
        """All tiles by a window, and the fastest signal that any step started from."""
        found = []
        for at, (ground, near) in enumerate(zip(self.grounds, self.near, strict=True)):
            tiles = [self.layout.tiles[other] for other in near]
            parts = [state.parts[other] for other in near]
            given = (ground, self.layout.tiles[at], tiles, parts, time_step_s, n_steps, clock_s, self.asked)
            found.append(_run(self.client, _advance_tile, *given))
        parts = [_run(self.client, _first, pair) for pair in found]
        peaks = _gather(self.client, [_run(self.client, _second, pair) for pair in found])
        deepest, outflow = np.max(peaks, axis=0)
        met = combine_speeds(deepest, outflow, courant=self.courant, time_step_s=time_step_s, cell_length_m=self.cell_m)
        return _State(tuple(parts), self.client), met

    def measure(self, state: _State) -> Floats:
        """The fastest small wave, or outflow, of each member [m s-1]."""
        peaks = _gather(self.client, [_run(self.client, _find_peaks, part) for part in state.parts])
        deepest, outflow = np.max(peaks, axis=0)
        return combine_speeds(deepest, outflow, courant=self.courant)

    def join(self, state: _State, before: Water) -> Water:
        """The whole water again, its ring as it was."""
        whole = {name: getattr(before, name).copy() for name in PLACES}
        gained = before.gained.copy()
        for tile, part in zip(self.layout.tiles, _gather(self.client, state.parts), strict=True):
            for name, place in PLACES.items():
                box = tile.owned(place)
                whole[name][..., box.y0 + 1 : box.y1 + 1, box.x0 + 1 : box.x1 + 1] = part[name]
            if self.keeps:
                gained[:, self._own(tile)] = part["gained"]
            else:
                gained += part["gained"].sum(axis=1, keepdims=True)
        return Water(**whole, gained=gained)


def _within(tile: Tile, flat: NDArray[Any] | None, columns: int, around: int = 0) -> NDArray[np.bool_]:
    """Which cells of a list, by flat index of the surface with its ring, lie in the tile or so far around it."""
    if flat is None:
        return np.zeros(0, dtype=np.bool_)
    row, column = np.divmod(flat, columns)
    row, column, box = row - 1, column - 1, tile.cells
    along = (column >= box.x0 - around) & (column < box.x1 + around)
    return np.asarray((row >= box.y0 - around) & (row < box.y1 + around) & along)


def _see(surface: Surface, forcing: Forcing, tile: Tile) -> _Ground:
    """Cut out what a tile sees; beyond the surface's ring stand walls."""
    (top, left), (height, width) = tile.corner, tile.shape()
    around = tile.reach - 1  # of the surface, which has a ring of one already
    rows, columns = slice(top + tile.reach, None), slice(left + tile.reach, None)

    def cut(field: Array, beyond: float) -> Array:
        edges = [(0, 0)] * (field.ndim - 2) + [(around, around)] * 2
        wide = np.pad(field, edges, constant_values=beyond)
        return np.ascontiguousarray(wide[..., rows, columns][..., :height, :width])

    def place(flat: NDArray[Any] | None) -> tuple[NDArray[np.bool_], NDArray[np.int64] | None]:
        seen = _within(tile, flat, surface.shape[1], around)
        if flat is None or not seen.any():
            return seen, None
        row, column = np.divmod(flat[seen], surface.shape[1])
        return seen, (row - 1 - top) * width + column - 1 - left

    fed, source_cell = place(forcing.source_cell)
    held, level_cell = place(forcing.level_cell)
    seen = Forcing(
        None if forcing.rain is None else cut(forcing.rain, 0.0),
        None if forcing.loss is None else cut(forcing.loss, 0.0),
        source_cell,
        None if source_cell is None or forcing.source is None else forcing.source[:, fed],
        level_cell,
        None if level_cell is None or forcing.level is None else forcing.level[:, held],
    )
    own = _within(tile, forcing.level_cell, surface.shape[1])[held]
    part = Surface(cut(surface.ground, WALL_M), cut(surface.manning, 0.0), surface.cell_m, 1)
    return _Ground(tile, part, seen, own)


def _advance_tile(
    ground: _Ground, tile: Tile, tiles: Sequence[Tile], parts: Sequence[dict[str, Array]], time_step_s: Floats,
    n_steps: NDArray[np.int64], clock_s: Floats, asked: dict[str, Any],
) -> tuple[dict[str, Array], Floats]:  # fmt: skip
    """Put the tile and its halo together, advance both, and keep what is the tile's; and its peaks."""
    fields: dict[str, Array] = {}
    for name, place in PLACES.items():
        like = parts[0][name]
        whole = np.zeros((*like.shape[:-2], *(tile.shape(place) if like.size else (0, 0))), like.dtype)
        for other, part in zip(tiles, parts, strict=True):
            owned = other.owned(place)
            if like.size and (shared := owned.meet(tile.held(place))):
                whole[shared.within(tile.corner)] = part[name][shared.within((owned.y0, owned.x0))]
        fields[name] = whole
    n_members, n_seen = fields["depth"].shape[0], max(1, ground.is_own.size)
    own = tile.cells.within(tile.corner)
    deepest = np.where(n_steps > 0, fields["depth"][own].max(axis=(1, 2)), 0.0).astype(np.float64)
    done = 0

    def note(now: Fields) -> None:
        nonlocal deepest, done
        done += 1  # a state counts if a step starts from it
        deepest = np.where(done < n_steps, np.maximum(deepest, now["depth"][own].max(axis=(1, 2))), deepest)

    mine = next(part for other, part in zip(tiles, parts, strict=True) if other == tile)
    gained = np.zeros((n_members, n_seen))
    if ground.is_own.size:
        gained[:, ground.is_own] = mine["gained"]
    after, _ = advance_inertia(
        Water(**fields, gained=gained), ground.surface, ground.forcing, time_step_s=time_step_s,
        n_steps=n_steps, clock_s=clock_s, after_step=note, **asked,
    )  # fmt: skip
    kept = dict(fields)
    for name, place in PLACES.items():
        if fields[name].size:  # maps may not be kept
            kept[name] = getattr(after, name)[tile.owned(place).within(tile.corner)].copy()
    kept["gained"] = after.gained[:, ground.is_own] if ground.is_own.size else mine["gained"]
    seen = _look_around(after, tile)
    kept["outflow"] = measure_outflows(seen, time_step_s * n_steps)
    if seen.has_maps:
        kept["maps"] = seen.maps[:, :, 1:-1, 1:-1].copy()
    return kept, np.stack([deepest, kept["outflow"]])


def _look_around(water: Water, tile: Tile) -> Water:
    """A copy of the tile's own cells with a ring of one; all four faces of each are known, whoever owns them."""
    _, rows, columns = tile.cells.within(tile.corner)
    cut: dict[str, Array] = {}
    for name in ("depth", "flow_x", "flow_y", "maps"):
        field = getattr(water, name)
        (down, across), box = EXTRA[PLACES[name]], (rows.start - 1, rows.stop + 1, columns.start - 1, columns.stop + 1)
        if field.size:
            field = field[..., box[0] : box[1] + down, box[2] : box[3] + across].copy()
        cut[name] = field
    return replace(water, **cut)


def _merge(mine: dict[str, Array], other: dict[str, Array], takes: NDArray[np.bool_]) -> dict[str, Array]:
    """Members that are taken from here, the others from there."""
    found = {}
    for name, values in mine.items():
        dims = 3 if name == "maps" else values.ndim  # maps have a dim before their members
        chosen = takes.reshape(-1, *[1] * (dims - 1))
        found[name] = np.where(chosen, values, other[name]) if values.size else values
    return found


def _find_peaks(part: dict[str, Array]) -> Floats:
    """Greatest depth, and greatest outflow, of each member."""
    return np.stack([part["depth"].max(axis=(1, 2)).astype(np.float64), part["outflow"]])


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


def _second(pair: tuple[Any, Any]) -> Any:
    return pair[1]


def _run(client: Any, function: Any, *given: Any) -> Any:
    return function(*given) if client is None else client.submit(function, *given, pure=False)


def _gather(client: Any, found: Sequence[Any]) -> list[Any]:
    return list(found) if client is None else list(client.gather(list(found)))
