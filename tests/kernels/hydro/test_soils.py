"""The table of soils, and what a wet one can still take."""

from __future__ import annotations

import pytest

from citytide.kernels.hydro.soils import SOILS, Soil


def test_silt_loam_is_the_textbooks() -> None:
    """Chow, Maidment & Mays (1988), table 4.3.1: 0.65 cm/h, 16.68 cm, effective porosity 0.486."""
    soil = SOILS["silt-loam"]
    assert soil.conductivity_m_s * 3.6e5 == pytest.approx(0.65) and soil.suction_m == pytest.approx(0.1668)
    assert soil.find_deficit(0.3) == pytest.approx(0.34, abs=5e-4) and soil.find_deficit(1.0) == 0.0


def test_finer_soils_conduct_less() -> None:
    order = ["sand", "loamy-sand", "sandy-loam", "silt-loam", "loam", "sandy-clay-loam", "sandy-clay", "clay", "paved"]
    rates = [SOILS[name].conductivity_m_s for name in order]
    assert rates == sorted(rates, reverse=True) and rates[-1] == 0.0
    assert all(0.0 <= soil.porosity < 0.5 and 0.0 <= soil.suction_m < 0.32 for soil in SOILS.values())


@pytest.mark.parametrize("saturation", [-0.1, 1.1, float("nan")])
def test_saturation_is_a_share(saturation: float) -> None:
    with pytest.raises(ValueError, match=r"saturation must be in \[0, 1\], got"):
        Soil(1e-6, 0.1, 0.4).find_deficit(saturation)
