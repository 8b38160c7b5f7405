"""An inundation that ranks share: each has a tile of the ground, and after every step the rim of its neighbours'.

A rank's arrays reach as far beyond its tile as a step looks: one cell, of shallow water two. Steps are as long as the
fastest wave anywhere allows, so every rank makes the same ones, and the bytes are those of one process. At each output
time the ranks leave a checkpoint, which any number of ranks can go on from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....hpc.errors import FAILED, REFUSED, RunError
from ....hpc.execution.device_notes import note_device
from ....hpc.execution.parts import Parts
from ....hpc.gang.checkpoint import read_checkpoint, write_checkpoint
from ....hpc.gang.gang import Gang
from ....hpc.gang.halo import HaloExchange
from ....hpc.gang.layout import Place, TileLayout
from ....kernels.hydro.member_fields.peaks import IntervalPeaks
from ....kernels.hydro.surface_water.maps import MAPS
from ....kernels.hydro.surface_water.surface import Surface
from ....kernels.hydro.surface_water.water import Forcing, Water
from ..simulation.case import FloodCase
from ..simulation.link_peaks import list_link_cells
from ..simulation.model import FloodModel, Span
from ..simulation.record import FloodRecord

__all__ = ["simulate_on_ranks"]

Arrays = dict[str, NDArray[Any]]
ON_FACES: dict[str, Place] = {"depth": "cell", "flow_x": "x_face", "flow_y": "y_face"}
IN_CELLS: dict[str, Place] = dict.fromkeys(ON_FACES, "cell")


def simulate_on_ranks(gang: Gang, case: FloodCase, folder: Path) -> Parts:
    """Simulate the members of a block on all ranks of a gang.

    Parameters
    ----------
    gang
        The ranks.
    case
        As :func:`~..simulation.simulate.simulate_flood` takes it.
    folder
        Where checkpoints are kept.

    Yields
    ------
    Part
        On rank 0, with the same bytes; if the gang continues from a checkpoint, those after it.

    Returns
    -------
    dict
        On rank 0 that of ``simulate_flood``, with the same bytes; on the others empty.

    Raises
    ------
    RunError
        If the ranks were told to end; what is done up to the last output time is kept. Or if a GPU is asked for.
    """
    if case.device == "gpu":
        raise RunError(
            f"ranks compute on CPUs only, got device=gpu with {gang.size} ranks: set ranks=1, or device=cpu",
            exit_code=REFUSED,
        )
    note_device("numba")
    model = FloodModel(case)
    part = _Part(gang, model)
    record = FloodRecord(model)
    water, reached = part.start(), 0.0
    held = read_checkpoint(gang, part.layout, folder / "checkpoints", part.unpack(water), part.kept)
    if held is not None:
        water, reached = part.take_up(water, held.notes), float(held.notes["horizon_s"])
        record.rain_m3, record.inflow_m3 = np.array(held.notes["fed"]), np.array(held.notes["poured"])
        record.n_steps = np.array(held.notes["n_steps"], dtype=np.int64)
    links = part.open_link_peaks(water)
    for span in model.spans():
        horizon_s = span.horizon_s
        if horizon_s <= reached:
            continue
        water, taken = model.advance(
            water, part.surface, part.soil, part.see(span), span.start_s, horizon_s, after_step=part.halo.exchange,
            highest=gang.find_maximum,
        )  # fmt: skip
        if gang.rank == 0:
            record.add_span(span, taken)
        if horizon_s not in case.output_s:
            continue
        step = case.output_s.index(horizon_s) + 1
        peaks = None if links is None else links.look(water, gang.find_maximum)
        if (whole := part.gather(water, ("depth",))) is not None:
            yield from record.read_depths(whole, horizon_s, peaks)
        del whole
        if horizon_s == case.output_s[-1]:
            if links is not None:
                links.restore(water)
            whole = part.gather(water, ("depth", "lost", "maps"))
            return {} if whole is None else record.close(whole)
        notes = {
            "horizon_s": horizon_s, "fed": record.rain_m3.tolist(), "poured": record.inflow_m3.tolist(),
            "n_steps": record.n_steps.tolist(), "gained": part.gather_gains(water).tolist(),
        }  # fmt: skip
        kept = part.unpack(water) | ({} if links is None else links.list_whole())
        write_checkpoint(gang, part.layout, folder / "checkpoints", step, kept, part.kept, notes)
        if gang.is_stopping():
            raise RunError(
                f"the ranks were told to end {horizon_s:g} s after the start; what is done is kept", exit_code=FAILED
            )
    raise AssertionError("the last output time ends the last span")


class _Part:
    """A rank's tile of the ground, with a ring of its neighbours' cells."""

    def __init__(self, gang: Gang, model: FloodModel) -> None:
        self.gang, self.model = gang, model
        self.reach = model.surface.ring
        self.moved = ON_FACES if model.scheme == "inertia" else IN_CELLS
        self.kept: dict[str, Place] = {**self.moved, "lost": "cell", **dict.fromkeys(MAPS, "cell")}
        self.layout = TileLayout(model.case.grid.shape, gang.size, self.reach)
        self.cells = self.layout.tiles[gang.rank].cells
        whole = model.surface
        self.surface = Surface(self.cut(whole.ground), self.cut(whole.manning), whole.cell_m, whole.ring)
        self.soil = None if model.soil is None else model.soil.apply(self.cut)
        self.halo = HaloExchange(gang, self.layout, self.moved)
        constant = model.constant
        self.source_place, self.level_place = self._own(constant.source_cell), self._own(constant.level_cell)
        self.still = Forcing(
            loss=None if constant.loss is None else self.cut(constant.loss),
            source_cell=self._place(constant.source_cell, self.source_place),
            level_cell=self._place(constant.level_cell, self.level_place),
            inward_cell=self._place(constant.inward_cell, self.level_place),
        )
        self.n_held = 0 if constant.level_cell is None else constant.level_cell.size

    def see(self, span: Span) -> Forcing:
        """The tile's part of what feeds the whole surface."""
        forcing = span.forcing
        return replace(
            self.still,
            rain=None if span.rain is None else self.model.rain.scale(self.cut(span.rain)),
            source=None if forcing.source is None else forcing.source[:, self.source_place],
            level=None if forcing.level is None else forcing.level[:, self.level_place],
        )

    def cut(self, field: NDArray[Any], place: Place = "cell") -> NDArray[Any]:
        """The tile's part of a field over the whole surface, ring included."""
        box, more = self.cells, 2 * self.reach
        rows, columns = more + (place == "y_face"), more + (place == "x_face")
        return np.ascontiguousarray(field[..., box.y0 : box.y1 + rows, box.x0 : box.x1 + columns])

    def _own(self, flat: NDArray[Any] | None) -> NDArray[np.int64]:
        """Which cells of a list over the whole surface are this tile's: their places in the list."""
        if flat is None:
            return np.zeros(0, dtype=np.int64)
        box = self.cells
        row, column = np.divmod(flat, self.model.surface.shape[1])
        row, column = row - self.reach, column - self.reach
        return np.flatnonzero((row >= box.y0) & (row < box.y1) & (column >= box.x0) & (column < box.x1))

    def _place(self, flat: NDArray[Any] | None, mine: NDArray[np.int64]) -> Any:
        """Where the tile's cells of such a list, or what is beside them, lie in its own arrays."""
        if flat is None:
            return None
        row, column = np.divmod(flat[mine], self.model.surface.shape[1])
        return (row - self.cells.y0) * self.surface.shape[1] + column - self.cells.x0

    def start(self) -> Water:
        depth = self.cut(self.model.rest_depth())
        water = Water.rest(
            self.surface, n_members=self.model.case.n_members, n_held=self.level_place.size,
            faces=self.model.scheme == "inertia",
        )  # fmt: skip
        water.depth[...] = depth
        return water

    def open_link_peaks(self, water: Water) -> IntervalPeaks | None:
        """Note the peaks under the cells of links that are this tile's."""
        if self.model.case.roads is None:
            return None
        offset, cell = list_link_cells(self.model)
        mine = self._own(cell)
        link = np.repeat(np.arange(offset.size - 1), np.diff(offset))[mine]
        own_offset = np.concatenate([[0], np.cumsum(np.bincount(link, minlength=offset.size - 1))])
        return IntervalPeaks(water, own_offset, self._place(cell, mine))

    def unpack(self, water: Water) -> Arrays:
        """Fields by name; writing into them writes into the water."""
        return {
            **{name: getattr(water, name) for name in (*self.moved, "lost")},
            **{name: water.maps[at] for at, name in enumerate(MAPS)},
        }

    def take_up(self, water: Water, notes: dict[str, Any]) -> Water:
        """The gains of the tile's held cells out of a checkpoint's notes; its fields are filled already."""
        if not self.level_place.size:
            return water
        return replace(water, gained=np.array(notes["gained"])[:, self.level_place])

    def gather_gains(self, water: Water) -> NDArray[np.float64]:
        """Gains of each held cell, in the order of the whole surface, on every rank."""
        whole = np.zeros((water.n_members, max(1, self.n_held)))
        for place, gained in self.gang.comm.allgather((self.level_place, water.gained)):
            if place.size:
                whole[:, place] = gained
        return whole

    def gather(self, water: Water, names: Sequence[str]) -> Water | None:
        """Some fields of the water of the whole surface, with their ring, on rank 0; the others stay empty."""
        gained = self.gather_gains(water)
        found: Arrays = {name: np.zeros(0, water.depth.dtype) for name in (*self.moved, "lost", "maps")}
        for name in names:
            field = self.gang.gather(self.layout, getattr(water, name), self.moved.get(name, "cell"))
            if field is not None:
                found[name] = np.pad(field, [(0, 0)] * (field.ndim - 2) + [(self.reach, self.reach)] * 2)
            del field
        return Water(gained=gained, **found) if self.gang.rank == 0 else None
