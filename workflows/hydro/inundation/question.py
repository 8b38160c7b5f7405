"""Inundation: where the water of a rainstorm goes, how deep it stands, when, and under which roads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ....datasets.city.city import City
from ....datasets.maps.layers import TerrainLayer
from ....hpc.gang.layout import TileLayout
from ....hpc.plan.plans import BlockStep, ReductionStep
from ....kernels.hydro.inundation import RINGS
from ...workflow import Prepared, Workflow
from ..boundaries import Boundaries, RunTime, open_boundaries
from ..ground import open_place
from ..layout import NamedArrays, as_texts, choose_outputs, lay_out_ground, pack_grid
from ..memory import FloodMemory
from .inputs import Rain, open_rain
from .products import VOLUMES, describe_agreement, describe_flood, list_parts
from .result import finish_inundation
from .settings import InundationSettings

__all__ = ["WORKFLOW", "InundationSettings", "prepare_inundation"]

STEPS = "citytide.workflows.hydro.inundation.steps"
GANG = "citytide.workflows.hydro.inundation.gang:simulate_on_ranks"


def prepare_inundation(settings: InundationSettings) -> Prepared:
    """Open ground and rain, refuse what cannot be simulated, and lay out steps and products."""
    layer, city = open_place(settings)
    duration_s = 60.0 * settings.duration_minutes
    rain = open_rain(settings, layer, city, duration_s)
    output_s = choose_outputs(duration_s, 60.0 * settings.output_minutes)
    boundaries = open_boundaries(settings, layer, RunTime(duration_s, rain.epoch_s, settings.time_zone))
    arrays = _lay_out(settings, layer, city, rain, boundaries, output_s)
    n, shape = len(settings.rain_factors), layer.grid.shape
    n_links = arrays["link"][1].size if "link" in arrays else 0
    itemsize = np.dtype(settings.precision).itemsize
    input_bytes = sum(values.nbytes for _, values in arrays.values())
    seconds = settings.seconds_per_cell_step * layer.grid.n_cells * duration_s / (0.07 * layer.grid.cell_m)
    attrs = {"crs": layer.crs, "height_datum": layer.height_datum, "threshold_m": settings.threshold_m}
    asked: dict[str, Any] = {
        "grid": pack_grid(layer.grid),
        "rain_grid": None if rain.grid is None else pack_grid(rain.grid),
        "rain_end_s": rain.end_s,
        "output_s": output_s,
        **settings.ask_scheme(),
    }  # fmt: skip
    together = settings.ranks if settings.ranks > 1 else 0
    if together:
        TileLayout(shape, together, RINGS[settings.scheme])  # refuses more ranks than the ground can be cut for
    time_units = "s" if rain.epoch_s is None else "seconds since 1970-01-01 00:00:00"
    flood = describe_flood(n, len(output_s), shape, n_links, attrs, time_units)
    memory = FloodMemory(layer.grid.n_cells, itemsize, input_bytes, list_parts(flood), settings.soil is not None)
    steps: list[BlockStep | ReductionStep] = [
        BlockStep(
            name="inundation", function=GANG if together else f"{STEPS}:simulate_members", dim="member", extent=n,
            inputs=("inputs.zarr",),
            memory_bytes=(lambda block: memory.count_gang(block, together)) if together else memory.count_block,
            rank_bytes=lambda block: memory.count_rank(block, together), ranks=together,
            seconds=lambda block: seconds * (block.stop - block.start) / max(1, together),
            params=asked, per_block=settings.members_per_block or (n if together else 1), product="flood",
            scalars=(*VOLUMES, "balance", "n_steps", "n_limited"),
        )
    ]  # fmt: skip
    products = [flood]
    if n > 1:
        products.append(describe_agreement(shape, attrs))
        steps.append(
            ReductionStep(
                name="agreement", chunk=f"{STEPS}:count_floods", combine=f"{STEPS}:combine_floods",
                finalize=f"{STEPS}:finish_floods", dim="member", extent=n, inputs=("flood:deepest",),
                memory_bytes=lambda block: 16 * layer.grid.n_cells * (block.stop - block.start + 1),
                partial_bytes=8 * layer.grid.n_cells, product="agreement", rows=shape[0],
                params={"threshold_m": settings.threshold_m}, per_block=settings.members_per_block or 1,
            )
        )  # fmt: skip
    files = [*layer.sources, *rain.sources, *boundaries.sources, *settings.name_rasters()]
    if settings.terrain is not None and city is not None:
        files.append(Path(settings.terrain))
    return Prepared(
        steps=tuple(steps),
        products=tuple(products),
        arrays=arrays,
        title="inundation" if city is None else f"inundation of {city.name}",
        inputs={path.name: path for path in files if path.exists()},
        notes=(*layer.notes, *rain.notes, *boundaries.notes),
        attrs={
            **attrs,
            "output_s": output_s,
            "grid": pack_grid(layer.grid),
            "rain_grid": asked["rain_grid"],
            "unseen": rain.unseen,
        },
    )


def _lay_out(
    settings: InundationSettings, layer: TerrainLayer, city: City | None, rain: Rain, boundaries: Boundaries,
    output_s: list[float],
) -> NamedArrays:  # fmt: skip
    """Every array that blocks and products read."""
    arrays = lay_out_ground(settings, layer, city, boundaries) | {
        "rain": (("frame", "rain_y", "rain_x"), rain.rate),
        "rain_start_s": (("frame",), rain.start_s),
        "rain_factor": (("member",), np.array(settings.rain_factors)),
        "member": (("member",), as_texts([f"rain x {factor:.15g}" for factor in settings.rain_factors])),
        "time": (("time",), np.round(np.array(output_s)).astype(np.int64) + (rain.epoch_s or 0)),
    }
    if rain.grid is None:
        zone = np.zeros(layer.grid.shape, dtype=np.uint8) if rain.zone is None else rain.zone
        arrays["rain_zone"] = (("y", "x"), zone)
    return arrays


WORKFLOW = Workflow(
    name="inundation",
    summary="where the water of a rainstorm goes, how deep it stands, when, and under which roads",
    settings=InundationSettings,
    prepare=prepare_inundation,
    finish=finish_inundation,
    modules=("numba", STEPS),
)
