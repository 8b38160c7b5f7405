"""Purposes for which a store may be asked."""

from __future__ import annotations

from ..errors import RunError
from .policy import Policy

__all__ = ["refuse_purpose"]


def refuse_purpose(policy: Policy, purpose: str) -> None:
    """Refuse a purpose that the policy of a store does not list; without a list every purpose will do.

    Raises
    ------
    RunError
        If so.

    Examples
    --------
    >>> refuse_purpose(Policy(purposes=("planning", "audit")), "planning")
    """
    if policy.purposes and purpose not in policy.purposes:
        raise RunError(
            f"purpose must be one of {', '.join(policy.purposes)} for this store, got {purpose!r}: "
            f"set purpose={policy.purposes[0]}"
        )
