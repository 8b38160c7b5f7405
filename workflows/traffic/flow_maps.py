"""Maps of a network's flows, and of what a scenario changes in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...hpc.report.formatting import unit_text
from ..drawing.canvas import (
    INK,
    SHEET_WIDTH_PT,
    TEXT_PT,
    choose_fonts,
    is_drawable,
    make_sheet,
    sample_scale,
    write_figure,
)
from ..drawing.change_scale import find_top, make_change_scale, round_down, shorten
from ..drawing.mapframe import MARGIN_PT, MapFrame, draw_links

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_difference_map", "draw_flow_map"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
LOAD_EDGES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)  # volume over capacity
LEGEND_PT, N_LABELS = 54.0, 6


def draw_flow_map(
    run: Path,
    number: int,
    frame: MapFrame,
    flow: Floats,
    capacity: Floats,
    *,
    closed: Bools | None = None,
    connector: Bools | None = None,
    link_name: Sequence[str] | None = None,
    scenario: str = "base",
    flow_unit: str = "",
    note: str = "",
) -> Path:
    """Map of flows: width is flow, colour is flow over capacity, a cross marks a closed link.

    Parameters
    ----------
    flow, capacity
        float64[link], in ``flow_unit``; a capacity of 0 or infinity leaves the link without a colour.
    closed, connector
        bool[link]: links that carry nothing; links from a zone to the streets, drawn faintly.
    note
        A sentence put at the end of the caption (where the coordinates come from, say).
    """
    flow_unit = unit_text(flow_unit)
    closed = np.zeros(len(flow), bool) if closed is None else closed
    quiet = closed | (flow <= 0) | ~(capacity > 0) | ~np.isfinite(capacity)
    if connector is not None:
        quiet |= connector
    load = np.divide(flow, capacity, out=np.zeros_like(flow), where=~quiet)
    colours = sample_scale("load", len(LOAD_EDGES) + 1)
    kind = np.where(quiet, -1, np.searchsorted(LOAD_EDGES, load, side="right"))
    figure, sheet, legend = _sheets(frame)
    top = find_top(flow[~quiet])
    middle = draw_links(sheet, frame, np.where(quiet, 0.0, flow), top, kind, colours)
    _mark_closed(sheet, middle, closed)
    beside = _label_roads(sheet, frame, np.where(quiet, 0.0, flow), link_name)
    ticks = {edge + 1: f"{LOAD_EDGES[edge]:g}" for edge in (1, 3, 5, 6)}
    _draw_legend(legend, frame, colours, ticks, "flow / capacity", top, flow_unit, bool(closed.any()))
    over = int((load > 1).sum())
    shut = f", {int(closed.sum()):,} are closed (crosses)" if closed.any() else ""
    told = f"{over:,} of {len(flow):,} links carry more than their capacity{shut}"
    carried = f"The busiest link carries {flow.max(initial=0.0):,.0f} {flow_unit}"
    if not np.isfinite(flow).all():
        told = carried = "It is not solved: its travel costs are not finite"
    caption = (
        f"Flow of scenario {scenario}. Width: flow; colour: flow over capacity. {told}. "
        f"Traffic keeps to the right of each line. {note}"
    )
    alt = (
        f"Map of {len(flow):,} links of scenario {scenario}. {carried}"
        f"; the largest flow over capacity is {load.max(initial=0.0):.2f}."
    )
    title = f"Where the traffic goes: {scenario}"
    return write_figure(run, number, "map", figure, title=title, caption=caption.strip(), alt=alt, names=beside)


def draw_difference_map(
    run: Path,
    number: int,
    frame: MapFrame,
    flow: Floats,
    base_flow: Floats,
    *,
    closed: Bools | None = None,
    link_name: Sequence[str] | None = None,
    scenario: str = "scenario",
    base: str = "base",
    flow_unit: str = "",
) -> Path:
    """Map of ``flow - base_flow`` float64[link]: width is the size of the change, colour its sign and class."""
    flow_unit = unit_text(flow_unit)
    closed = np.zeros(len(flow), bool) if closed is None else closed
    change = flow - base_flow
    scale = make_change_scale(change)
    kind, step, colours = scale.classify(change), float(scale.edges[5]), scale.colours
    figure, sheet, legend = _sheets(frame)
    places = draw_links(sheet, frame, np.where(kind < 0, 0.0, np.abs(change)), scale.top, kind, colours)
    _mark_closed(sheet, places, closed)
    beside = _label_roads(sheet, frame, np.where(kind < 0, 0.0, np.abs(change)), link_name)
    heading = f"change of flow{f', {flow_unit}' if flow_unit else ''}"
    _draw_legend(legend, frame, colours, scale.ticks(), heading, 0.0, flow_unit, bool(closed.any()))
    more, less = int((change > 0.1 * step).sum()), int((change < -0.1 * step).sum())
    gain = "link gains" if more == 1 else "links gain"
    caption = (
        f"Flow of {scenario} minus flow of {base}: {more:,} {gain}, {less:,} lose, "
        f"the others change by less than {0.1 * step:,.3g} {flow_unit}".rstrip()
        + ". Width: size of the change."
    )
    alt = (
        f"Map of the change of flow from {base} to {scenario}: at most {change.max(initial=0.0):+,.0f} and "
        f"{change.min(initial=0.0):+,.0f} {flow_unit} on a link."
    )
    title = f"What changes: {scenario} against {base}"
    return write_figure(run, number, "difference", figure, title=title, caption=caption, alt=alt, names=beside)


def _sheets(frame: MapFrame) -> tuple[Any, Axes, Axes]:
    height = frame.height_pt + LEGEND_PT
    boxes = [(0.0, LEGEND_PT, SHEET_WIDTH_PT, frame.height_pt), (0.0, 0.0, SHEET_WIDTH_PT, LEGEND_PT)]
    figure, (sheet, legend) = make_sheet(height, boxes)
    for axes, tall in ((sheet, frame.height_pt), (legend, LEGEND_PT)):
        axes.set(xlim=(0, SHEET_WIDTH_PT), ylim=(0, tall))
        axes.set_axis_off()
    return figure, sheet, legend


def _mark_closed(sheet: Axes, middle: Floats, closed: Bools) -> None:
    if closed.any():
        sheet.plot(
            middle[closed, 0], middle[closed, 1], "x", color=INK, markersize=5.5, markeredgewidth=1.4, linestyle="none"
        )


def _label_roads(sheet: Axes, frame: MapFrame, size: Floats, link_name: Sequence[str] | None) -> list[str]:
    """Write the busiest roads' names beside their busiest link; return those that only HTML can show."""
    from matplotlib.patheffects import withStroke

    if link_name is None:
        return []
    busiest: dict[str, int] = {}
    for link in np.argsort(-size, kind="stable"):
        name = str(link_name[link]).strip()
        if size[link] <= 0 or len(busiest) == 3 * N_LABELS:
            break
        if name:
            busiest.setdefault(name, int(link))
    beside: list[str] = []
    taken: list[tuple[float, float, float, float]] = []
    drawn = 0
    for name, link in busiest.items():
        if drawn == N_LABELS:
            break
        drawable = is_drawable(name)
        text = _shorten(name) if drawable else f"{len(beside) + 1}"
        wide = sum(TEXT_PT * (1.0 if ord(character) > 0x2E80 else 0.62) for character in text)
        x, y = (frame.start[link] + frame.stop[link]) / 2
        x = float(np.clip(x, wide / 2 + 2, SHEET_WIDTH_PT - wide / 2 - 2))
        box = (x - wide / 2 - 2, float(y) - TEXT_PT, x + wide / 2 + 2, float(y) + TEXT_PT)
        if any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            continue
        taken.append(box)
        drawn += 1
        if not drawable:
            beside.append(name)
        sheet.text(x, float(y), text, ha="center", va="center", color=INK, fontsize=TEXT_PT, family=choose_fonts(),
                   parse_math=False,
                   path_effects=[withStroke(linewidth=2.4, foreground="white")])  # fmt: skip
    return beside


