"""Soils by texture, as the infiltration of Green and Ampt needs them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SOILS", "Soil"]

CM_H = 1.0 / 3.6e5  # m s-1 in a cm h-1


class Soil(NamedTuple):
    """What a soil does to water that stands on it.

    Attributes
    ----------
    conductivity_m_s
        At which it takes water once it is wet [m s-1].
    suction_m
        At the wet front [m].
    porosity
        Share of its volume that water can fill and leave.
    """

    conductivity_m_s: float
    suction_m: float
    porosity: float

    def find_deficit(self, saturation: float) -> float:
        """Share of the soil that water can still fill.

        Parameters
        ----------
        saturation
            Share of the pores that are full already, from 0 to 1.

        Raises
        ------
        ValueError
            If the saturation is no share.

        Examples
        --------
        >>> round(SOILS["silt-loam"].find_deficit(0.3), 3)
        0.34
        """
        if not 0.0 <= saturation <= 1.0:
            raise ValueError(f"saturation must be in [0, 1], got {saturation}")
        return (1.0 - saturation) * self.porosity


SOILS = {
    name: Soil(conductivity_cm_h * CM_H, suction_cm / 100.0, porosity)
    for name, conductivity_cm_h, suction_cm, porosity in (
        ("sand", 11.78, 4.95, 0.417),
        ("loamy-sand", 2.99, 6.13, 0.401),
        ("sandy-loam", 1.09, 11.01, 0.412),
        ("loam", 0.34, 8.89, 0.434),
        ("silt-loam", 0.65, 16.68, 0.486),
        ("sandy-clay-loam", 0.15, 21.85, 0.330),
        ("clay-loam", 0.10, 20.88, 0.309),
        ("silty-clay-loam", 0.10, 27.30, 0.432),
        ("sandy-clay", 0.06, 23.90, 0.321),
        ("silty-clay", 0.05, 29.22, 0.423),
        ("clay", 0.03, 31.63, 0.385),
        ("paved", 0.0, 0.0, 0.0),
    )
}
"""Means by texture of Rawls, Brakensiek & Miller (1983), doi:10.1061/(ASCE)0733-9429(1983)109:1(62); ``porosity`` is
their effective one. ``paved`` takes nothing."""
