"""The ground that a synthetic city stands on: a river, a tidal edge in the south, hills, a closed valley.

Everything is a function of place alone, so that any part of it can be computed by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["Ground", "Underpass", "Valley", "plan_ground"]

Floats = npt.NDArray[np.float64]

QUAY_M = 2.5  # height of the land at the coast
CHANNEL_M = 4.0  # from the river's banks down to its bed
_FALL = 0.0012  # of the river and its plain, per metre
_RELIEF = 0.009  # height of the hills over the shorter side of the city
_PLAIN_M = 0.8  # of hills on the plain along the river and the coast
_FORESHORE_M = 30.0  # over which the land rises from the sea
_SHALLOW_M = -0.3  # height of the sea bed at the coast
_DEEP_M = -6.0
_PURPOSES = ("river", "coast", "valley")
_SHARES = (0.55, 0.25, 0.12, 0.05, 0.03)  # of the relief, by scale


def draw(seed: int, purpose: str, *shape: int) -> Floats:
    """Uniform numbers in [0, 1) of their own stream, so that no purpose shifts another's."""
    return _start(seed, 200 + _PURPOSES.index(purpose)).random(shape)


def _start(seed: int, stream: int) -> np.random.Generator:
    # As an array of its own: numpy would make floats of a list with a seed beyond 2**63 in it.
    return np.random.Generator(np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)))


@dataclass(frozen=True)
class Underpass:
    """Where a street dives under another: a basin without an outlet below its entrances.

    Parameters
    ----------
    x, y
        Middle of the basin [m].
    along
        The axis that the lower street follows, ``"x"`` or ``"y"``: its entrances are the basin's ends on this axis.
    length_m, width_m
        The length and width of the basin along and across the lower street [m]; the terrain rounds them to whole cells.
    depth_m
        From the entrances down to the floor.
    name
        The name of the lower street.
    """

    x: float
    y: float
    along: Literal["x", "y"]
    length_m: float = 80.0
    width_m: float = 20.0
    depth_m: float = 3.5
    name: str = ""

    def __post_init__(self) -> None:
        if self.along not in ("x", "y"):
            raise ValueError(f"along must be 'x' or 'y', got {self.along!r}")
        if not (0.0 < self.width_m < np.inf and 0.0 < self.length_m < np.inf and 1.0 <= self.depth_m <= 20.0):
            raise ValueError(f"an underpass must be longer and wider than 0 m and 1 to 20 m deep, got {self}")


@dataclass(frozen=True)
class Valley:
    """A bowl without an outlet below its rim, a rectangle on the map."""

    x: float
    y: float
    width_m: float  # from west to east
    height_m: float  # from south to north
    depth_m: float


