"""Dated events of persons: what occurs, what comes together, and what comes first.

Every kernel of the field is an attribute of this package: ``medical.count_pairs(...)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exports import export_lazily

if TYPE_CHECKING:
    from .comparison import PairComparison, compare_pairs
    from .expected import expect_pairs
    from .first import FirstOccurrences, find_first_occurrences
    from .pairs import PairCounts, count_pairs
    from .segments import merge_segments
    from .strata import StrataCounts, count_strata

__all__ = [
    "FirstOccurrences",
    "PairComparison",
    "PairCounts",
    "StrataCounts",
    "compare_pairs",
    "count_pairs",
    "count_strata",
    "expect_pairs",
    "find_first_occurrences",
    "merge_segments",
]

_HOMES = {
    "PairComparison": ".comparison",
    "compare_pairs": ".comparison",
    "expect_pairs": ".expected",
    "FirstOccurrences": ".first",
    "find_first_occurrences": ".first",
    "PairCounts": ".pairs",
    "count_pairs": ".pairs",
    "merge_segments": ".segments",
    "StrataCounts": ".strata",
    "count_strata": ".strata",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
