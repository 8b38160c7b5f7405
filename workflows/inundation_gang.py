"""An inundation that ranks share: each has a tile of the ground, and after every step a row of its neighbours' water.

A rank's arrays reach one cell beyond its tile, as far as a step looks. Steps are as long as the fastest wave anywhere
allows, so every rank makes the same ones, and the bytes are those of one process. At each output time the ranks leave
a checkpoint, which any number of ranks can go on from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hpc.errors import FAILED, RunError
from ..hpc.gang import Gang
from ..hpc.gang_checkpoint import read_checkpoint, write_checkpoint
from ..hpc.gang_layout import Place, TileLayout
from ..hpc.halo import HaloExchange
from ..hpc.parts import Parts
from ..kernels.hydro.inertia import REACH
from ..kernels.hydro.surface import Surface
from ..kernels.hydro.water import MAPS, Forcing, Water
from .flood_plain import FloodPlain, FloodRecord, Span

__all__ = ["simulate_on_ranks"]

Arrays = dict[str, NDArray[Any]]
MOVED: dict[str, Place] = {"depth": "cell", "flow_x": "x_face", "flow_y": "y_face"}
KEPT: dict[str, Place] = {**MOVED, "lost": "cell", **dict.fromkeys(MAPS, "cell")}


def simulate_on_ranks(gang: Gang, arrays: Arrays, folder: Path, **asked: Any) -> Parts:
    """Simulate the members of a block on all ranks; parameters and result are those of ``simulate_members``.

    Yields
    ------
    Part
        On rank 0, with the same bytes; of a gang that goes on from a checkpoint, those after it.

    Returns
    -------
    dict
        On rank 0 that of :func:`~.inundation_steps.simulate_members`, with the same bytes; else empty.

    Raises
    ------
    RunError
        If the ranks were told to end: what is done up to the last output time is kept.
    """
    plain = FloodPlain(arrays, asked)
    part = _Part(gang, plain)
    record = FloodRecord(plain)
    water, reached = part.start(), 0.0
    held = read_checkpoint(gang, part.layout, folder / "checkpoints", part.unpack(water), KEPT)
    if held is not None:
        water, reached = part.take_up(water, held.notes), float(held.notes["horizon_s"])
        record.fed, record.poured = np.array(held.notes["fed"]), np.array(held.notes["poured"])
        record.n_steps = np.array(held.notes["n_steps"], dtype=np.int64)
    seen = ("depth", *(("flow_x", "flow_y") if "link_cell_offset" in arrays else ()))
    for span in plain.spans():
        horizon_s = span.horizon_s
        if horizon_s <= reached:
            continue
        water, taken = plain.advance(
            water, part.surface, part.soil, part.see(span), span.start_s, horizon_s, after_step=part.halo.exchange,
            highest=gang.find_maximum,
        )  # fmt: skip
        if gang.rank == 0:
            record.note(span, taken)
        if horizon_s not in asked["output_s"]:
            continue
        step = asked["output_s"].index(horizon_s) + 1
        if (whole := part.gather(water, seen)) is not None:
            yield from record.look(whole, horizon_s)
        del whole
        if horizon_s == asked["output_s"][-1]:
            whole = part.gather(water, ("depth", "lost", "maps"))
            return {} if whole is None else record.close(whole)
        notes = {
            "horizon_s": horizon_s, "fed": record.fed.tolist(), "poured": record.poured.tolist(),
            "n_steps": record.n_steps.tolist(), "gained": part.gather_gains(water).tolist(),
        }  # fmt: skip
        write_checkpoint(gang, part.layout, folder / "checkpoints", step, part.unpack(water), KEPT, notes)
        if gang.is_stopping():
            raise RunError(
                f"the ranks were told to end {horizon_s:g} s after the start; what is done is kept", exit_code=FAILED
            )
    raise AssertionError("the last output time ends the last span")


class _Part:
    """A rank's tile of the ground, with a ring of its neighbours' cells."""

    def __init__(self, gang: Gang, plain: FloodPlain) -> None:
        self.gang, self.plain = gang, plain
        self.layout = TileLayout(plain.grid.shape, gang.size, REACH)
        self.cells = self.layout.tiles[gang.rank].cells
        whole = plain.surface
        self.surface = Surface(self.cut(whole.ground), self.cut(whole.manning), whole.cell_m, whole.ring)
        self.soil = None if plain.soil is None else plain.soil.apply(self.cut)
        self.halo = HaloExchange(gang, self.layout, MOVED)
        still = plain.still
        source, self.source_place = self._own(still.source_cell)
        level, self.level_place = self._own(still.level_cell)
        loss = None if still.loss is None else self.cut(still.loss)
        self.still = Forcing(loss=loss, source_cell=source, level_cell=level)
        self.n_held = 0 if still.level_cell is None else still.level_cell.size

    def see(self, span: Span) -> Forcing:
        """The tile's part of what feeds the whole surface."""
        forcing = span.forcing
        return replace(
            self.still,
            rain=None if span.rain is None else self.plain.scale(self.cut(span.rain)),
            source=None if forcing.source is None else forcing.source[:, self.source_place],
            level=None if forcing.level is None else forcing.level[:, self.level_place],
        )

    def cut(self, field: NDArray[Any], place: Place = "cell") -> NDArray[Any]:
        """The tile's part of a field over the whole surface, ring included."""
        box, more = self.cells, 2 * REACH
        rows, columns = more + (place == "y_face"), more + (place == "x_face")
        return np.ascontiguousarray(field[..., box.y0 : box.y1 + rows, box.x0 : box.x1 + columns])

    def _own(self, flat: NDArray[Any] | None) -> tuple[NDArray[Any] | None, NDArray[np.int64]]:
        """Which cells of a list over the whole surface are this tile's: their index here, and their places there."""
        if flat is None:
            return None, np.zeros(0, dtype=np.int64)
        box = self.cells
        row, column = np.divmod(flat, self.plain.surface.shape[1])
        row, column = row - REACH, column - REACH
        mine = np.flatnonzero((row >= box.y0) & (row < box.y1) & (column >= box.x0) & (column < box.x1))
        index = (row[mine] - box.y0 + REACH) * self.surface.shape[1] + column[mine] - box.x0 + REACH
        return (index if mine.size else None), mine

    def start(self) -> Water:
        depth = self.cut(self.plain.rest_depth())
        water = Water.rest(self.surface, n_members=self.plain.factor.size, n_held=self.level_place.size)
        water.depth[...] = depth
        return water

    def unpack(self, water: Water) -> Arrays:
        """Fields by name; writing into them writes into the water."""
        return {
            **{name: getattr(water, name) for name in (*MOVED, "lost")},
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
        found: Arrays = {name: np.zeros(0, water.depth.dtype) for name in (*MOVED, "lost", "maps")}
        for name in names:
            field = self.gang.gather(self.layout, getattr(water, name), MOVED.get(name, "cell"))
            if field is not None:
                found[name] = np.pad(field, [(0, 0)] * (field.ndim - 2) + [(REACH, REACH)] * 2)
            del field
        return Water(gained=gained, **found) if self.gang.rank == 0 else None
