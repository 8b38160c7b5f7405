"""Pictures of a flood warning: the rain to come, depths through time, and the points in the order of their urgency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...drawing.canvas import (
    FAINT,
    INK,
    SHEET_WIDTH_PT,
    TEXT_PT,
    choose_fonts,
    is_drawable,
    make_sheet,
    sample_scale,
    style_axes,
    write_figure,
)
from ..maps import CLASSES_M, SEA_TEXT, find_sea, paint_water, write_classes, write_scale

__all__ = ["draw_depths_through_time", "draw_points", "draw_rain"]

Floats = NDArray[np.float64]
MOST_PANELS = 4
MOST_POINTS = 25


def draw_rain(
    run: Path,
    number: int,
    before: Floats,
    ahead: Floats,
    observed: Floats | None,
    step_minutes: float,
) -> Path:
    """Mean rain over the ground: what fell before as bars, the ensemble as a fan.

    Parameters
    ----------
    before
        (frame,) [mm h-1].
    ahead
        (member, step), the control first.
    observed
        (step,) what fell then, where it is known.
    """
    left, width = 46.0, SHEET_WIDTH_PT - 60.0
    figure, (axes,) = make_sheet(210.0, [(left, 36.0, width, 164.0)])
    style_axes(axes)
    past = step_minutes * np.arange(-len(before), 1)
    axes.stairs(before, past, fill=True, color=FAINT)
    middle = step_minutes * (np.arange(ahead.shape[1]) + 0.5)
    low, half, high = np.quantile(ahead[1:], (0.1, 0.5, 0.9), axis=0)
    blue = sample_scale("water", 4)
    axes.fill_between(middle, low, high, color=blue[0], linewidth=0)
    axes.plot(middle, half, color=blue[3], linewidth=1.6)
    axes.plot(middle, ahead[0], color=INK, linewidth=0.9, linestyle=(0, (4, 2)))
    if observed is not None:
        axes.plot(middle, observed, color=INK, linewidth=1.2)
    axes.axvline(0.0, color=INK, linewidth=0.6)
    axes.set_ylim(bottom=0.0)
    axes.set(xlabel="minutes since the warning", ylabel="mm/h", xlim=(float(past[0]), float(middle[-1])))
    seen = "; what fell in ink" if observed is not None else ""
    return write_figure(
        run, number, "rain", figure, title="Rain over the ground",
        caption=(
            "Mean over the ground. Grey: known. Blue: median of the members and the span from 10 to 90 % of them; "
            f"dashed: the control, which is only carried along{seen}."
        ),
        alt=f"Known rain up to {before.max(initial=0.0):.3g} mm/h, median ahead up to {half.max():.3g} mm/h",
    )  # fmt: skip


def draw_depths_through_time(
    run: Path,
    number: int,
    inputs: Mapping[str, Any],
    attrs: Mapping[str, Any],
    depth: NDArray[Any],
    minutes: Sequence[float],
) -> Path:
    """Maps of the median depth of the members at a few times.

    Parameters
    ----------
    depth
        (time, y, x) [m].
    minutes
        Minutes of the times, since the warning.
    """
    chosen = np.unique(np.linspace(0, len(minutes) - 1, min(MOST_PANELS, len(minutes))).round().astype(int)).tolist()
    n_y, n_x = depth.shape[1:]
    gap, head, foot = 10.0, 18.0, 44.0
    across = min(2, len(chosen))
    width = (SHEET_WIDTH_PT - gap * (across - 1)) / across
    height = float(np.clip(width * n_y / n_x, 80.0, 420.0))
    down = -(-len(chosen) // across)
    whole = foot + down * (height + head)
    boxes = [
        (at % across * (width + gap), foot + (down - 1 - at // across) * (height + head), width, height)
        for at in range(len(chosen))
    ]
    figure, panels = make_sheet(whole, boxes)
    for axes, at in zip(panels, chosen, strict=True):
        paint_water(axes, inputs, depth[at], CLASSES_M)
        axes.set_title(f"+{minutes[at]:g} min", fontsize=TEXT_PT, color=INK, loc="left", pad=4)
    last = panels[(down - 1) * across]
    write_classes(last, CLASSES_M, "m and more", width, height)
    if len(panels) > 1:
        write_scale(panels[-1], float(attrs["grid"]["cell_m"]), n_x, width, height)
    return write_figure(
        run, number, "depths", figure, title="Depths through time",
        caption=f"Median depth of the members; less than {CLASSES_M[0]:g} m is left out."
        + (SEA_TEXT if find_sea(inputs).any() else ""),
        alt=f"Median depth at {len(chosen)} times, at most {np.nanmax(depth[chosen]):.3g} m",
    )  # fmt: skip


def draw_points(run: Path, number: int, rows: Sequence[Mapping[str, Any]], onset_min: Floats, lead_min: float) -> Path:
    """When the points are flooded: the span of the onset, the darker the likelier.

    Parameters
    ----------
    rows
        Warnings, the most urgent first.
    onset_min
        (row, 3) quantiles since the warning; NaN where no member is flooded.
    """
    shown = [at for at in range(len(rows)) if np.isfinite(onset_min[at, 1])][:MOST_POINTS]
    row_pt, left = 18.0, 150.0
    figure, (axes,) = make_sheet(46.0 + row_pt * max(1, len(shown)), [
        (left, 36.0, SHEET_WIDTH_PT - left - 46.0, row_pt * max(1, len(shown)) + 4.0)
    ])  # fmt: skip
    style_axes(axes)
    axes.grid(axis="y", visible=False)
    colours = sample_scale("water", 5)
    names, listed = [], []
    for line, at in enumerate(shown):
        row, (early, middle, late) = rows[at], onset_min[at].tolist()
        colour = colours[min(4, int(5 * row["probability"]))]
        axes.plot([early, late], [-line, -line], color=colour, linewidth=7.0, solid_capstyle="butt")
        axes.plot([middle], [-line], marker="|", color=INK, markersize=11, markeredgewidth=1.6)
        axes.text(
            1.01, -line, f"{100 * row['probability']:.0f} %", transform=axes.get_yaxis_transform(), fontsize=TEXT_PT,
            color=INK, va="center",
        )  # fmt: skip
        label = f"{row['point']}  {row['threshold_m']:g} m"
        if not is_drawable(label):
            listed.append(label)
            label = f"[{len(listed)}]  {row['threshold_m']:g} m"
        names.append(label if len(label) <= 26 else label[:25] + "…")
    axes.set_yticks([-line for line in range(len(shown))], names, fontfamily=list(choose_fonts()))
    axes.set(xlim=(0.0, lead_min), ylim=(0.6 - max(1, len(shown)), 0.6), xlabel="minutes since the warning")
    return write_figure(
        run, number, "points", figure, title="Which points, and when",
        caption=(
            "Bars: from 10 to 90 % of the onsets among the members that reach the depth, the mark their median; at the "
            "right the share of members that reach it. Points that no member floods are left out."
            if shown else "No member floods a point."
        ),
        alt=f"{len(shown)} warnings", names=listed,
    )  # fmt: skip