@dataclass(frozen=True, eq=False)
class Ground:
    """What :func:`plan_ground` plans: lines of water in closed form, and relief on lattices."""

    seed: int
    west: float
    south: float
    east: float
    north: float
    river_middle: float
    river_waves: Floats  # (wave, 3) amplitude [m], wave number [m-1], phase
    river_source_m: float  # width at the northern edge
    coast_waves: Floats
    valley: Valley | None  # None where there is no room for one
    relief: tuple[Floats, ...]  # by scale: heights [m] at the points of a lattice
    spacing: tuple[float, ...]  # of each lattice [m]
    green: Floats  # lattice of the parks' noise
    has_water: bool = True

    def river_x(self, y: npt.ArrayLike) -> Floats:
        """x of the river's centreline at each y [m], from the northern edge down to the sea."""
        return np.round(self.river_middle + _add_waves(self.river_waves, np.asarray(y) - self.south), 3)

    def river_width_m(self, y: npt.ArrayLike) -> Floats:
        """Width of the river from bank to bank along x [m]; it widens to the sea."""
        down = np.clip((self.north - np.asarray(y, dtype=np.float64)) / (self.north - self.south), 0.0, 1.0)
        return self.river_source_m * (1.0 + 0.8 * down)

    def coast_y(self, x: npt.ArrayLike) -> Floats:
        """y of the coast at each x [m]; the sea lies south of it."""
        middle = self.south + 0.06 * (self.north - self.south)
        return np.round(middle + _add_waves(self.coast_waves, np.asarray(x) - self.west), 3)

    def is_water(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether a place lies in the river or in the sea."""
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        in_river = np.abs(x - self.river_x(y)) < 0.5 * self.river_width_m(y)
        return np.asarray((in_river | (y < self.coast_y(x))) & self.has_water)

    def can_hold(self, underpass: Underpass, *, cell_m: float = 10.0) -> bool:
        """Whether an underpass and its walls lie clear of the water, the valley and the edges of the city."""
        half_x, half_y = 0.5 * underpass.length_m + 3 * cell_m, 0.5 * underpass.width_m + 3 * cell_m
        if underpass.along == "y":
            half_x, half_y = half_y, half_x
        box = underpass.x - half_x, underpass.y - half_y, underpass.x + half_x, underpass.y + half_y
        inside = box[0] > self.west and box[2] < self.east and box[1] > self.south and box[3] < self.north
        clear = self.valley is None
        if self.valley is not None:
            clear = abs(underpass.x - self.valley.x) > 0.5 * self.valley.width_m + half_x + 3 * cell_m
            clear |= abs(underpass.y - self.valley.y) > 0.5 * self.valley.height_m + half_y + 3 * cell_m
        return bool(inside and clear and self.is_dry(*box))

    def is_dry(self, west: float, south: float, east: float, north: float) -> bool:
        """Whether no water reaches into a box."""
        if not self.has_water:
            return True
        x, y = np.linspace(west, east, 65), np.linspace(south, north, 65)
        middle, half = self.river_x(y), 0.5 * self.river_width_m(y)
        return bool(((middle - half > east) | (middle + half < west)).all() and (self.coast_y(x) < south).all())

    def compute_heights(self, x: Floats, y: Floats) -> Floats:
        """Heights of the bare ground [m] where columns ``x`` cross rows ``y``, (y, x): no streets, no structures."""
        return self.lower_to_water(x, y, self.compute_land(x, y))

    def compute_land(self, x: Floats, y: Floats) -> Floats:
        """Heights of the land [m], (y, x), as if there were no water: a plain along the river, and hills."""
        north = np.maximum(y[:, None] - self.coast_y(x)[None, :], 0.0)
        off = np.maximum(np.abs(x[None, :] - self.river_x(y)[:, None]) - 0.5 * self.river_width_m(y)[:, None], 0.0)
        size = min(self.north - self.south, self.east - self.west)
        rise = ease(off / (0.25 * size)) * ease((north - 2.0 * _FORESHORE_M) / (0.5 * size))
        plain = min(0.05, _PLAIN_M / (_RELIEF * size))
        hills = np.zeros((y.size, x.size))
        for values, spacing in zip(self.relief, self.spacing, strict=True):
            hills += interpolate(values, (x - self.west) / spacing, (y - self.south) / spacing)
        return np.asarray(QUAY_M + _FALL * north + (plain + (1.0 - plain) * rise) * ease(north / 150.0) * hills)

    def lower_to_water(self, x: Floats, y: Floats, land: Floats) -> Floats:
        """Cut the river's channel and the sea bed into land, (y, x)."""
        if not self.has_water:
            return land
        north = y[:, None] - self.coast_y(x)[None, :]
        shore = np.where(
            north <= 0.0,
            np.maximum(_SHALLOW_M + 0.01 * north, _DEEP_M),
            _SHALLOW_M + (land - _SHALLOW_M) * np.minimum(north / _FORESHORE_M, 1.0),
        )
        half = 0.5 * self.river_width_m(y)[:, None]
        across = np.abs(x[None, :] - self.river_x(y)[:, None]) / half
        bed = QUAY_M - CHANNEL_M + _FALL * np.maximum(north, 0.0)
        # Flat to seven tenths of the half width, then banks up to the land; beyond them the land itself.
        share = np.clip((across - 0.7) / 0.3, 0.0, 1.0)
        return np.asarray(np.minimum(shore, bed + (np.maximum(land, bed) - bed) * share))


def plan_ground(seed: int, west: float, south: float, east: float, north: float, *, has_water: bool = True) -> Ground:
    """Plan the ground of a city in a box.

    Parameters
    ----------
    seed
        A whole number from 0 up; the same seed gives the same ground.
    west, south, east, north
        Edges of the box [m], 500 m or more apart.
    has_water
        False for streets that know nothing of this river and this sea: the ground stays dry.

    Returns
    -------
    Ground
        The river runs from the northern edge into the sea along the southern one; places may lie outside the box,
        where the lines go on and the hills stay as they are at its edge.

    Raises
    ------
    InputError
        If the box is smaller than 500 m.

    References
    ----------
    .. [1] Perlin (2002), doi:10.1145/566654.566636 (the fade of lattice noise); here the lattice holds values.

    Examples
    --------
    >>> ground = plan_ground(1, 0.0, 0.0, 2000.0, 2000.0)
    >>> bool(ground.is_water(ground.river_x(1500.0), 1500.0)), bool(ground.is_water(1000.0, 10.0))
    (True, True)
    >>> ground.compute_heights(np.array([1000.0]), np.array([10.0])).item() < 0.0
    True
    """
    width, height = east - west, north - south
    if not min(width, height) >= 500.0:
        raise InputError(
            f"the box must be at least 500 m on each side, got {width:g} m x {height:g} m", way_out="give a larger one"
        )
    size = min(width, height)
    river = draw(seed, "river", 5)
    coast = draw(seed, "coast", 5)
    turn = 2.0 * np.pi
    coast_m = min(0.012 * size, 350.0)
    river_m = 0.04 * height
    spacing = tuple(max(size * share, 20.0) for share in (0.45, 0.2, 0.09, 0.04, 0.018))
    total_m = _RELIEF * size
    relief = []
    for number, (step, part) in enumerate(zip(spacing, _SHARES, strict=True)):
        shape = int(np.ceil(height / step)) + 2, int(np.ceil(width / step)) + 2
        generator = _start(seed, 300 + number)
        relief.append(total_m * part * generator.random(shape))
    ground = Ground(
        seed,
        west,
        south,
        east,
        north,
        round(west + (0.42 + 0.16 * river[0]) * width, 2),
        np.array(
            [
                [river_m * (0.7 + 0.3 * river[1]), turn * 1.3 / height, turn * river[2]],
                [0.3 * river_m * river[3], turn * 2.9 / height, turn * river[4]],
            ]
        ),
        round(min(max(0.008 * (width * height) ** 0.5, 30.0), 120.0), 1),
        np.array(
            [
                [coast_m * (0.6 + 0.4 * coast[1]), turn * 1.7 / width, turn * coast[2]],
                [0.4 * coast_m * coast[3], turn * 4.3 / width, turn * coast[4]],
            ]
        ),
        None,
        tuple(relief),
        spacing,
        _start(seed, 310).random((int(height / 350) + 3, int(width / 350) + 3)),
        has_water,
    )
    return Ground(**{**vars(ground), "valley": _place_valley(ground, size)})


def _place_valley(ground: Ground, size: float) -> Valley | None:
    """The flattest of many places that lie well off the river, the sea and the edges."""
    across = min(max(0.09 * size, 120.0), 900.0)
    half_x, half_y = 0.5 * across, 0.375 * across
    best = (float("inf"), 0.0, 0.0)
    for u, v in draw(ground.seed, "valley", 64, 2):
        x = round(float(ground.west + (0.1 + 0.8 * u) * (ground.east - ground.west)), 0)
        y = round(float(ground.south + (0.25 + 0.6 * v) * (ground.north - ground.south)), 0)
        around_x, around_y = x + half_x * np.linspace(-2, 2, 9), y + half_y * np.linspace(-2, 2, 9)
        if not ground.is_dry(around_x[0], around_y[0], around_x[-1], around_y[-1]):
            continue
        if around_x[0] < ground.west or around_x[-1] > ground.east or around_y[-1] > ground.north:
            continue
        best = min(best, (round(float(np.ptp(ground.compute_land(around_x, around_y))), 3), x, y))
    if best[0] == float("inf"):
        return None
    return Valley(best[1], best[2], across, 0.75 * across, min(max(0.006 * across, 2.0), 5.0))


def interpolate(values: Floats, u: Floats, v: Floats) -> Floats:
    """Lattice values where columns ``u`` cross rows ``v`` [in steps of the lattice], (v, u); smooth, held outside."""
    column, right = _find(u, values.shape[1])
    row, up = _find(v, values.shape[0])
    # A row of the lattice at a time: the same numbers, whatever block of rows is asked for.
    first = int(row.min())
    near = values[first : int(row.max()) + 2]
    across = near[:, column] * (1.0 - right) + near[:, column + 1] * right
    return np.asarray(across[row - first] * (1.0 - up[:, None]) + across[row - first + 1] * up[:, None])


def _find(place: Floats, n: int) -> tuple[npt.NDArray[np.int64], Floats]:
    place = np.clip(place, 0.0, n - 1.0)
    cell = np.minimum(place.astype(np.int64), n - 2)
    return cell, ease(place - cell)


def ease(t: Floats) -> Floats:
    """From 0 to 1 with no kink and no bend at either end."""
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(t * t * t * (t * (t * 6.0 - 15.0) + 10.0))


def _add_waves(waves: Floats, along: npt.ArrayLike) -> Floats:
    total = np.zeros(np.shape(along))
    for size, number, phase in waves:
        total = total + size * np.sin(number * np.asarray(along) + phase)
    return np.asarray(total)
