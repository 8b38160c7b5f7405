"""What workers run in an assignment: each step takes one typed value and returns arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ....datasets.traffic.instances import Instance
from ....datasets.traffic.scenario_table import LinkFactors
from ....kernels.traffic.assignment import Assignment, PathFlows, assign_traffic
from ....kernels.traffic.network import RoadNetwork

__all__ = [
    "AssignmentProblem",
    "FlowBlock",
    "ScenarioBlock",
    "chunk_envelope",
    "combine_envelopes",
    "finish_envelope",
    "solve_base",
    "solve_scenarios",
]

Arrays = dict[str, NDArray[Any]]
LISTED = 1000  # pairs without a path that a ledger line names; all are counted
PATHS = ("pair", "flow", "offset", "links")


@dataclass(frozen=True)
class AssignmentProblem:
    """A network with a demand, the scenarios' factors, and how an equilibrium is sought.

    Attributes
    ----------
    instance
        Network and demand.
    factors
        Factors on capacity and speed of the links, scenario by scenario.
    toll_weight, distance_weight
        Time per unit of toll and of length; None takes the instance's own.
    gap
        Relative gap [1] at which a scenario counts as solved.
    principle
        ``"user"`` or ``"system"``.
    max_iterations
        Sweeps over all origins before a scenario gives up.
    """

    instance: Instance
    factors: LinkFactors
    toll_weight: float | None
    distance_weight: float | None
    gap: float
    principle: Literal["user", "system"]
    max_iterations: int

    @classmethod
    def from_arrays(
        cls,
        arrays: Arrays,
        *,
        instance: dict[str, Any],
        toll_weight: float | None,
        distance_weight: float | None,
        gap: float,
        principle: Literal["user", "system"],
        max_iterations: int,
    ) -> AssignmentProblem:
        """Build the problem from a run's inputs; ``instance`` holds the attributes of the instance."""
        opened = Instance.from_arrays(arrays, instance)
        factors = LinkFactors.from_arrays(arrays, opened.n_links)
        return cls(opened, factors, toll_weight, distance_weight, gap, principle, max_iterations)

    def network(self, scenario: int) -> tuple[RoadNetwork, NDArray[np.bool_]]:
        """Return the network under one scenario, and which links are closed."""
        capacity_factor, speed_factor = self.factors.factors(scenario)
        return self.instance.network(self.toll_weight, self.distance_weight, capacity_factor, speed_factor)

    def solve(self, scenario: int, demand_factor: float, start: PathFlows | None = None) -> Assignment:
        """Assign ``demand_factor`` times the demand under one scenario, from given path flows or from none."""
        network, closed = self.network(scenario)
        return assign_traffic(
            network,
            self.instance.origin,
            self.instance.destination,
            self.instance.demand * demand_factor,
            gap=self.gap,
            max_iterations=self.max_iterations,
            principle=self.principle,
            closed=closed,
            start=start,
        )


@dataclass(frozen=True)
class ScenarioBlock:
    """The scenarios of one block, each to be solved on its own.

    Attributes
    ----------
    problem
        What all scenarios share.
    scenario_row : (scenario,) int64
        Row of the scenario table.
    demand_factor : (scenario,) float64
        Multiple [1] of the demand.
    zone_node : (zone,) int32
        Nodes where trips begin or end.
    od_time
        Whether travel costs between all zones are computed too.
    start
        Path flows of the base, or None for a cold start.
    """

    problem: AssignmentProblem
    scenario_row: NDArray[np.int64]
    demand_factor: NDArray[np.float64]
    zone_node: NDArray[np.int32]
    od_time: bool
    start: PathFlows | None

    @classmethod
    def from_arrays(cls, arrays: Arrays, *, od_time: bool, **params: Any) -> ScenarioBlock:
        """Build the block from a run's inputs and, to start from the base, its path flows ``base_*``."""
        return cls(
            problem=AssignmentProblem.from_arrays(arrays, **params),
            scenario_row=arrays["scenario_row"],
            demand_factor=arrays["demand_factor"],
            zone_node=arrays["zone_node"].astype(np.int32),
            od_time=od_time,
            start=PathFlows(**{name: arrays[f"base_{name}"] for name in PATHS}) if "base_pair" in arrays else None,
        )


@dataclass(frozen=True)
class FlowBlock:
    """Flows of the scenarios of one block, and the capacities they meet.

    Attributes
    ----------
    flow : (scenario, link) float64
        Flow, in the network's unit; NaN where a scenario's costs overflowed.
    scenario_row : (scenario,) int64
        Row of the scenario table.
    capacity : (link,) float64
        Capacity before any scenario, in the unit of ``flow``.
    factors
        Factors on the capacities, scenario by scenario.
    """

    flow: NDArray[np.float64]
    scenario_row: NDArray[np.int64]
    capacity: NDArray[np.float64]
    factors: LinkFactors

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> FlowBlock:
        """Build the block from the product's flows and a run's inputs."""
        factors = LinkFactors.from_arrays(arrays, arrays["capacity"].size)
        return cls(arrays["flow"], arrays["scenario_row"], arrays["capacity"], factors)


