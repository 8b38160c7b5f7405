"""Observation periods: what becomes of a person's several ones is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import NO_DAY
from ...errors import InputError
from ..records import OBSERVED, Records
from ..rows.columns import build_records, refuse_reversed
from ..rows.csv_rows import read_csv_rows
from ..rows.days import read_days
from ..rows.ranges import cut_ranges, measure_file, name_file
from ..rows.rows import Rows
from ..rows.texts import spread_texts
from .files import choose_dialect
from .tables import REQUIRED

__all__ = ["PERIODS", "keep_longest", "read_periods", "refuse_several"]

PERIODS = ("span", "longest")
_COLUMNS = REQUIRED["OBSERVATION_PERIOD"]


def refuse_several(path: Path, file: str) -> None:
    """Refuse persons with several periods; identifiers are held as hashes of 8 bytes.

    Raises
    ------
    InputError
        With the number of such persons.
    """
    import pandas as pd

    held = [np.empty(0, np.uint64)]
    for rows in _read_ranges(path, file, _COLUMNS[:1]):
        person = spread_texts(rows, "person_id", "an identifier")
        held.append(pd.util.hash_array(person[person != ""].astype(object), categorize=False))
    _, n_periods = np.unique(np.concatenate(held), return_counts=True)
    several = int(np.count_nonzero(n_periods > 1))
    if several:
        raise InputError(
            f"each person must have one observation period unless periods says what to do, but {several:,} persons "
            "have several",
            file=name_file(path, file),
            way_out="set periods=span (from the first day to the last) or periods=longest",
        )


def read_periods(rows: Rows) -> Records:
    """Records of the periods of a part of OBSERVATION_PERIOD."""
    person = spread_texts(rows, "person_id", "an identifier")
    start, end = (read_days(rows, column) for column in _COLUMNS[1:])
    refuse_reversed(rows, start, end, _COLUMNS[1], _COLUMNS[2])
    keep = person != ""
    counts = {"rows of OBSERVATION_PERIOD without a person": np.count_nonzero(~keep)}
    return build_records(OBSERVED, person, keep, counts, day=start, until=end)


def keep_longest(path: Path, file: str, records: Records) -> Records:
    """Those records that are their person's longest period; of equal ones the first in time.

    The whole table is read for it, because a person's periods may lie in several parts.
    """
    import pandas as pd

    mine = pd.Index(records.person.astype(object)).unique()
    best = pd.DataFrame({"person": mine[:0], "n": np.empty(0, np.int64), "day": np.empty(0, np.int64)})
    for rows in _read_ranges(path, file, _COLUMNS):
        part = read_periods(rows)
        table = pd.DataFrame({"person": part.person.astype(object), "n": _count_days(part), "day": part.day})
        both = pd.concat([best, table[table["person"].isin(mine)]])
        best = both.sort_values(["n", "day"], ascending=[False, True], kind="stable").drop_duplicates("person")
    place = best.set_index("person").loc[records.person.astype(object)] if len(mine) else best
    keep = (_count_days(records) == place["n"].to_numpy()) & (records.day == place["day"].to_numpy())
    dropped = {"observation periods that are not their person's longest": int(np.count_nonzero(~keep))}
    counts = {**records.counts, **dropped}
    return build_records(OBSERVED, records.person, keep, counts, day=records.day, until=records.until)


def _count_days(records: Records) -> npt.NDArray[np.int64]:
    known = (records.day != NO_DAY) & (records.until != NO_DAY)
    return np.where(known, records.until.astype(np.int64) - records.day + 1, 0)


def _read_ranges(path: Path, file: str, columns: Sequence[str]) -> Iterator[Rows]:
    dialect = choose_dialect(path, file)
    for start, stop in cut_ranges(measure_file(path, file)):
        yield read_csv_rows(path, file, start, stop, columns, dialect)
