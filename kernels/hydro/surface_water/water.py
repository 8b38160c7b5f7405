"""Water on a surface, what feeds and drains it, and the maps of what it did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import Library, choose_rows, copy_into, fetch, place
from ...engines import empty_for
from .cell_sums import sum_cells
from .maps import ARRIVAL, MAPS
from .surface import Surface

__all__ = ["Forcing", "Water", "measure_volumes"]

Array = npt.NDArray[Any]
PLACED = ("depth", "flow_x", "flow_y", "lost", "maps")  # what lives where the water is computed
NEVER = np.inf  # the arrival where water never came


@dataclass(frozen=True)
class Forcing:
    """What stays the same until the next horizon.

    Parameters
    ----------
    rain, loss : (member, y, x) array, or (1, y, x) for all members
        Rain, and the most that may sink into soil and drains [m s-1]; 0 on walls.
    source_cell, source : (source,) array of int, (member or 1, source) array
        Cells, each once, by flat index of (y, x), and how fast they are fed [m s-1].
    level_cell, level : (held,) array of int, (member or 1, held) array
        Cells, each once, whose water stands at a level [m], such as a tide's; they take and give what that needs.
        An empty list tells a tile that others hold some.
    inward_cell : (held,) array of int
        The cell beside each held one whose momentum it takes in shallow water; found by default. For a tile that
        sees only a part of the surface it must be given.
    """

    rain: Array | None = None
    loss: Array | None = None
    source_cell: Array | None = None
    source: Array | None = None
    level_cell: Array | None = None
    level: Array | None = None
    inward_cell: Array | None = None


@dataclass(frozen=True)
class Water:
    """Water of many members on one surface.

    Attributes
    ----------
    depth
        (member, y, x) [m].
    flow_x, flow_y
        For local inertia (member, y, x + 1) over the western faces of cells, the last over the eastern face of the
        last, and (member, y + 1, x); for shallow water the momentum of cells, (member, y, x) [m2 s-1].
    lost
        (member, y, x) depth that sank so far [m].
    gained
        (member, 1) or (member, held) depth that held cells took or gave so far [m], summed over all or of each.
    maps
        (map, member, y, x) or empty: :data:`MAPS`: greatest depth [m], greatest unit discharge h v [m2 s-1], first
        time above the threshold (infinite: never), time above it [s], and time for which local inertia limits the
        outflow [s], see :mod:`~citytide.kernels.hydro.inertia.outflows`.
    """

    depth: Array
    flow_x: Array
    flow_y: Array
    lost: Array
    gained: npt.NDArray[np.float64]
    maps: Array

    @classmethod
    def rest(
        cls,
        surface: Surface,
        depth: npt.ArrayLike = 0.0,
        *,
        n_members: int = 1,
        maps: bool = True,
        n_held: int = 1,
        faces: bool = True,
    ) -> Water:
        """Water at rest, the same depth in every member.

        Parameters
        ----------
        depth
            A number, an (inside y, inside x) array or one with a leading member dim [m]; walls stay dry.
        maps
            Whether maps are kept.
        n_held
            Held cells whose gains are kept apart; 1 keeps their sum.
        faces
            Whether flows are those over faces, or those of cells.

        Raises
        ------
        ValueError
            If a depth is negative or not finite, or the array does not fit.
        """
        dtype, inside = surface.ground.dtype, surface.inside
        whole = np.zeros((n_members, *surface.shape), dtype)
        given = np.asarray(depth, dtype=np.float64)
        wrong = ~(np.isfinite(given) & (given >= 0.0))
        if wrong.any():
            at = np.argwhere(wrong)[0].tolist()
            raise ValueError(f"depth must be finite and >= 0, got {given[wrong][0]:g}" + (f" at {at}" if at else ""))
        whole[(slice(None), *inside)] = given
        whole[:, surface.is_wall] = 0.0
        n_y, n_x = surface.shape
        recorded = np.zeros((len(MAPS), n_members, n_y, n_x) if maps else (len(MAPS), 0, 0, 0), dtype)
        recorded[ARRIVAL] = NEVER
        return cls(
            whole,
            np.zeros((n_members, n_y, n_x + faces), dtype),
            np.zeros((n_members, n_y + faces, n_x), dtype),
            np.zeros_like(whole),
            np.zeros((n_members, max(1, n_held))),
            recorded,
        )

    @property
    def n_members(self) -> int:
        return int(self.depth.shape[0])

    @property
    def nbytes(self) -> int:
        return int(sum(getattr(self, name).nbytes for name in PLACED))

    @property
    def has_maps(self) -> bool:
        return bool(self.maps.shape[3] > 1)  # a surface with its ring is wider; a device keeps no empty array

    def on_device(self, n_members: int | None = None, *, library: Library = "numba") -> Water:
        """The water in a GPU's memory, where kernels then advance it; what it gained stays with the host.

        A forcing may stay on the host, or be of the same kind of arrays as the water.

        Parameters
        ----------
        n_members
            Of water of a single member: how many like it to make, in the GPU's memory alone.
        library
            Whose arrays: ``"numba"``, for engine ``cuda``, or ``"cupy"``, for that and for engine ``cupy``.
        """
        if n_members is None:
            return replace(self, **{name: place(getattr(self, name), library) for name in PLACED})
        if self.n_members != 1:
            raise ValueError(f"n_members needs water of a single member, got {self.n_members}: omit n_members")
        gained = np.repeat(self.gained, n_members, axis=0)
        fields = {name: _place_alike(getattr(self, name), n_members, library) for name in PLACED}
        return replace(self, **fields, gained=gained)

    def on_host(self) -> Water:
        """The water in host memory."""
        maps = fetch(self.maps) if self.has_maps else np.zeros((len(MAPS), 0, 0, 0), self.depth.dtype)
        return replace(self, **{name: fetch(getattr(self, name)) for name in PLACED[:-1]}, maps=maps)

    def choose(self, takes: npt.NDArray[np.bool_], other: Water) -> Water:
        """These members where ``takes``, the other's elsewhere."""
        if takes.all():
            return self
        found = {name: choose_rows(takes, getattr(self, name), getattr(other, name)) for name in PLACED[:-1]}
        gained = choose_rows(takes, self.gained, other.gained)
        maps = self.maps
        if self.has_maps:
            maps = choose_rows(np.tile(takes, len(MAPS)), _by_member(self.maps), _by_member(other.maps)).reshape(
                maps.shape
            )
        return replace(self, **found, gained=gained, maps=maps)


def _by_member(maps: Array) -> Array:
    return maps.reshape(maps.shape[0] * maps.shape[1], *maps.shape[2:])


def _place_alike(field: Array, n_members: int, library: Library) -> Any:
    """The single member's part of a field (.., 1, y, x) for each of many, in a GPU's memory."""
    one = place(field, library)
    many = empty_for(one, (*one.shape[:-3], n_members, *one.shape[-2:]))
    rows, planes = (array.reshape(-1, *one.shape[-2:]) for array in (many, one))
    for row in range(int(rows.shape[0])):
        copy_into(rows[row], planes[row // n_members])
    return many


def measure_volumes(water: Water, surface: Surface) -> npt.NDArray[np.float64]:
    """Measure the water that each member holds, leaving the ring out [m3]."""
    return sum_cells(water.depth, surface.ring) * surface.cell_m**2
