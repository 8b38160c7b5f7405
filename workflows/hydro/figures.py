"""Pictures of a flood: depths on the ground, its course through time, and how many members share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..drawing.canvas import FAINT, INK, SHEET_WIDTH_PT, TEXT_PT, make_sheet, sample_scale, style_axes, write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "CLASSES_M", "SEA_TEXT", "draw_agreement", "draw_course", "draw_depths", "find_sea", "paint_water", "write_classes",
    "write_scale",
]  # fmt: skip

Floats = NDArray[np.float64]
FOOT_PT, HEAD_PT = 44.0, 6.0
CLASSES_M = (0.05, 0.15, 0.3, 0.5, 1.0, 2.0)  # 0.15 m stops a person on foot in a hurry, 0.3 m a car
CLASSES = (0.05, 0.2, 0.4, 0.6, 0.8, 1.0)
MOST_PIXELS = 1200
SEA = "#c3ccd1"  # grey: water that was there before
SEA_TEXT = " Grey is the sea, or a river, as it stood before."


def draw_depths(
    run: Path, number: int, inputs: Mapping[str, Any], attrs: Mapping[str, Any], deepest: NDArray[Any], *, member: str
) -> Path:
    """Map of the greatest depths over shaded ground."""
    return _draw_map(
        run, number, "depth", inputs, attrs, deepest, CLASSES_M, "m and more",
        title="Greatest depth",
        caption=f"The deepest that water stood in each cell under {member}; less than {CLASSES_M[0]:g} m is left out."
        + (SEA_TEXT if find_sea(inputs).any() else ""),
    )  # fmt: skip


def draw_agreement(
    run: Path, number: int, inputs: Mapping[str, Any], attrs: Mapping[str, Any], share: NDArray[Any]
) -> Path:
    """Map of the share of members in which a cell was flooded."""
    return _draw_map(
        run, number, "agreement", inputs, attrs, share, CLASSES, "of the members",
        title="How many members agree",
        caption=f"Share of members in which the water stood above {attrs['threshold_m']:g} m at some time. Members are "
        "multiples of one rain and not equally likely, so this is no probability."
        + (SEA_TEXT if find_sea(inputs).any() else ""),
    )  # fmt: skip


def _draw_map(
    run: Path,
    number: int,
    name: str,
    inputs: Mapping[str, Any],
    attrs: Mapping[str, Any],
    values: NDArray[Any],
    classes: Sequence[float],
    unit: str,
    *,
    title: str,
    caption: str,
) -> Path:
    n_y, n_x = values.shape
    height = float(np.clip(SHEET_WIDTH_PT * n_y / n_x, 120.0, 640.0))
    figure, (axes,) = make_sheet(height + FOOT_PT + HEAD_PT, [(0.0, FOOT_PT, SHEET_WIDTH_PT, height)])
    paint_water(axes, inputs, values, classes)
    write_classes(axes, classes, unit, SHEET_WIDTH_PT, height)
    write_scale(axes, float(attrs["grid"]["cell_m"]), n_x, SHEET_WIDTH_PT, height)
    most = float(np.nanmax(np.where(find_sea(inputs), 0.0, values)))
    return write_figure(
        run, number, name, figure, title=title, caption=caption,
        alt=f"{title}: at most {most:.3g} {unit.partition(' ')[0]}",
    )  # fmt: skip


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


def draw_course(
    run: Path,
    number: int,
    hours: Sequence[float],
    areas_m2: Sequence[Sequence[float]],
    members: Sequence[str],
    rain: Sequence[tuple[float, float]],
    *,
    shown: int = 0,
    boundaries: Sequence[tuple[str, Floats, Floats]] = (),
) -> Path:
    """What comes over the boundaries, mean rain from above, flooded area from below, through time.

    Parameters
    ----------
    hours
        Of the start, 0, and of the outputs since.
    areas_m2
        For each member drawn, at each of these.
    rain
        Hours since the start and the mean rate from then on [mm h-1].
    shown
        The member drawn in ink.
    boundaries
        Unit, hours since the start and values of what changes there: inflows, the sea's level.
    """
    left, width, panel = 46.0, SHEET_WIDTH_PT - 60.0, 78.0
    boxes = [(left, 36.0, width, 126.0)] + [
        (left, 178.0 + panel * at, width, 62.0) for at in range(1 + len(boundaries))
    ]
    figure, (lower, upper, *others) = make_sheet(250.0 + panel * len(boundaries), boxes)
    for axes in (lower, upper, *others):
        style_axes(axes)
        axes.set_xlim(0.0, hours[-1])
    for axes, (unit, when, values) in zip(others, boundaries, strict=True):
        axes.plot(when, values, color=INK, linewidth=1.2)
        axes.tick_params(labelbottom=False)
        axes.set_ylabel(unit)
    times = [time for time, _ in rain if time < hours[-1]]
    edges = [*times, hours[-1]]
    upper.stairs([rate for time, rate in rain if time < hours[-1]], edges, fill=True, color=sample_scale("water", 4)[1])
    upper.invert_yaxis()
    upper.tick_params(labelbottom=False)
    upper.set_ylabel("mm/h")
    for row, area in enumerate(areas_m2):
        if row != shown:
            lower.plot(hours, [a / 1e4 for a in area], color=FAINT, linewidth=0.9)
    if shown < len(areas_m2):
        lower.plot(hours, [a / 1e4 for a in areas_m2[shown]], color=INK, linewidth=1.6)
    lower.set_ylim(bottom=0.0)
    lower.set(xlabel="hours since the start", ylabel="flooded ha")
    most = max((rate for _, rate in rain), default=0.0)
    return write_figure(
        run, number, "course", figure, title="Rain and flooded area",
        caption=("On top, what comes over the boundaries: all inflows together, and the sea. " if boundaries else "")
        + f"Above, the mean rain over the ground; below, the area above the threshold: {members[shown]} in ink"
        + (", the other members faint." if len(members) > 1 else "."),
        alt=f"Rain of up to {most:.3g} mm/h, flooded area through {hours[-1]:.3g} hours",
    )  # fmt: skip
