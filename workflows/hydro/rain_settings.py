"""Settings of frames of rain, which a flood and its warning share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .settings import FloodSettings

__all__ = ["RainSettings"]


class RainSettings(FloodSettings):
    """What files of frames leave open, and what is made of cells that are unknown or none of rain."""

    rain_units: str | None = Field(
        default=None,
        description="unit of a rain table's rates, or of frames that name none, such as 'mm h-1' or 'm s-1'",
    )
    rain_crs: str | None = Field(default=None, description="CRS to assume if the frames name none")
    rain_level: float | None = Field(
        default=None, allow_inf_nan=False, description="elevation [degrees] or height [m] in ODIM files with several"
    )
    rain_cap_mm_h: float | None = Field(
        default=None, gt=0, le=2000,
        description="rates of frames above it are set to it; 53 dBZ of reflectivity by default",
    )  # fmt: skip
    rain_unseen_limit: float = Field(
        default=0.5, ge=0, lt=1, description="share of the rain over the ground that may be unknown, and counts as none"
    )
    place_rain_at: str | None = Field(default=None, description="X,Y [m] of the ground where the frames' middle is put")
    fill: Literal["linear"] | None = Field(default=None, description="fill missing frames from their neighbours")

    def list_frame_settings(self) -> list[str]:
        """Names of the settings that are given and say something of frames only."""
        names = ("rain_crs", "rain_level", "rain_cap_mm_h", "place_rain_at", "fill")
        given = [name for name in names if getattr(self, name) is not None]
        return given + [name for name in ("rain_unseen_limit",) if self.is_given(name)]

    def ask_reader(self) -> dict[str, Any]:
        """What a reader of frames needs of these settings."""
        from ...datasets.text.missing import read_missing

        missing = None if self.missing is None else read_missing(self.missing)
        return {
            "crs": self.rain_crs, "units": self.rain_units, "missing": missing, "level": self.rain_level,
            "cap_mm_h": self.rain_cap_mm_h, "fill": self.fill, "time_zone": self.time_zone,
        }  # fmt: skip
