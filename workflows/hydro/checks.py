"""What a report warns of after a simulation: water that is not accounted for, and flow that the scheme limits."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["find_leaks", "find_limits"]

LIMITED = 1e-3  # share of the cells; a warning if more of them are limited
LEAKING = 1e-4  # share of the water; a warning if more is not accounted for: far above the rounding of float32


def find_leaks(flood: Any) -> list[str]:
    """A warning where water of some member is not accounted for."""
    worst = float(np.abs(flood.balance.values).max())
    if worst <= LEAKING:
        return []
    return [f"{worst:.2g} of the water is not accounted for: run with --set precision=float64"]


def find_limits(flood: Any, n_cells: int) -> list[str]:
    """A warning where local inertia limits the flow in many flooded cells of some member."""
    most = int(flood.n_limited.values.max())
    if most <= LIMITED * n_cells:
        return []
    return [
        f"the flow is limited to a Froude number of 2 in {most:,} flooded cells of {n_cells:,} for a twentieth of the "
        "time or more, so depths there are too great; for true depths run with --set scheme=shallow-water"
    ]
