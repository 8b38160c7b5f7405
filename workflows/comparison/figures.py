"""The differences of one variable on a map: links as lines, cells as squares; colour is the sign and size of B - A."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...hpc.errors import RunError
from ...hpc.report.formatting import unit_text
from ..drawing.canvas import (
    FAINT,
    INK,
    SHEET_WIDTH_PT,
    TEXT_PT,
    choose_fonts,
    is_drawable,
    make_sheet,
    save_figure,
)
from ..drawing.change_scale import ChangeScale, make_change_scale, round_down
from ..drawing.mapframe import MARGIN_PT, draw_links, make_frame
from .compare import Comparison
from .differences import Difference, subtract
from .stores import StorePair

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_differences", "find_mapped"]

LINK_ENDS = ("from_x", "from_y", "to_x", "to_y")  # variables of a store whose dim of links can be drawn
MOST_PIXELS = 1200
UNCHANGED = "#eceff1"  # cells; links are thin and drawn in FAINT
HEAD_PT, LEGEND_PT, MOST_LETTERS = 40.0, 54.0, 58
NAMES = {"X": ("projection_x_coordinate", "longitude"), "Y": ("projection_y_coordinate", "latitude")}


@dataclass(frozen=True)
class _Shape:
    """Where a variable lies: the dim of links, or the dims of rows and columns of cells."""

    dims: tuple[str, ...]

    @property
    def is_grid(self) -> bool:
        return len(self.dims) == 2


def find_mapped(comparison: Comparison, name: str | None = None) -> Difference:
    """The variable to draw: the one named, or the first of floats over links or cells.

    Raises
    ------
    RunError
        If it was not compared or lies on no map, or there is none.
    """
    stores, known = comparison.stores, {told.name: told for told in comparison.variables}
    if name is not None and name not in known:
        why = comparison.refused.get(name, f"choose one of {', '.join(known)}")
        raise RunError(f"--variable must name a variable that was compared, got {name!r}: {why}")
    if stores is not None:
        for told in [known[name]] if name is not None else comparison.variables:
            is_number = stores.a[told.name].dtype.kind in ("fiub" if name is not None else "f")
            if is_number and _find_shape(stores, told) is not None:
                return told
    raise RunError(
        f"a map needs numbers over links (with {', '.join(LINK_ENDS)}) or over cells (with x and y), but "
        f"{f'{name!r} of ' if name else ''}product {comparison.product.name!r} has none: write a table with "
        "--out FILE.csv"
    )


def _find_shape(stores: StorePair, told: Difference) -> _Shape | None:
    dims_of = {name: _dims(array) for name, array in stores.a.items()}
    axes = {}
    for axis, standard_names in NAMES.items():
        named = [
            name for name, array in stores.a.items()
            if dims_of[name] == (name,) and array.attrs.get("standard_name") in standard_names
        ]  # fmt: skip
        axes[axis] = next((name for name in named if name in told.dims), None)
    if axes["Y"] and axes["X"]:
        return _Shape((axes["Y"], axes["X"]))
    for dim in told.dims:
        if all(dims_of.get(end) == (dim,) for end in LINK_ENDS):
            return _Shape((dim,))
    return None


def _dims(array: Any) -> tuple[str, ...]:
    return tuple(getattr(array.metadata, "dimension_names", None) or ())


def draw_differences(comparison: Comparison, told: Difference, path: Path) -> str:
    """Draw ``B - A`` of a variable into a .png or .svg, and return the sentence that says what is seen.

    Of further dims (scenario, time) the row is drawn in which the largest difference stands.
    """
    stores = comparison.stores
    assert stores is not None
    shape = _find_shape(stores, told)
    assert shape is not None
    place = dict(zip(told.dims, told.place or (0,) * len(told.dims), strict=True))
    block = [
        slice(0, len(stores.match(dim))) if dim in shape.dims else slice(place[dim], place[dim] + 1)
        for dim in told.dims
    ]
    change, _, unsized = subtract(*stores.read(told.name, block))
    kept = [told.dims.index(dim) for dim in shape.dims]
    order = [*kept, *[axis for axis in range(change.ndim) if axis not in kept]]  # the others have one row each
    lengths = [len(stores.match(dim)) for dim in shape.dims]
    change = np.nan_to_num(change, nan=0.0).transpose(order).reshape(lengths)
    unsized = unsized.transpose(order).reshape(lengths)
    scale = make_change_scale(change)
    where = ", ".join(f"{dim} {stores.match(dim).name_row(place[dim])}" for dim in told.dims if dim not in shape.dims)
    draw = _draw_cells if shape.is_grid else _draw_lines
    units = unit_text(told.units)
    title = f"{told.name}: {_name(comparison, 'b')} minus {_name(comparison, 'a')}"
    figure, legend, metres_per_pt = draw(comparison, stores, shape, change, unsized, scale, [title, where])
    alone = bool(unsized.any())
    heading = f"B \N{MINUS SIGN} A{f', {units}' if units else ''}"
    _draw_legend(legend, scale, heading, metres_per_pt, alone, UNCHANGED if shape.is_grid else FAINT)
    more, less = int((change > 0).sum()), int((change < 0).sum())
    what = "cells" if shape.is_grid else "links"
    sentence = (
        f"{told.name} of run {_name(comparison, 'b')} minus that of run {_name(comparison, 'a')}"
        f"{f' at {where}' if where else ''}: {more:,} {what} have more and {less:,} less, of {change.size:,}; "
        f"at most {change.max(initial=0.0):+,.4g} and {change.min(initial=0.0):+,.4g} {units}".rstrip()
        + (f"; {int(unsized.sum()):,} have a number in one run alone." if alone else ".")
    )
    described: dict[str, str | None] = {"Title": title, "Description": sentence}
    described |= {"Date": None} if path.suffix == ".svg" else {"Software": None}
    save_figure(figure, path, name=f"{comparison.product.name}-{told.name}", metadata=described)
    return sentence


def _name(comparison: Comparison, side: str) -> str:
    """The folder's name of a run; of one run against itself no folder tells the sides apart, so A or B is added."""
    runs = comparison.a.path.resolve(), comparison.b.path.resolve()
    own, other = runs if side == "a" else runs[::-1]
    if own.name != other.name:
        return own.name
    return f"{own.name} ({side.upper()})"


