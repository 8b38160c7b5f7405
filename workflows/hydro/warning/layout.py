"""Arrays and parameters of a warning's steps: ground, rain, points and times as arrays and plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...workflow import NamedArrays
from ..inputs.boundaries import RunTime, open_boundaries
from ..inputs.ground_arrays import as_texts, choose_outputs, lay_out_ground, pack_grid

if TYPE_CHECKING:
    from ....datasets.city.city import City
    from ....datasets.maps.layers import TerrainLayer
    from .points import Points
    from .rain import KnownRain
    from .settings import FloodWarningSettings

__all__ = ["WarningLayout", "lay_out_warning"]


POINTS_EVERY_S = 60.0


@dataclass(frozen=True)
class WarningLayout:
    """Arrays and parameters of a warning's steps.

    Attributes
    ----------
    arrays
        Every array that blocks and products read, as ``inputs.zarr`` holds it.
    sources
        Files of the boundaries.
    forecast, flood
        Parameters of the forecast's and of the simulation's step, as the plan holds them.
    notes
        What readers of the boundaries assumed.
    """

    arrays: NamedArrays
    sources: tuple[Path, ...]
    forecast: dict[str, Any]
    flood: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def n_members(self) -> int:
        """Members, the control and what was observed among them."""
        return len(self.arrays["number"][1])

    @property
    def n_links(self) -> int:
        """Links of the city; 0 without one."""
        return int(self.arrays["link"][1].size) if "link" in self.arrays else 0


def lay_out_warning(
    settings: FloodWarningSettings,
    layer: TerrainLayer,
    city: City | None,
    rain: KnownRain,
    points: Points,
) -> WarningLayout:
    """Lay out ground, rain and times; members are the control, those of the ensemble, and what was seen."""
    wet_s = rain.wet_s
    lead_s = 60.0 * settings.lead_minutes
    n_steps = int(np.ceil(lead_s / rain.step_s - 1e-9))
    ahead = choose_outputs(lead_s, 60.0 * settings.output_minutes)
    output_s = ([wet_s] if wet_s else []) + [wet_s + at for at in ahead]
    # A point's depth is kept far more often than maps are: between two outputs water may come and drain away again.
    often = choose_outputs(lead_s, min(POINTS_EVERY_S, 60.0 * settings.output_minutes))
    point_s = sorted({wet_s, *output_s, *(wet_s + at for at in often)})
    every = max(1, round(settings.map_minutes / settings.output_minutes))
    map_s = sorted({wet_s + ahead[at] for at in range(every - 1, len(ahead), every)} | {output_s[-1]})
    forecast: dict[str, Any] = {
        "rows": rain.rows, "columns": rain.columns, "n_steps": n_steps, "seed": settings.seed,
        "cell_m": rain.grid.cell_m, "step_s": rain.step_s,
        "unseen_limit": settings.rain_unseen_limit,
    }  # fmt: skip
    flood: dict[str, Any] = {
        "grid": pack_grid(layer.grid), "rain_grid": pack_grid(rain.grid), "rain_end_s": float("inf"),
        "output_s": output_s, "map_s": map_s, "point_s": point_s,
        **settings.ask_scheme(),
    }  # fmt: skip
    epoch_s = rain.start_utc_s
    number = [0, *range(1, settings.members + 1), *([-1] if len(rain.after) else [])]
    names = ["control", *(f"member {at}" for at in number[1:] if at > 0), *(["observed"] if len(rain.after) else [])]
    boundaries = open_boundaries(settings, layer, RunTime(wet_s + lead_s, epoch_s, settings.time_zone, True))
    arrays = lay_out_ground(settings, layer, city, boundaries) | {
        "radar": (("radar_frame", "radar_y", "radar_x"), rain.radar),
        "rain_before": (("frame_before", "rain_y", "rain_x"), rain.before),
        "rain_after": (("frame_after", "rain_y", "rain_x"), rain.after),
        "rain_weight": (("rain_y", "rain_x"), rain.weight),
        "rain_y": (("rain_y",), rain.grid.y),
        "rain_x": (("rain_x",), rain.grid.x),
        "step": (("step",), rain.issued_s + rain.step_s * np.arange(1, n_steps + 1, dtype=np.int64)),
        "number": (("member",), np.array(number, dtype=np.int64)),
        "member": (("member",), as_texts(names)),
        "rain_factor": (("member",), np.ones(len(number))),
        "point": (("point",), as_texts(points.name)),
        "point_cell": (("point",), points.cell),
        "point_x": (("point",), points.x),
        "point_y": (("point",), points.y),
        "time": (("time",), np.round(np.array(output_s)).astype(np.int64) + epoch_s),
        "point_time": (("point_time",), np.round(np.array(point_s)).astype(np.int64) + epoch_s),
        "map_time": (("map_time",), np.round(np.array(map_s)).astype(np.int64) + epoch_s),
        "rain_start_s": (("rain_frame",), rain.step_s * np.arange(len(rain.before) + n_steps, dtype=np.float64)),
    }
    return WarningLayout(arrays, boundaries.sources, forecast, flood, boundaries.notes)
