"""The mapping of a long table's columns: what a YAML file may say."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..records import KINDS, SEXES
from ..rows.days import check_format

__all__ = ["BirthColumn", "CostColumn", "DateColumn", "KindColumn", "Mapping", "Observed", "PersonTable", "SexColumn"]

Kind = Literal["other", "condition", "drug", "procedure", "measurement", "observation", "visit", "death"]
Sex = Literal["unknown", "female", "male"]
assert set(Kind.__args__) == set(KINDS) and set(Sex.__args__) == set(SEXES)  # type: ignore[attr-defined]


def _name_column(given: Any) -> Any:
    return {"column": given} if isinstance(given, str) else given


def _read_keys(given: Any) -> Any:
    """YAML reads 1 as a number and yes as true; a table holds texts."""
    if not isinstance(given, dict):
        return given
    if any(isinstance(key, bool) for key in given):
        raise ValueError("YAML reads yes, no, on and off as true and false: quote them")
    return {str(key): value for key, value in given.items()}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DateColumn(_Part):
    """A column of dates."""

    column: str = Field(min_length=1)
    format: str = ""

    @model_validator(mode="after")
    def _check(self) -> DateColumn:
        if self.format and (problem := check_format(self.format, part=isinstance(self, BirthColumn))):
            raise ValueError(problem)
        return self


class BirthColumn(DateColumn):
    """A column of days of birth; its format may lack the day, or the month and the day."""


class KindColumn(_Part):
    column: str = Field(min_length=1)
    values: Annotated[dict[str, Kind], BeforeValidator(_read_keys)]


class SexColumn(_Part):
    column: str = Field(min_length=1)
    values: Annotated[dict[str, Sex], BeforeValidator(_read_keys)]


class CostColumn(_Part):
    column: str = Field(min_length=1)
    unit: Literal["CNY", "fen"]


class PersonTable(_Part):
    """A table with one row a person."""

    file: str = Field(min_length=1)
    id: str = Field(min_length=1)
    birth: Annotated[BirthColumn | None, BeforeValidator(_name_column)] = None
    sex: SexColumn | None = None
    area: str = ""
    observed_from: Annotated[DateColumn | None, BeforeValidator(_name_column)] = None
    observed_to: Annotated[DateColumn | None, BeforeValidator(_name_column)] = None
    death: Annotated[DateColumn | None, BeforeValidator(_name_column)] = None


class Observed(_Part):
    """The first and last day on which everybody was observed who has no days of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: dt.date = Field(alias="from")
    to: dt.date

    @model_validator(mode="after")
    def _check(self) -> Observed:
        if self.to < self.from_:
            raise ValueError(f"observed.to must not lie before observed.from, got {self.to} after {self.from_}")
        return self


class Mapping(_Part):
    """Which columns of a long table make an event."""

    person: str = Field(min_length=1)
    date: Annotated[DateColumn, BeforeValidator(_name_column)]
    code: str = Field(min_length=1)
    kind: Kind | KindColumn = "other"
    value: str = ""
    cost: CostColumn | None = None
    facility: str = ""
    days: str = ""
    end: Annotated[DateColumn | None, BeforeValidator(_name_column)] = None
    files: str = ""
    """Which files of a folder, such as ``visits-*.csv``; empty: all of CSV and Parquet but the persons' table."""
    encoding: Literal["UTF-8", "GB18030"] = "UTF-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    missing: tuple[str, ...] = ()
    """Words that stand for no value, such as NULL."""
    persons: PersonTable | None = None
    observed: Observed | None = None

    @model_validator(mode="after")
    def _check(self) -> Mapping:
        if self.days and self.end:
            raise ValueError("days and end both say how long an event lasts: keep one of them")
        return self
