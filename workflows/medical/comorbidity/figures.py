"""The network of comorbidity: codes on a circle, sized by persons, joined where they come together most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    write_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_network"]

MOST_EDGES, MOST_NODES = 40, 24
LONGEST = 20  # characters of a name beside its node
SURE = 0.05  # a false discovery rate below which an arrow tells what came first
HEIGHT_PT = 330.0


def draw_network(run: Path, number: int, pairs: Sequence[Mapping[str, Any]], persons: Mapping[str, int]) -> Path:
    """Draw the pairs that come together most, by phi.

    Parameters
    ----------
    pairs
        Rows with ``code_a, code_b, name_a, name_b, first, phi, q_value``; None where one is withheld.
        Only those with a phi above 0 are drawn, the strongest 40 among 24 codes.
    persons
        Persons with each code.
    """
    edges, codes = _choose(pairs)
    names = {row[f"code_{side}"]: row[f"name_{side}"] or row[f"code_{side}"] for row in edges for side in "ab"}
    figure, (axes,) = make_sheet(HEIGHT_PT, [(86.0, 10.0, SHEET_WIDTH_PT - 172.0, HEIGHT_PT - 20.0)])
    place = dict(zip(codes, _set_on_circle(len(codes)), strict=True))
    _draw_edges(axes, edges, place)
    beside = _draw_nodes(axes, codes, names, place, persons)
    axes.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal")
    axes.axis("off")
    strongest = edges[0] if edges else None
    told = (
        f"The strongest pair is {names[strongest['code_a']]} and {names[strongest['code_b']]}, phi "
        f"{strongest['phi']:.2f}."
        if strongest
        else "No pair comes together more often than by chance."
    )
    caption = (
        f"The {len(edges)} pairs of {len(codes)} codes with the largest phi: the darker and wider a line, the larger. "
        "The area of a circle tells persons. An arrow goes from what comes first to what follows, where the false "
        f"discovery rate is below {SURE:.0%}. {told}"
    )
    return write_figure(
        run, number, "network", figure, title="What comes together", caption=caption,
        alt=f"Network of {len(codes)} codes. {told}", names=beside,
    )  # fmt: skip


def _choose(pairs: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The strongest pairs, as long as their codes are few."""
    known = [row for row in pairs if row["phi"] is not None and row["phi"] > 0.0]
    edges: list[Mapping[str, Any]] = []
    codes: dict[str, None] = {}
    for row in sorted(known, key=lambda row: (-row["phi"], row["code_a"], row["code_b"])):
        own = {row["code_a"]: None, row["code_b"]: None}
        if len(codes | own) <= MOST_NODES and len(edges) < MOST_EDGES:
            edges.append(row)
            codes |= own
    return edges, list(codes)


def _set_on_circle(n: int) -> NDArray[np.float64]:
    """Places (node, xy), the first on top, clockwise."""
    angle = np.pi / 2 - 2 * np.pi * np.arange(n) / max(n, 1)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _draw_edges(axes: Axes, edges: Sequence[Mapping[str, Any]], place: Mapping[str, NDArray[np.float64]]) -> None:
    from matplotlib.patches import FancyArrowPatch

    largest = max((row["phi"] for row in edges), default=1.0)
    colours = sample_scale("load", 16)
    for row in reversed(edges):  # the strongest on top
        share = row["phi"] / largest
        start, end = place[row["code_a"]], place[row["code_b"]]
        sure = row["first"] is not None and row["q_value"] is not None and row["q_value"] < SURE
        if sure and row["first"] == row["code_b"]:
            start, end = end, start
        axes.add_patch(
            FancyArrowPatch(
                tuple(start), tuple(end), arrowstyle="-|>" if sure else "-", mutation_scale=9, shrinkA=9, shrinkB=9,
                color=colours[round(15 * share)], linewidth=0.5 + 2.0 * share, connectionstyle="arc3,rad=0.12",
            )
        )  # fmt: skip


def _draw_nodes(
    axes: Axes,
    codes: Sequence[str],
    names: Mapping[str, str],
    place: Mapping[str, NDArray[np.float64]],
    persons: Mapping[str, int],
) -> list[str]:
    """Draw circles and names; return the names that stand beside the figure, because no font can draw them."""
    largest = max((persons.get(code, 0) for code in codes), default=1) or 1
    beside: list[str] = []
    for code in codes:
        x, y = place[code]
        axes.scatter([x], [y], s=20 + 160 * persons.get(code, 0) / largest, color=INK, edgecolor=FAINT, zorder=3)
        text = names[code] if len(names[code]) <= LONGEST else names[code][: LONGEST - 1] + "…"
        if not is_drawable(text):
            beside.append(f"{code}: {names[code]}")
            text = code if is_drawable(code) else f"({len(beside)})"
        axes.annotate(
            text, (x, y), (9 * x, 9 * y), textcoords="offset points", ha="left" if x > 0.05 else "right" if x < -0.05
            else "center", va="bottom" if y > 0.05 else "top" if y < -0.05 else "center", fontsize=TEXT_PT - 3,
            color=INK, family=choose_fonts(),
        )  # fmt: skip
    return beside
