"""Settings that questions about persons share: which persons, events and codes count, and what for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from pydantic import Field, field_validator

from ....datasets.medical.records import KINDS, SEXES
from ....hpc.plan.settings import Settings
from .cohorts import Cohort
from .refusals import Refusal

__all__ = ["CohortSettings", "make_cohort", "read_words"]

OLDEST = 200  # completed years: nobody is older


class CohortSettings(Settings):
    """Who and what is counted."""

    codes: str | None = Field(
        default=None, description="codes with commas between them, such as E11,I10, or a file with one code a line"
    )
    kinds: str = Field(default="", description=f"kinds of events that count: any of {', '.join(KINDS)}; empty for all")
    ages: str | None = Field(default=None, description="ages in completed years, such as 18-64 or 65-")
    sex: Literal["female", "male"] | None = Field(default=None, description="persons of one sex alone")
    areas: str | None = Field(default=None, description="areas by their names, such as Futian,Nanshan")
    days: str | None = Field(default=None, description="days that count, such as 2015-01-01..2019-12-31")
    purpose: str = Field(default="exploration", description="what the counts are for; it stands in the audit log")

    @field_validator("kinds")
    @classmethod
    def _is_a_kind(cls, value: str) -> str:
        if unknown := [word for word in read_words(value) if word not in KINDS]:
            raise ValueError(f"each kind must be one of {', '.join(KINDS)}, got {unknown[0]}")
        return value

    @field_validator("ages")
    @classmethod
    def _is_a_range_of_ages(cls, value: str | None) -> str | None:
        if value is not None:
            read_ages(value)
        return value

    @field_validator("days")
    @classmethod
    def _is_a_range_of_days(cls, value: str | None) -> str | None:
        if value is not None:
            read_days(value)
        return value


class KnowsAreas(Protocol):
    """What a cohort needs of a store."""

    @property
    def areas(self) -> Sequence[str]: ...


def read_words(value: str | None) -> list[str]:
    """Words with commas between them.

    Examples
    --------
    >>> read_words("condition, drug"), read_words(None)
    (['condition', 'drug'], [])
    """
    return [word.strip() for word in (value or "").split(",") if word.strip()]


def read_ages(value: str) -> tuple[int, int]:
    """Least and greatest age.

    Examples
    --------
    >>> read_ages("18-64"), read_ages("65-")
    ((18, 64), (65, 200))
    """
    found = re.fullmatch(r"\s*(\d{1,3})\s*-\s*(\d{1,3})?\s*", value)
    least, most = (int(found[1]), int(found[2] or OLDEST)) if found else (1, 0)
    if least > most:
        raise ValueError("ages must be two whole years, the lesser first, such as 18-64 or 65-")
    return least, most


def read_days(value: str) -> tuple[int, int]:
    """First and last day [d since 1970-01-01].

    Examples
    --------
    >>> read_days("1970-01-02..1970-01-31")
    (1, 30)
    """
    sentence = "days must be two days, the earlier first, such as 2015-01-01..2019-12-31"
    first, dots, last = value.partition("..")
    try:
        since, until = (int(np.datetime64(text.strip(), "D").astype(np.int64)) for text in (first, last))
    except ValueError:
        raise ValueError(sentence) from None
    if not dots or since > until or not -(2**31) < since < 2**31 - 1:
        raise ValueError(sentence)
    return since, until


def make_cohort(settings: CohortSettings, store: KnowsAreas, age_day: int) -> Cohort:
    """The cohort that settings ask for, in the places of a store's lists.

    Raises
    ------
    Refusal
        If the store lacks an area.
    """
    first, last = read_days(settings.days) if settings.days is not None else (None, None)
    places = {name: place for place, name in enumerate(store.areas)}
    areas = read_words(settings.areas)
    if unknown := [name for name in areas if name not in places]:
        known = [name for name in store.areas if name][:10]
        raise Refusal(
            f"each of areas must be an area of the store, got {unknown[0]}: "
            + (f"it has {', '.join(known)}{' and others' if len(store.areas) > 11 else ''}" if known else "it has none")
        )
    return Cohort(
        kinds=tuple(KINDS.index(word) for word in read_words(settings.kinds)),
        ages=read_ages(settings.ages) if settings.ages is not None else (),
        age_day=age_day,
        sexes=(SEXES.index(settings.sex),) if settings.sex else (),
        areas=tuple(places[name] for name in areas),
        first_day=first,
        last_day=last,
    )
