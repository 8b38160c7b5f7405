"""Settings of a question about incidence."""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, field_validator

from ..counting.settings import CohortSettings, read_words
from ..events import EventsSettings
from .care_gaps import read_gaps

__all__ = ["LABELS", "IncidenceSettings", "read_edges"]

LABELS = ("age", "sex", "area", "month", "year")


class IncidenceSettings(EventsSettings, CohortSettings):
    """Settings of ``incidence``."""

    by: str = Field(default="year", description="what rates are told by: any of age, sex, area, and month or year")
    age_edges: str = Field(
        default="20,40,60,80", description="ages in completed years at which a band begins, the first one from birth"
    )
    washout_days: int = Field(
        default=0, ge=0, description="days at the beginning of each person's observation that do not count"
    )
    min_persons: int = Field(
        default=0, ge=0, description="least number of persons in whom a code begins, if codes does not name it"
    )
    lacks: str | None = Field(
        default=None,
        description="care gaps to count, as CODE>CODE:DAYS: persons with the first code and without the second one "
        "within so many days after it, such as E11>HBA1C:365; + joins codes",
    )

    @field_validator("by")
    @classmethod
    def _is_a_label(cls, value: str) -> str:
        words = read_words(value)
        if unknown := [word for word in words if word not in LABELS]:
            raise ValueError(f"each of by must be one of {', '.join(LABELS)}, got {unknown[0]}")
        if len(set(words)) < len(words) or {"month", "year"} <= set(words):
            raise ValueError(f"by must name each label once, and month or year but not both, got {value}")
        return value

    @field_validator("age_edges")
    @classmethod
    def _rises(cls, value: str) -> str:
        read_edges(value)
        return value

    @field_validator("lacks")
    @classmethod
    def _is_a_gap(cls, value: str | None) -> str | None:
        if value is not None:
            read_gaps(value)
        return value


def read_edges(value: str) -> tuple[int, ...]:
    """Ages at which bands begin.

    Examples
    --------
    >>> read_edges("18, 65")
    (18, 65)
    """
    words = read_words(value)
    edges = tuple(int(word) for word in words if word.isdigit())
    if not edges or len(edges) < len(words) or any(one >= other for one, other in pairwise(edges)):
        raise ValueError(f"age_edges must be whole years that rise, such as 20,40,60, got {value}")
    return edges
