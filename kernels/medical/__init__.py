"""Dated events of persons: what occurs, what comes together, and what comes first.

Every kernel of the field is an attribute of this package: ``medical.scan_events(...)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exports import export_lazily

if TYPE_CHECKING:
    from .accumulators.costs import CostSum
    from .accumulators.days_covered import DaysCovered
    from .accumulators.event_counts import EventCount
    from .accumulators.incidence import Incidence
    from .accumulators.overlaps import Overlaps
    from .accumulators.prevalence import Prevalence
    from .accumulators.scores import ComorbidityScore
    from .comparison import PairComparison, compare_pairs
    from .events import PersonEvents
    from .expected import expect_pairs
    from .first import FirstOccurrences, find_first_occurrences
    from .pairs import PairCounts, count_pairs
    from .scan.accumulator import Accumulator, merge_tables
    from .scan.code_groups import CodeGroups
    from .scan.cuts import place_person_events
    from .scan.one_pass import scan_events
    from .scan.strata import Strata
    from .segments import merge_segments
    from .strata import StrataCounts, count_strata

__all__ = [
    "Accumulator",
    "CodeGroups",
    "ComorbidityScore",
    "CostSum",
    "DaysCovered",
    "EventCount",
    "FirstOccurrences",
    "Incidence",
    "Overlaps",
    "PairComparison",
    "PairCounts",
    "PersonEvents",
    "Prevalence",
    "Strata",
    "StrataCounts",
    "compare_pairs",
    "count_pairs",
    "count_strata",
    "expect_pairs",
    "find_first_occurrences",
    "merge_segments",
    "merge_tables",
    "place_person_events",
    "scan_events",
]

_HOMES = {
    "CostSum": ".accumulators.costs",
    "DaysCovered": ".accumulators.days_covered",
    "EventCount": ".accumulators.event_counts",
    "Incidence": ".accumulators.incidence",
    "Overlaps": ".accumulators.overlaps",
    "Prevalence": ".accumulators.prevalence",
    "ComorbidityScore": ".accumulators.scores",
    "PairComparison": ".comparison",
    "compare_pairs": ".comparison",
    "PersonEvents": ".events",
    "expect_pairs": ".expected",
    "FirstOccurrences": ".first",
    "find_first_occurrences": ".first",
    "PairCounts": ".pairs",
    "count_pairs": ".pairs",
    "Accumulator": ".scan.accumulator",
    "merge_tables": ".scan.accumulator",
    "CodeGroups": ".scan.code_groups",
    "place_person_events": ".scan.cuts",
    "scan_events": ".scan.one_pass",
    "Strata": ".scan.strata",
    "merge_segments": ".segments",
    "StrataCounts": ".strata",
    "count_strata": ".strata",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
