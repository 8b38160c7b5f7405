"""The streets of a synthetic city: expressways, main streets, collectors and local streets around one river."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...traffic.layers import ROAD_KINDS, RoadLayer
from ...traffic.roads.classes import ROAD_CLASSES
from ..ground import Ground, Underpass, plan_ground
from ..morton_order import sort_in_space
from ..sizes import CRS, CitySize, check_seed, get_size
from .crossings import choose_underpasses, find_bridges, pass_under
from .road_names import ALONG_COAST, ALONG_RIVER, make_road_names
from .simplification import Pieces, join_pieces, open_one_way, prune_dead_ends
from .street_grid import COLLECTOR, EXPRESSWAY, LOCAL, MARGIN_M, StreetGrid, draw, plan_street_grid

__all__ = ["make_streets"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_WILD = 0.03  # below this density only expressways lead through
_SAMPLES = 17  # points of a piece that must be dry
_CLOSE = 0.004  # of the links wanted


def make_streets(seed: int | str = 1, size: str = "8km") -> tuple[RoadLayer, tuple[Underpass, ...]]:
    """Make the streets of a synthetic city.

    Lines of a grid that bends along the river and the coast are expressways, main streets, collectors and local
    streets; local streets come and go from block to block, more of them near the centres. The river is crossed on
    bridges only. Where two larger streets pass over each other, the lower one is an underpass.

    Parameters
    ----------
    seed
        A whole number from 0 up; the same seed gives the same bytes.
    size
        ``"2km"``, ``"8km"`` or ``"shenzhen"``.

    Returns
    -------
    roads : RoadLayer
        In EPSG:4547; strongly connected; nodes in Morton order, links sorted by their ends.
    underpasses : tuple of Underpass
        Where a link of level -1 passes under another one without a junction.

    Raises
    ------
    InputError
        If the size is unknown or the seed no such number.

    Examples
    --------
    >>> roads, underpasses = make_streets(1, "2km")
    >>> int((roads.level == 1).sum()), len(underpasses)
    (6, 2)
    """
    seed, wanted = check_seed(seed), get_size(size)
    ground = plan_ground(seed, *wanted.box)
    grid = plan_street_grid(ground, wanted, seed)
    plan = _plan(grid, ground, wanted, seed)
    pieces = _fit(plan, wanted)
    return _lay(plan, pieces, seed), plan.underpasses


@dataclass(frozen=True)
class _Plan:
    grid: StreetGrid
    x: Floats  # (point,) the grid's points, and the lower points of underpasses
    y: Floats
    fixed: Pieces  # expressways, main streets and collectors
    local: Pieces
    presence: Floats  # (local piece,) kept where it is below a share
    spared: Bools  # (point,) may be a dead end
    through: Bools  # (point,) no junction: an underpass
    street_rank: Ints  # (street,)
    name: list[str]  # (street,)
    underpasses: tuple[Underpass, ...]


def _plan(grid: StreetGrid, ground: Ground, size: CitySize, seed: int) -> _Plan:
    n_rows, n_columns = grid.shape
    row_wise, row_presence = _draw_lines(grid, seed, across=False)
    column_wise, column_presence = _draw_lines(grid, seed, across=True)
    pieces = _concatenate(row_wise, column_wise)
    presence = np.concatenate([row_presence, column_presence])
    x, y = grid.x.ravel(), grid.y.ravel()
    dry = _is_dry(pieces, x, y, ground, size)
    bridge = find_bridges(grid, pieces, ground, size)
    pieces = replace(pieces, level=bridge.astype(np.int64))
    open_to = dry | bridge
    pieces, presence = pieces.take(open_to), presence[open_to]

    is_local = pieces.rank == LOCAL
    skeleton = prune_dead_ends(pieces.take(~is_local), np.zeros(pieces.n_points, dtype=np.bool_), 99)
    street_rank, name = _name_streets(grid, seed)
    underpasses = choose_underpasses(grid, skeleton, ground, size, seed)
    crossings = list(underpasses)
    x, y, pieces = pass_under(grid, pieces, underpasses, x, y)
    still = _is_dry(pieces, x, y, ground, size) | (pieces.level == 1)
    pieces, presence, is_local = pieces.take(still), presence[still], is_local[still]
    spared = draw(seed, "gaps", pieces.n_points) < 0.3
    larger = pieces.take(~is_local)
    spared[larger.start] = spared[larger.end] = False  # only local streets end anywhere
    through = np.zeros(pieces.n_points, dtype=np.bool_)
    for row, column in crossings:
        through[row * n_columns + column] = True
    through[n_rows * n_columns :] = True

    return _Plan(
        grid, x, y, larger, pieces.take(is_local), presence[is_local],
        spared, through, street_rank, name,
        tuple(replace(found, name=name[street]) for street, found in underpasses.values()),
    )  # fmt: skip


def _name_streets(grid: StreetGrid, seed: int) -> tuple[Ints, list[str]]:
    """Rank and name of each line, and of each line's local streets from block to block."""
    n_rows, n_columns = grid.shape
    blocks = int(max(grid.row_block.max(), grid.column_block.max())) + 1
    lines = np.concatenate([grid.row_class, grid.column_class])
    rank = np.concatenate([lines, np.repeat(LOCAL, (n_rows + n_columns) * blocks)])
    name = make_road_names(rank, draw(seed, "names", rank.size))
    name[0] = ALONG_COAST
    name[n_rows + grid.bank : n_rows + grid.bank + 2] = ALONG_RIVER
    return rank, name


