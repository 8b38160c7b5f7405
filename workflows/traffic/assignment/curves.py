"""Curves of an assignment: how the gap closed, and how cost answers demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....hpc.report.formatting import unit_text
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

__all__ = ["draw_convergence", "draw_demand_response"]

Floats: TypeAlias = NDArray[np.float64]
MOST_NAMED, MOST_DRAWN = 5, 200  # scenarios told apart by colour and name; lines drawn at all
_SMALLEST_GAP = 1e-16  # a gap of 0 has no place on a log scale


def draw_convergence(run: Path, number: int, gaps: Mapping[str, ArrayLike], *, target: float | None = None) -> Path:
    """Relative gap by iteration on a log scale, one line per scenario.

    Up to five scenarios are told apart by colour and name. With more, the first (the base) and the slowest are named
    and the others stand behind them as faint lines, 200 at most, evenly chosen.

    Parameters
    ----------
    gaps
        Scenario label to relative gap float64[iteration], from the first iteration on; what is not finite, and a 0
        before the last iteration, is omitted.
    target
        The gap to reach, drawn as a dashed line.
    """
    from matplotlib.ticker import MaxNLocator

    curves = _known(gaps)
    named, faint = _choose(curves, {label: len(values) for label, values in curves.items()})
    figure, (axes,) = make_sheet(240.0, [(46.0, 38.0, SHEET_WIDTH_PT - 58.0, 190.0)])
    style_axes(axes)
    axes.set_yscale("log")
    for label in faint:
        axes.plot(np.arange(1, len(curves[label]) + 1), curves[label], color=FAINT, linewidth=0.7)
    for label, colour in zip(named, _line_colours(len(named)), strict=True):
        values = curves[label]
        axes.plot(np.arange(1, len(values) + 1), values, color=colour, linewidth=1.6, label=_legible(label))
        axes.plot([len(values)], values[-1:], "o", color=colour, markersize=4)
    if target is not None and target > 0:
        axes.axhline(target, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(f"target: {target:g}", (0, target), (4, -11), xycoords=("axes fraction", "data"), ha="left",
                      textcoords="offset points", fontsize=TEXT_PT - 1, color=INK)  # fmt: skip
    axes.set_xlabel("iteration")
    axes.set_title("relative gap", loc="left", fontsize=TEXT_PT, color=INK, pad=0, y=0.99)
    longest = max((len(values) for values in curves.values()), default=1)
    axes.set_xlim(min(1, longest - 1), max(longest * 1.02, longest + 0.2))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    if named:
        axes.legend(
            frameon=False,
            prop={"family": choose_fonts(), "size": TEXT_PT},
            labelcolor=INK,
            loc="upper right",
            handlelength=1.4,
        )
    caption = _caption(curves, named, faint) + " The gap of a scenario is (TSTT \N{MINUS SIGN} SPTT) / TSTT, "
    caption += "with principle=system of the marginal ones."
    ends = "; ".join(f"{label}: {curves[label][-1]:.2g} after {len(curves[label])}" for label in named)
    alt = f"Relative gap by iteration on a log scale. {ends}."
    return write_figure(run, number, "convergence", figure, title="How the gap closed", caption=caption, alt=alt)


def draw_demand_response(
    run: Path,
    number: int,
    factor: ArrayLike,
    total_time: Mapping[str, ArrayLike],
    average_cost: Mapping[str, ArrayLike],
    *,
    time_unit: str = "",
) -> Path:
    """Total travel time and average cost of a trip over the demand factor, one line per scenario name.

    Parameters
    ----------
    factor
        Demand factors float64[factor], ascending.
    total_time, average_cost
        Scenario name to float64[factor]; NaN where nothing could be served.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    factors = np.asarray(factor, np.float64)
    time_unit = unit_text(time_unit)
    panels = {"total travel time": total_time, "average cost of a trip": average_cost}
    width = (SHEET_WIDTH_PT - 108.0) / 2
    boxes = [(left, 38.0, width, 176.0) for left in (46.0, SHEET_WIDTH_PT - 12.0 - width)]
    figure, sheets = make_sheet(240.0, boxes)
    spread = {name: float(np.nan_to_num(np.asarray(values, np.float64)).max()) for name, values in total_time.items()}
    named, faint = _choose(dict(total_time), spread)
    for axes, (heading, lines) in zip(sheets, panels.items(), strict=True):
        style_axes(axes)
        for name in faint:
            axes.plot(factors, np.asarray(lines[name], np.float64), color=FAINT, linewidth=0.6)
        for name, colour in zip(named, _line_colours(len(named)), strict=True):
            axes.plot(factors, np.asarray(lines[name], np.float64), "o-", color=colour, linewidth=1.6, markersize=3.5,
                      label=_legible(name))  # fmt: skip
        unit = f", {time_unit}" if time_unit else ""
        axes.set_title(heading + unit, loc="left", fontsize=TEXT_PT, color=INK, pad=8)
        axes.set_xlabel("demand factor")
        axes.yaxis.set_major_formatter(FuncFormatter(_short_number))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        if len(factors) <= 6:
            axes.set_xticks(factors, [f"{value:g}" for value in factors])
    if len(named) > 1:
        sheets[0].legend(
            frameon=False,
            prop={"family": choose_fonts(), "size": TEXT_PT - 0.5},
            labelcolor=INK,
            loc="upper left",
            handlelength=1.2,
        )
    alt = "; ".join(
        f"{name}: {heading} {_finite_ends(lines[name])}" for heading, lines in panels.items() for name in named
    )
    caption = _caption(total_time, named, faint)
    return write_figure(run, number, "demand", figure, title="How cost answers demand", caption=caption, alt=alt)


