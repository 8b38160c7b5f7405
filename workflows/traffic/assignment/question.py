"""Traffic assignment: who drives where when everybody has found their best route, under many scenarios.

One scenario is one row of every product and one shard, and it is solved by one core: scenarios are the parallel axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....datasets.traffic.scenario_table import FACTORS
from ....hpc.plan.steps import BlockStep, ReductionStep
from ....kernels.traffic.assignment import estimate_memory_bytes
from ...input_files import name_inputs
from ...workflow import Prepared, Workflow
from .inputs import AssignmentInputs, open_inputs
from .products import describe_assignment, describe_envelope, list_scalars
from .result import finish_assignment
from .settings import AssignmentSettings

__all__ = ["WORKFLOW", "prepare_assignment"]

STEPS = "citytide.workflows.traffic.assignment.steps"
SECONDS_PER_ORIGIN_LINK = 2e-6  # rough cost of a scenario at gap 1e-6, from Chicago Sketch: 387 origins x 2,950 links


def prepare_assignment(settings: AssignmentSettings) -> Prepared:
    """Open network, demand and scenarios, refuse what cannot be assigned, and lay out steps and products."""
    inputs = open_inputs(settings)
    instance, n = inputs.instance, inputs.n_scenarios
    arrays, attrs = inputs.lay_out()
    products = [describe_assignment(instance, n, _count_zones(settings, inputs), settings.principle, settings.gap)]
    if n > 1:
        products.append(describe_envelope(instance))
    return Prepared(
        steps=tuple(_list_steps(settings, inputs, attrs)),
        products=tuple(products),
        arrays=arrays,
        title=instance.name,
        inputs=name_inputs(inputs.files),
        notes=inputs.notes,
        attrs={"instance": attrs, "gap": settings.gap},
    )


def _count_zones(settings: AssignmentSettings, inputs: AssignmentInputs) -> int:
    """Zones between which costs are stored; 0 if none are."""
    return inputs.zones.size if settings.od_time else 0


def _list_steps(
    settings: AssignmentSettings, inputs: AssignmentInputs, attrs: dict[str, Any]
) -> list[BlockStep | ReductionStep]:
    """The base if scenarios start from it, the scenarios, and the envelope of several."""
    instance, n, n_zones = inputs.instance, inputs.n_scenarios, _count_zones(settings, inputs)
    n_links = instance.n_links
    memory = estimate_memory_bytes(instance.n_nodes, n_links, instance.n_pairs)
    seconds = SECONDS_PER_ORIGIN_LINK * len(np.unique(instance.origin)) * n_links
    params: dict[str, Any] = {
        "instance": attrs,
        "toll_weight": settings.toll_weight,
        "distance_weight": settings.distance_weight,
        "gap": settings.gap,
        "principle": settings.principle,
        "max_iterations": settings.max_iterations,
    }
    steps: list[BlockStep | ReductionStep] = []
    is_warm = settings.start == "base"
    if is_warm:
        base = BlockStep(
            name="base", function=f"{STEPS}:solve_base", dim="base", extent=1, inputs=("inputs.zarr",),
            memory_bytes=lambda block: memory, seconds=lambda block: seconds, params=params,
        )  # fmt: skip
        steps.append(base)
    steps.append(
        BlockStep(
            name="assignment", function=f"{STEPS}:solve_scenarios", dim="scenario", extent=n,
            inputs=("inputs.zarr", "work/base") if is_warm else ("inputs.zarr",),
            memory_bytes=lambda block: memory + (block.stop - block.start) * 8 * (2 * n_links + n_zones**2),
            seconds=lambda block: seconds * (block.stop - block.start),
            params={**params, "od_time": settings.od_time}, per_block=settings.scenarios_per_block,
            product="assignment",
            scalars=(*list_scalars(settings.principle), "n_unserved", "unserved", "history", "changed_flow"),
        )
    )  # fmt: skip
    if n > 1:
        read = ("capacity", "scenario_row", "change_offset", "change_link", *FACTORS)
        steps.append(
            ReductionStep(
                name="envelope", chunk=f"{STEPS}:chunk_envelope", combine=f"{STEPS}:combine_envelopes",
                finalize=f"{STEPS}:finish_envelope", dim="scenario", extent=n,
                inputs=("assignment:flow", "inputs.zarr:" + ",".join(read)),
                memory_bytes=lambda block: 32 * n_links * (block.stop - block.start),
                partial_bytes=24 * n_links, product="envelope", rows=n_links, per_block=settings.scenarios_per_block,
            )
        )  # fmt: skip
    return steps


WORKFLOW = Workflow(
    name="traffic-assignment",
    summary="who drives where when everybody has found their best route, under many scenarios",
    settings=AssignmentSettings,
    prepare=prepare_assignment,
    finish=finish_assignment,
    modules=("numba", STEPS),
)
