"""Settings that every simulation of water on the ground shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from ...datasets.text.times import check_zone
from ...hpc.plan.settings import Settings

__all__ = ["FloodSettings", "Rate"]

ASKED = (
    "infiltration_mm_h", "drainage_mm_h", "threshold_m", "scheme", "courant", "theta", "window_steps",
    "precision",
)  # fmt: skip
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FloodSettings(Settings):
    """The ground, what it takes, its edges, and the scheme."""

    terrain: str | None = Field(
        default=None, description="city.zarr, or a raster of heights; the synthetic city by default"
    )
    crs: str | None = Field(
        default=None, description="CRS to assume if the raster names none; local if it has no place on earth"
    )
    height_datum: str | None = Field(
        default=None, description="datum of a raster's heights, such as EGM96, CN85 or EPSG:5621"
    )
    height_units: str | None = Field(
        default=None, description="unit of the heights if the raster names none: m (also if omitted), cm, ft, us-ft"
    )
    nodata: str | None = Field(
        default=None, description="number, or nan, in a raster of heights that stands for no data"
    )
    resample_m: float | None = Field(
        default=None, gt=0, allow_inf_nan=False,
        description="side of the cells [m] that a raster of heights in degrees, feet or other cells is resampled to",
    )  # fmt: skip
    resample_crs: str | None = Field(
        default=None, description="plane in metres to which a raster is resampled; if omitted, one that suits its place"
    )
    roughness: str | None = Field(
        default=None, description="Manning's n: a number, a raster, or ZONES:0.035,0.055 for a raster of zones"
    )
    infiltration_mm_h: Rate = Field(default=0.0, description="the most that the soil takes [mm/h]")
    drainage_mm_h: Rate = Field(default=0.0, description="the most that the drains take [mm/h]")
    soil: str | None = Field(
        default=None,
        description="what takes water by Green and Ampt: a texture such as loam, K/SUCTION/DEFICIT (mm/h, mm, share), "
        "or ZONES:loam,paved for a raster of zones; drains work where no water infiltrates",
    )
    soil_saturation: float = Field(default=0.5, ge=0, le=1, description="share of a texture's pores full at the start")
    edges: Literal["closed", "open"] = Field(default="closed", description="walls around the ground, or free outflow")
    sea_level: str | None = Field(
        default=None, description="level of the sea where it meets the edge: metres, or a CSV of time and level"
    )
    inflow: str | None = Field(
        default=None, description="points 'X Y M3_PER_S' or 'X Y HYDROGRAPH.csv', several divided by ;"
    )
    time_zone: str | None = Field(
        default=None, description="time zone of dates in tables, and in names of files, that name no offset"
    )
    missing: str | None = Field(
        default=None,
        description="what stands for no value in tables and frames, such as 999.9,---; none if every number is a value",
    )
    output_minutes: float = Field(default=5.0, gt=0, allow_inf_nan=False, description="how often depths are stored")
    threshold_m: float = Field(
        default=0.1, gt=0, allow_inf_nan=False, description="depth above which a cell counts as flooded [m]"
    )
    scheme: Literal["inertia", "shallow-water"] = Field(
        default="inertia", description="local inertia, or all of the shallow-water equations (five times the work)"
    )
    courant: float | None = Field(
        default=None, gt=0, le=0.7, validate_default=True,
        description="share of a cell that a wave crosses in a step; 0.45, for shallow water 0.25",
    )  # fmt: skip
    theta: float = Field(default=0.8, gt=0, le=1, description="weight of a face's own flow against its neighbours'")
    window_steps: int = Field(default=64, ge=1, description="number of steps whose length is chosen together")
    precision: Literal["float32", "float64"] = Field(default="float32", description="number format of the simulation")
    device: Literal["auto", "cpu", "gpu"] = Field(
        default="auto",
        description="where water and rain are computed; auto takes a GPU where the profile says how much memory its "
        "GPUs have, and a block fits",
    )
    members_per_block: int | None = Field(
        default=None,
        ge=1,
        description="members in one task; 1, with ranks all, on a GPU of known memory as many as fit; the store does "
        "not depend on it",
    )

    @field_validator("courant")
    @classmethod
    def _stable(cls, courant: float | None, info: ValidationInfo) -> float:
        full = info.data.get("scheme") == "shallow-water"
        if courant is None:
            return 0.25 if full else 0.45
        if full and courant > 0.5:
            raise ValueError(
                f"courant must be at most 0.5 for shallow-water, got {courant:g}; at 0.25 no depth falls below 0"
            )
        return courant

    @field_validator("soil")
    @classmethod
    def _one_loss(cls, soil: str | None, info: ValidationInfo) -> str | None:
        if soil is not None and info.data.get("infiltration_mm_h"):
            raise ValueError("soil and infiltration_mm_h exclude each other: omit one of them")
        return soil

    @field_validator("time_zone")
    @classmethod
    def _known(cls, time_zone: str | None) -> str | None:
        if time_zone is not None:
            check_zone(time_zone)
        return time_zone

    @field_validator("theta")
    @classmethod
    def _of_inertia(cls, theta: float, info: ValidationInfo) -> float:  # like the next, of what was given only
        if info.data.get("scheme") == "shallow-water":
            raise ValueError("theta applies only to scheme=inertia, got shallow-water: omit theta")
        return theta

    @field_validator("soil_saturation")
    @classmethod
    def _of_a_soil(cls, saturation: float, info: ValidationInfo) -> float:
        if "soil" in info.data and info.data["soil"] is None:
            raise ValueError("soil_saturation applies only to a soil, but soil was not given: omit it, or give a soil")
        return saturation

    def is_given(self, name: str) -> bool:
        """Whether somebody gave the setting, be it the default."""
        return name in self.model_fields_set

    def ask_scheme(self) -> dict[str, Any]:
        """What a block needs of these settings."""
        return {name: getattr(self, name) for name in ASKED}

    def name_rasters(self) -> list[Path]:
        """Files that roughness and soil may name; a number or a texture is a file that does not exist."""
        return [Path(text.rpartition(":")[0] or text) for text in (self.roughness, self.soil) if text is not None]

    @property
    def seconds_per_cell_step(self) -> float:
        """Rough: from benchmarks/NOTES.md."""
        return 3e-8 if self.scheme == "shallow-water" else 1e-8
