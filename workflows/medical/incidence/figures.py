"""How rates change from month to month or from year to year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...drawing.canvas import (
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

__all__ = ["draw_trend"]

MOST_LINES, LONGEST, MOST_TICKS = 5, 34, 7


def draw_trend(run: Path, number: int, rates: Mapping[str, Sequence[Mapping[str, Any]]], period: str) -> Path:
    """Draw rates by period, a line for each code; a period whose rate is withheld is a gap in the line.

    Parameters
    ----------
    rates
        Rows with the period, ``rate``, ``rate_low`` and ``rate_high`` of each code, by its name, in their order.
    period
        Name of the column of periods: ``"month"`` or ``"year"``.
    """
    shown = dict(list(rates.items())[:MOST_LINES])
    known = [row[period] for rows in shown.values() for row in rows if row["rate"] is not None]
    labels = sorted({row[period] for rows in shown.values() for row in rows})
    periods = [label for label in labels if known and min(known) <= label <= max(known)]
    place = {label: at for at, label in enumerate(periods)}
    rows_of_names = (len(shown) + 1) // 2  # below the axes, where no line runs through them
    figure, (axes,) = make_sheet(
        250.0 + 16.0 * rows_of_names, [(46.0, 38.0 + 16.0 * rows_of_names, SHEET_WIDTH_PT - 58.0, 196.0)]
    )
    style_axes(axes)
    beside: list[str] = []
    for (name, every), colour in zip(shown.items(), sample_scale("load", len(shown)), strict=True):
        rows = [row for row in every if row[period] in place]
        label = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
        if not is_drawable(label):
            beside.append(name)
            label = f"({len(beside)})"
        at = [place[row[period]] for row in rows]
        middle, low, high = (
            [float("nan") if row[key] is None else row[key] for row in rows]
            for key in ("rate", "rate_low", "rate_high")
        )
        axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(at, middle, color=colour, linewidth=1.6, marker="o", markersize=3, label=f" {label}")
    step = max(1, -(-len(periods) // MOST_TICKS))
    axes.set_xticks(range(0, len(periods), step), periods[::step])
    axes.set_ylim(bottom=0)
    axes.set_title("persons per 1,000 person-years", loc="left", fontsize=TEXT_PT, color=INK, pad=0, y=0.99)
    axes.legend(
        frameon=False, prop={"family": choose_fonts(), "size": TEXT_PT - 2}, labelcolor=INK, loc="upper left", ncols=2,
        bbox_to_anchor=(-0.03, -0.12), borderaxespad=0.0,
    )  # fmt: skip
    caption = (
        f"Rates by {period} of the {len(shown)} codes that begin in most persons, with exact 95 % intervals. A gap is "
        "a number that is withheld."
    )
    return write_figure(
        run, number, "trend", figure, title=f"Rates by {period}", caption=caption,
        alt=f"Rates by {period} of {', '.join(shown)}{f', {periods[0]} to {periods[-1]}' if periods else ''}.",
        names=beside,
    )  # fmt: skip
