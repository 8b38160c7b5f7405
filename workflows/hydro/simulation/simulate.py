"""A flood simulated from its start to its last output, in one process."""

from __future__ import annotations

from collections.abc import Iterator

from ....hpc.execution.device_notes import note_device
from ....hpc.execution.parts import Part, Parts
from .case import FloodCase
from .link_peaks import open_link_peaks
from .model import FloodModel
from .record import FloodRecord

__all__ = ["simulate_flood"]


def simulate_flood(case: FloodCase) -> Parts:
    """Simulate the members of a case on one surface.

    Parameters
    ----------
    case
        Ground, rain, boundaries and scheme, and whether a GPU computes it.

    Yields
    ------
    Part
        As they come: ``depth (member, time, y, x)`` at ``case.map_s``; with roads ``link_depth, link_hazard (member,
        time, link)`` at ``case.output_s``, the greatest since the output before; with points ``point_depth (member,
        point_time, point)`` at ``case.point_s``.

    Returns
    -------
    dict
        The maps (member, y, x), and the volumes (member,) [m3].

    Raises
    ------
    ValueError
        If a depth became NaN.
    EngineError
        If a GPU is asked for and none can be used here.
    """
    note_device("cuda" if case.device == "gpu" else "numba")
    model = FloodModel(case)
    water, record = model.start(), FloodRecord(model)
    links = open_link_peaks(model, water)

    def look(time_s: float) -> Iterator[Part]:
        peaks = links.look(water) if links is not None and time_s in case.output_s else None
        return record.read_depths(water, time_s, peaks)

    recorded_s = {*case.output_s, *case.point_s}
    if 0.0 in recorded_s:
        yield from look(0.0)
    for span in model.spans():
        water, n_steps = model.advance(
            water, model.surface, model.soil, model.feed(span), span.start_s, span.horizon_s
        )  # fmt: skip
        record.add_span(span, n_steps)
        if span.horizon_s in recorded_s:
            yield from look(span.horizon_s)
    if links is not None:
        links.restore(water)
    return record.close(water)
