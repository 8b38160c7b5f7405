"""How much epsilon may be spent on the persons of one key."""

from __future__ import annotations

import math

from ..errors import RunError
from .policy import Policy

__all__ = ["refuse_overspending"]

ROUNDING = 1e-9  # ten times 0.1 is one


def refuse_overspending(policy: Policy, spent: float) -> None:
    """Refuse a release with noise that costs more epsilon than is left.

    Parameters
    ----------
    spent
        Epsilon of all earlier releases of the key.

    Raises
    ------
    RunError
        If the budget does not suffice, or a number of the policy is not one.

    Examples
    --------
    >>> refuse_overspending(Policy(epsilon=0.5, budget=1.0), 0.5)
    """
    for name, value in (("epsilon", policy.epsilon), ("budget", policy.budget)):
        if not (math.isfinite(value) and value >= 0):
            raise RunError(f"{name} must be finite and >= 0, got {value}: correct the policy")
    if policy.epsilon and spent + policy.epsilon > policy.budget * (1 + ROUNDING):
        raise RunError(
            f"a release must not spend more than the budget of its key, but epsilon={policy.epsilon:g} on top of "
            f"{spent:g} already spent exceeds the budget of {policy.budget:g}: use an earlier release, or let the "
            "owner of the data raise the budget"
        )
