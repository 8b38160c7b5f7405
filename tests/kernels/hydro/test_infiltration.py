from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.infiltration import compute_infiltration, compute_runoff

SILT_LOAM = {"conductivity_m_s": 0.0065 / 3600, "suction_m": 0.167, "deficit": 0.34}
SOIL = {"conductivity_m_s": st.floats(1e-9, 1e-3), "suction_m": st.floats(1e-3, 1.0), "deficit": st.floats(0.01, 0.6)}


ENGINES = ["numba", "numpy", "python"]


@pytest.mark.parametrize("engine", ENGINES)
def test_silt_loam_takes_what_the_textbook_says(engine: str) -> None:
    """Chow, Maidment & Mays (1988), example 4.3.1: 3.17 cm in an hour, at a rate of 1.81 cm/h at its end."""
    sunk = compute_infiltration(0.0, time_step_s=3600.0, engine=engine, **SILT_LOAM)
    assert float(sunk) == pytest.approx(0.0317, abs=5e-5)
    rate = compute_infiltration(sunk, time_step_s=1.0, engine=engine, **SILT_LOAM) * 3600.0
    assert float(rate) == pytest.approx(0.0181, abs=1e-4)


def draw_soils(seed: int, n: int) -> dict[str, np.ndarray]:
    """Soils of all kinds, sealed and without suction among them."""
    random = np.random.default_rng(seed)
    conductivity = 10.0 ** random.uniform(-9, -3, n) * (random.random(n) > 0.1)
    suction = 10.0 ** random.uniform(-3, 0, n) * (random.random(n) > 0.1)
    return {"conductivity_m_s": conductivity, "suction_m": suction, "deficit": random.uniform(0, 0.6, n)}


@given(seed=st.integers(0, 10_000), step=st.floats(1.0, 1e5))
def test_engines_agree(seed: int, step: float) -> None:
    sunk, soils = np.random.default_rng(seed).random(40), draw_soils(seed, 40)
    found = [compute_infiltration(sunk, time_step_s=step, engine=engine, **soils) for engine in ENGINES]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("engine", ENGINES)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 39))
def test_bits_of_a_cell_hang_on_no_other(engine: str, seed: int, cut: int) -> None:
    """A tile, or a member, is computed alone or together with others."""
    sunk, soils = np.random.default_rng(seed).random(40), draw_soils(seed, 40)
    whole = compute_infiltration(sunk, time_step_s=60.0, engine=engine, threads=2, **soils)
    parts = [
        compute_infiltration(
            sunk[part], time_step_s=60.0, engine=engine, **{name: values[part] for name, values in soils.items()}
        )
        for part in (slice(cut), slice(cut, None))
    ]
    assert np.array_equal(whole, np.concatenate(parts))


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
    [
        ({"deficit": 1.5}, "deficit must be at most 1, got 1.5"),
        ({"suction_m": -1.0}, "suction_m"),
        ({"time_step_s": 0.0}, "time_step_s"),
    ],
)
def test_wrong_arguments_are_named(changed: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compute_infiltration(0.0, **{"time_step_s": 1.0, **SILT_LOAM, **changed})


@pytest.mark.parametrize(("rain", "number", "said"), [(-1.0, 80.0, "rain_mm"), (1.0, 0.0, "curve_number must be in")])
def test_wrong_storms_are_named(rain: float, number: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compute_runoff(rain, number)


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_runoff_of_cupys_arrays_has_the_bits_of_the_host(cupy: Any, share: float) -> None:
    random = np.random.default_rng(4)
    rain, number = random.gamma(0.5, 60.0, (3, 5)), random.uniform(1.0, 100.0, 5)
    number[2] = 100.0
    for arrays in ((rain, number), (rain.astype("f4"), number), (rain.astype("i8"), 80), (np.zeros((0, 5)), number)):
        moved = [cupy.asarray(one) if isinstance(one, np.ndarray) else one for one in arrays]
        found = compute_runoff(*moved, initial_share=share)
        assert isinstance(found, cupy.ndarray)
        np.testing.assert_array_equal(found.get(), compute_runoff(*arrays, initial_share=share), strict=True)
    assert isinstance(compute_runoff(cupy.asarray(127.0), 83.8), cupy.ndarray)
    with pytest.raises(EngineError, match="got rain_mm on a GPU and curve_number on the host: hand over cupy"):
        compute_runoff(cupy.asarray(rain), number)
    with pytest.raises(ValueError, match=r"curve_number must be in \(0, 100\], got 120"):
        compute_runoff(cupy.asarray(rain), 120)
