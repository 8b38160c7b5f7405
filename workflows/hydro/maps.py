"""A flood on the map: classes of depth over shaded ground, the sea, a scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..drawing.canvas import INK, SHEET_WIDTH_PT, TEXT_PT, sample_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CLASSES_M", "SEA_TEXT", "find_sea", "paint_water", "write_classes", "write_scale"]

Floats = NDArray[np.float64]
CLASSES_M = (0.05, 0.15, 0.3, 0.5, 1.0, 2.0)  # 0.15 m stops a person on foot in a hurry, 0.3 m a car
MOST_PIXELS = 1200
SEA = "#c3ccd1"  # grey: water that was there before
SEA_TEXT = " Grey is the sea, or a river, as it stood before."


def find_sea(inputs: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Cells (y, x) that lie under the sea or a river before any rain falls."""
    return np.asarray(inputs["sea_depth"]) > 0.0


def paint_water(axes: Axes, inputs: Mapping[str, Any], values: NDArray[Any], classes: Sequence[float]) -> None:
    """Classes of ``values`` (y, x) over shaded ground, and the sea; what lies below the first class is left out."""
    from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgba

    n_y, n_x = values.shape
    step = max(1, -(-max(n_y, n_x) // MOST_PIXELS))
    ground = np.where(inputs["valid"], inputs["height"], np.nan)[::step, ::step].astype(np.float64)
    axes.imshow(_shade(ground), origin="lower", extent=(0, n_x, 0, n_y), interpolation="nearest")
    colours = sample_scale("water", len(classes))
    sea = find_sea(inputs)
    shown = np.where((values >= classes[0]) & ~sea, values, np.nan)
    coarse = _highest(shown, step)
    axes.imshow(
        coarse, origin="lower", extent=(0, n_x, 0, n_y), interpolation="nearest", alpha=0.85,
        cmap=ListedColormap(colours), norm=BoundaryNorm([*classes, np.inf], len(colours)),
    )  # fmt: skip
    if sea.any():
        flat = np.where(sea[::step, ::step, None], to_rgba(SEA), (0.0, 0.0, 0.0, 0.0))
        axes.imshow(flat, origin="lower", extent=(0, n_x, 0, n_y), interpolation="nearest")
    axes.set(xlim=(0, n_x), ylim=(0, n_y), xticks=[], yticks=[], aspect="equal")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _shade(ground: Floats) -> Floats:
    """Grey by slope, lit from the north-west; clear where there is no ground."""
    known = np.isfinite(ground)
    filled = np.where(known, ground, np.nanmean(ground))
    up, across = np.gradient(filled) if min(filled.shape) > 1 else (np.zeros_like(filled), np.zeros_like(filled))
    lit = across - up
    spread = float(np.std(lit[known])) or 1.0
    tone = np.clip(0.9 - 0.06 * lit / spread, 0.6, 1.0)
    return np.dstack([tone, tone, tone, known.astype(np.float64)])


def _highest(values: NDArray[Any], step: int) -> Floats:
    """The greatest of each square of cells: what stands deep shall not vanish in a smaller picture."""
    n_y, n_x = (n // step * step for n in values.shape)
    cut = np.where(np.isfinite(values), values, -np.inf)[:n_y, :n_x]
    most = cut.reshape(n_y // step, step, n_x // step, step).max(axis=(1, 3))
    return np.where(np.isfinite(most), most, np.nan)


def write_classes(axes: Axes, classes: Sequence[float], unit: str, width: float, height: float) -> None:
    """The colours below a map that is ``width`` by ``height`` points."""
    from matplotlib.patches import Rectangle

    span = 42.0 if width >= SHEET_WIDTH_PT else 30.0
    colours = sample_scale("water", len(classes))
    for place, (colour, lower) in enumerate(zip(colours, classes, strict=True)):
        left, bottom = place * span / width, -18.0 / height
        axes.add_patch(
            Rectangle((left, bottom), span / width, 10.0 / height, transform=axes.transAxes,
                      facecolor=colour, edgecolor="none", clip_on=False)
        )  # fmt: skip
        axes.text(left, -32.0 / height, f"{lower:g}", transform=axes.transAxes, fontsize=TEXT_PT, color=INK)
    axes.text(len(colours) * span / width, -32.0 / height, unit,
              transform=axes.transAxes, fontsize=TEXT_PT, color=INK)  # fmt: skip


def write_scale(axes: Axes, cell_m: float, n_x: int, width: float, height: float) -> None:
    """A bar of a round length, at the right below a map."""
    whole = cell_m * n_x
    length = 10.0 ** np.floor(np.log10(whole / 3.0))
    length *= max(factor for factor in (1.0, 2.0, 5.0) if factor * length <= whole / 3.0)
    share = length / whole
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.plot([1 - share, 1], [-13.0 / height] * 2, transform=axes.transAxes, color=INK, linewidth=1.2, clip_on=False)
    axes.text(1.0, -32.0 / height, text, transform=axes.transAxes, fontsize=TEXT_PT, color=INK, ha="right")
