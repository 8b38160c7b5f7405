"""Columns are declared before they are released."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.columns import check_columns, derive_columns
from citytide.hpc.release.policy import CountedTable, Policy

TABLE = CountedTable(("code",), ("persons",), follows={"years": ("persons",)}, derive=f"{__name__}:find_rate")
EXACT = {"code": np.array(["a", "b"]), "persons": np.array([3, 40]), "years": np.array([30.0, 80.0])}


def find_rate(columns: dict[str, Any]) -> dict[str, Any]:
    return {"rate": columns["persons"] / columns["years"], "one": np.ones(2)}


@pytest.mark.parametrize(
    ("table", "changed", "message"),
    [
        (TABLE, {"name": np.array(["x", "y"])}, r"must be declared, but CountedTable has no column 'name'"),
        (TABLE, {"persons": None}, r"must be in the exact table, but 'persons' is not"),
        (TABLE, {"persons": np.array([3.0, 4.5])}, r"whole numbers >= 0, but column 'persons' has dtype float64"),
        (TABLE, {"persons": np.array([-1, 4])}, r"whole numbers >= 0, but column 'persons'"),
        (
            CountedTable(("code",), ("persons",), largest={"years": ("most", "second")}),
            {"most": np.ones(2), "second": np.ones(2)},
            r"a sum over persons must follow a count, but 'years' follows none: set CountedTable\(follows",
        ),
        (
            CountedTable(("code",), ("persons",), follows={"years": ("people",)}),
            {},
            r"must name counts, but 'people', which 'years' names, is none",
        ),
        (
            TABLE,
            {"code": np.array(["b", "b"])},
            r"each row of a release must have labels of its own, but 1 of 2 rows repeat the labels \(code\) of another "
            r"row: add such rows up, or name the column that tells them apart in CountedTable\(labels=",
        ),
        (CountedTable((), ("persons",), follows={"years": ("persons",)}), {"code": None}, r"but 1 of 2 rows repeat"),
    ],
)
def test_undeclared_and_wrong_columns_are_refused(table: CountedTable, changed: dict[str, Any], message: str) -> None:
    columns = {name: values for name, values in {**EXACT, **changed}.items() if values is not None}
    with pytest.raises(RunError, match=message):
        check_columns(columns, table)


def test_derived_columns_are_masked_where_a_count_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "rates_of_this_test", sys.modules[__name__])
    table = CountedTable(("code",), ("persons",), derive="rates_of_this_test:find_rate")
    out = np.array([True, False])
    released = {
        "code": np.ma.array(EXACT["code"]),
        "persons": np.ma.array([0, 40], mask=out),
        "years": np.ma.array([0.0, 80.0], mask=out),
    }
    derived = derive_columns(released, table, Policy())
    assert derived["rate"].tolist() == [None, 0.5] and derived["one"].tolist() == [None, 1.0]


def bound_persons(columns: dict[str, Any], policy: Policy) -> dict[str, Any]:
    persons = columns["persons"]
    return {"most": np.where(np.ma.getmaskarray(persons), policy.min_cell - 1, np.ma.getdata(persons))}


def test_function_of_two_parameters_gets_the_policy_and_masks_by_itself_what_follows_no_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "bounds_of_this_test", sys.modules[__name__])
    table = CountedTable(("code",), ("persons",), follows={"most": ()}, derive="bounds_of_this_test:bound_persons")
    released = {"code": np.ma.array(EXACT["code"]), "persons": np.ma.array([0, 40], mask=[True, False])}
    assert derive_columns(released, table, Policy(min_cell=7))["most"].tolist() == [6, 40]
    bounded = CountedTable(("code",), ("persons",), derive="bounds_of_this_test:bound_persons")
    assert derive_columns(released, bounded, Policy())["most"].tolist() == [None, 40]
