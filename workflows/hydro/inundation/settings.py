"""Settings of an inundation."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from ....hpc.plan.settings import listed
from ..rain_settings import RainSettings
from ..settings import Rate

__all__ = ["InundationSettings"]


class InundationSettings(RainSettings):
    """Settings of ``inundation``."""

    rain: str | None = Field(
        default=None,
        description="mm/h, a CSV of time and a rate for each zone, or frames: a folder or a file; a city's storms by "
        "default",
    )
    rain_zones: str | None = Field(default=None, description="raster of the zones of the CSV's columns")
    rain_factors: Annotated[list[Rate], BeforeValidator(listed)] = Field(
        default=[1.0], min_length=1, description="multiples of the rain: one member each"
    )
    ranks: int = Field(
        default=1,
        ge=1,
        le=4096,
        description="processes that share the ground over MPI; the store does not depend on it",
    )
    duration_minutes: float = Field(default=60.0, gt=0, le=100_000, description="how long to simulate")

    @field_validator("ranks")
    @classmethod
    def _one_gpu(cls, ranks: int, info: ValidationInfo) -> int:
        if ranks > 1 and info.data.get("device") == "gpu":
            raise ValueError(
                f"ranks must be 1 with device=gpu, got {ranks}: a block has one GPU; omit ranks, or device"
            )
        return ranks

    @field_validator("rain_factors")
    @classmethod
    def _each_once(cls, factors: list[float]) -> list[float]:
        if len(set(factors)) < len(factors):
            raise ValueError("list each factor only once")
        return factors
