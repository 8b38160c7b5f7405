from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.hydro.infiltration import compute_infiltration, compute_runoff

SILT_LOAM = {"conductivity_m_s": 0.0065 / 3600, "suction_m": 0.167, "deficit": 0.34}
SOIL = {"conductivity_m_s": st.floats(1e-9, 1e-3), "suction_m": st.floats(1e-3, 1.0), "deficit": st.floats(0.01, 0.6)}


def test_silt_loam_takes_what_the_textbook_says() -> None:
    """Chow, Maidment & Mays (1988), example 4.3.1: 3.17 cm in an hour, at a rate of 1.81 cm/h at its end."""
    sunk = compute_infiltration(0.0, time_step_s=3600.0, **SILT_LOAM)
    assert float(sunk) == pytest.approx(0.0317, abs=5e-5)
    rate = compute_infiltration(sunk, time_step_s=1.0, **SILT_LOAM) * 3600.0
    assert float(rate) == pytest.approx(0.0181, abs=1e-4)


@given(sunk=st.floats(0.0, 1.0), step=st.floats(1.0, 1e5), soil=st.fixed_dictionaries(SOIL))
def test_answer_solves_the_equation(sunk: float, step: float, soil: dict[str, float]) -> None:
    taken = float(compute_infiltration(sunk, time_step_s=step, **soil))
    pull = soil["suction_m"] * soil["deficit"]
    least = soil["conductivity_m_s"] * step
    residual = taken - pull * np.log1p(taken / (sunk + pull)) - least
    assert abs(residual) <= 1e-12 * (1.0 + taken) and taken >= least


@given(step=st.floats(10.0, 1e4), soil=st.fixed_dictionaries(SOIL))
def test_two_half_steps_are_one_step(step: float, soil: dict[str, float]) -> None:
    whole = float(compute_infiltration(0.01, time_step_s=step, **soil))
    half = float(compute_infiltration(0.01, time_step_s=step / 2, **soil))
    rest = float(compute_infiltration(0.01 + half, time_step_s=step / 2, **soil))
    assert half + rest == pytest.approx(whole, rel=1e-9, abs=1e-13)


def test_soil_without_suction_takes_its_conductivity() -> None:
    dry = compute_infiltration([0.0, 0.5], conductivity_m_s=1e-6, suction_m=0.0, deficit=0.3, time_step_s=100.0)
    np.testing.assert_allclose(dry, 1e-4, rtol=1e-14)
    sealed = compute_infiltration(0.0, conductivity_m_s=0.0, suction_m=0.2, deficit=0.3, time_step_s=100.0)
    assert float(sealed) == 0.0


def test_storm_runs_off_as_the_textbook_says() -> None:
    """Chow, Maidment & Mays (1988), example 5.5.1: 3.25 of 5 inches at a curve number of 83.8."""
    assert float(compute_runoff(127.0, 83.8)) / 25.4 == pytest.approx(3.25, abs=0.005)


@given(rain=st.floats(0.0, 1000.0), number=st.floats(1.0, 100.0))
def test_runoff_is_at_most_the_rain_and_grows_with_it(rain: float, number: float) -> None:
    runoff = float(compute_runoff(rain, number))
    assert 0.0 <= runoff <= rain * (1 + 1e-12)
    assert float(compute_runoff(rain + 1.0, number)) >= runoff
    assert float(compute_runoff(rain, 100.0)) == pytest.approx(rain)


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"deficit": 1.5}, "at most 1"), ({"suction_m": -1.0}, "suction_m"), ({"time_step_s": 0.0}, "time_step_s")],
)
def test_wrong_arguments_are_named(changed: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compute_infiltration(0.0, **{"time_step_s": 1.0, **SILT_LOAM, **changed})


@pytest.mark.parametrize(("rain", "number", "said"), [(-1.0, 80.0, "rain_mm"), (1.0, 0.0, "curve number")])
def test_wrong_storms_are_named(rain: float, number: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compute_runoff(rain, number)
