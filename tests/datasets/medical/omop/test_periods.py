"""Several observation periods of one person: refused, spanned or the longest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from omop_folders import read_all, write_omop

from citytide.datasets.errors import InputError
from citytide.datasets.medical.opening import open_records
from citytide.datasets.medical.records import OBSERVED
from citytide.datasets.medical.rows import ranges

HEAD = "person_id,observation_period_start_date,observation_period_end_date\n"
SEVERAL = HEAD + "1,2000-01-01,2000-12-31\n2,2000-01-01,2000-01-01\n1,2002-01-01,2004-12-31\n1,2006-01-01,2006-02-01\n"
TIED = HEAD + "1,2002-01-01,2002-01-02\n1,2000-01-01,2000-01-02\n"


def observed(folder: Path, periods: str) -> list[tuple[object, ...]]:
    rows, counts = read_all(open_records(folder, periods=periods))
    assert (sum(counts[words] for words in counts if "longest" in words) > 0) == (periods == "longest")
    days = [(row[1], *(str(np.datetime64(one, "D")) for one in row[2:4])) for row in rows if row[0] == OBSERVED]
    return days


def test_several_periods_are_refused_without_a_choice(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"must have one observation period unless periods says what to do, but 1 persons have several; set "
        r"periods=span \(from the first day to the last\) or periods=longest",
    ):
        open_records(write_omop(tmp_path, OBSERVATION_PERIOD=SEVERAL))


@pytest.mark.parametrize("range_bytes", [13, 50, 10**6])
def test_longest_period_is_found_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, range_bytes: int
) -> None:
    monkeypatch.setattr(ranges, "RANGE_BYTES", range_bytes)
    folder = write_omop(tmp_path / "a", OBSERVATION_PERIOD=SEVERAL)
    assert observed(folder, "longest") == [("2", "2000-01-01", "2000-01-01"), ("1", "2002-01-01", "2004-12-31")]
    assert len(observed(folder, "span")) == 4
    tied = write_omop(tmp_path / "b", OBSERVATION_PERIOD=TIED)
    assert observed(tied, "longest") == [("1", "2000-01-01", "2000-01-02")]
