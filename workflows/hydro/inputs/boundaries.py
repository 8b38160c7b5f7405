"""Water that comes over the edges of the ground and at points: where, and how much of it through time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ....datasets.errors import InputError
from ....datasets.hydro.gauges.hydrographs import KINDS, read_hydrograph
from ....datasets.text.missing import Missing, read_missing

if TYPE_CHECKING:
    from ....datasets.maps.layers import TerrainLayer
    from ...workflow import NamedArrays
    from ..settings import FloodSettings

__all__ = ["Boundaries", "RunTime", "find_inflow", "find_sea", "open_boundaries", "refuse_far_level"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
FAR_M = 100.0  # from the ground: no sea and no river stands there
NO_SEA_M = -1e4  # a level below all ground: whatever reaches the edge leaves


@dataclass(frozen=True)
class RunTime:
    """When a run takes place, to which tables of times are matched.

    Attributes
    ----------
    span_s
        Duration of the run [s].
    start_utc_s
        Start of the run, if known [s since 1970-01-01 UTC].
    time_zone
        Time zone of dates that name no offset.
    needs_dates
        Whether tables must have dates, because times since the start would be ambiguous.
    missing
        Codes that stand for no value in tables.
    height_datum
        Datum of the ground's heights, if known.
    """

    span_s: float
    start_utc_s: int | None = None
    time_zone: str | None = None
    needs_dates: bool = False
    missing: Missing = field(default_factory=Missing)
    height_datum: str | None = None


@dataclass(frozen=True)
class Boundaries:
    """Levels and inflows at a ground's boundaries, linear between times [s since the start of the run].

    Attributes
    ----------
    held
        (y, x) cells of the edge whose level is held.
    sea_depth
        (y, x) depth of the sea at the start [m].
    sea_s, sea_level_m
        (row,).
    inflow_row, inflow_column
        (inflow,) each cell once.
    inflow_s, inflow_m3_s
        (row,) and (row, inflow).
    """

    held: Bools
    sea_depth: Floats
    sea_s: Floats
    sea_level_m: Floats
    inflow_row: npt.NDArray[np.int64]
    inflow_column: npt.NDArray[np.int64]
    inflow_s: Floats
    inflow_m3_s: Floats
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def lay_out(self) -> NamedArrays:
        """The arrays that blocks read."""
        return {
            "held": (("y", "x"), self.held),
            "sea_depth": (("y", "x"), self.sea_depth),
            "sea_s": (("sea_row",), self.sea_s),
            "sea_level_m": (("sea_row",), self.sea_level_m),
            "inflow_row": (("inflow",), self.inflow_row),
            "inflow_column": (("inflow",), self.inflow_column),
            "inflow_s": (("inflow_time",), self.inflow_s),
            "inflow_m3_s": (("inflow_time", "inflow"), self.inflow_m3_s),
        }


def open_boundaries(settings: FloodSettings, layer: TerrainLayer, when: RunTime) -> Boundaries:
    """Open inflow and sea.

    Raises
    ------
    InputError
        If a text is not a point, one lies off the ground, a hydrograph cannot be used, or the sea stands far above or
        below all ground.
    """
    sources: list[Path] = []
    notes: list[str] = []
    when = replace(when, missing=read_missing(settings.missing), height_datum=layer.height_datum)
    cells, inflow_s, inflow_m3_s = find_inflow(settings.inflow, layer, when, sources, notes)
    sea_s, level = _read_value(settings.sea_level, "water level", when, sources, notes)
    if level is not None:
        refuse_far_level(level, layer, settings.sea_level)
    held, depth = find_sea(layer, settings.edges, level)
    return Boundaries(
        held, depth, sea_s, np.array([NO_SEA_M]) if level is None else level, cells[:, 0], cells[:, 1],
        inflow_s, inflow_m3_s, tuple(sources), tuple(notes),
    )  # fmt: skip


def refuse_far_level(level_m: Floats, layer: TerrainLayer, source: str | None) -> None:
    """Refuse a level of the sea that is far from all ground: a code, another unit or another datum.

    Raises
    ------
    InputError
        If it lies more than 100 m below the lowest ground or above the highest.
    """
    ground = layer.height[layer.valid]
    least, most = float(ground.min()) - FAR_M, float(ground.max()) + FAR_M
    wrong = (level_m < least) | (level_m > most)
    if wrong.any():
        raise InputError(
            f"the sea must stand within {FAR_M:g} m of the ground, which lies at {ground.min():g} to "
            f"{ground.max():g} m, got {level_m[wrong][0]:g} m (sea_level={source})",
            way_out="check the unit and the datum, or declare a code that stands for no value: --set missing=",
        )


def _read_value(
    text: str | None,
    quantity: Literal["water level", "discharge"],
    when: RunTime,
    sources: list[Path],
    notes: list[str],
) -> tuple[Floats, Floats | None]:
    """Times and values of a number, which holds throughout, or of a hydrograph."""
    start = np.zeros(1)
    if text is None:
        return start, None
    try:
        number = float(text)
    except ValueError:
        try:
            graph = read_hydrograph(
                text, quantity, time_zone=when.time_zone, missing=when.missing, height_datum=when.height_datum
            )
        except InputError as error:
            raise error.reworded("--declare readings.", "--set ").reworded(", or declare units", "") from None
        sources.append(graph.file)
        notes.extend(graph.notes)
        return graph.cut(when.span_s, start_utc_s=when.start_utc_s, needs_dates=when.needs_dates)
    if not np.isfinite(number):
        raise InputError(f"the {quantity} must be finite, got {text}", way_out="give a finite number, or a CSV file")
    rule = KINDS[quantity]
    if number > rule.most:
        raise InputError(
            f"the {quantity} must be at most {rule.most:g} {rule.units}, got {text}", way_out="check its unit"
        )
    return start, np.array([number])


def find_inflow(
    inflow: str | None,
    layer: TerrainLayer,
    when: RunTime,
    sources: list[Path],
    notes: list[str] | None = None,
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Find cells (inflow, 2), times and flows (row, inflow) [m3 s-1] of ``X Y FLOW`` texts, divided by semicolons.

    Raises
    ------
    InputError
        If a text has another form, a point lies off the ground, or a hydrograph cannot be used.
    """
    found: list[tuple[tuple[int, int], Floats, Floats]] = []
    for text in (inflow or "").split(";"):
        if not text.strip():
            continue
        words = re.split(r"[\s,]+", text.strip(), maxsplit=2)
        try:
            x, y = (float(word) for word in words[:2])
            flow = words[2]
        except (ValueError, IndexError):
            x = y = np.nan
        if not np.isfinite((x, y)).all():
            raise InputError(
                f"inflow must be X Y FLOW, got {text.strip()!r}",
                way_out="write X Y M3_PER_S, or X Y HYDROGRAPH.csv, several divided by ;",
            )
        row, column = (int(at) for at in ((y - layer.grid.south) // layer.grid.cell_m,
                                          (x - layer.grid.west) // layer.grid.cell_m))  # fmt: skip
        is_on = 0 <= row < layer.grid.n_y and 0 <= column < layer.grid.n_x
        if not is_on or not layer.valid[row, column]:
            raise InputError(
                f"inflow must lie on the ground, got {text.strip()!r}", way_out="give a point on valid ground"
            )
        time_s, value = _read_value(flow, "discharge", when, sources, [] if notes is None else notes)
        assert value is not None
        if (value < 0.0).any():
            raise InputError(
                f"inflow must be >= 0, got {text.strip()!r}", way_out="give the flow that enters the ground"
            )
        found.append(((row, column), time_s, value))
    cells = {cell: at for at, cell in enumerate(dict.fromkeys(cell for cell, _, _ in found))}
    times = np.unique(np.concatenate([np.zeros(1), *(time_s for _, time_s, _ in found)]))
    flows = np.zeros((times.size, len(cells)))
    for cell, time_s, value in found:
        flows[:, cells[cell]] += np.interp(times, time_s, value)
    return np.array(list(cells), dtype=np.int64).reshape(-1, 2), times, flows


def find_sea(layer: TerrainLayer, edges: str, level_m: Floats | None) -> tuple[Bools, Floats]:
    """Find the cells of the outer edge whose level is held, and the depth of the sea at the start (y, x) [m].

    If the level changes, all cells that the sea reaches at its highest are held. While the sea stands below one of
    them, water leaves there.
    """
    from scipy import ndimage

    padded = np.pad(layer.valid, 1)
    is_edge = layer.valid & ~ndimage.binary_erosion(padded, structure=np.ones((3, 3)))[1:-1, 1:-1]
    depth = np.zeros(layer.grid.shape)
    if level_m is None:
        return is_edge if edges == "open" else np.zeros_like(is_edge), depth

    def reach(level: float) -> Bools:
        below = layer.valid & (layer.height < level)
        bodies, _ = ndimage.label(below)
        return np.asarray(np.isin(bodies, np.setdiff1d(bodies[is_edge & below], [0])))

    sea, highest = reach(float(level_m[0])), reach(float(level_m.max()))
    depth[sea] = level_m[0] - layer.height[sea].astype(np.float64)
    return is_edge & (highest | (edges == "open")), depth