def _draw_lines(grid: StreetGrid, seed: int, *, across: bool) -> tuple[Pieces, Floats]:
    """Pieces along rows, or along columns ``across`` them, and what decides whether a local one is there."""
    n_rows, n_columns = grid.shape
    number = np.arange(n_rows * n_columns).reshape(n_rows, n_columns)
    density, classes, crossed = grid.density, grid.row_class, grid.column_class
    of_line, of_step, first = grid.row_block, grid.column_block, 0
    if across:
        number, density, classes, crossed = number.T, density.T, grid.column_class, grid.row_class
        of_line, of_step, first = grid.column_block, grid.row_block, n_rows
    n_lines, n_steps = number.shape[0], number.shape[1] - 1
    blocks = int(max(of_line.max(), of_step.max())) + 1
    block = of_step[:-1]
    n_blocks = int(block.max()) + 1
    members = np.maximum(np.bincount(block, minlength=n_blocks), 1)
    dense = np.add.reduceat(density[:, :-1], np.searchsorted(block, np.arange(n_blocks)), axis=1) / members
    chance = draw(seed, "presence", 2, n_lines, n_blocks)[int(across)]

    line, step = (part.ravel() for part in np.meshgrid(np.arange(n_lines), np.arange(n_steps), indexing="ij"))
    at = (line, block[step])
    rank = classes[line]
    there = (rank == EXPRESSWAY) | (dense[at] > _WILD)
    there &= (rank != COLLECTOR) | (chance[at] < 0.45 + 2.0 * dense[at])
    # Local streets end before an expressway.
    meets = (crossed[step] == EXPRESSWAY) | (crossed[step + 1] == EXPRESSWAY)
    there &= (rank != LOCAL) | ~meets
    presence = chance[at] / (0.06 + dense[at])
    gap = draw(seed, "gaps", 2, n_lines, n_steps)[int(across)].ravel()
    presence += np.where(gap < 0.07, 9.0, 0.0) + 0.05 * gap

    single = draw(seed, "one way", 2, n_lines, n_blocks)[int(across)]
    way = np.where((rank == LOCAL) & (single[at] < 0.4) & (dense[at] > 0.25), np.where(line % 2 == 0, 1, -1), 0)
    own = n_lines + n_steps + 1 + (first + line) * blocks + block[step]
    street = np.where(rank == LOCAL, own, first + line)
    pieces = Pieces(
        number.size, number[line, step], number[line, step + 1], rank, np.zeros_like(rank), way.astype(np.int64), street
    )
    return pieces.take(there), presence[there]


def _concatenate(one: Pieces, other: Pieces) -> Pieces:
    names = ("start", "end", "rank", "level", "way", "street")
    return Pieces(one.n_points, *(np.concatenate([getattr(one, name), getattr(other, name)]) for name in names))


