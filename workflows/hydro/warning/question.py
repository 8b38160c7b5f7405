"""Flood warning: from radar rain to the points that will be flooded, when, how deep, and how likely."""

from __future__ import annotations

import numpy as np

from ....hpc.plan.steps import Block, BlockStep, ReductionStep
from ....hpc.store.products import Product
from ...input_files import name_inputs
from ...workflow import Prepared, Workflow
from ..products import VOLUMES, list_parts
from ..simulation.memory import FloodMemory
from .inputs import WarningInputs, open_inputs
from .products import describe_forecast, describe_warned_flood
from .result import finish_warning
from .settings import FloodWarningSettings

__all__ = ["WORKFLOW", "prepare_warning"]

STEPS = "citytide.workflows.hydro.warning.steps"
SECONDS_PER_RAIN_CELL_STEP = 5e-7  # roughly, for one ensemble member
RAIN_ARRAYS_HELD = 60  # arrays of the field's cells held at once: a cascade of frames, noise, and their transforms


def prepare_warning(settings: FloodWarningSettings) -> Prepared:
    """Open ground, rain and points, refuse what cannot be warned of, and plan steps and products.

    Raises
    ------
    InputError
        If an input cannot be used.
    """
    inputs = open_inputs(settings)
    layer, rain, points, laid = inputs.layer, inputs.rain, inputs.points, inputs.laid
    n, n_links = laid.n_members, laid.n_links
    attrs = {"crs": layer.crs, "height_datum": layer.height_datum, "threshold_m": settings.threshold_m}
    n_times = (len(laid.flood["output_s"]), len(laid.flood["map_s"]), len(laid.flood["point_s"]))
    flood = describe_warned_flood(
        n, n_times, layer.grid.shape, n_links=n_links, n_points=len(points.name), attrs=attrs
    )  # fmt: skip
    forecast = describe_forecast(n, laid.forecast["n_steps"], rain.grid.shape, {"crs": layer.crs})
    return Prepared(
        steps=(*_plan_forecast(settings, inputs), _plan_simulation(settings, inputs, flood)),
        products=(forecast, flood),
        arrays=laid.arrays,
        title="flood warning" if inputs.city is None else f"flood warning for {inputs.city.name}",
        inputs=name_inputs(inputs.files),
        notes=inputs.notes,
        seeds={"ensemble": settings.seed, "storms": settings.storm_seed},
        attrs={
            **attrs, "grid": laid.flood["grid"], "rain_grid": laid.flood["rain_grid"],
            "thresholds_m": points.threshold_m, "issued_s": rain.issued_s,
            "valid_until_s": rain.issued_s + round(60.0 * settings.lead_minutes), "rain_step_s": rain.step_s,
            "members": settings.members, "has_observed": bool(len(rain.after)), "unseen": rain.unseen,
        },
    )  # fmt: skip


def _plan_forecast(settings: FloodWarningSettings, inputs: WarningInputs) -> tuple[BlockStep | ReductionStep, ...]:
    """How the rain moves, then the rain of each member."""
    n_cells, laid, device = inputs.field.grid.n_cells, inputs.laid, settings.device
    motion = BlockStep(
        name="motion", function=f"{STEPS}:find_motion", dim="motion", extent=1, inputs=("inputs.zarr:radar",),
        memory_bytes=lambda block: 30 * 8 * n_cells, seconds=lambda block: 2.0,
    )  # fmt: skip
    forecast = BlockStep(
        name="forecast", function=f"{STEPS}:forecast_members", dim="member", extent=laid.n_members,
        inputs=("inputs.zarr:radar,rain_after,rain_weight,number", "work/motion"),
        memory_bytes=lambda block: RAIN_ARRAYS_HELD * 8 * n_cells,
        seconds=lambda block: SECONDS_PER_RAIN_CELL_STEP * n_cells * laid.forecast["n_steps"],
        params=laid.forecast,
        product="forecast", scalars=("unseen",), device=device,
        device_bytes=lambda block: RAIN_ARRAYS_HELD * 8 * n_cells,
    )  # fmt: skip
    return motion, forecast


def _plan_simulation(settings: FloodWarningSettings, inputs: WarningInputs, flood: Product) -> BlockStep:
    """The water of each member."""
    grid, rain, laid = inputs.layer.grid, inputs.rain, inputs.laid
    input_bytes = sum(values.nbytes for _, values in laid.arrays.values())
    itemsize = np.dtype(settings.precision).itemsize
    memory = FloodMemory(grid.n_cells, itemsize, input_bytes, list_parts(flood), settings.soil is not None, True)
    # read from the forecast, and joined with the rain known before, for each member
    rain_bytes: int = 8 * rain.grid.n_cells * (len(rain.before) + laid.forecast["n_steps"])

    def with_rain(block: Block, bytes_without: int) -> int:
        return bytes_without + rain_bytes * (block.stop - block.start)

    seconds = settings.seconds_per_cell_step * grid.n_cells * laid.flood["output_s"][-1] / (0.07 * grid.cell_m)
    return BlockStep(
        name="inundation", function=f"{STEPS}:flood_members", dim="member", extent=laid.n_members,
        inputs=("inputs.zarr", "forecast:forecast_rain"),
        memory_bytes=lambda block: with_rain(block, memory.count_block(block)),
        seconds=lambda block: seconds * (block.stop - block.start),
        params=laid.flood, per_block=settings.members_per_block or 1, product="flood",
        scalars=(*VOLUMES, "balance", "n_steps", "n_limited"), device=settings.device,
        device_bytes=memory.count_device, host_bytes=lambda block: with_rain(block, memory.count_host(block)),
        device_per_block=settings.members_per_block or laid.n_members,
    )  # fmt: skip


WORKFLOW = Workflow(
    name="flood-warning",
    summary="from radar rain to the points that will be flooded: when, how deep, and how likely",
    settings=FloodWarningSettings,
    prepare=prepare_warning,
    finish=finish_warning,
    modules=("numba", STEPS),
)
