"""Inundation: where the water of a rainstorm goes, how deep it stands, when, and under which roads."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....hpc.gang.layout import TileLayout
from ....hpc.plan.steps import BlockStep, ReductionStep
from ....hpc.store.products import Product
from ....kernels.hydro.inundation import RINGS
from ...input_files import name_inputs
from ...workflow import Prepared, Workflow
from ..products import VOLUMES, describe_flood, list_parts
from ..simulation.memory import FloodMemory
from .inputs import InundationInputs, open_inputs
from .products import describe_agreement
from .result import finish_inundation
from .settings import InundationSettings

__all__ = ["WORKFLOW", "prepare_inundation"]

STEPS = "citytide.workflows.hydro.inundation.steps"
GANG = "citytide.workflows.hydro.inundation.gang:simulate_on_ranks"


def prepare_inundation(settings: InundationSettings) -> Prepared:
    """Open ground and rain, refuse what cannot be simulated, and plan steps and products.

    Raises
    ------
    InputError
        If an input cannot be used.
    RunError
        If the ground cannot be divided among ``ranks``.
    """
    inputs = open_inputs(settings)
    layer, rain, n = inputs.layer, inputs.rain, len(settings.rain_factors)
    attrs = {"crs": layer.crs, "height_datum": layer.height_datum, "threshold_m": settings.threshold_m}
    time_units = "s" if rain.epoch_s is None else "seconds since 1970-01-01 00:00:00"
    flood = describe_flood(n, len(inputs.output_s), layer.grid.shape, inputs.n_links, attrs, time_units)
    parameters = inputs.list_parameters(settings)
    steps: list[BlockStep | ReductionStep] = [_plan_simulation(settings, inputs, flood, parameters)]
    products = [flood]
    if n > 1:
        products.append(describe_agreement(layer.grid.shape, attrs))
        steps.append(_plan_agreement(settings, inputs))
    return Prepared(
        steps=tuple(steps),
        products=tuple(products),
        arrays=inputs.arrays,
        title="inundation" if inputs.city is None else f"inundation of {inputs.city.name}",
        inputs=name_inputs(inputs.files),
        notes=inputs.notes,
        attrs={
            **attrs,
            "output_s": inputs.output_s,
            "grid": parameters["grid"],
            "rain_grid": parameters["rain_grid"],
            "unseen": rain.unseen,
        },
    )


def _plan_simulation(
    settings: InundationSettings, inputs: InundationInputs, flood: Product, parameters: dict[str, Any]
) -> BlockStep:
    """Members in blocks, each block in one process or on all ranks of a gang."""
    grid, n = inputs.layer.grid, len(settings.rain_factors)
    ranks = settings.ranks if settings.ranks > 1 else 0
    device = "cpu" if ranks else settings.device
    if ranks:
        TileLayout(grid.shape, ranks, RINGS[settings.scheme])  # refuses more ranks than the ground can be divided for
    input_bytes = sum(values.nbytes for _, values in inputs.arrays.values())
    itemsize = np.dtype(settings.precision).itemsize
    memory = FloodMemory(grid.n_cells, itemsize, input_bytes, list_parts(flood), settings.soil is not None)
    seconds = settings.seconds_per_cell_step * grid.n_cells * 60.0 * settings.duration_minutes / (0.07 * grid.cell_m)
    return BlockStep(
        name="inundation", function=GANG if ranks else f"{STEPS}:simulate_members", dim="member", extent=n,
        inputs=("inputs.zarr",),
        memory_bytes=(lambda block: memory.count_gang(block, ranks)) if ranks else memory.count_block,
        rank_bytes=lambda block: memory.count_rank(block, ranks), ranks=ranks,
        seconds=lambda block: seconds * (block.stop - block.start) / max(1, ranks),
        params=parameters, per_block=settings.members_per_block or (n if ranks else 1), product="flood",
        scalars=(*VOLUMES, "balance", "n_steps", "n_limited"), device=device, device_bytes=memory.count_device,
        host_bytes=memory.count_host, device_per_block=settings.members_per_block or n,
    )  # fmt: skip


def _plan_agreement(settings: InundationSettings, inputs: InundationInputs) -> ReductionStep:
    """Counts of the members that flood each cell."""
    grid = inputs.layer.grid
    return ReductionStep(
        name="agreement", chunk=f"{STEPS}:count_floods", combine=f"{STEPS}:combine_floods",
        finalize=f"{STEPS}:finish_floods", dim="member", extent=len(settings.rain_factors),
        inputs=("flood:deepest",),
        memory_bytes=lambda block: 16 * grid.n_cells * (block.stop - block.start + 1),
        partial_bytes=8 * grid.n_cells, product="agreement", rows=grid.n_y,
        params={"threshold_m": settings.threshold_m}, per_block=settings.members_per_block or 1,
    )  # fmt: skip


WORKFLOW = Workflow(
    name="inundation",
    summary="where the water of a rainstorm goes, how deep it stands, when, and under which roads",
    settings=InundationSettings,
    prepare=prepare_inundation,
    finish=finish_inundation,
    modules=("numba", STEPS),
)