def _is_dry(pieces: Pieces, x: Floats, y: Floats, ground: Ground, size: CitySize) -> Bools:
    """Pieces that lie in the city's box and nowhere in water."""
    west, south, east, north = size.box
    inside = (x >= west + MARGIN_M) & (x <= east - MARGIN_M) & (y >= south + MARGIN_M) & (y <= north - MARGIN_M)
    dry = inside[pieces.start] & inside[pieces.end]
    for share in np.linspace(0.0, 1.0, _SAMPLES):
        at_x = x[pieces.start] * (1.0 - share) + x[pieces.end] * share
        at_y = y[pieces.start] * (1.0 - share) + y[pieces.end] * share
        dry &= ~ground.is_water(at_x, at_y)
    return dry


def _fit(plan: _Plan, size: CitySize) -> Pieces:
    """Keep that share of local streets which gives the links wanted, by halving."""
    low, high = 0.0, 8.0
    best: tuple[float, Pieces] | None = None
    for _ in range(14):
        share = (low + high) / 2
        pieces = _concatenate(plan.fixed, plan.local.take(plan.presence < share))
        pieces = open_one_way(prune_dead_ends(pieces, plan.spared, 99))
        miss = join_pieces(pieces, plan.through).piece.size / size.n_links - 1.0
        if best is None or abs(miss) < best[0]:
            best = (abs(miss), pieces)
        if abs(miss) < _CLOSE:
            break
        low, high = (share, high) if miss < 0 else (low, share)
    assert best is not None
    return best[1]


def _lay(plan: _Plan, pieces: Pieces, seed: int) -> RoadLayer:
    """Links with their lines, from pieces."""
    chains = join_pieces(pieces, plan.through)
    first, last = chains.point[chains.offset[:-1]], chains.point[chains.offset[1:] - 1]
    used = np.unique(np.concatenate([first, last]))
    order = used[sort_in_space(plan.x[used], plan.y[used])]
    number = np.full(plan.x.size, -1, dtype=np.int64)
    number[order] = np.arange(order.size)
    by_ends = np.lexsort((number[last], number[first]))
    piece = chains.piece[by_ends]
    length = np.diff(chains.offset)[by_ends]
    offset = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    vertex = np.repeat(chains.offset[:-1][by_ends] - offset[:-1], length) + np.arange(offset[-1])
    vertex_x, vertex_y = plan.x[chains.point[vertex]], plan.y[chains.point[vertex]]
    run = np.zeros(vertex.size)
    run[1:] = np.sqrt(np.diff(vertex_x) ** 2 + np.diff(vertex_y) ** 2)
    run[offset[:-1]] = 0.0

    rank, street = pieces.rank[piece], pieces.street[piece]
    uniform = draw(seed, "speed", 2, plan.street_rank.size)
    names = ("trunk", "primary", "secondary", "residential")
    kinds = np.array([ROAD_KINDS.index(name) for name in names], dtype=np.uint8)
    kind = np.where((rank == COLLECTOR) & (uniform[1][street] < 0.4), ROAD_KINDS.index("tertiary"), kinds[rank])
    classes = [ROAD_CLASSES[name] if name in ROAD_CLASSES else None for name in ROAD_KINDS]
    lanes = np.array([road.lanes if road else 0 for road in classes], dtype=np.float64)[kind]
    speed = np.array([road.speed_km_h if road else 0.0 for road in classes])[kind]
    capacity = np.array([road.capacity_veh_h_lane if road else 0.0 for road in classes])[kind]
    return RoadLayer(
        crs=CRS,
        node_id=np.arange(1, order.size + 1, dtype=np.int64),
        x=plan.x[order],
        y=plan.y[order],
        link_id=np.arange(1, piece.size + 1, dtype=np.int64),
        tail=number[first[by_ends]].astype(np.int32),
        head=number[last[by_ends]].astype(np.int32),
        kind=kind.astype(np.uint8),
        lanes=lanes,
        speed_km_h=np.round(speed * (0.9 + 0.2 * uniform[0][street]), 1),
        capacity_veh_h=lanes * capacity,
        level=pieces.level[piece].astype(np.int8),
        length_m=np.asarray(np.round(np.add.reduceat(run, offset[:-1]), 2), dtype=np.float64),
        vertex_offset=offset,
        vertex_x=vertex_x,
        vertex_y=vertex_y,
        name=tuple(plan.name[k] for k in street.tolist()),
        is_synthetic=True,
        notes=(f"Streets are made up (seed {seed}).",),
    )
