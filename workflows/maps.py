"""Maps of a network's flows, and of what a scenario changes in them.

A link is drawn beside its reverse, on the right of its direction of travel, as wide as its flow. The work is done in
points of the sheet, so widths and side-steps are exact; links of one class make one path, which keeps the file small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..hpc.layout import unit_text
from .canvas import (
    FAINT,
    INK,
    SHEET_WIDTH_PT,
    TEXT_PT,
    choose_fonts,
    is_drawable,
    make_sheet,
    sample_scale,
    write_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MapFrame", "draw_difference_map", "draw_flow_map", "make_frame"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int32]
Bools: TypeAlias = NDArray[np.bool_]
VECTOR_LINKS = 12_000  # more links than this are drawn as a picture inside the SVG
LOAD_EDGES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)  # volume over capacity
N_WIDTHS, LEGEND_PT, MARGIN_PT, N_LABELS = 12, 54.0, 12.0, 6
_METRES_PER_DEGREE = 111_195.0  # of a great circle on a sphere of 6,371 km


@dataclass(frozen=True)
class MapFrame:
    """Where links lie on the sheet: ``start, stop`` float64[link, 2] in points, and what one point is in metres."""

    start: Floats
    stop: Floats
    height_pt: float
    metres_per_pt: float | None
    widest_pt: float
    has_reverse: Bools

    @property
    def is_picture(self) -> bool:
        return len(self.start) > VECTOR_LINKS


def make_frame(x: Floats, y: Floats, tail: Ints, head: Ints, crs: str = "") -> MapFrame:
    """Fit a network into the sheet's width, north up.

    Parameters
    ----------
    x, y
        Coordinates float64[node] in ``crs``; degrees where that is geographic.
    tail, head
        Node indices int32[link].
    crs
        ``"EPSG:..."`` for places on earth; any other text for positions without a scale.
    """
    stretch, metres = _units(crs, y)
    used = np.unique(np.concatenate([tail, head]))
    across, up = x * stretch, y
    low = np.array([across[used].min(), up[used].min()])
    span = np.array([across[used].max(), up[used].max()]) - low
    room = SHEET_WIDTH_PT - 2 * MARGIN_PT
    points = room / max(span[0], 1e-12)
    if span[1] * points > 1.25 * room:  # a tall network: the height decides
        points = 1.25 * room / span[1]
    height = max(span[1] * points + 2 * MARGIN_PT, 150.0)
    shift = np.array([SHEET_WIDTH_PT, height]) / 2 - (low + span / 2) * points
    place = np.column_stack([across, up]) * points + shift
    key = tail.astype(np.int64) * len(x) + head
    reverse = np.isin(key, head.astype(np.int64) * len(x) + tail)
    widest = float(np.clip(5.0 * (150 / max(len(tail), 1)) ** 0.25, 1.0, 5.0))
    return MapFrame(place[tail], place[head], height, metres / points if metres else None, widest, reverse)


def _units(crs: str, y: Floats) -> tuple[float, float | None]:
    """How much narrower a unit of x is than one of y, and how many metres a unit of y is."""
    if not crs.upper().startswith("EPSG:"):
        return 1.0, None
    from pyproj import CRS

    system = CRS.from_user_input(crs)
    if system.is_geographic:
        return float(np.cos(np.radians(np.mean(y)))), _METRES_PER_DEGREE
    return 1.0, float(system.axis_info[0].unit_conversion_factor)


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
    top = _top(flow[~quiet])
    middle = _draw_links(sheet, frame, np.where(quiet, 0.0, flow), top, kind, colours)
    _mark_closed(sheet, middle, closed)
    beside = _label_roads(sheet, frame, np.where(quiet, 0.0, flow), link_name)
    ticks = {edge + 1: f"{LOAD_EDGES[edge]:g}" for edge in (1, 3, 5, 6)}
    _draw_legend(legend, frame, colours, ticks, "flow / capacity", top, flow_unit, bool(closed.any()))
    over = int((load > 1).sum())
    shut = f", {int(closed.sum()):,} are closed (crosses)" if closed.any() else ""
    caption = (
        f"Flow of scenario {scenario}. Width: flow; colour: flow over capacity. {over:,} of {len(flow):,} links carry "
        f"more than their capacity{shut}. "
        f"Traffic keeps to the right of each line. {note}"
    )
    busiest = int(np.argmax(flow)) if len(flow) else 0
    alt = (
        f"Map of {len(flow):,} links of scenario {scenario}. The busiest link carries {flow[busiest]:,.0f} {flow_unit}"
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
    top = _top(np.abs(change[change != 0]))
    step = _round_down(top / 3)
    edges = np.array([-3, -2, -1, -0.1, 0.1, 1, 2, 3]) * step
    colours = sample_scale("change", len(edges) + 1)
    kind = np.searchsorted(edges, change, side="right")
    middle = len(edges) // 2
    kind[kind == middle] = -1
    colours[middle] = FAINT
    figure, sheet, legend = _sheets(frame)
    places = _draw_links(sheet, frame, np.where(kind < 0, 0.0, np.abs(change)), top, kind, colours)
    _mark_closed(sheet, places, closed)
    beside = _label_roads(sheet, frame, np.where(kind < 0, 0.0, np.abs(change)), link_name)
    ticks = {slot: ("+" if slot > middle else "") + _short(edges[slot - 1]) for slot in (1, 3, 6, 8)}
    heading = f"change of flow{f', {flow_unit}' if flow_unit else ''}"
    _draw_legend(legend, frame, colours, ticks, heading, 0.0, flow_unit, bool(closed.any()))
    more, less = int((change > 0.1 * step).sum()), int((change < -0.1 * step).sum())
    caption = (
        f"Flow of {scenario} minus flow of {base}: {more:,} links gain, {less:,} lose, the others change by less than "
        f"{0.1 * step:,.3g} {flow_unit}".rstrip()
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


def _draw_links(
    sheet: Axes, frame: MapFrame, size: Floats, top: float, kind: NDArray[np.intp], colours: Sequence[str]
) -> Floats:
    """One path per class of width and colour, thin below wide; ``kind`` -1 is a hairline. Returns links' middles."""
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path as Outline

    share = np.clip(size / top, 0.0, 1.0) if top > 0 else np.zeros_like(size)
    rank = np.ceil(share * N_WIDTHS).astype(np.int64)
    width = np.maximum(frame.widest_pt * rank / N_WIDTHS, 0.12 * frame.widest_pt)
    hair = max(0.08 * frame.widest_pt, 0.25)
    width[kind < 0] = hair
    along = frame.stop - frame.start
    length = np.hypot(along[:, 0], along[:, 1])[:, None]
    right = np.divide(np.column_stack([along[:, 1], -along[:, 0]]), length, out=np.zeros_like(along), where=length > 0)
    shift = right * np.where(frame.has_reverse, width / 2 + 0.05 * frame.widest_pt, 0.0)[:, None]
    start, stop = frame.start + shift, frame.stop + shift
    group = np.where(kind < 0, -1, rank * 100 + kind)
    outlines, tints, widths = [], [], []
    for code in np.unique(group):
        chosen = group == code
        ends = np.stack([start[chosen], stop[chosen]], axis=1).reshape(-1, 2).round(2)
        outlines.append(Outline(ends, np.tile([Outline.MOVETO, Outline.LINETO], len(ends) // 2)))
        tints.append(FAINT if code < 0 else colours[code % 100])
        widths.append(float(width[chosen][0]))
    lines = PathCollection(
        outlines, facecolors="none", edgecolors=tints, linewidths=widths, capstyle="round", rasterized=frame.is_picture
    )
    sheet.add_collection(lines, autolim=False)
    middle: Floats = (start + stop) / 2
    return middle


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
            flow = _round_down(top * fraction)
            at = left + 44 * part
            legend.plot([at, at + 30], [base + 3.5] * 2, color=INK, linewidth=max(frame.widest_pt * flow / top, 0.3),
                        solid_capstyle="butt")  # fmt: skip
            write(at, base - 9, _short(flow))
    elif has_closed:
        write(left, base + 16, "closed")
    if has_closed:
        at = left + 4 if top <= 0 else left + 96
        legend.plot([at], [base + 3.5], "x", color=INK, markersize=5.5, markeredgewidth=1.4)
        if top > 0:
            write(at, base - 9, "closed", ha="center")
    if frame.metres_per_pt:
        metres = _round_down(frame.metres_per_pt * 85)
        right, wide = SHEET_WIDTH_PT - MARGIN_PT, metres / frame.metres_per_pt
        legend.plot([right - wide, right - wide, right, right], [base + 7, base + 1, base + 1, base + 7], color=INK,
                    linewidth=1.0, solid_joinstyle="miter")  # fmt: skip
        write(right - wide / 2, base - 9, f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m", ha="center")


def _top(size: Floats) -> float:
    """The flow drawn widest: a few outliers must not thin out all the others."""
    return float(np.quantile(size, 0.995)) if size.size else 0.0


def _short(value: float) -> str:
    """A number of at most a few characters: 500, 2,000, 20k, 1.5M."""
    size, letter = next(
        ((s, c) for least, s, c in ((1e6, 1e6, "M"), (1e4, 1e3, "k")) if abs(value) >= least), (1.0, "")
    )
    return f"{value / size:,.4g}{letter}".replace("-", "\N{MINUS SIGN}")


def _round_down(value: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above ``value`` (1 where there is none)."""
    if not value > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1.0, 2.0, 5.0) if step * power <= value * (1 + 1e-12)))
