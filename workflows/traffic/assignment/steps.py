"""The block functions of an assignment: arrays in, arrays out; workers find them by import path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....datasets.traffic.instances import Instance
from ....kernels.traffic.assignment import Assignment, PathFlows, assign_traffic

__all__ = ["chunk_envelope", "combine_envelopes", "finish_envelope", "solve_base", "solve_scenarios"]

Arrays = dict[str, NDArray[Any]]
LISTED = 1000  # cut pairs a ledger line names; all are counted

# Scenarios change few links: row r scales links change_link[change_offset[r]:change_offset[r + 1]].
PATHS = ("pair", "flow", "offset", "links")


def solve_base(arrays: Arrays, **asked: Any) -> Arrays:
    """Solve the base at demand factor 1 and return its path flows, from which scenarios may start."""
    result = _solve(arrays, 0, 1.0, None, asked)
    return {f"base_{name}": getattr(result.paths, name) for name in PATHS}


def solve_scenarios(arrays: Arrays, *, od_time: bool, **asked: Any) -> dict[str, Any]:
    """Solve each scenario of a block on its own.

    Parameters
    ----------
    arrays
        The run's inputs, ``scenario_row`` and ``demand_factor`` (scenario,) of this block, and, to start from the base,
        its path flows ``base_*``.
    od_time
        Also return travel costs between all zones.
    asked
        Settings of the assignment and the instance's attributes.

    Returns
    -------
    dict
        ``flow, cost (scenario, link)``, the summary's columns (scenario,), cut pairs and gap histories.
    """
    start = PathFlows(**{name: arrays[f"base_{name}"] for name in PATHS}) if "base_pair" in arrays else None
    columns: dict[str, list[Any]] = {}
    for row, factor in zip(arrays["scenario_row"].tolist(), arrays["demand_factor"].tolist(), strict=True):
        result = _solve(arrays, row, factor, start, asked)
        cut = np.flatnonzero(result.unserved)
        found = {
            "flow": result.flow,
            "cost": result.cost,
            "objective": result.objective,
            "lower_bound": result.lower_bound,
            "relative_gap": result.relative_gap,
            "average_excess_cost": result.average_excess_cost,
            "tstt": result.tstt,
            "sptt": result.sptt,
            **(
                {"marginal_tstt": result.marginal_tstt, "marginal_sptt": result.marginal_sptt}
                if asked["principle"] == "system"
                else {}
            ),
            "iterations": result.iterations,
            "converged": int(result.converged),
            "unserved_demand": float(np.sum(arrays["demand"][cut] * factor)),
            "n_unserved": cut.size,
            "unserved": cut[:LISTED].tolist(),
            "changed_flow": float(result.flow[_changed(arrays, row)].max(initial=0.0)),
            "history": np.asarray(result.history)[:, -1].tolist(),
        }
        if od_time:
            found["od_time"] = _zone_costs(arrays, row, result, asked)
        for name, value in found.items():
            columns.setdefault(name, []).append(value)
    return {
        name: np.stack(values) if name in ("flow", "cost", "od_time") else values for name, values in columns.items()
    }


def _solve(arrays: Arrays, row: int, factor: float, start: PathFlows | None, asked: dict[str, Any]) -> Assignment:
    network, closed = _network(arrays, row, asked)
    return assign_traffic(
        network,
        arrays["origin"],
        arrays["destination"],
        arrays["demand"] * factor,
        gap=asked["gap"],
        max_iterations=asked["max_iterations"],
        principle=asked["principle"],
        closed=closed,
        start=start,
    )


def _network(arrays: Arrays, row: int, asked: dict[str, Any]) -> tuple[Any, NDArray[np.bool_]]:
    instance = Instance.from_arrays(arrays, asked["instance"])
    capacity, speed = _factors(arrays, row)
    return instance.network(asked["toll_weight"], asked["distance_weight"], capacity, speed)


def _factors(arrays: Arrays, row: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Capacity and speed factor of every link in row ``row`` of the scenario table."""
    changed = slice(arrays["change_offset"][row], arrays["change_offset"][row + 1])
    links = _changed(arrays, row)
    capacity, speed = np.ones(arrays["capacity"].size), np.ones(arrays["capacity"].size)
    capacity[links] = arrays["change_capacity"][changed]
    speed[links] = arrays["change_speed"][changed]
    return capacity, speed


def _changed(arrays: Arrays, row: int) -> NDArray[np.int32]:
    """The links that row ``row`` of the scenario table changes."""
    links: NDArray[np.int32] = arrays["change_link"][arrays["change_offset"][row] : arrays["change_offset"][row + 1]]
    return links


def _zone_costs(arrays: Arrays, row: int, result: Assignment, asked: dict[str, Any]) -> NDArray[np.float64]:
    """Cheapest cost between all pairs of zones at the solution's link costs; NaN where costs are no numbers."""
    from ....kernels.traffic.paths import load_trees

    zone = arrays["zone_node"].astype(np.int32)
    if np.isnan(result.cost).any():
        return np.full((zone.size, zone.size), np.nan)
    origin, destination = (side.ravel() for side in np.meshgrid(zone, zone, indexing="ij"))
    apart = origin != destination
    network, _ = _network(arrays, row, asked)
    loaded = load_trees(network, result.cost, origin[apart], destination[apart], np.zeros(int(apart.sum())))
    costs = np.zeros(origin.size)
    costs[apart] = loaded.od_cost
    return costs.reshape(zone.size, zone.size)


def chunk_envelope(arrays: Arrays) -> Arrays:
    """Least and largest flow of each link in a block of scenarios, and how often it exceeds the capacity.

    A scenario whose costs overflowed has flows of NaN and counts nowhere.
    """
    flow = arrays["flow"]
    over = np.zeros(flow.shape[1], dtype=np.int64)
    for scenario, row in enumerate(arrays["scenario_row"].tolist()):
        capacity = arrays["capacity"] * _factors(arrays, row)[0]
        over += (flow[scenario] > capacity) & (capacity > 0.0)
    least, most = np.fmin.reduce(flow, axis=0), np.fmax.reduce(flow, axis=0)
    return {"flow_least": least, "flow_most": most, "n_over_capacity": over}


def combine_envelopes(partials: Sequence[Arrays]) -> Arrays:
    """Minima, maxima and integer counts: the same under any grouping.

    Examples
    --------
    >>> one = {"flow_least": np.array([1.0]), "flow_most": np.array([2.0]), "n_over_capacity": np.array([1])}
    >>> two = {"flow_least": np.array([0.5]), "flow_most": np.array([1.0]), "n_over_capacity": np.array([2])}
    >>> {name: values.tolist() for name, values in combine_envelopes([one, two]).items()}
    {'flow_least': [0.5], 'flow_most': [2.0], 'n_over_capacity': [3]}
    """
    by_name = {name: np.stack([partial[name] for partial in partials]) for name in partials[0]}
    return {
        "flow_least": np.fmin.reduce(by_name["flow_least"], axis=0),
        "flow_most": np.fmax.reduce(by_name["flow_most"], axis=0),
        "n_over_capacity": by_name["n_over_capacity"].sum(axis=0),
    }


def finish_envelope(partial: Arrays) -> Arrays:
    """The last partial is the answer."""
    return partial
