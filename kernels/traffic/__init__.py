"""Vehicles on links, and equilibria of road networks.

Every kernel of the field is an attribute of this package: ``traffic.assign_traffic(...)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exports import export_lazily

if TYPE_CHECKING:
    from .assignment import Assignment, assign_traffic
    from .audit import Certificate, audit_flows
    from .godunov import advance_density
    from .network import RoadNetwork
    from .path_flows import PathFlows
    from .paths import Loading, load_trees

__all__ = [
    "Assignment",
    "Certificate",
    "Loading",
    "PathFlows",
    "RoadNetwork",
    "advance_density",
    "assign_traffic",
    "audit_flows",
    "load_trees",
]

_HOMES = {
    "Assignment": ".assignment",
    "assign_traffic": ".assignment",
    "Certificate": ".audit",
    "audit_flows": ".audit",
    "PathFlows": ".path_flows",
    "advance_density": ".godunov",
    "RoadNetwork": ".network",
    "Loading": ".paths",
    "load_trees": ".paths",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
