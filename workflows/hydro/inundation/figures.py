"""Pictures of an inundation: depths on the ground, its course through time, and how many members agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...drawing.canvas import FAINT, INK, SHEET_WIDTH_PT, make_sheet, sample_scale, style_axes, write_figure
from ..maps import CLASSES_M, SEA_TEXT, find_sea, paint_water, write_classes, write_scale

__all__ = ["draw_agreement", "draw_course", "draw_depths"]

Floats = NDArray[np.float64]
FOOT_PT, HEAD_PT = 44.0, 6.0
CLASSES = (0.05, 0.2, 0.4, 0.6, 0.8, 1.0)  # share of members


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
        Hours since the start: 0, then the outputs.
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
