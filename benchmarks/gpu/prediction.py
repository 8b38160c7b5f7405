"""How long a whole city's flood would take, told from the measured rate of local inertia."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...kernels.hydro.inertia.step import signal_speed

__all__ = ["predict_city"]

AREA_KM2, CELL_M, MEMBERS, HOURS = 2000.0, 10.0, 20, 2.0  # Shenzhen
DEPTH_M, COURANT = 3.0, 0.45


def predict_city(measurements: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Seconds for 20 members of Shenzhen at 10 m for 2 h, with what was assumed; None without a measured rate.

    The rate is that of the largest measured size and number of members in float32, with maps and rain if that was
    measured. Reading inputs, writing products and the road probe are not in it.

    Examples
    --------
    >>> rate = {"kernel": "hydro.advance_inertia", "engine": "cuda", "dtype": "f4", "n": 4000, "members": 8,
    ...         "role": "large", "case": "advance_inertia (cuda)", "updates_per_second": 60e9}
    >>> told = predict_city([rate])
    >>> told["cells"], told["steps"], round(told["seconds"])
    (20000000, 8680, 58)
    """
    found = [
        one for one in measurements
        if (one["kernel"], one["engine"], one["dtype"], one["role"]) == ("hydro.advance_inertia", "cuda", "f4", "large")
    ]  # fmt: skip
    if not found:
        return None
    best = max(found, key=lambda one: (one["n"], one["members"], "rain" in one["case"]))
    cells = round(AREA_KM2 * 1e6 / CELL_M**2)
    time_step_s = COURANT * CELL_M / float(signal_speed(DEPTH_M))
    steps = int(HOURS * 3600.0 / time_step_s) + 1
    updates = MEMBERS * cells * steps
    return {
        "what": f"{MEMBERS} members of Shenzhen at {CELL_M:g} m for {HOURS:g} h, local inertia in float32",
        "seconds": updates / best["updates_per_second"], "updates": updates, "cells": cells, "steps": steps,
        "time_step_s": time_step_s, "from": {name: best[name] for name in ("case", "n", "members")},
        "updates_per_second": best["updates_per_second"],
        "assumptions": [
            f"{AREA_KM2:g} km2 are wet or dry alike: every cell is computed in every step",
            f"the step is {COURANT:g} of the cell over sqrt(g h), with {DEPTH_M:g} m the greatest depth all the time",
            "members fit into the device's memory, together or in turn, at the measured rate",
            "reading, writing and the road probe take no time",
        ],
    }  # fmt: skip
