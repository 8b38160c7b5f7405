"""The soil under the water: what it takes, by what has sunk already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.errors import InputError
from ...kernels.hydro.infiltration import compute_infiltration
from ...kernels.hydro.soils import SOILS
from .ground import read_zones

if TYPE_CHECKING:
    from ...datasets.maps.layers import TerrainLayer
    from .layout import NamedArrays
    from .settings import FloodSettings

__all__ = ["SoilColumn", "lay_out_soil", "refuse_idle_settings"]

MM = 1e-3
MM_H = MM / 3600.0


@dataclass(frozen=True)
class SoilColumn:
    """The soil of every cell (y, x): Green and Ampt's conductivity [m s-1], suction [m] and deficit."""

    conductivity_m_s: NDArray[Any]
    suction_m: NDArray[Any]
    deficit: NDArray[Any]

    @property
    def is_sealed(self) -> NDArray[np.bool_]:
        """(y, x) where it takes nothing."""
        return np.asarray(self.conductivity_m_s == 0.0)

    def take(self, sunk: NDArray[Any], seconds: float) -> NDArray[Any]:
        """The most that sinks within the next seconds, after a depth ``sunk`` (member, y, x) [m], as a rate [m s-1]."""
        most = compute_infiltration(
            sunk, conductivity_m_s=self.conductivity_m_s, suction_m=self.suction_m, deficit=self.deficit,
            time_step_s=seconds,
        )  # fmt: skip
        return most / seconds

    def apply(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> SoilColumn:
        """The same soil on other cells, such as a tile's."""
        return SoilColumn(change(self.conductivity_m_s), change(self.suction_m), change(self.deficit))


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
            f"drainage_mm_h is {settings.drainage_mm_h:g}, and drains take water where the soil takes none, which is "
            "nowhere here",
            way_out="leave it out, or give zones of which one is paved: --set soil=ZONES.tif:loam,paved",
        )
    if settings.is_given("soil_saturation") and not any(_is_texture(name) for name in _list_soils(settings.soil)):
        raise InputError(
            f"soil_saturation is {settings.soil_saturation:g}, and the soil is no texture that takes water",
            way_out="leave it out: K/SUCTION/DEFICIT tells itself what the pores still hold",
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
            way_out=f"choose of {', '.join(SOILS)}, or write K/SUCTION/DEFICIT in mm/h, mm and a share",
        ) from None
    if not (0.0 <= conductivity < np.inf and 0.0 <= suction < np.inf and 0.0 <= deficit <= 1.0):
        raise InputError(
            f"soil {text.strip()!r} is out of range", way_out="give K and suction from 0 up, deficit 0 to 1"
        )
    return conductivity * MM_H, suction * MM, deficit