def _shorten(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "\N{HORIZONTAL ELLIPSIS}"


def _draw_legend(
    legend: Axes,
    frame: MapFrame,
    colours: Sequence[str],
    ticks: dict[int, str],
    heading: str,
    top: float,
    flow_unit: str,
    has_closed: bool,
) -> None:
    """Colour classes at the left, sample widths in the middle, the scale bar at the right; text under each."""
    from matplotlib.patches import Rectangle

    cell, base = 152.0 / len(colours), 24.0
    for slot, colour in enumerate(colours):
        legend.add_patch(Rectangle((MARGIN_PT + slot * cell, base), cell, 7, facecolor=colour, edgecolor="none"))

    def write(x: float, y: float, text: str, **how: Any) -> None:
        legend.text(x, y, text, color=INK, fontsize=TEXT_PT - 1, va="center", parse_math=False, **how)

    for slot, text in ticks.items():
        write(MARGIN_PT + slot * cell, base - 9, text, ha="center")
    write(MARGIN_PT, base + 16, heading)
    left = MARGIN_PT + len(colours) * cell + 26
    if top > 0:
        write(left, base + 16, f"flow{f', {flow_unit}' if flow_unit else ''}")
        for part, fraction in enumerate((1 / 3, 1.0)):
            flow = round_down(top * fraction)
            at = left + 44 * part
            legend.plot([at, at + 30], [base + 3.5] * 2, color=INK, linewidth=max(frame.widest_pt * flow / top, 0.3),
                        solid_capstyle="butt")  # fmt: skip
            write(at, base - 9, shorten(flow))
    elif has_closed:
        write(left, base + 16, "closed")
    if has_closed:
        at = left + 4 if top <= 0 else left + 96
        legend.plot([at], [base + 3.5], "x", color=INK, markersize=5.5, markeredgewidth=1.4)
        if top > 0:
            write(at, base - 9, "closed", ha="center")
    if frame.metres_per_pt:
        metres = round_down(frame.metres_per_pt * 85)
        right, wide = SHEET_WIDTH_PT - MARGIN_PT, metres / frame.metres_per_pt
        legend.plot([right - wide, right - wide, right, right], [base + 7, base + 1, base + 1, base + 7], color=INK,
                    linewidth=1.0, solid_joinstyle="miter")  # fmt: skip
        write(right - wide / 2, base - 9, f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m", ha="center")