def _write_heading(axes: Axes, lines: list[str]) -> None:
    for row, text in enumerate(line for line in lines if line):
        shown = text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
        if not is_drawable(shown):
            shown = shown.encode("ascii", "replace").decode()  # no glyph: its place is marked
        axes.text(MARGIN_PT, HEAD_PT - 14 - 15 * row, shown, color=INK, fontsize=TEXT_PT + (1 if row == 0 else 0),
                  va="center", parse_math=False, family=choose_fonts())  # fmt: skip


def _sheets(height: float, lines: list[str]) -> tuple[Any, Axes, Axes]:
    boxes = [
        (0.0, LEGEND_PT + height, SHEET_WIDTH_PT, HEAD_PT), (0.0, LEGEND_PT, SHEET_WIDTH_PT, height),
        (0.0, 0.0, SHEET_WIDTH_PT, LEGEND_PT),
    ]  # fmt: skip
    figure, (head, sheet, legend) = make_sheet(height + HEAD_PT + LEGEND_PT, boxes)
    for axes, tall in ((head, HEAD_PT), (sheet, height), (legend, LEGEND_PT)):
        axes.set(xlim=(0, SHEET_WIDTH_PT), ylim=(0, tall))
        axes.set_axis_off()
    _write_heading(head, lines)
    return figure, sheet, legend


def _draw_lines(
    comparison: Comparison, stores: StorePair, shape: _Shape, change: NDArray[np.float64],
    unsized: NDArray[np.bool_], scale: ChangeScale, lines: list[str],
) -> tuple[Any, Axes, float | None]:  # fmt: skip
    """Links as lines beside their reverse: width is the size of the change."""
    rows = [slice(0, len(change))]
    from_x, from_y, to_x, to_y = (stores.read(end, rows)[0].astype(np.float64) for end in LINK_ENDS)
    ends = np.column_stack([np.concatenate([from_x, to_x]), np.concatenate([from_y, to_y])])
    nodes, index = np.unique(ends, axis=0, return_inverse=True)
    tail, head = np.asarray(index).reshape(2, -1).astype(np.int32)
    crs = str(comparison.product.attrs.get("crs_name", ""))
    frame = make_frame(nodes[:, 0], nodes[:, 1], tail, head, crs)
    figure, sheet, legend = _sheets(frame.height_pt, lines)
    kind = scale.classify(change)
    middle = draw_links(sheet, frame, np.where(kind < 0, 0.0, np.abs(change)), scale.top, kind, scale.colours)
    if unsized.any():
        sheet.plot(middle[unsized, 0], middle[unsized, 1], "x", color=INK, markersize=5.5, linestyle="none")
    return figure, legend, frame.metres_per_pt


