"""What a release counts, apart from whom: releases of one measure are compared with each other."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["name_measure"]


def name_measure(what: str, kinds: Sequence[str]) -> str:
    """A measure by what is counted and by the kinds of events that count.

    The same code as a diagnosis and as a drug counts two things, whose difference tells of nobody. Days, ages, areas
    and lists of codes choose persons and rows: they are no part of a measure, so that such releases are compared.

    Examples
    --------
    >>> name_measure("persons with a code", ["drug", "condition"]), name_measure("persons with a code", [])
    ('persons with a code, by condition and drug', 'persons with a code')
    """
    return f"{what}, by {' and '.join(sorted(kinds))}" if kinds else what
