"""Flood warning: from radar rain to the points that will be flooded, when, how deep, and how likely."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field

from ....hpc.plan.plans import BlockStep, ReductionStep
from ....hpc.plan.settings import listed
from ...workflow import Prepared, Workflow
from ..ground import open_place
from ..inundation.products import VOLUMES, list_parts
from ..memory import FloodMemory
from ..rain_settings import RainSettings
from .inputs import open_points, open_rain_field, split_rain
from .layout import lay_out_warning
from .observations import open_observations
from .products import describe_forecast, describe_warned_flood
from .result import finish_warning

__all__ = ["WORKFLOW", "FloodWarningSettings", "prepare_warning"]

STEPS = "citytide.workflows.hydro.warning.steps"
SECONDS_PER_RAIN_CELL_STEP = 5e-7  # rough: of one ensemble member
RAIN_ARRAYS_HELD = 60  # of the field's cells at once: a cascade of frames, noise, and their transforms

Depth = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]  # as of points: one of more is in centimetres


class FloodWarningSettings(RainSettings):
    """Settings of ``flood-warning``."""

    rain: str | None = Field(default=None, description="frames: a folder or a file; made-up storms by default")
    storm_seed: int = Field(default=1, ge=0, lt=2**63, description="of the made-up storms")
    points: str | None = Field(
        default=None, description="CSV or GeoJSON of the points to warn; a synthetic city's basins by default"
    )
    observations: str | None = Field(
        default=None, description="CSV of point, time and depth (m) that were read since: the warnings are verified"
    )
    thresholds_m: Annotated[list[Depth], BeforeValidator(listed)] = Field(
        default=[0.15, 0.3, 0.5], min_length=1, description="depths to warn of, where a point names none [m]"
    )
    issued_at: str | None = Field(
        default=None, description="when the warning is issued (UTC); the last frame, or ahead of the wettest storm"
    )
    lead_minutes: float = Field(default=120.0, gt=0, le=1440, description="how far the warning looks ahead")
    spin_up_minutes: float = Field(default=60.0, ge=0, le=1440, description="of known rain, to wet the ground")
    members: int = Field(default=20, ge=1, le=1000, description="forecasts of the rain, beside the control")
    seed: int = Field(default=1, ge=0, lt=2**63, description="of the ensemble")
    map_minutes: float = Field(
        default=30.0, gt=0, allow_inf_nan=False, description="how often depths are stored everywhere"
    )


def prepare_warning(settings: FloodWarningSettings) -> Prepared:
    """Open ground, rain and points, refuse what cannot be warned of, and lay out steps and products."""
    layer, city = open_place(settings)
    points = open_points(settings.points, layer, city, settings.thresholds_m)
    field = open_rain_field(settings, layer)
    lead_s = 60.0 * settings.lead_minutes
    rain = split_rain(
        field, layer.grid, issued_at=settings.issued_at, spin_up_s=60.0 * settings.spin_up_minutes, lead_s=lead_s,
        unseen_limit=settings.rain_unseen_limit, valid=layer.valid,
    )  # fmt: skip
    laid = lay_out_warning(settings, layer, city, rain, points)
    arrays, n_steps = laid.arrays, laid.forecast["n_steps"]
    observed_notes: tuple[str, ...] = ()
    if settings.observations is not None:
        time = arrays["point_time"][1]
        observed, observed_notes = open_observations(
            settings.observations,
            points,
            time[time >= rain.issued_s],
            time_zone=settings.time_zone,
            missing=settings.missing,
        )
        arrays["observed_depth"] = (("time_ahead", "point"), observed)
    output_s, map_s, point_s = (laid.flood[name] for name in ("output_s", "map_s", "point_s"))
    n = len(arrays["number"][1])
    n_links = arrays["link"][1].size if "link" in arrays else 0
    itemsize = np.dtype(settings.precision).itemsize
    input_bytes = sum(values.nbytes for _, values in arrays.values())
    frame_bytes = 8 * field.grid.n_cells
    attrs = {"crs": layer.crs, "height_datum": layer.height_datum, "threshold_m": settings.threshold_m}
    per_member = settings.seconds_per_cell_step * layer.grid.n_cells * output_s[-1] / (0.07 * layer.grid.cell_m)
    flood = describe_warned_flood(
        n, (len(output_s), len(map_s), len(point_s)), layer.grid.shape, n_links=n_links, n_points=len(points.name),
        attrs=attrs,
    )  # fmt: skip
    memory = FloodMemory(layer.grid.n_cells, itemsize, input_bytes, list_parts(flood), settings.soil is not None, True)
    rain_bytes = 8 * rain.grid.n_cells * (len(rain.before) + n_steps)  # of a member: what is read, and put together
    steps: list[BlockStep | ReductionStep] = [
        BlockStep(
            name="motion", function=f"{STEPS}:find_motion", dim="motion", extent=1, inputs=("inputs.zarr:radar",),
            memory_bytes=lambda block: 30 * frame_bytes, seconds=lambda block: 2.0,
        ),
        BlockStep(
            name="forecast", function=f"{STEPS}:forecast_members", dim="member", extent=n,
            inputs=("inputs.zarr:radar,rain_after,rain_weight,number", "work/motion"),
            memory_bytes=lambda block: RAIN_ARRAYS_HELD * frame_bytes,
            seconds=lambda block: SECONDS_PER_RAIN_CELL_STEP * field.grid.n_cells * n_steps,
            params=laid.forecast,
            product="forecast", scalars=("unseen",),
        ),
        BlockStep(
            name="inundation", function=f"{STEPS}:flood_members", dim="member", extent=n,
            inputs=("inputs.zarr", "forecast:forecast_rain"),
            memory_bytes=lambda block: memory.count_block(block) + rain_bytes * (block.stop - block.start),
            seconds=lambda block: per_member * (block.stop - block.start),
            params=laid.flood, per_block=settings.members_per_block or 1, product="flood",
            scalars=(*VOLUMES, "balance", "n_steps", "n_limited"),
        ),
    ]  # fmt: skip
    files = [*layer.sources, *field.sources, *points.sources, *laid.sources, *settings.name_rasters()]
    files += [Path(settings.observations)] if settings.observations is not None else []
    if settings.terrain is not None and city is not None:
        files.append(Path(settings.terrain))
    missing: tuple[str, ...] = (
        (f"{100 * rain.missing:.3g} % of the known rain over the ground is missing, and taken as none.",)
        if rain.missing
        else ()
    )
    if rain.wet_s < 60.0 * settings.spin_up_minutes - 1e-9:
        missing += (
            f"The ground was wetted by {rain.wet_s / 60:g} min of rain, not by the {settings.spin_up_minutes:g} min "
            "asked for: no earlier frames are known.",
        )
    return Prepared(
        steps=tuple(steps),
        products=(
            describe_forecast(n, n_steps, rain.grid.shape, {"crs": layer.crs}),
            flood,
        ),
        arrays=arrays,
        title="flood warning" if city is None else f"flood warning for {city.name}",
        inputs={path.name: path for path in files if path.exists()},
        notes=(*layer.notes, *field.notes, *points.notes, *laid.notes, *observed_notes, *missing),
        seeds={"ensemble": settings.seed, "storms": settings.storm_seed},
        attrs={
            **attrs, "grid": laid.flood["grid"], "rain_grid": laid.flood["rain_grid"],
            "thresholds_m": points.threshold_m, "issued_s": rain.issued_s,
            "valid_until_s": rain.issued_s + round(lead_s), "rain_step_s": rain.step_s,
            "members": settings.members, "has_observed": bool(len(rain.after)), "unseen": rain.unseen,
        },
    )  # fmt: skip


WORKFLOW = Workflow(
    name="flood-warning",
    summary="from radar rain to the points that will be flooded: when, how deep, and how likely",
    settings=FloodWarningSettings,
    prepare=prepare_warning,
    finish=finish_warning,
    modules=("numba", STEPS),
)