def _draw_cells(
    comparison: Comparison, stores: StorePair, shape: _Shape, change: NDArray[np.float64],
    unsized: NDArray[np.bool_], scale: ChangeScale, lines: list[str],
) -> tuple[Any, Axes, float | None]:  # fmt: skip
    """Cells as squares, north up; of a fine grid each square of cells shows its largest change."""
    from matplotlib.colors import to_rgba

    y, x = (stores.read(dim, [slice(0, len(stores.match(dim)))])[0].astype(np.float64) for dim in shape.dims)
    up, across = np.argsort(y), np.argsort(x)
    change, unsized = change[np.ix_(up, across)], unsized[np.ix_(up, across)]
    n_y, n_x = change.shape
    room = SHEET_WIDTH_PT - 2 * MARGIN_PT
    height = float(np.clip(room * n_y / n_x, 40.0, 1.5 * room))
    step = max(1, -(-max(n_y, n_x) // MOST_PIXELS))
    coarse = _find_largest(change, step)
    palette = np.array([to_rgba(colour) for colour in scale.colours])
    kind = scale.classify(coarse)
    picture = palette[kind]
    picture[kind < 0] = to_rgba(UNCHANGED)
    picture[_find_largest(unsized.astype(np.float64), step) > 0] = to_rgba(INK)
    figure, sheet, legend = _sheets(height + 2 * MARGIN_PT, lines)
    wide = min(room, height * n_x / n_y)
    left = (SHEET_WIDTH_PT - wide) / 2
    sheet.imshow(
        picture, origin="lower", extent=(left, left + wide, MARGIN_PT, MARGIN_PT + height), interpolation="nearest",
        aspect="auto",
    )  # fmt: skip
    sheet.set(xlim=(0, SHEET_WIDTH_PT), ylim=(0, height + 2 * MARGIN_PT))
    is_metres = stores.a[shape.dims[1]].attrs.get("units") == "m" and n_x > 1
    metres = abs(float(x[across][-1] - x[across][0])) * n_x / (n_x - 1) / wide if is_metres else None
    return figure, legend, metres


def _find_largest(values: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Of each square of ``step`` cells the value of the largest magnitude; edges are filled up with zeros."""
    if step == 1:
        return values
    n_y, n_x = (-(-n // step) for n in values.shape)
    padded = np.zeros((n_y * step, n_x * step))
    padded[: values.shape[0], : values.shape[1]] = values
    squares = padded.reshape(n_y, step, n_x, step).transpose(0, 2, 1, 3).reshape(n_y, n_x, step * step)
    at = np.abs(squares).argmax(axis=2)
    return np.asarray(np.take_along_axis(squares, at[..., None], axis=2)[..., 0])


def _draw_legend(
    legend: Axes, scale: ChangeScale, heading: str, metres_per_pt: float | None, alone: bool, unchanged: str
) -> None:
    """Colour classes at the left, what one run alone has in the middle, the scale bar at the right."""
    from matplotlib.patches import Rectangle

    cell, base = 152.0 / len(scale.colours), 24.0

    def write(x: float, y: float, text: str, **how: Any) -> None:
        legend.text(x, y, text, color=INK, fontsize=TEXT_PT - 1, va="center", parse_math=False, **how)

    for slot, colour in enumerate(scale.colours):
        tint = unchanged if slot == scale.middle else colour
        legend.add_patch(Rectangle((MARGIN_PT + slot * cell, base), cell, 7, facecolor=tint, edgecolor="none"))
    for slot, text in scale.ticks().items():
        write(MARGIN_PT + slot * cell, base - 9, text, ha="center")
    write(MARGIN_PT, base + 16, heading)
    if alone:
        legend.plot([MARGIN_PT + 180], [base + 3.5], "x", color=INK, markersize=5.5)
        write(MARGIN_PT + 188, base + 3.5, "in one run alone")
    if metres_per_pt:
        metres = round_down(metres_per_pt * 85)
        right, wide = SHEET_WIDTH_PT - MARGIN_PT, metres / metres_per_pt
        legend.plot([right - wide, right - wide, right, right], [base + 7, base + 1, base + 1, base + 7], color=INK,
                    linewidth=1.0, solid_joinstyle="miter")  # fmt: skip
        write(right - wide / 2, base - 9, f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m", ha="center")
