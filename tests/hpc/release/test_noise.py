"""Noise is exact, discrete, drawn once, and paid for."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.noise import add_noise, refuse_unbounded_noise
from citytide.hpc.release.policy import CountedTable, Policy

TABLE = CountedTable(("code",), ("both", "first", "second"), sums={"both": ("first", "second")}, most_cells=3)
NOISY = Policy(epsilon=1.0, budget=2.0)


def test_noise_has_the_spread_of_its_scale() -> None:
    """Discrete Laplace of scale s has variance 2 q / (1 - q)^2 with q = exp(-1/s): 71.8 for 3 cells, 2 columns."""
    pytest.importorskip("opendp")
    counts = {name: np.full(20_000, 1_000) for name in ("both", "first", "second")}
    noisy = add_noise(counts, TABLE, NOISY)
    q = np.exp(-1 / 6)
    error = noisy["first"] - 1_000
    assert abs(error.var() / (2 * q / (1 - q) ** 2) - 1) < 0.1  # its standard deviation is about 0.016
    assert abs(error.mean()) < 0.5
    assert not np.array_equal(noisy["first"], noisy["second"])


def test_sums_are_recomputed_and_no_count_is_negative() -> None:
    pytest.importorskip("opendp")
    counts = {"both": np.full(500, 2), "first": np.ones(500, int), "second": np.ones(500, int)}
    noisy = add_noise(counts, TABLE, NOISY)
    assert (noisy["both"] == noisy["first"] + noisy["second"]).all()
    assert min(values.min() for values in noisy.values()) == 0


def test_noise_is_drawn_once_for_a_step_of_a_run(log: Any, cohort: np.ndarray) -> None:
    pytest.importorskip("opendp")
    exact = {"code": ["a"], "both": [900], "first": [400], "second": [500]}
    first = log.release(exact, cohort, TABLE, NOISY, run_id="run")
    again = log.release(exact, cohort, TABLE, NOISY, run_id="run")
    assert {name: values.tolist() for name, values in first.columns.items()} == {
        name: values.tolist() for name, values in again.columns.items()
    }
    assert first.line == again.line == 1 and len(log.kept) == 1
    assert "counts carry exact discrete Laplace noise, epsilon 1" in again.notes


def test_budget_that_is_spent_refuses_and_nothing_is_written(log: Any, cohort: np.ndarray) -> None:
    pytest.importorskip("opendp")
    exact = {"code": ["a"], "both": [900], "first": [400], "second": [500]}
    for _ in range(2):
        log.release(exact, cohort, TABLE, NOISY)
    with pytest.raises(RunError, match=r"epsilon=1 on top of 2 already spent exceeds the budget of 2: use an earlier"):
        log.release(exact, cohort, TABLE, NOISY)
    assert len(log.kept) == 2


def test_table_without_a_bound_per_person_is_refused() -> None:
    with pytest.raises(RunError, match=r"noise needs a bound .* has most_cells=0: state it in CountedTable"):
        refuse_unbounded_noise(replace(TABLE, most_cells=0), NOISY)


def test_missing_opendp_is_refused_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opendp", None)
    monkeypatch.setitem(sys.modules, "opendp.prelude", None)
    with pytest.raises(RunError, match=r"noise needs OpenDP.*pip install citytide\[privacy\]"):
        refuse_unbounded_noise(TABLE, NOISY)
    refuse_unbounded_noise(TABLE, Policy())
