"""Persons of the CDM: sex and day of birth.

References
----------
.. [1] OHDSI, OMOP Common Data Model v5.4, PERSON, conventions of ``birth_datetime``: without a day the first of the
   month, without a month 15 June, https://ohdsi.github.io/CommonDataModel/cdm54.html#person
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import NO_DAY
from ..records import PERSON, SEXES, Records
from ..rows.columns import build_records
from ..rows.days import read_days
from ..rows.numbers import read_durations
from ..rows.rows import Rows, show_text
from ..rows.texts import read_texts, spread_texts

__all__ = ["read_persons"]

_SEX = {"8532": 1, "8507": 2}
_UNKNOWN = ("", "0", "8521", "8551", "8570")  # none, no concept, other, unknown, ambiguous


def read_persons(rows: Rows) -> Records:
    """Records of a part of PERSON.

    Raises
    ------
    InputError
        If a sex or a date of birth cannot be read.
    """
    person = spread_texts(rows, "person_id", "an identifier")
    keep = person != ""
    sex = _read_sex(rows)
    birth, of_month, of_year = _read_birth(rows)
    counts = {
        "rows of PERSON without a person": np.count_nonzero(~keep),
        f"persons whose sex is {SEXES[0]}": np.count_nonzero(keep & (sex == 0)),
        "persons whose day of birth is not known": np.count_nonzero(keep & (birth == NO_DAY)),
        "persons without a day of birth, taken as the first of the month": np.count_nonzero(keep & of_month),
        "persons without a month of birth, taken as 15 June": np.count_nonzero(keep & of_year),
    }
    return build_records(PERSON, person, keep, counts, day=birth, sex=sex)


def _read_sex(rows: Rows) -> npt.NDArray[np.uint8]:
    texts, place = read_texts(rows, "gender_concept_id", "a concept")
    sex = np.zeros(len(texts), np.uint8)
    for i, text in enumerate(texts.tolist()):
        at = np.flatnonzero(place == i)
        if text not in _SEX and text not in _UNKNOWN and len(at):
            raise rows.refuse(
                f"column 'gender_concept_id' must be 8532 (female), 8507 (male) or 0 (unknown), got {show_text(text)}",
                int(at[0]),
                "map it to one of them in PERSON",
            )
        sex[i] = _SEX.get(text, 0)
    return np.asarray(sex[place], np.uint8)


def _read_birth(rows: Rows) -> tuple[npt.NDArray[np.int32], Any, Any]:
    """Days of birth, and of which rows only the month or the year is known."""
    year, month, day = (
        read_durations(rows, column) if column in rows.columns else np.zeros(rows.n_rows, np.int64)
        for column in ("year_of_birth", "month_of_birth", "day_of_birth")
    )
    whole = np.full(rows.n_rows, NO_DAY, np.int32)
    if "birth_datetime" in rows.columns:
        whole = read_days(rows, "birth_datetime")
    has_day = (year > 0) & (month > 0) & (day > 0)
    of_month = (year > 0) & (month > 0) & (day == 0) & (whole == NO_DAY)
    of_year = (year > 0) & (month == 0) & (whole == NO_DAY)
    month, day = np.where(of_year, 6, month), np.where(of_year, 15, np.where(of_month, 1, day))
    reckoned = has_day | of_month | of_year
    months = (np.where(reckoned, year, 1970) - 1970) * 12 + np.where(reckoned, month, 1) - 1
    first = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    length = (months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64) - first
    wrong = np.flatnonzero(reckoned & ((month > 12) | (day > length) | (year < 1800) | (year > 2200)))
    if len(wrong):
        at = int(wrong[0])
        raise rows.refuse(
            f"year, month and day of birth must be a date, got {year[at]}-{month[at]}-{day[at]}",
            at,
            "correct the row, or leave month and day empty",
        )
    return np.where(reckoned, first + day - 1, whole).astype(np.int32), of_month, of_year
