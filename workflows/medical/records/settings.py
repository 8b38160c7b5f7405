"""Settings of ``events-import``, and those of its settings that questions about events share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ....hpc.plan.settings import Settings, listed

__all__ = ["ImportSettings", "RecordSettings"]


class RecordSettings(Settings):
    """How records are read and stored."""

    mapping: str | None = Field(default=None, description="YAML that maps the columns of a long table")
    tables: Literal["occurrences", "eras"] = Field(
        default="occurrences", description="which tables of OMOP: occurrences of conditions and drugs, or their eras"
    )
    periods: str = Field(
        default="",
        description="what counts if a person has several observation periods: span (first day to last) or longest",
    )
    version: str = Field(default="", description="version of OMOP, if its files leave it open: 5.3 or 5.4")
    code_map: str | None = Field(
        default=None, description="table of codes, CSV with the columns from and to: codes are mapped as they are read"
    )
    unmapped: Literal["keep", "drop"] = Field(
        default="keep", description="what becomes of events whose code is not in code_map"
    )
    key: str | None = Field(
        default=None,
        description="file of the key of the pseudonyms; by default one in the user's configuration folder, made once",
    )
    policy: str | None = Field(default=None, description="YAML with the rules of disclosure control of the store")
    purpose: str = Field(default="exploration", description="why counts are released; a store may demand one of a list")
    observed_from: str | None = Field(
        default=None, description="first day of observation of persons without their own, as 2020-01-31"
    )
    observed_to: str | None = Field(default=None, description="last day of observation of persons without their own")
    most_wrong: float = Field(
        default=0.01, ge=0, le=1, description="largest share of events before birth or after death that is accepted"
    )
    synthetic_events: int = Field(default=100_000, ge=1, description="events of the synthetic persons, about")
    seed: int = Field(default=1, description="of the synthetic persons")
    rows_per_task: int = Field(
        default=2_000_000, ge=1000, description="rows that one task gathers, about; it holds them in memory"
    )

    @field_validator("observed_from", "observed_to")
    @classmethod
    def _is_a_date(cls, text: str | None) -> str | None:
        from datetime import date

        return text if text is None else date.fromisoformat(text).isoformat()

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> RecordSettings:
        if self.observed_from and self.observed_to and self.observed_to < self.observed_from:
            raise ValueError(f"observed_to must not be before observed_from ({self.observed_from})")
        return self


class ImportSettings(RecordSettings):
    """Settings of ``events-import``."""

    source: Annotated[list[str], BeforeValidator(listed)] = Field(
        default=["synthetic"],
        min_length=1,
        description="OMOP folder or zip, long table, .rda, or a name of the catalogue; several are read one after "
        "another; synthetic persons by default",
    )
    append_to: str | None = Field(
        default=None, description="store or run to continue: the import becomes a segment of it"
    )
    new_codes: Literal["refuse", "add"] = Field(
        default="refuse", description="what an append does with codes that its store does not know"
    )
    compact: str | None = Field(
        default=None, description="store or run whose base and segments become one store again; no source is read"
    )

    @model_validator(mode="after")
    def _does_one_thing(self) -> ImportSettings:
        if self.compact and (self.append_to or self.source != ["synthetic"]):
            raise ValueError("compact reads a store alone: omit source and append_to")
        return self
