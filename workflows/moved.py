"""Where the functions of steps went: run folders of earlier versions name the modules they were in.

``citytide resume`` finds a step by this table. A module that moves again is changed here, and its older names stay.
"""

from __future__ import annotations

__all__ = ["MOVED"]

MOVED = {
    "citytide.workflows.assignment_steps": "citytide.workflows.traffic.assignment.steps",
    "citytide.workflows.inundation_gang": "citytide.workflows.hydro.inundation.gang",
    "citytide.workflows.inundation_steps": "citytide.workflows.hydro.inundation.steps",
    "citytide.workflows.warning_steps": "citytide.workflows.hydro.warning.steps",
}
