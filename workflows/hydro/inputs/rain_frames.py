"""Frames of rain over the ground of a flood or its warning: opened, carried to its plane, cut, and seen enough of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ....datasets.errors import InputError
from ....kernels.space.grid import Grid

if TYPE_CHECKING:
    from ....datasets.hydro.rain.field import RainField
    from ....datasets.maps.layers import TerrainLayer
    from ..rain_settings import RainSettings

__all__ = [
    "cut_over", "open_frames", "refuse_unseen", "say_unseen", "share_unseen", "take_frames", "weigh_cells",
]  # fmt: skip

Span = tuple[int, int]


def open_frames(path: str, layer: TerrainLayer, settings: RainSettings, *, reach_m: float = 0.0) -> RainField:
    """Open frames of rain on the plane of the ground, and ``reach_m`` around it where they must be carried there.

    Raises
    ------
    InputError
        If they cannot be read, or do not lie over the ground.
    """
    from ....datasets.hydro.rain.field import refuse_no_overlap
    from ....datasets.hydro.rain_files.formats import open_rain

    place = None if settings.place_rain_at is None else _read_place(settings.place_rain_at)
    try:
        found = open_rain(
            path, **settings.ask_reader(), place_rain_at=place, place_crs=layer.crs, over=layer.grid, reach_m=reach_m
        )
    except InputError as error:
        raise error.reworded("declare one, such as", "name it by --set rain_crs=, such as") from None
    refuse_no_overlap(found.grid, layer.grid, file=path)
    return found


def _read_place(text: str) -> tuple[float, float]:
    words = text.replace(",", " ").split()
    try:
        x, y = (float(word) for word in words)
    except ValueError:
        raise InputError(
            f"place_rain_at must be X,Y, got {text!r}", way_out="write X,Y in metres of the ground"
        ) from None
    return x, y


def cut_over(source: Grid, ground: Grid) -> tuple[Span, Span, Grid]:
    """Rows and columns of the cells that lie over the ground, and their grid.

    Raises
    ------
    InputError
        If the cells do not cover the ground.

    Examples
    --------
    >>> cut_over(Grid(0.0, 0.0, 100.0, 9, 9), Grid(150.0, 200.0, 10.0, 10, 10))[:2]
    ((2, 3), (1, 3))
    """
    spans = []
    for low, high, start, n in (
        (ground.south, ground.north, source.south, source.n_y),
        (ground.west, ground.east, source.west, source.n_x),
    ):
        # a thousandth of a cell is rounding, in places that were carried from degrees
        first = int(np.floor((low - start) / source.cell_m + 1e-3))
        last = int(np.ceil((high - start) / source.cell_m - 1e-3))
        if first < 0 or last > n:
            raise InputError(
                f"the rain's {source} does not cover the ground's {ground}",
                way_out="give rain that reaches over all of the ground, or move it: --set place_rain_at=X,Y",
            )
        spans.append((first, max(last, first + 1)))
    (south, north), (west, east) = spans
    cut = Grid(
        source.west + west * source.cell_m, source.south + south * source.cell_m, source.cell_m,
        north - south, east - west,
    )  # fmt: skip
    return (south, north), (west, east), cut


def take_frames(path: str, layer: TerrainLayer, settings: RainSettings, duration_s: float) -> tuple[RainField, float]:
    """Open the frames that fall in a run which starts with the first of them: over the ground, 0 where unknown.

    Returns
    -------
    RainField
        Cut to the ground and the run; notes tell what was not used.
    float
        Share of the rain over the ground that is not known.

    Raises
    ------
    InputError
        As :func:`open_frames`, or if too much of the rain is not known.
    """
    found = open_frames(path, layer, settings)
    rows, columns, grid = cut_over(found.grid, layer.grid)
    n_all = len(found.time)
    n = min(n_all, max(1, int(np.ceil(duration_s / found.step_s - 1e-9))))
    rate = found.rate[:n, rows[0] : rows[1], columns[0] : columns[1]]
    unseen = share_unseen(rate, weigh_cells(grid, layer.grid, layer.valid))
    refuse_unseen(unseen, settings.rain_unseen_limit, file=path)
    minutes = found.step_s / 60.0
    notes = [f"{n_all - n} of {n_all} frames of rain lie after the run and were not used."] if n < n_all else []
    if n * found.step_s < duration_s - 1e-9:
        notes.append(
            f"The frames of rain last {n * minutes:g} min of the {duration_s / 60:g} min simulated: after them it is "
            "taken as dry."
        )
    return replace(
        found, grid=grid, time=found.time[:n], rate=np.nan_to_num(rate), notes=(*found.notes, *notes)
    ), unseen  # fmt: skip


def weigh_cells(rain: Grid, ground: Grid, valid: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """How much valid ground lies under each cell of rain over it: shares (y, x) that sum to 1.

    Examples
    --------
    >>> weigh_cells(Grid(0.0, 0.0, 100.0, 1, 2), Grid(0.0, 0.0, 10.0, 10, 11)).round(3).tolist()
    [[0.909, 0.091]]
    """
    fine = min(8, max(1, int(np.ceil(2.0 * ground.cell_m / rain.cell_m))))  # points along a side of a cell of ground
    row, column = (
        np.clip(((start + side / fine * (np.arange(n * fine) + 0.5) - low) // rain.cell_m).astype(np.int64), 0, most)
        for start, side, n, low, most in (
            (ground.south, ground.cell_m, ground.n_y, rain.south, rain.n_y - 1),
            (ground.west, ground.cell_m, ground.n_x, rain.west, rain.n_x - 1),
        )
    )
    weight = np.zeros(rain.shape)
    for at in range(fine * ground.n_y):  # a row at a time: the ground may be large
        under = column if valid is None else column[np.repeat(valid[at // fine], fine)]
        weight[row[at]] += np.bincount(under, minlength=rain.n_x)
    return np.asarray(weight / max(weight.sum(), 1.0))


def share_unseen(rate: NDArray[Any], weight: NDArray[np.float64]) -> float:
    """Share of the rain (frame, y, x) over the ground that is NaN; 0 of no frames.

    Examples
    --------
    >>> share_unseen(np.array([[[np.nan, 1.0]]]), np.array([[0.9, 0.1]]))
    0.9
    """
    return float((np.isnan(rate).mean(axis=0) * weight).sum()) if len(rate) else 0.0


def refuse_unseen(share: float, limit: float, *, file: str | Path | None = None, when: str = "") -> None:
    """Refuse rain of which too much over the ground is not known.

    Raises
    ------
    InputError
        If the share lies above the limit.
    """
    if share <= limit:
        return
    accepted = np.ceil(100.0 * share) / 100.0
    raise InputError(
        f"{100 * share:.3g} % of the rain over the ground is not known{when}, and rain_unseen_limit is {limit:g}",
        file=file,
        way_out="give frames that see the ground"
        + (f", or accept that the unknown is dry: --set rain_unseen_limit={accepted:g}" if accepted < 1.0 else ""),
    )


def say_unseen(share: float) -> str:
    """What a summary begins with; empty where all is known.

    Examples
    --------
    >>> say_unseen(0.123), say_unseen(0.0)
    ('12.3 % of the rain over the ground is not known and counts as none. ', '')
    """
    return f"{100 * share:.3g} % of the rain over the ground is not known and counts as none. " if share > 0.0 else ""
