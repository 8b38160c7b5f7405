"""What an assignment leaves behind, each variable declared once."""

from __future__ import annotations

from ....datasets.place.grid_mapping import name_coordinates
from ....datasets.traffic.instances import Instance
from ....hpc.store.products import Product, Variable
from ...georeference import georeference

__all__ = ["describe_assignment", "describe_envelope", "list_scalars"]

# Columns of the summary, in order; each a scalar of one scenario that travels in the ledger.
_USER = {
    "objective": "Beckmann's objective Z",
    "lower_bound": "no assignment has a smaller objective: Z - (TSTT - SPTT)",
    "relative_gap": "(TSTT - SPTT) / TSTT",
    "average_excess_cost": "(TSTT - SPTT) / served demand",
    "tstt": "total travel cost of all trips",
    "sptt": "total travel cost had every trip its cheapest path",
}
_SYSTEM = {
    "objective": "objective Z: total travel cost of all trips",
    "lower_bound": "no assignment has a smaller objective: Z - (TSTT - SPTT) at marginal costs",
    "relative_gap": "(TSTT - SPTT) / TSTT at marginal costs",
    "average_excess_cost": "(TSTT - SPTT) / served demand at marginal costs",
    "tstt": "total travel cost of all trips",
    "sptt": "total travel cost had every trip its cheapest path, at the travel costs of these flows",
    "marginal_tstt": "total of all trips at marginal costs",
    "marginal_sptt": "total at marginal costs had every trip its path of least marginal cost",
}
_BOTH = {
    "iterations": "sweeps over all origins",
    "converged": "1 if the relative gap asked for was reached",
    "unserved_demand": "demand of pairs that the scenario leaves without a path",
}
WHOLE_NUMBERS = {"iterations": "int64", "converged": "int8"}


def list_scalars(principle: str) -> dict[str, str]:
    """What is told of each scenario, with its meaning, in the order of the summary.

    Examples
    --------
    >>> "marginal_tstt" in list_scalars("system"), "marginal_tstt" in list_scalars("user")
    (True, False)
    """
    return (_USER if principle == "user" else _SYSTEM) | _BOTH


def describe_assignment(instance: Instance, n: int, n_zones: int, principle: str, gap: float) -> Product:
    """Layout of ``assignment.zarr`` for ``n`` scenarios, with costs between ``n_zones`` zones (0 for none)."""
    time, flow = instance.units.get("time", "1"), instance.units.get("flow", "1")
    links = instance.n_links
    unit = {
        "average_excess_cost": time,
        "relative_gap": "1",
        "iterations": "1",
        "converged": "1",
        "unserved_demand": flow,
    }
    total = f"{flow} {time}".replace("1 1", "1").removeprefix("1 ").removesuffix(" 1")
    per_scenario = tuple(
        Variable(name, ("scenario",), WHOLE_NUMBERS.get(name, "float64"), unit.get(name, total), text, "ledger", (n,))
        for name, text in list_scalars(principle).items()
    )
    od = (
        Variable(
            "od_time", ("scenario", "origin_zone", "destination_zone"), "float64", time,
            "cheapest travel cost between zones", "blocks", (n, n_zones, n_zones),
        ),
        Variable("origin_zone", ("origin_zone",), "int64", "1", "node of the origin zone in the source", "inputs"),
        Variable("destination_zone", ("destination_zone",), "int64", "1", "node of the destination zone", "inputs"),
    )  # fmt: skip
    return Product(
        "assignment",
        f"{'User equilibrium' if principle == 'user' else 'System optimum'} of {instance.name}",
        georeference((
            Variable("flow", ("scenario", "link"), "float64", flow, "flow on the link", "blocks", (n, links)),
            Variable("cost", ("scenario", "link"), "float64", time, "travel cost of the link", "blocks", (n, links)),
            *per_scenario,
            Variable("scenario", ("scenario",), "string", "1", "scenario@demand factor", "inputs"),
            Variable("demand_factor", ("scenario",), "float64", "1", "multiple of the demand", "inputs"),
            *_link_variables(instance),
            *(od if n_zones else ()),
        ), instance.crs),
        {"crs_name": instance.crs, "principle": principle, "relative_gap_asked": gap},
    )  # fmt: skip


def describe_envelope(instance: Instance) -> Product:
    """Layout of ``envelope.zarr``: each link over all scenarios."""
    flow, links = instance.units.get("flow", "1"), instance.n_links

    def over_scenarios(name: str, dtype: str, units: str, text: str) -> Variable:
        return Variable(name, ("link",), dtype, units, text, "blocks", (links,), per_shard=links)

    return Product(
        "envelope",
        f"Links of {instance.name} over all scenarios",
        georeference((
            over_scenarios("flow_least", "float64", flow, "least flow in any scenario whose flows are numbers"),
            over_scenarios("flow_most", "float64", flow, "largest flow in any scenario whose flows are numbers"),
            over_scenarios("n_over_capacity", "int64", "1", "scenarios in which flow exceeds the link's capacity"),
            *_link_variables(instance),
        ), instance.crs),
        {"crs_name": instance.crs},
    )  # fmt: skip


def _link_variables(instance: Instance) -> tuple[Variable, ...]:
    flow, time, length = (instance.units.get(key, "1") for key in ("flow", "time", "length"))
    x, y = name_coordinates(instance.crs)
    columns = {
        "link": ("int64", "1", "identifier of the link in the source", None),
        "from_node": ("int64", "1", "identifier of the node where the link begins", None),
        "to_node": ("int64", "1", "identifier of the node where the link ends", None),
        "from_x": ("float64", x.units, "x of the link's begin", x.standard_name),
        "from_y": ("float64", y.units, "y of the link's begin", y.standard_name),
        "to_x": ("float64", x.units, "x of the link's end", x.standard_name),
        "to_y": ("float64", y.units, "y of the link's end", y.standard_name),
        "capacity": ("float64", flow, "capacity of the link before any scenario", None),
        "free_time": ("float64", time, "travel time of the empty link", None),
        "length": ("float64", length, "length of the link", None),
    }
    return tuple(
        Variable(name, ("link",), dtype, units, text, "inputs", standard_name=standard_name)
        for name, (dtype, units, text, standard_name) in columns.items()
    )
