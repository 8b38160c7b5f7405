"""Where a network lies on the sheet, and the strokes of its links.

The work is done in points of the sheet, so widths and side-steps are exact. A link is drawn beside its reverse, on the
right of its direction of travel; links of one class make one path, which keeps the file small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .canvas import FAINT, SHEET_WIDTH_PT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MARGIN_PT", "MapFrame", "draw_links", "make_frame"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int32]
Bools: TypeAlias = NDArray[np.bool_]
VECTOR_LINKS = 12_000  # more links than this are drawn as a picture inside the SVG
N_WIDTHS, MARGIN_PT = 12, 12.0
_METRES_PER_DEGREE = 111_195.0  # on a great circle of a sphere of 6,371 km


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


def draw_links(
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
