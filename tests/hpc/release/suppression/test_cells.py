"""Earlier releases of the same persons count as published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.policy import CountedTable

SEX = CountedTable(("sex",), ("persons",), measure="persons")
SEX_AGE = CountedTable(("sex", "age"), ("persons",), measure="persons")
FINER = {"sex": ["f", "f", "f", "m", "m", "m"], "age": ["0-17", "18-64", "65-"] * 2, "persons": [4, 25, 30, 40, 50, 60]}


def test_earlier_total_makes_a_second_cell_of_its_line_withheld(log: Any, cohort: np.ndarray) -> None:
    """Without the earlier total of women, one small cell alone is withheld."""
    alone = log.release(FINER, cohort, SEX_AGE).columns["persons"].mask
    assert alone.tolist() == [True, False, False, False, False, False]
    log.kept.clear()
    log.release({"sex": ["f", "m"], "persons": [59, 150]}, cohort, SEX)
    after = log.release(FINER, cohort, SEX_AGE).columns["persons"].mask
    assert after.tolist() == [True, True, False, False, False, False]


def test_total_is_withheld_that_would_tell_a_cell_withheld_earlier(log: Any, cohort: np.ndarray) -> None:
    log.release(FINER, cohort, SEX_AGE)
    later = log.release({"sex": ["f", "m"], "persons": [59, 150]}, cohort, SEX)
    assert later.columns["persons"].mask.tolist() == [True, False]
    assert later.notes == ("1 of 2 cells are withheld because withheld cells could be computed from them",)


def test_same_table_is_shown_the_same_way_again(log: Any, cohort: np.ndarray) -> None:
    first, again = (log.release(FINER, cohort, SEX_AGE).columns["persons"] for _ in range(2))
    assert first.mask.tolist() == again.mask.tolist()


def test_sum_that_does_not_hold_is_refused(log: Any, cohort: np.ndarray) -> None:
    table = CountedTable(("code",), ("both", "first", "second"), sums={"both": ("first", "second")})
    with pytest.raises(RunError, match=r"sums must hold in every row, but both is not first \+ second in 1 rows"):
        log.release({"code": ["a", "b"], "both": [30, 41], "first": [15, 20], "second": [15, 20]}, cohort, table)
    assert not log.kept


def test_total_of_persons_who_stand_in_several_cells_is_shown(log: Any, cohort: np.ndarray) -> None:
    """Persons have several codes: the total is less than the sum, and tells less."""
    table = CountedTable(("code",), ("persons",))
    shown = log.release({"code": ["a", "b", "c", "all"], "persons": [4, 30, 50, 70]}, cohort, table).columns["persons"]
    assert shown.mask.tolist() == [True, True, False, False]
