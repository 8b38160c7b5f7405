"""What an inundation starts from, opened and checked: ground, rain, boundaries and output times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....datasets.city.city import City
from ....datasets.maps.layers import TerrainLayer
from ...workflow import NamedArrays
from ..inputs.boundaries import Boundaries, RunTime, open_boundaries
from ..inputs.ground import open_place
from ..inputs.ground_arrays import as_texts, choose_outputs, lay_out_ground, pack_grid
from .rain import RainForcing, open_rain
from .settings import InundationSettings

__all__ = ["InundationInputs", "open_inputs"]


@dataclass(frozen=True)
class InundationInputs:
    """What an inundation starts from.

    Attributes
    ----------
    layer, city
        The ground, and the city on it if there is one.
    rain
        Rain through time [mm h-1].
    output_s
        Times of the outputs [s], ascending.
    arrays
        Every array that blocks and products read, as ``inputs.zarr`` holds it.
    files
        Those that were opened; some may be no files.
    notes
        What readers assumed, for the report.
    """

    layer: TerrainLayer
    city: City | None
    rain: RainForcing
    output_s: list[float]
    arrays: NamedArrays
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def n_links(self) -> int:
        """Links of the city; 0 without one."""
        return int(self.arrays["link"][1].size) if "link" in self.arrays else 0

    def list_parameters(self, settings: InundationSettings) -> dict[str, Any]:
        """Parameters of the simulation beside its arrays, as the plan holds them."""
        return {
            "grid": pack_grid(self.layer.grid),
            "rain_grid": None if self.rain.grid is None else pack_grid(self.rain.grid),
            "rain_end_s": self.rain.end_s,
            "output_s": self.output_s,
            **settings.ask_scheme(),
        }


def open_inputs(settings: InundationSettings) -> InundationInputs:
    """Open ground, rain and boundaries, and lay them out.

    Raises
    ------
    InputError
        If one of them is missing, cannot be read, or does not fit the others.
    """
    layer, city = open_place(settings)
    duration_s = 60.0 * settings.duration_minutes
    rain = open_rain(settings, layer, city, duration_s)
    output_s = choose_outputs(duration_s, 60.0 * settings.output_minutes)
    boundaries = open_boundaries(settings, layer, RunTime(duration_s, rain.epoch_s, settings.time_zone))
    arrays = _lay_out(settings, layer, city, rain, boundaries, output_s)
    files = [*layer.sources, *rain.sources, *boundaries.sources, *settings.name_rasters()]
    if settings.terrain is not None and city is not None:
        files.append(Path(settings.terrain))
    notes = (*layer.notes, *rain.notes, *boundaries.notes)
    return InundationInputs(layer, city, rain, output_s, arrays, tuple(files), notes)


def _lay_out(
    settings: InundationSettings, layer: TerrainLayer, city: City | None, rain: RainForcing, boundaries: Boundaries,
    output_s: list[float],
) -> NamedArrays:  # fmt: skip
    """Every array that blocks and products read."""
    arrays = lay_out_ground(settings, layer, city, boundaries) | {
        "rain": (("frame", "rain_y", "rain_x"), rain.rain),
        "rain_start_s": (("frame",), rain.start_s),
        "rain_factor": (("member",), np.array(settings.rain_factors)),
        "member": (("member",), as_texts([f"rain x {factor:.15g}" for factor in settings.rain_factors])),
        "time": (("time",), np.round(np.array(output_s)).astype(np.int64) + (rain.epoch_s or 0)),
    }
    if rain.grid is None:
        zone = np.zeros(layer.grid.shape, dtype=np.uint8) if rain.zone is None else rain.zone
        arrays["rain_zone"] = (("y", "x"), zone)
    return arrays
