"""Rain, water on the ground, and how good a forecast of either was.

Every kernel of the field is an attribute of this package: ``hydro.advance_shallow_water(...)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exports import export_lazily

if TYPE_CHECKING:
    from .inertia.outflows import measure_outflows
    from .inertia.step import advance_inertia, signal_speed
    from .infiltration import compute_infiltration, compute_runoff
    from .inundation import advance_flood
    from .rain.advection import extrapolate_rain
    from .rain.kriging import krige_gauges
    from .rain.motion import estimate_motion
    from .rain.nowcast import nowcast_ensemble
    from .rain.precipitation import adjust_rain, compute_reflectivity, estimate_field_bias, estimate_rain, sample_rain
    from .shallow_water.step import advance_shallow_water, measure_signals
    from .soils import SOILS, Soil
    from .surface_water.adaptive_steps import WindowRule
    from .surface_water.maps import MAPS
    from .surface_water.surface import Surface
    from .surface_water.water import Forcing, Water, measure_volumes
    from .verification.contingency import Contingency, count_outcomes
    from .verification.crps import score_crps
    from .verification.fss import score_fss
    from .verification.interval import Interval, estimate_interval
    from .verification.probability import Reliability, count_reliability, score_brier, score_brier_skill

__all__ = [
    "MAPS",
    "SOILS",
    "Contingency",
    "Forcing",
    "Interval",
    "Reliability",
    "Soil",
    "Surface",
    "Water",
    "WindowRule",
    "adjust_rain",
    "advance_flood",
    "advance_inertia",
    "advance_shallow_water",
    "compute_infiltration",
    "compute_reflectivity",
    "compute_runoff",
    "count_outcomes",
    "count_reliability",
    "estimate_field_bias",
    "estimate_interval",
    "estimate_motion",
    "estimate_rain",
    "extrapolate_rain",
    "krige_gauges",
    "measure_outflows",
    "measure_signals",
    "measure_volumes",
    "nowcast_ensemble",
    "sample_rain",
    "score_brier",
    "score_brier_skill",
    "score_crps",
    "score_fss",
    "signal_speed",
]

_HOMES = {
    "measure_outflows": ".inertia.outflows",
    "advance_inertia": ".inertia.step",
    "signal_speed": ".inertia.step",
    "compute_infiltration": ".infiltration",
    "compute_runoff": ".infiltration",
    "advance_flood": ".inundation",
    "extrapolate_rain": ".rain.advection",
    "krige_gauges": ".rain.kriging",
    "estimate_motion": ".rain.motion",
    "nowcast_ensemble": ".rain.nowcast",
    "adjust_rain": ".rain.precipitation",
    "compute_reflectivity": ".rain.precipitation",
    "estimate_field_bias": ".rain.precipitation",
    "estimate_rain": ".rain.precipitation",
    "sample_rain": ".rain.precipitation",
    "advance_shallow_water": ".shallow_water.step",
    "measure_signals": ".shallow_water.step",
    "SOILS": ".soils",
    "Soil": ".soils",
    "WindowRule": ".surface_water.adaptive_steps",
    "MAPS": ".surface_water.maps",
    "Surface": ".surface_water.surface",
    "Forcing": ".surface_water.water",
    "Water": ".surface_water.water",
    "measure_volumes": ".surface_water.water",
    "Contingency": ".verification.contingency",
    "count_outcomes": ".verification.contingency",
    "score_crps": ".verification.crps",
    "score_fss": ".verification.fss",
    "Interval": ".verification.interval",
    "estimate_interval": ".verification.interval",
    "Reliability": ".verification.probability",
    "count_reliability": ".verification.probability",
    "score_brier": ".verification.probability",
    "score_brier_skill": ".verification.probability",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
