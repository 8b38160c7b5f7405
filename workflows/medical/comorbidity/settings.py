"""Settings of a question about comorbidity."""

from __future__ import annotations

from pydantic import Field, field_validator

from ..counting.settings import CohortSettings, read_words
from ..events import EventsSettings

__all__ = ["STRATA", "ComorbiditySettings"]

STRATA = ("age", "sex", "area")


class ComorbiditySettings(EventsSettings, CohortSettings):
    """Settings of ``comorbidity``."""

    kinds: str = Field(
        default="condition", description="kinds of events that count, such as condition,drug; empty for all"
    )
    strata: str = Field(
        default="age,sex",
        description="within which persons are compared: any of age (bands of ten years), sex, area; or none",
    )
    min_persons: int = Field(
        default=100, ge=1, description="least number of persons with a code, if codes does not name them"
    )
    most_codes: int = Field(
        default=0, ge=0, description="codes that one person counts in at most, the first ones; 0 for all"
    )

    @field_validator("strata")
    @classmethod
    def _is_a_stratum(cls, value: str) -> str:
        words = read_words(value)
        if words != ["none"] and (not words or set(words) - set(STRATA) or len(set(words)) < len(words)):
            raise ValueError(f"strata must be any of {', '.join(STRATA)}, each once, or none alone, got {value!r}")
        return value
