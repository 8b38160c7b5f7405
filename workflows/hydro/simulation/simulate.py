"""A flood simulated from its start to its last output, in one process."""

from __future__ import annotations

from dataclasses import replace

from ....hpc.execution.parts import Parts
from .case import FloodCase
from .model import FloodModel
from .record import FloodRecord

__all__ = ["simulate_flood"]


def simulate_flood(case: FloodCase) -> Parts:
    """Simulate the members of a case on one surface.

    Parameters
    ----------
    case
        Ground, rain, boundaries and scheme.

    Yields
    ------
    Part
        As they come: ``depth (member, time, y, x)`` at ``case.map_s``, with roads ``link_depth, link_hazard (member,
        time, link)`` at ``case.output_s``, with points ``point_depth (member, point_time, point)`` at ``case.point_s``.

    Returns
    -------
    dict
        The maps (member, y, x), and the volumes (member,) [m3].

    Raises
    ------
    ValueError
        If a depth became NaN.
    """
    model = FloodModel(case)
    water, record = model.start(), FloodRecord(model)
    recorded_s = {*case.output_s, *case.point_s}
    if 0.0 in recorded_s:
        yield from record.read_depths(water, 0.0)
    for span in model.spans():
        forcing = replace(span.forcing, rain=model.scale(span.rain))
        water, n_steps = model.advance(water, model.surface, model.soil, forcing, span.start_s, span.horizon_s)
        record.add_span(span, n_steps)
        if span.horizon_s in recorded_s:
            yield from record.read_depths(water, span.horizon_s)
    return record.close(water)
