# mypy: allow-untyped-defs, allow-untyped-calls
"""The stratum of each event."""

from __future__ import annotations

from ...engines import cuda, routine
from ..events import UNDATED
from .passes import Pass

__all__ = ["PLACE_EVENTS"]


@routine
def place_events(begin, end, offset, day, fixed, edge_day, n_bands, band_step, period, first_day, n_days, stratum):
    """Fill in the stratum of each event, -1 outside all periods; a person's events are sorted by day."""
    for p in range(begin, end):
        base = fixed[p]
        at = 0
        for e in range(offset[p], offset[p + 1]):
            today = day[e]
            while at < n_bands and edge_day[p, at] <= today:
                at += 1
            band = at - 1 if at > 0 and today != UNDATED else n_bands
            place = base + band * band_step
            if n_days > 0:
                since = today - first_day
                place = place + period[since] if 0 <= since and since < n_days else -1
            stratum[e] = place


def _gpu(lanes, offset, day, fixed, edge_day, n_bands, band_step, period, first_day, n_days, stratum):
    p = cuda.grid(2)[0]
    if p < lanes.shape[1]:
        place_events(
            p, p + 1, offset, day, fixed, edge_day, n_bands, band_step, period, first_day, n_days, stratum
        )  # fmt: skip


PLACE_EVENTS = Pass(place_events, _gpu)
