"""Where a synthetic city's lines of streets run: bent along its river and its coast, dense around its centres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ..ground import Ground
    from ..sizes import CitySize

__all__ = ["COLLECTOR", "EXPRESSWAY", "LOCAL", "MAIN", "MARGIN_M", "STEP_M", "StreetGrid", "draw", "plan_street_grid"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EXPRESSWAY, MAIN, COLLECTOR, LOCAL = range(4)
STEP_M = 160.0  # between two lines
_SETBACK_M = 35.0  # from a bank to the street along it
MARGIN_M = 45.0  # from the edge of the city to its outermost streets
_PURPOSES = ("lines", "waves", "jitter", "centres", "presence", "gaps", "one way", "speed", "underpass", "names")


def draw(seed: int, purpose: str, *shape: int) -> Floats:
    """Uniform numbers in [0, 1) of their own stream, so that no purpose shifts another's."""
    return np.random.Generator(np.random.Philox(key=[seed, 100 + _PURPOSES.index(purpose)])).random(shape)


@dataclass(frozen=True)
class StreetGrid:
    """Rows of points from south to north, columns from west to east.

    Attributes
    ----------
    x, y : (row, column) arrays of float
        Places [m].
    row_class, column_class
        The class of each line: expressway, main street, collector or local street.
    row_block, column_block
        Which block between main lines a line lies in, or follows.
    density : (row, column) array of float
        How much of a city each point is in, 0 to 1.
    bank
        The column along the river's west bank; the next one runs along the east bank.
    """

    x: Floats
    y: Floats
    row_class: Ints
    column_class: Ints
    row_block: Ints
    column_block: Ints
    density: Floats
    bank: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.x.shape[0], self.x.shape[1]


def plan_street_grid(ground: Ground, size: CitySize, seed: int) -> StreetGrid:
    """Bend a grid of lines so that none runs in the river or the sea."""
    west, south, east, north = size.box
    along = np.linspace(south, north, 257)
    river = ground.river_x(along)
    middle = float(np.round((river.max() + river.min()) / 2, 2))
    bend = float(np.ptp(river)) / 2
    half = float(np.max(ground.river_width_m(along))) / 2 + _SETBACK_M
    across = np.linspace(west, east, 257)
    shore = float(np.round(np.mean(ground.coast_y(across)), 2))

    # A column along each bank, the others at equal steps from there; more than the box holds, for they bend.
    spare = bend + 2 * STEP_M
    left = np.arange(middle - half, west - spare, -STEP_M)[::-1]
    u = np.concatenate([left, np.arange(middle + half, east + spare, STEP_M)])
    v = np.arange(shore + 2 * _SETBACK_M, north + 2 * STEP_M, STEP_M)
    bank = left.size - 1

    row_draw, column_draw = draw(seed, "lines", 2, max(u.size, v.size))
    tight = 4 if size.width_m < 4_000.0 else 5
    row_class, row_block = _classify(v.size, np.array([0]), row_draw, tight)
    column_class, column_block = _classify(u.size, np.array([bank, bank + 1]), column_draw, tight)

    u_grid, v_grid = np.meshgrid(u, v)
    wave_x, wave_y = _make_waves(seed, u_grid - west, v_grid - south, min(1.0, size.width_m / 8_000.0))
    reach = max(0.35 * size.width_m, 2.2 * bend)
    off_river = np.maximum(np.abs(u_grid - middle) - half, 0.0) / reach
    by_river = np.exp(-(off_river**2))
    off_shore = np.maximum(v_grid - shore, 0.0) / 2_000.0
    by_shore = np.exp(-(off_shore**2))
    y = v_grid + by_shore * (ground.coast_y(u_grid) - shore) + (1.0 - by_shore) * wave_y
    x = u_grid + by_river * (ground.river_x(y) - middle) + (1.0 - by_river) * wave_x
    free = (row_class[:, None] > MAIN) & (column_class[None, :] > MAIN)
    jitter = (draw(seed, "jitter", 2, *x.shape) - 0.5) * 44.0 * free
    x, y = np.round(x + jitter[0], 2), np.round(y + jitter[1], 2)
    density = _make_density(size, seed, middle, x, y)
    return StreetGrid(x, y, row_class, column_class, row_block, column_block, density, bank)


def _classify(n_lines: int, fixed: Ints, uniform: Floats, tight: int) -> tuple[Ints, Ints]:
    """Main lines four to six lines apart, on both sides of the fixed ones; every fourth or so is an expressway."""
    classes = np.full(n_lines, LOCAL, dtype=np.int64)
    gap = np.maximum(2, tight - 1 + np.floor(uniform * (3.0 if tight > 4 else 1.0)).astype(np.int64))
    up = fixed[-1] + np.concatenate([[0], np.cumsum(gap)])
    down = fixed[0] - np.concatenate([[0], np.cumsum(gap[::-1])])
    main = np.unique(np.concatenate([up, down, fixed]))
    main = main[(main >= 0) & (main < n_lines)]
    classes[main] = MAIN
    home = int(np.searchsorted(main, fixed[-1]))
    ranks = np.arange(main.size) - home
    classes[main[(ranks % 5 == 2)]] = EXPRESSWAY
    block = np.searchsorted(main, np.arange(n_lines), side="right")
    ends = np.concatenate([[0], main, [n_lines - 1]])
    halfway = (ends[:-1] + ends[1:]) // 2
    halfway = halfway[classes[halfway] == LOCAL]
    classes[halfway] = COLLECTOR
    if fixed.size > 1:
        classes[fixed] = COLLECTOR  # the streets along the banks
    return classes, block.astype(np.int64)


def _make_waves(seed: int, x: Floats, y: Floats, scale: float) -> tuple[Floats, Floats]:
    """Smooth displacements that never fold the grid: the slopes of all waves sum to less than one half."""
    waves = draw(seed, "waves", 2, 4, 3)
    total = []
    for axis in waves:
        shift = np.zeros_like(x)
        for number, (turn, phase, stretch) in enumerate(axis):
            length = (2_200.0, 3_700.0, 6_100.0, 9_700.0)[number] * (0.8 + 0.4 * stretch)
            wave = 2.0 * np.pi / length
            angle = 2.0 * np.pi * turn
            shift += scale * 0.11 / wave * np.sin(wave * (x * np.cos(angle) + y * np.sin(angle)) + 2.0 * np.pi * phase)
        total.append(shift)
    return total[0], total[1]


def _make_density(size: CitySize, seed: int, river: float, x: Floats, y: Floats) -> Floats:
    """One centre lies by the river, the others anywhere but at the edge; between them the city thins out."""
    west, south, east, north = size.box
    place = draw(seed, "centres", size.n_centres, 3)
    centre_x = west + (0.12 + 0.76 * place[:, 0]) * (east - west)
    centre_y = south + (0.15 + 0.7 * place[:, 1]) * (north - south)
    centre_x[0] = river + 0.1 * (place[0, 0] - 0.5) * (east - west)
    centre_y[0] = south + (0.35 + 0.25 * place[0, 1]) * (north - south)
    share = 0.28 if size.n_centres < 5 else 0.22
    spread = share * ((east - west) * (north - south) / size.n_centres) ** 0.5 * (0.75 + 0.5 * place[:, 2])
    spread[0] *= 1.3
    away = np.ones_like(x)
    for at_x, at_y, reach in zip(centre_x, centre_y, spread, strict=True):
        away *= 1.0 - np.exp(-0.5 * ((x - at_x) ** 2 + (y - at_y) ** 2) / reach**2)
    return 1.0 - away