def solve_base(problem: AssignmentProblem) -> Arrays:
    """Solve the base at demand factor 1 and return its path flows, from which scenarios may start."""
    paths = problem.solve(0, 1.0).paths
    return {f"base_{name}": getattr(paths, name) for name in PATHS}


def solve_scenarios(block: ScenarioBlock) -> dict[str, Any]:
    """Solve each scenario of a block on its own.

    Returns
    -------
    dict
        ``flow, cost (scenario, link)``, the summary's columns (scenario,), unserved pairs, gap histories, and with
        ``od_time`` the costs between zones ``(scenario, origin_zone, destination_zone)``.
    """
    columns: dict[str, list[Any]] = {}
    for scenario, demand_factor in zip(block.scenario_row.tolist(), block.demand_factor.tolist(), strict=True):
        result = block.problem.solve(scenario, demand_factor, block.start)
        found = _collect(block.problem, scenario, demand_factor, result)
        if block.od_time:
            found["od_time"] = _find_zone_costs(block, scenario, result)
        for name, value in found.items():
            columns.setdefault(name, []).append(value)
    return {
        name: np.stack(values) if name in ("flow", "cost", "od_time") else values for name, values in columns.items()
    }


def _collect(problem: AssignmentProblem, scenario: int, demand_factor: float, result: Assignment) -> dict[str, Any]:
    """What is stored of one scenario, by name."""
    unserved = np.flatnonzero(result.unserved)
    marginal: dict[str, Any] = {}
    if problem.principle == "system":
        marginal = {"marginal_tstt": result.marginal_tstt, "marginal_sptt": result.marginal_sptt}
    return {
        "flow": result.flow,
        "cost": result.cost,
        "objective": result.objective,
        "lower_bound": result.lower_bound,
        "relative_gap": result.relative_gap,
        "average_excess_cost": result.average_excess_cost,
        "tstt": result.tstt,
        "sptt": result.sptt,
        **marginal,
        "iterations": result.iterations,
        "converged": int(result.converged),
        "unserved_demand": float(np.sum(problem.instance.demand[unserved] * demand_factor)),
        "n_unserved": unserved.size,
        "unserved": unserved[:LISTED].tolist(),
        "changed_flow": float(result.flow[problem.factors.changed_links(scenario)].max(initial=0.0)),
        "history": np.asarray(result.history)[:, -1].tolist(),
    }


def _find_zone_costs(block: ScenarioBlock, scenario: int, result: Assignment) -> NDArray[np.float64]:
    """Cheapest cost between all pairs of zones at the solution's link costs; NaN where costs overflowed."""
    from ....kernels.traffic.paths import load_trees

    zone = block.zone_node
    if np.isnan(result.cost).any():
        return np.full((zone.size, zone.size), np.nan)
    origin, destination = (side.ravel() for side in np.meshgrid(zone, zone, indexing="ij"))
    apart = origin != destination
    network, _ = block.problem.network(scenario)
    loaded = load_trees(network, result.cost, origin[apart], destination[apart], np.zeros(int(apart.sum())))
    costs = np.zeros(origin.size)
    costs[apart] = loaded.od_cost
    return costs.reshape(zone.size, zone.size)


def chunk_envelope(block: FlowBlock) -> Arrays:
    """Least and largest flow of each link in a block of scenarios, and how often it exceeds the capacity.

    A scenario whose costs overflowed has flows of NaN and counts nowhere.

    Examples
    --------
    >>> from citytide.datasets.traffic.scenario_table import base_scenario
    >>> block = FlowBlock(np.array([[3.0, 1.0]]), np.array([0]), np.array([2.0, 2.0]), base_scenario(2))
    >>> chunk_envelope(block)["n_over_capacity"].tolist()
    [1, 0]
    """
    over = np.zeros(block.flow.shape[1], dtype=np.int64)
    for flow, scenario in zip(block.flow, block.scenario_row.tolist(), strict=True):
        capacity_factor, _ = block.factors.factors(scenario)
        capacity = block.capacity * capacity_factor
        over += (flow > capacity) & (capacity > 0.0)
    smallest, largest = np.fmin.reduce(block.flow, axis=0), np.fmax.reduce(block.flow, axis=0)
    return {"flow_least": smallest, "flow_most": largest, "n_over_capacity": over}


def combine_envelopes(partials: Sequence[Mapping[str, NDArray[Any]]]) -> Arrays:
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
    """Return the last partial, which is the answer."""
    return partial
