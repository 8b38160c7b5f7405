"""Refusals of questions about persons: sentences that tell of no person, and so are shown as they are."""

from __future__ import annotations

from ....hpc.errors import REFUSED, PersonLevelError
from ....hpc.release.policy import Policy

__all__ = ["Refusal", "refuse_numbers_without_noise", "refuse_small_cohort"]


class Refusal(PersonLevelError):
    """A sentence about settings, codes and released counts alone.

    While a question opens a store of persons, the text of every other error is kept from the terminal.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.exit_code = REFUSED


def refuse_small_cohort(n_persons: int, min_cell: int) -> None:
    """Refuse to count fewer persons than a cell may show.

    Raises
    ------
    Refusal
        In words that do not tell how many there are.
    """
    if n_persons < min_cell:
        raise Refusal(
            f"a cohort must have at least {min_cell} persons, and this one has fewer or none: choose wider ages, areas "
            "or days"
        )


def refuse_numbers_without_noise(policy: Policy, what: str, way_out: str) -> None:
    """Refuse a table with numbers that get no noise, over a store whose policy asks for it.

    Raises
    ------
    Refusal
        If so.

    Examples
    --------
    >>> refuse_numbers_without_noise(Policy(), "person-years", "set epsilon: 0")
    """
    if policy.epsilon:
        raise Refusal(
            f"each number over a store whose policy has noise must carry it, but {what} would carry none (epsilon="
            f"{policy.epsilon:g}): {way_out}"
        )
