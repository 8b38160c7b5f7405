"""Where streets of a synthetic city cross the river, and each other without a junction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..ground import Ground, Underpass
from ..sizes import CitySize
from .simplification import Pieces
from .street_grid import MAIN, MARGIN_M, StreetGrid, draw

__all__ = ["choose_underpasses", "find_bridges", "pass_under"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

UNDERPASS_M = (120.0, 30.0)  # length and width


def find_bridges(grid: StreetGrid, pieces: Pieces, ground: Ground, size: CitySize) -> Bools:
    """The pieces over the river of so many main lines, evenly along it; expressways are preferred."""
    _, south, _, north = size.box
    n_columns, bank = grid.shape[1], grid.bank
    over = (pieces.start % n_columns == bank) & (pieces.end == pieces.start + 1) & (pieces.rank <= MAIN)
    ends = np.stack([grid.y[:, bank], grid.y[:, bank + 1]])
    on_land = ~(ground.is_water(grid.x[:, bank], ends[0]) | ground.is_water(grid.x[:, bank + 1], ends[1]))
    inside = (ends.min(axis=0) >= south + MARGIN_M) & (ends.max(axis=0) <= north - MARGIN_M)
    rows = pieces.start[over] // n_columns
    rows = np.sort(rows[inside[rows] & on_land[rows]])
    chosen: list[int] = []
    for k in range(size.n_bridges):
        place = int((k + 0.5) * rows.size / size.n_bridges)
        near = [p for p in (place, place - 1, place + 1) if 0 <= p < rows.size and rows[p] not in chosen]
        near.sort(key=lambda p: int(grid.row_class[rows[p]]) if rows.size > size.n_bridges else 0)
        chosen += [int(rows[near[0]])]
    bridge: Bools = over & np.isin(pieces.start // n_columns, chosen)
    return bridge


def choose_underpasses(
    grid: StreetGrid, skeleton: Pieces, ground: Ground, size: CitySize, seed: int
) -> dict[tuple[int, int], tuple[int, Underpass]]:
    """Crossings with four arms of larger streets, apart from each other: by row and column, the lower street."""
    n_rows, n_columns = grid.shape
    row, column = np.nonzero(skeleton.degree().reshape(grid.shape) == 4)
    off_river = (np.abs(column - grid.bank - 0.5) > 2.0) & (row >= 2)
    row, column = row[off_river], column[off_river]
    chance = draw(seed, "underpass", n_rows, n_columns)[row, column]
    classes = grid.row_class[row] + grid.column_class[column]
    # Best under an expressway or between main streets; never two expressways, which would be cut off there.
    rank = np.select([classes == 1, classes == 2, classes == 3], [0.0, 0.5, 1.0], 2.0)
    order = np.argsort(rank + 0.7 * chance - 1.5 * grid.density[row, column], kind="stable")
    candidates: list[tuple[int, int, int, Underpass]] = []
    for k in order.tolist():
        r, c = int(row[k]), int(column[k])
        lower_row = grid.row_class[r] >= grid.column_class[c]
        length_m, width_m = UNDERPASS_M
        place = float(grid.x[r, c]), float(grid.y[r, c])
        found = Underpass(*place, "x" if lower_row else "y", length_m, width_m)
        if ground.can_hold(found):
            candidates.append((r, c, r if lower_row else n_rows + c, found))
    apart = max(3.0, 0.35 * (n_rows * n_columns / size.n_underpasses) ** 0.5)
    while True:
        chosen: dict[tuple[int, int], tuple[int, Underpass]] = {}
        for r, c, street, found in candidates:
            if len(chosen) < size.n_underpasses and all(max(abs(r - p), abs(c - q)) >= apart for p, q in chosen):
                chosen[r, c] = street, found
        if len(chosen) == size.n_underpasses or apart <= 3.0:
            return chosen
        apart = max(3.0, 0.7 * apart)


def pass_under(
    grid: StreetGrid, pieces: Pieces, crossings: dict[tuple[int, int], tuple[int, Underpass]], x: Floats, y: Floats
) -> tuple[Floats, Floats, Pieces]:
    """Part each crossing into an upper and a lower point; both streets run straight there, each along an axis."""
    n_columns = grid.shape[1]
    x, y = x.copy(), y.copy()
    start, end, level = pieces.start.copy(), pieces.end.copy(), pieces.level.copy()
    upper: list[int] = []
    for (row, column), (_, found) in crossings.items():
        here, below = row * n_columns + column, grid.x.size + len(upper)
        y[[here - 1, here + 1]] = y[here]
        x[[here - n_columns, here + n_columns]] = x[here]
        stride = 1 if found.along == "x" else n_columns
        ahead, behind = (start == here) & (end == here + stride), (end == here) & (start == here - stride)
        start[ahead], end[behind] = below, below
        level[ahead | behind] = -1
        upper.append(here)
    parted = Pieces(x.size + len(upper), start, end, pieces.rank, level, pieces.way, pieces.street)
    return np.append(x, x[upper]), np.append(y, y[upper]), parted
