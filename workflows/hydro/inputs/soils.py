"""The soil of every cell, as a setting names it: a texture, numbers, or one for each zone of a raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....datasets.errors import InputError
from ....kernels.hydro.soils import SOILS
from .ground import read_zones

if TYPE_CHECKING:
    from ....datasets.maps.layers import TerrainLayer
    from ...workflow import NamedArrays
    from ..settings import FloodSettings

__all__ = ["lay_out_soil", "refuse_idle_settings"]

MM = 1e-3
MM_H = MM / 3600.0


def lay_out_soil(soil: str | None, saturation: float, layer: TerrainLayer) -> NamedArrays:
    """Lay out a soil everywhere, or ``ZONES.tif:loam,paved``: one for each zone of a raster; nothing without one.

    Raises
    ------
    InputError
        If a soil is unknown, or a zone has none.
    """
    if soil is None:
        return {}
    zones, names = read_zones(soil, layer, what="soil")
    found = np.array([_find_soil(name, saturation) for name in names])
    return {
        "soil_zone": (("y", "x"), zones),
        "soil_conductivity": (("soil",), found[:, 0]),
        "soil_suction": (("soil",), found[:, 1]),
        "soil_deficit": (("soil",), found[:, 2]),
    }


def refuse_idle_settings(settings: FloodSettings, layer: TerrainLayer, laid: NamedArrays) -> None:
    """Refuse settings that were given and that the soil, as laid out, leaves without effect.

    Raises
    ------
    InputError
        If there are drains and no sealed ground, or pores are full of which no soil tells the volume.
    """
    if settings.soil is None:
        return
    zones, conductivity = laid["soil_zone"][1], laid["soil_conductivity"][1]
    if settings.drainage_mm_h > 0.0 and not (conductivity[zones] == 0.0)[layer.valid].any():
        raise InputError(
            f"drainage_mm_h needs paved ground, because drains work where no water infiltrates, got "
            f"{settings.drainage_mm_h:g} and no paved ground",
            way_out="omit it, or give zones, one of them paved: --set soil=ZONES.tif:loam,paved",
        )
    if settings.is_given("soil_saturation") and not any(_is_texture(name) for name in _list_soils(settings.soil)):
        raise InputError(
            f"soil_saturation applies only to a texture that takes water, got {settings.soil_saturation:g} "
            f"and soil={settings.soil}",
            way_out="omit it: the deficit of K/SUCTION/DEFICIT is what the pores can still hold",
        )


def _list_soils(soil: str) -> list[str]:
    return soil.rpartition(":")[2].split(",")


def _squeeze(text: str) -> str:
    return text.strip().lower().replace(" ", "-").replace("_", "-")


def _is_texture(text: str) -> bool:
    known = SOILS.get(_squeeze(text))
    return known is not None and known.conductivity_m_s > 0.0


def _find_soil(text: str, saturation: float) -> tuple[float, float, float]:
    """Conductivity, suction and deficit of a name, or of ``K/SUCTION/DEFICIT`` in mm/h, mm and 1."""
    name = _squeeze(text)
    if name in SOILS:
        known = SOILS[name]
        return known.conductivity_m_s, known.suction_m, known.find_deficit(saturation)
    try:
        conductivity, suction, deficit = (float(part) for part in name.split("/"))
    except ValueError:
        raise InputError(
            f"soil {text.strip()!r} is unknown",
            way_out=f"choose one of {', '.join(SOILS)}, or write K/SUCTION/DEFICIT in mm/h, mm and a share",
        ) from None
    if not (0.0 <= conductivity < np.inf and 0.0 <= suction < np.inf and 0.0 <= deficit <= 1.0):
        raise InputError(
            f"soil must have K and suction >= 0 and a deficit in [0, 1], got {text.strip()!r}",
            way_out="write K/SUCTION/DEFICIT in mm/h, mm and a share",
        )
    return conductivity * MM_H, suction * MM, deficit
