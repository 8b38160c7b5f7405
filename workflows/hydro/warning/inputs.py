"""What a flood warning starts from, opened and checked: ground, points, rain as it was known, and readings since."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ....datasets.city.city import City
from ....datasets.maps.layers import TerrainLayer
from ..inputs.ground import open_place
from .layout import WarningLayout, lay_out_warning
from .observations import open_observations
from .points import Points, open_points
from .rain import KnownRain, open_rain_field, split_rain
from .settings import FloodWarningSettings

if TYPE_CHECKING:
    from ....datasets.hydro.rain.field import RainField

__all__ = ["WarningInputs", "open_inputs"]


@dataclass(frozen=True)
class WarningInputs:
    """What a flood warning starts from.

    Attributes
    ----------
    layer, city
        The ground, and the city on it if there is one.
    points
        Where warnings are wanted.
    field
        All frames of rain [mm h-1].
    rain
        The rain known when the warning is issued [mm h-1].
    laid
        Every array that blocks and products read, and the parameters of the steps.
    files
        Those that were opened; some may be no files.
    notes
        What readers assumed, for the report.
    """

    layer: TerrainLayer
    city: City | None
    points: Points
    field: RainField
    rain: KnownRain
    laid: WarningLayout
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def open_inputs(settings: FloodWarningSettings) -> WarningInputs:
    """Open ground, points, rain and readings, and lay them out.

    Raises
    ------
    InputError
        If one of them is missing, cannot be read, or does not fit the others.
    """
    layer, city = open_place(settings)
    points = open_points(settings.points, layer, city, settings.thresholds_m)
    field = open_rain_field(settings, layer)
    rain = split_rain(
        field, layer.grid, issued_at=settings.issued_at, spin_up_s=60.0 * settings.spin_up_minutes,
        lead_s=60.0 * settings.lead_minutes, unseen_limit=settings.rain_unseen_limit, valid=layer.valid,
    )  # fmt: skip
    laid = lay_out_warning(settings, layer, city, rain, points)
    files = [*layer.sources, *field.sources, *points.sources, *laid.sources, *settings.name_rasters()]
    notes = [*layer.notes, *field.notes, *points.notes, *laid.notes]
    if settings.observations is not None:
        time = laid.arrays["point_time"][1]
        observed, observed_notes = open_observations(
            settings.observations,
            points,
            time[time >= rain.issued_s],
            time_zone=settings.time_zone,
            missing=settings.missing,
        )
        laid.arrays["observed_depth"] = (("time_ahead", "point"), observed)
        files.append(Path(settings.observations))
        notes += observed_notes
    if settings.terrain is not None and city is not None:
        files.append(Path(settings.terrain))
    return WarningInputs(
        layer, city, points, field, rain, laid, tuple(files), (*notes, *_note_missing_rain(settings, rain))
    )


def _note_missing_rain(settings: FloodWarningSettings, rain: KnownRain) -> list[str]:
    notes = []
    if rain.missing:
        notes.append(f"{100 * rain.missing:.3g} % of the known rain over the ground is missing, and taken as none.")
    if rain.wet_s < 60.0 * settings.spin_up_minutes - 1e-9:
        notes.append(
            f"The ground was wetted by {rain.wet_s / 60:g} min of rain, not by the {settings.spin_up_minutes:g} min "
            "asked for: no earlier frames are known."
        )
    return notes
