r"""Static traffic assignment: user equilibrium and system optimum, each with its certificate.

User equilibrium minimises the Beckmann objective over all ways to send the demand along paths,

.. math:: Z = \sum_a \int_0^{x_a} c_a(s) \, ds, \qquad c_a(x) = t_a (1 + b_a (x / q_a)^{p_a}) + f_a ;

the system optimum minimises total cost :math:`\sum_a x_a c_a(x_a)`, which is the user equilibrium of the marginal
costs, those with :math:`b (p + 1)` in place of :math:`b`.

References
----------
.. [1] Beckmann, McGuire & Winsten (1956), Studies in the Economics of Transportation, Yale University Press
.. [2] Jayakrishnan et al. (1994), Transportation Research Record 1443, 75-83
.. [3] Boyce, Ralevic-Dekic & Bar-Gera (2004), doi:10.1061/(ASCE)0733-947X(2004)130:1(49)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..contracts import Array, Contract, kernel
from ..engines import Engine, choose_engine
from .audit import Certificate, audit_flows, price_flows
from .delay import gather_delay
from .demand import check_pairs
from .gradient_projection import SEARCH
from .network import Bools, Floats, RoadNetwork
from .path_flows import PathFlows
from .solver import solve_equilibrium

__all__ = ["Assignment", "PathFlows", "assign_traffic", "estimate_memory_bytes"]

Principle = Literal["user", "system"]
PATHS_PER_PAIR = 2.0
STEPS_PER_SIDE = 1.5


@dataclass(frozen=True, eq=False)
class Assignment:
    """Flows of an equilibrium and the proof of how near it is.

    Attributes carry the unit of the network: times as ``free_time``, flows as ``demand``.
    """

    flow: Floats = field(repr=False)
    """(link,) flow; 0 on closed links."""
    cost: Floats = field(repr=False)
    """(link,) generalised travel cost at the flow under either principle; inf on closed links."""
    objective: float
    """Beckmann objective, or total cost for the system optimum: an upper bound of the optimum."""
    lower_bound: float
    """``objective - (tstt - sptt)``, at marginal costs for the system optimum: a lower bound of the optimum."""
    relative_gap: float
    """``(tstt - sptt) / tstt``, at marginal costs for the system optimum."""
    average_excess_cost: float
    """``(tstt - sptt)`` per served trip, at marginal costs for the system optimum."""
    tstt: float
    """Total cost of the flows."""
    sptt: float
    """Total cost if every served trip took its cheapest path under the same costs."""
    marginal_tstt: float | None
    """Total of the flows at marginal costs, which the system optimum levels; None for the user equilibrium."""
    marginal_sptt: float | None
    """Total if every served trip took its path of least marginal cost; None for the user equilibrium."""
    iterations: int
    """Searches for new paths."""
    converged: bool
    """Whether the audited relative gap is at most the one asked for."""
    unserved: Bools = field(repr=False)
    """(pair,) true where no path exists."""
    od_cost: Floats = field(repr=False)
    """(pair,) cheapest cost at the solution (marginal for the system optimum); inf where unserved."""
    paths: PathFlows = field(repr=False)
    """The solution by path: a warm start for a like problem."""
    history: Floats = field(repr=False)
    """(iteration, 2) objective after, and relative gap met in, each iteration; the last row is the audited one."""


@kernel(
    Contract(
        takes={
            "origin": Array(("pair",), "1", dtype="int64"),
            "destination": Array(("pair",), "1", dtype="int64"),
            "demand": Array(("pair",)),
            "closed": Array(("link",), dtype="bool"),
        },
        gives={
            "flow": Array(("link",), units_of="demand"),
            "cost": Array(("link",)),
            "unserved": Array(("pair",), dtype="bool"),
            "od_cost": Array(("pair",)),
            "history": Array(("iteration", "figure")),
        },
        structure="Assignment",
        engines=("numba", "python"),
    )
)
def assign_traffic(
    network: RoadNetwork,
    origin: npt.ArrayLike,
    destination: npt.ArrayLike,
    demand: npt.ArrayLike,
    *,
    gap: float = 1e-6,
    max_iterations: int = 2000,
    principle: Principle = "user",
    closed: Bools | None = None,
    start: PathFlows | None = None,
    engine: Engine | Literal["auto"] = "auto",
) -> Assignment:
    """Assign the demand of a city to its roads.

    Parameters
    ----------
    network : RoadNetwork
        Links with their volume-delay functions.
    origin, destination : (pair,) array of int
        Node indices, sorted by (origin, destination), no pair twice. Pairs within a zone are ignored.
    demand : (pair,) array of float
        Trips of each pair, in the unit of the capacities.
    gap
        Relative gap to reach, certified by the audit.
    max_iterations
        Searches for new paths before giving up.
    principle
        ``"user"``: nobody gains by changing path. ``"system"``: total cost is least.
    closed : (link,) array of bool, optional
        Links closed on top of the network's own.
    start : PathFlows, optional
        Paths of an earlier answer for the same links and pairs. Paths over closed links are dropped and the flows of
        each pair scaled to its demand.
    engine
        ``"numba"``, ``"python"`` (the same sweeps uncompiled, for small networks) or ``"auto"``.

    Returns
    -------
    Assignment
        Flows, costs, certificate and paths. If no trip can be served, the figures are NaN and ``converged`` is false;
        if costs overflow, flows and costs of all open links are NaN too, and there are no paths.

    Raises
    ------
    ValueError
        If pairs or demand are malformed, ``start`` does not fit, or ``gap`` is not positive.

    Examples
    --------
    Braess's network: six trips share three routes, and everyone needs 92.

    >>> braess = RoadNetwork(n_nodes=4, tail=[0, 0, 2, 2, 3], head=[2, 3, 1, 3, 1], capacity=[1.0] * 5,
    ...     free_time=[1e-8, 50.0, 50.0, 10.0, 1e-8], b=[1e9, 0.02, 0.02, 0.1, 1e9], power=[1.0] * 5)
    >>> answer = assign_traffic(braess, [0], [1], [6.0], gap=1e-12)
    >>> answer.flow.round(6), round(answer.objective, 6), answer.od_cost.round(6)
    (array([4., 2., 2., 2., 4.]), 386.0, array([92.]))
    >>> answer.lower_bound <= answer.objective, answer.converged
    (True, True)
    """
    if not gap > 0.0:
        raise ValueError(f"gap must be positive, got {gap}")
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be at least 1, got {max_iterations}")
    if principle not in ("user", "system"):
        raise ValueError(f"principle must be 'user' or 'system', got {principle!r}")
    engine = choose_engine(SEARCH.engines, engine)
    pairs = check_pairs(network.n_nodes, origin, destination, demand)
    graph = network.graph(closed)
    travels = np.flatnonzero((pairs.demand > 0.0) & (pairs.origin != pairs.destination))
    active = check_pairs(network.n_nodes, pairs.origin[travels], pairs.destination[travels], pairs.demand[travels])
    travel = gather_delay(network, graph)
    marginal = travel._replace(scale=travel.scale * (travel.power + 1.0))
    delay = marginal if principle == "system" else travel
    store = None
    if start is not None:
        store = start.adapt(graph, network.n_links, pairs, travels)

    def audit(flow: Floats) -> Certificate:
        return audit_flows(graph, pairs, flow, delay, engine)

    with np.errstate(over="ignore", invalid="ignore"):  # the engine "python" would warn of what is told below
        solution = solve_equilibrium(graph, active, delay, gap, max_iterations, store, audit, engine)
        certificate = solution.certificate
        travelled = audit_flows(graph, pairs, solution.flow, travel, engine) if principle == "system" else certificate
        is_finite = certificate.is_finite and travelled.is_finite and bool(np.isfinite(solution.flow).all())
        od_cost = certificate.od_cost
        unserved = np.isinf(od_cost)
        if not is_finite:  # a cost that overflows hides the node behind it: only an empty network tells who has no path
            unserved = np.isinf(audit_flows(graph, pairs, np.zeros(len(solution.flow)), delay, engine).od_cost)
            od_cost = np.where(unserved, np.inf, np.nan)
    served = float(pairs.demand[travels][~unserved[travels]].sum())
    flow = np.zeros(network.n_links)
    flow[graph.link] = solution.flow if is_finite else np.nan
    cost = np.full(network.n_links, np.inf)
    cost[graph.link] = price_flows(solution.flow, travel, engine) if is_finite else np.nan
    paths = PathFlows.none()
    if is_finite:
        first_path, offset, path_flow, path_links = solution.store
        paths = PathFlows(
            np.repeat(travels, np.diff(first_path)).astype(np.int32), path_flow, offset, graph.link[path_links]
        )
    objective, excess, relative = certificate.objective, certificate.excess, certificate.relative_gap
    totals = (travelled.tstt, travelled.sptt, certificate.tstt, certificate.sptt)
    if served == 0.0 or not is_finite:
        objective = excess = relative = np.nan
        totals = (np.nan,) * 4
    return Assignment(
        flow=flow,
        cost=cost,
        objective=objective,
        lower_bound=objective - excess,
        relative_gap=relative,
        average_excess_cost=excess / served if served else np.nan,
        tstt=totals[0],
        sptt=totals[1],
        marginal_tstt=totals[2] if principle == "system" else None,
        marginal_sptt=totals[3] if principle == "system" else None,
        iterations=len(solution.history),
        converged=bool(relative <= gap),
        unserved=unserved,
        od_cost=od_cost,
        paths=paths,
        history=solution.history,
    )


def estimate_memory_bytes(n_nodes: int, n_links: int, n_pairs: int) -> int:
    """Peak memory of one call of :func:`assign_traffic`, without the interpreter and its libraries.

    An upper estimate for street networks: two paths for each pair, as long as a walk across a square city, and the
    store of paths twice while it is rebuilt.

    Examples
    --------
    >>> estimate_memory_bytes(933, 2950, 93_135) < 400 * 2**20
    True
    """
    path_bytes = 4 * STEPS_PER_SIDE * n_nodes**0.5 + 24
    return int(2.25 * PATHS_PER_PAIR * n_pairs * path_bytes + 150 * n_pairs + 250 * n_links + 150 * n_nodes)
