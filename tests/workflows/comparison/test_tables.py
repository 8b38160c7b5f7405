"""Rows of two tables are matched by the columns that identify them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.store.products import Column, Table
from citytide.workflows.comparison.tables import compare_tables

AGE, SEX = Column("age", "int64", "year", "age"), Column("sex", "string", "", "sex")
RISK, COUNT = Column("risk", "float64", "1", "risk"), Column("n", "int64", "1", "how many")
ROWS = {"age": [20, 20, 30], "sex": ["f", "m", "f"], "risk": [0.1, 0.2, 0.3], "n": [5, 6, 7]}


def write(path: Path, rows: dict[str, Any]) -> Path:
    frame = pandas.DataFrame(rows)
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_rows_are_matched_by_the_fewest_identifying_columns(tmp_path: Path, kind: str) -> None:
    table = Table("risks", "Risks", (AGE, SEX, RISK, COUNT), kind)  # type: ignore[arg-type]
    a = write(tmp_path / f"a.{kind}", ROWS)
    b = write(tmp_path / f"b.{kind}", {
        "age": [30, 20, 99], "sex": ["f", "m", "f"], "risk": [0.3, float("nan"), 0.3], "n": [8, 6, 7],
    })  # fmt: skip
    found, match, refused = compare_tables(table, table, a, b)
    assert (match.dim, len(match), match.only_a, match.only_b) == ("age, sex", 2, ("20, f",), ("99, f",))
    risk, count = found
    assert (risk.name, risk.differing, risk.unsized) == ("risk", 1, 1) and not refused
    assert (count.largest, count.at, count.a, count.b) == (1.0, {"age, sex": "30, f"}, 7, 8)


def test_rows_that_nothing_identifies_are_refused(tmp_path: Path) -> None:
    table = Table("risks", "Risks", (AGE, RISK), "csv")
    a = write(tmp_path / "a.csv", {name: ROWS[name] for name in ("age", "risk")})
    with pytest.raises(RunError, match=r"rows of table 'risks' must be identified by .*, but age name some rows twice"):
        compare_tables(table, table, a, a)


def test_columns_in_other_units_are_listed(tmp_path: Path) -> None:
    first = Table("risks", "Risks", (AGE, SEX, RISK), "csv")
    second = Table("risks", "Risks", (AGE, SEX, Column("risk", "float64", "year-1", "risk"), COUNT), "csv")
    a = write(tmp_path / "a.csv", ROWS)
    assert compare_tables(first, second, a, a)[2] == {
        "risk": "its units are '1' in A and 'year-1' in B", "n": "it is not in A",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_table_against_itself_is_all_zeros_whatever_is_missing(tmp_path: Path, kind: str) -> None:
    table = Table("risks", "Risks", (AGE, RISK, SEX), kind)  # type: ignore[arg-type]
    a = write(tmp_path / f"a.{kind}", {"age": [20, 30], "risk": [0.1, float("nan")], "sex": ["f", None]})
    b = write(tmp_path / f"b.{kind}", {"age": [20, 30], "risk": [0.1, float("nan")], "sex": [None, "f"]})
    assert [one.differing for one in compare_tables(table, table, a, a)[0]] == [0, 0]
    assert [one.differing for one in compare_tables(table, table, a, b)[0]] == [0, 2]


def test_tables_without_rows_are_the_same(tmp_path: Path) -> None:
    table = Table("risks", "Risks", (AGE, RISK), "parquet")
    a = tmp_path / "a.parquet"
    pandas.DataFrame({"age": [20], "risk": [0.1]})[:0].to_parquet(a)
    b = write(tmp_path / "b.parquet", {"age": [20], "risk": [0.1]})
    found, match, _ = compare_tables(table, table, a, a)
    assert (len(match), match.only_a, [one.compared for one in found]) == (0, (), [0])
    assert compare_tables(table, table, a, b)[1].only_b == ("20",)


def test_identifiers_that_read_alike_when_joined_are_kept_apart(tmp_path: Path) -> None:
    place, area = Column("place", "string", "", "place"), Column("area", "string", "", "area")
    table = Table("risks", "Risks", (place, area, RISK), "parquet")
    a = write(tmp_path / "a.parquet", {"place": ["x, y", "x, y"], "area": ["z", "w"], "risk": [1.0, 2.0]})
    b = write(tmp_path / "b.parquet", {"place": ["x", "x, y"], "area": ["y, z", "w"], "risk": [1.0, 2.0]})
    _, match, _ = compare_tables(table, table, a, b)
    assert len(match) == 1 and len(match.only_a) == len(match.only_b) == 1


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_counts_that_are_withheld_are_compared_as_missing(tmp_path: Path, kind: str) -> None:
    table = Table("risks", "Risks", (AGE, replace(COUNT, may_be_withheld=True)), kind)  # type: ignore[arg-type]
    a = write(tmp_path / f"a.{kind}", {"age": [20, 30, 40], "n": pandas.array([12, None, None], "Int64")})
    b = write(tmp_path / f"b.{kind}", {"age": [20, 30, 40], "n": pandas.array([15, 11, None], "Int64")})
    ((count,), match, _) = compare_tables(table, table, a, b)
    assert (match.dim, count.largest, count.unsized, count.differing) == ("age", 3.0, 1, 2)