def _known(gaps: Mapping[str, ArrayLike]) -> dict[str, Floats]:
    """Curves with a gap; a value that is not finite, and a 0 before the last iteration, was not measured yet."""
    curves = {}
    for label, given in gaps.items():
        values = np.array(given, np.float64).ravel()
        last = values[-1:].copy()
        values[values <= 0] = np.nan
        values[-1:] = np.maximum(last, _SMALLEST_GAP)
        if np.isfinite(values).any():
            curves[label] = values
    return curves


def _choose(curves: Mapping[str, ArrayLike], weight: Mapping[str, float]) -> tuple[list[str], list[str]]:
    """Labels named in the legend, and labels drawn faintly behind them."""
    labels = list(curves)
    if len(labels) <= MOST_NAMED:
        return labels, []
    slowest = max(labels[1:], key=lambda label: weight[label])
    others = [label for label in labels[1:] if label != slowest]
    every = -(-len(others) // MOST_DRAWN)
    return [labels[0], slowest], others[::every]


def _caption(curves: Mapping[str, ArrayLike], named: Sequence[str], faint: Sequence[str]) -> str:
    if not curves:
        return "No scenario left a curve."
    if not faint:
        return f"{len(curves)} scenarios, one line each." if len(curves) > 1 else f"Scenario {named[0]}."
    left_out = len(curves) - len(named) - len(faint)
    tail = f", {left_out:,} more are left out" if left_out else ""
    return f"{len(curves):,} scenarios: {' and '.join(named)} named, {len(faint):,} drawn faintly{tail}."


def _line_colours(n_lines: int) -> list[str]:
    return sample_scale("load", 2 * n_lines + 2)[:0:-1][0 : 2 * n_lines : 2] if n_lines else []


def _legible(label: str) -> str:
    """A legend text; a leading underscore would hide it, and what no font can draw becomes a question mark."""
    text = "".join(character if is_drawable(character) else "?" for character in label).replace("$", r"\$")
    return f" {text}"[: 28 + 1]


def _short_number(value: float, position: float | None = None) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g} {letter}"
    return f"{value:.4g}"


def _finite_ends(values: ArrayLike) -> str:
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return f"from {known[0]:,.6g} to {known[-1]:,.6g}" if len(known) else "unknown"
