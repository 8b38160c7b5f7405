"""Traffic assignment: who drives where when everybody has found their best route, under many scenarios.

One scenario is one row of every product and one shard, and it is solved by one core: scenarios are the parallel axis.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, field_validator

from ....datasets.catalogue.networks import open_instance
from ....datasets.errors import InputError
from ....datasets.traffic.cuts import refuse_cut_pairs
from ....datasets.traffic.instances import Instance
from ....datasets.traffic.scenarios import ScenarioTable, base_scenario, read_scenarios
from ....hpc.plan.plans import BlockStep, ReductionStep
from ....hpc.plan.settings import Settings, listed
from ....kernels.traffic.assignment import estimate_memory_bytes
from ...input_files import name_inputs
from ...workflow import Prepared, Workflow
from .products import describe_assignment, describe_envelope, list_scalars
from .result import finish_assignment

__all__ = ["WORKFLOW", "AssignmentSettings", "prepare_assignment"]

CHANGES = ("change_offset", "change_link", "change_capacity", "change_speed")
STEPS = "citytide.workflows.traffic.assignment.steps"
LARGEST_COST = 1e12  # of an empty link: beyond it, sums over links lose what flows add
SECONDS_PER_ORIGIN_LINK = 2e-6  # rough cost of a scenario at gap 1e-6, from Chicago Sketch: 387 origins x 2,950 links

NamedArrays = dict[str, tuple[tuple[str, ...], NDArray[Any]]]
Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class AssignmentSettings(Settings):
    """Settings of ``traffic-assignment``."""

    network: str | None = Field(
        default=None,
        description="catalogue name, TNTP or GMNS folder, .graphml, or .zarr of a city; the embedded city by default",
    )
    demand: str | None = Field(default=None, description="demand file of a .graphml, TNTP or GMNS network")
    trips: str | None = Field(default=None, description="the same, in the word of TNTP")
    demand_period: str | None = Field(default=None, description="which period of a demand table with several")
    demand_mode: str | None = Field(default=None, description="which mode of a demand table with several")
    demand_matrix: str | None = Field(default=None, description="which matrix of an OMX file with several")
    demand_mapping: str | None = Field(
        default=None, description="which numbering of zones of an OMX file; count for 1, 2, 3, ..."
    )
    length_unit: Literal["m", "km", "mile", "ft"] | None = Field(
        default=None, description="unit of lengths where the network does not state it"
    )
    speed_unit: Literal["km/h", "mph", "m/s"] | None = Field(
        default=None, description="unit of speeds where the network does not state it"
    )
    zone_nodes: Literal["block", "pass"] | None = Field(
        default=None, description="whether paths may pass through nodes of zones, where the network does not state it"
    )
    core_share: float | None = Field(
        default=None, ge=0, le=1, description="least share of car kilometres in the largest connected part (0.8)"
    )
    classes: str | None = Field(
        default=None, description="what unknown road classes mean, as WORD=primary,OTHER=drop; drop omits them"
    )
    crs: str | None = Field(default=None, description="CRS of the coordinates where the network does not state it")
    scenarios: str | None = Field(
        default=None, description="CSV or Zarr of capacity_factor, speed_factor by link; 0 closes"
    )
    demand_factors: Annotated[list[Factor], BeforeValidator(listed)] = Field(
        default=[1.0], min_length=1, description="multiples of the demand, crossed with the scenarios"
    )

    @field_validator("demand_factors")
    @classmethod
    def _each_once(cls, factors: list[float]) -> list[float]:
        if len(set(factors)) < len(factors):
            raise ValueError("list each factor only once")
        return factors

    gap: float = Field(default=1e-6, gt=0, lt=1, description="relative gap at which a scenario counts as solved")
    principle: Literal["user", "system"] = Field(
        default="user", description="everybody's best route, or the least total cost"
    )
    start: Literal["cold", "base"] = Field(default="cold", description="start every scenario cold, or from the base")
    toll_weight: Factor | None = Field(
        default=None, description="time per unit of toll; by default what the network or the catalogue states"
    )
    distance_weight: Factor | None = Field(default=None, description="time per unit of length, likewise")
    max_iterations: int = Field(default=2000, ge=1, description="sweeps over all origins before a scenario gives up")
    scenarios_per_block: int = Field(default=1, ge=1, description="scenarios in one task; leaves no trace in the store")
    od_time: bool = Field(default=False, description="also store the travel cost between all zones")


# Settings that belong to the reader of the network; one that means nothing to it is refused there.
READER_OPTIONS = (
    "demand", "trips", "demand_period", "demand_mode", "demand_matrix", "demand_mapping", "length_unit", "speed_unit",
    "zone_nodes", "core_share", "classes", "crs",
)  # fmt: skip


def prepare_assignment(settings: AssignmentSettings) -> Prepared:
    """Open network, demand and scenarios, refuse what cannot be assigned, and lay out steps and products."""
    given = {name: getattr(settings, name) for name in READER_OPTIONS}
    instance = open_instance(settings.network, **{name: value for name, value in given.items() if value is not None})
    if not instance.n_pairs:
        raise InputError(
            f"network {instance.name} has no trips between different zones",
            file=instance.sources[0] if instance.sources else None,
            way_out="name another demand",
        )
    notes = _weigh(instance, settings)
    network, closed = instance.network(settings.toll_weight, settings.distance_weight)
    refuse_cut_pairs(instance, network, closed)
    table = read_scenarios(settings.scenarios, instance) if settings.scenarios else base_scenario(instance.n_links)
    labels, arrays, attrs = _lay_out(instance, table, settings.demand_factors)
    n, n_links = len(labels), instance.n_links
    zones = len(arrays["zone_node"][1]) if settings.od_time else 0
    memory = estimate_memory_bytes(instance.n_nodes, n_links, instance.n_pairs)
    seconds = SECONDS_PER_ORIGIN_LINK * len(np.unique(instance.origin)) * n_links
    asked: dict[str, Any] = {
        "instance": attrs,
        "toll_weight": settings.toll_weight,
        "distance_weight": settings.distance_weight,
        "gap": settings.gap,
        "principle": settings.principle,
        "max_iterations": settings.max_iterations,
    }
    warm = settings.start == "base"
    steps: list[BlockStep | ReductionStep] = [
        BlockStep(
            name="assignment", function=f"{STEPS}:solve_scenarios", dim="scenario", extent=n,
            inputs=("inputs.zarr", "work/base") if warm else ("inputs.zarr",),
            memory_bytes=lambda block: memory + (block.stop - block.start) * 8 * (2 * n_links + zones**2),
            seconds=lambda block: seconds * (block.stop - block.start),
            params={**asked, "od_time": settings.od_time}, per_block=settings.scenarios_per_block,
            product="assignment",
            scalars=(*list_scalars(settings.principle), "n_unserved", "unserved", "history", "changed_flow"),
        )
    ]  # fmt: skip
    products = [describe_assignment(instance, n, zones, asked)]
    if warm:
        base = BlockStep(
            name="base", function=f"{STEPS}:solve_base", dim="base", extent=1, inputs=("inputs.zarr",),
            memory_bytes=lambda block: memory, seconds=lambda block: seconds, params=asked,
        )  # fmt: skip
        steps.insert(0, base)
    if n > 1:
        products.append(describe_envelope(instance))
        steps.append(
            ReductionStep(
                name="envelope", chunk=f"{STEPS}:chunk_envelope", combine=f"{STEPS}:combine_envelopes",
                finalize=f"{STEPS}:finish_envelope", dim="scenario", extent=n,
                inputs=("assignment:flow", "inputs.zarr:capacity,scenario_row," + ",".join(CHANGES)),
                memory_bytes=lambda block: 32 * n_links * (block.stop - block.start),
                partial_bytes=24 * n_links, product="envelope", rows=n_links, per_block=settings.scenarios_per_block,
            )
        )  # fmt: skip
    files = (*instance.sources, *([Path(settings.scenarios)] if settings.scenarios else []))
    return Prepared(
        steps=tuple(steps),
        products=tuple(products),
        arrays=arrays,
        title=instance.name,
        inputs=name_inputs(files),
        notes=(*instance.notes, *notes),
        attrs={"instance": attrs, "gap": settings.gap},
    )


def _weigh(instance: Instance, settings: AssignmentSettings) -> list[str]:
    """Ask what tolls weigh where nobody says it, and note where a setting beats the source."""
    taxed = int((instance.toll > 0.0).sum())
    if taxed and settings.toll_weight is None and not instance.toll_weight:
        raise InputError(
            f"{taxed:,} links of network {instance.name} have a toll, and nothing says what a unit of it weighs",
            file=instance.sources[0] if instance.sources else None,
            way_out="set toll_weight to the time per unit of toll, or to 0 if tolls do not count",
        )
    notes = []
    for name, amounts in (("toll_weight", instance.toll), ("distance_weight", instance.length)):
        asked, stated = getattr(settings, name), getattr(instance, name)
        largest = float(amounts.max(initial=0.0)) * (stated if asked is None else asked)
        if not largest <= LARGEST_COST:
            raise InputError(
                f"{name} is {stated if asked is None else asked:g}, with which a link costs {largest:g} before anybody "
                "drives on it",
                way_out=f"set {name} to the time per unit; costs of links must be at most {LARGEST_COST:g}",
            )
        if asked is not None and stated and asked != stated:
            notes.append(f"{name} is {asked:g} as set; the network states {stated:g}.")
    return notes


def _lay_out(
    instance: Instance, table: ScenarioTable, factors: list[float]
) -> tuple[list[str], NamedArrays, dict[str, Any]]:
    """Labels ``NAME@FACTOR``, scenario-major, and every array that blocks and products read."""
    plain, attrs = instance.to_arrays()
    rows = [(row, factor) for row in range(len(table.name)) for factor in factors]
    labels = [f"{table.name[row]}@{factor}" for row, factor in rows]
    node = instance.node_id
    zone = np.unique(np.concatenate([instance.origin, instance.destination]))
    arrays: NamedArrays = {name: ((_dim_of(name),), values) for name, values in plain.items()}
    arrays |= {
        "scenario": (("scenario",), np.array(labels, dtype=np.dtypes.StringDType())),
        "scenario_row": (("scenario",), np.array([row for row, _ in rows], dtype=np.int64)),
        "demand_factor": (("scenario",), np.array([factor for _, factor in rows], dtype=np.float64)),
        "zone_node": (("zone",), zone.astype(np.int64)),
        "origin_zone": (("origin_zone",), node[zone]),
        "destination_zone": (("destination_zone",), node[zone]),
        "from_node": (("link",), node[instance.tail]),
        "to_node": (("link",), node[instance.head]),
        "from_x": (("link",), instance.x[instance.tail]),
        "from_y": (("link",), instance.y[instance.tail]),
        "to_x": (("link",), instance.x[instance.head]),
        "to_y": (("link",), instance.y[instance.head]),
    }
    return labels, arrays | _changes(table), attrs


def _dim_of(name: str) -> str:
    if name in ("node", "passable", "x", "y"):
        return "node"
    return {
        "origin": "pair", "destination": "pair", "demand": "pair", "link_name": "letter",
        "link_name_offset": "link_bound",
    }.get(name, "link")  # fmt: skip


def _changes(table: ScenarioTable) -> NamedArrays:
    """Scenarios change few links: row r scales the links ``change_link[change_offset[r]:change_offset[r + 1]]``."""
    offset = np.searchsorted(table.scenario, np.arange(len(table) + 1))
    return {
        "change_offset": (("row",), offset.astype(np.int64)),
        "change_link": (("change",), table.link),
        "change_capacity": (("change",), table.capacity_factor),
        "change_speed": (("change",), table.speed_factor),
    }


WORKFLOW = Workflow(
    name="traffic-assignment",
    summary="who drives where when everybody has found their best route, under many scenarios",
    settings=AssignmentSettings,
    prepare=prepare_assignment,
    finish=finish_assignment,
    modules=("numba", STEPS),
)
