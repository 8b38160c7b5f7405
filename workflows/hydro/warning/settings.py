"""Settings of a flood warning."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from ....hpc.plan.settings import listed
from ..rain_settings import RainSettings

__all__ = ["FloodWarningSettings"]

Depth = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]  # as of points: one of more is in centimetres


class FloodWarningSettings(RainSettings):
    """Settings of ``flood-warning``."""

    rain: str | None = Field(default=None, description="frames: a folder or a file; synthetic storms by default")
    storm_seed: int = Field(default=1, ge=0, lt=2**63, description="seed of the synthetic storms")
    points: str | None = Field(
        default=None, description="CSV or GeoJSON of the points to warn; a synthetic city's basins by default"
    )
    observations: str | None = Field(
        default=None, description="CSV of point, time and depth (m), measured since: the warnings are verified"
    )
    thresholds_m: Annotated[list[Depth], BeforeValidator(listed)] = Field(
        default=[0.15, 0.3, 0.5], min_length=1, description="depths to warn of if a point names none [m]"
    )
    issued_at: str | None = Field(
        default=None, description="when the warning is issued (UTC); the last frame, or ahead of the wettest storm"
    )
    lead_minutes: float = Field(default=120.0, gt=0, le=1440, description="how far the warning looks ahead")
    spin_up_minutes: float = Field(
        default=60.0,
        ge=0,
        le=1440,
        description="minutes of known rain before the warning is issued, simulated to wet the ground",
    )
    members: int = Field(default=20, ge=1, le=1000, description="forecasts of the rain, beside the control")
    seed: int = Field(default=1, ge=0, lt=2**63, description="seed of the ensemble")
    map_minutes: float = Field(
        default=30.0, gt=0, allow_inf_nan=False, description="how often depths are stored everywhere"
    )
