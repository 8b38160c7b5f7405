"""Epsilon is spent up to the budget and no further."""

from __future__ import annotations

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.budget import refuse_overspending
from citytide.hpc.release.policy import Policy


def test_tenth_tenth_still_fits_a_budget_of_one() -> None:
    refuse_overspending(Policy(epsilon=0.1, budget=1.0), sum([0.1] * 9))
    with pytest.raises(RunError, match=r"epsilon=0.1 on top of 1 already spent exceeds the budget of 1"):
        refuse_overspending(Policy(epsilon=0.1, budget=1.0), sum([0.1] * 10))


def test_release_without_noise_costs_nothing() -> None:
    refuse_overspending(Policy(), 100.0)


@pytest.mark.parametrize("epsilon", [-1.0, float("nan"), float("inf")])
def test_epsilon_must_be_a_number(epsilon: float) -> None:
    with pytest.raises(RunError, match=r"epsilon must be finite and >= 0, got"):
        refuse_overspending(Policy(epsilon=epsilon, budget=1.0), 0.0)
