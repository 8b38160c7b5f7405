"""Settings that every simulation of water on the ground shares."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..hpc.settings import Settings

__all__ = ["FloodSettings", "Rate"]

Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FloodSettings(Settings):
    """The ground, what it takes, its edges, and the scheme."""

    terrain: str | None = Field(
        default=None, description="city.zarr, or a raster of heights; the synthetic city by default"
    )
    crs: str | None = Field(default=None, description="of a raster that names none; local for no place on earth")
    height_datum: str | None = Field(default=None, description="from where a raster's heights are counted")
    roughness: str | None = Field(
        default=None, description="Manning's n: a number, a raster, or ZONES:0.035,0.055 for a raster of zones"
    )
    infiltration_mm_h: Rate = Field(default=0.0, description="the most that the soil takes [mm/h]")
    drainage_mm_h: Rate = Field(default=0.0, description="the most that the drains take [mm/h]")
    edges: Literal["closed", "open"] = Field(default="closed", description="walls around the ground, or free outflow")
    sea_level_m: float | None = Field(default=None, description="level of the sea where it meets the edge [m]")
    output_minutes: float = Field(default=5.0, gt=0, description="how often depths are stored")
    threshold_m: float = Field(default=0.1, gt=0, description="depth above which a cell counts as flooded [m]")
    courant: float = Field(default=0.45, gt=0, le=0.7, description="share of a cell that a wave crosses in a step")
    theta: float = Field(default=0.8, gt=0, le=1, description="weight of a face's own flow against its neighbours'")
    window_steps: int = Field(default=64, ge=1, description="steps whose length is fixed before they are made")
    precision: Literal["float32", "float64"] = Field(default="float32", description="of the simulation")
    members_per_block: int = Field(default=1, ge=1, description="members in one task; leaves no trace in the store")
