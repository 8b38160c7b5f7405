"""What is withheld is missing in every file, is never 0, and stands nowhere beneath its mask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from hypothesis import given, settings

from citytide.hpc.errors import RunError
from citytide.hpc.store.products import Column, Table
from citytide.hpc.store.table_files import read_table
from citytide.hpc.store.tables import check_columns, refuse_table, write_table
from citytide.hpc.store.withheld import join_masks, join_pieces, split_masks, take_mask

N = Column("n", "int64", "1", "how many", may_be_withheld=True)
TABLE = Table("counts", "Counts", (
    Column("who", "string", "1", "who"), N, Column("rate", "float64", "1", "rate", may_be_withheld=True),
    Column("small", "uint8", "1", "few", may_be_withheld=True),
    Column("is_high", "bool", "1", "whether it is high", may_be_withheld=True),
    Column("word", "string", "1", "a word", may_be_withheld=True),
))  # fmt: skip
SECRET = 7_771_777
ROWS = st.lists(st.tuples(st.integers(-9, 9), st.floats(allow_nan=False), st.text('a,"€', max_size=3), st.booleans()))


def make_columns(rows: list[Any]) -> dict[str, Any]:
    n, rate, word, mask = ([row[at] for row in rows] for at in range(4))
    plain = {
        "n": np.where(np.array(mask, bool), SECRET, np.array(n, "i8")), "rate": np.array(rate, "f8"),
        "small": np.abs(np.array(n, "i8")).astype("u1"), "is_high": np.array(n, "i8") > 0,
        "word": np.array(word, np.dtypes.StringDType()),
    }  # fmt: skip
    masked = {name: np.ma.MaskedArray(values, np.array(mask, bool)) for name, values in plain.items()}
    return {"who": np.array([f"{at}" for at in range(len(rows))], np.dtypes.StringDType()), **masked}


def write(folder: Path, table: Table, *blocks: dict[str, Any]) -> Path:
    (folder / "work").mkdir()
    for index, columns in enumerate(blocks):
        np.savez(folder / "work" / f"{index}.npz", **split_masks(check_columns(table, columns, "count")))
    write_table(folder, table, "work", len(blocks))
    return folder / "staging" / table.file_name


@settings(max_examples=30, deadline=None)
@given(first=ROWS, second=ROWS, kind=st.sampled_from(["parquet", "csv"]))
def test_a_table_comes_back_with_what_is_withheld_missing(
    tmp_path_factory: pytest.TempPathFactory, first: Any, second: Any, kind: Any
) -> None:
    folder, table, rows = tmp_path_factory.mktemp("table"), replace(TABLE, format=kind), first + second
    frame = read_table(write(folder, table, make_columns(first), make_columns(second)), table)
    expected = make_columns(rows)
    kinds = {"n": "Int64", "rate": "Float64", "small": "UInt8", "is_high": "boolean"}
    for name, dtype in kinds.items():
        assert frame[name].dtype == dtype
    assert isinstance(frame["word"].dtype, pd.StringDtype)
    for name in (*kinds, "word"):
        mask = np.ma.getmaskarray(expected[name]).tolist()
        assert frame[name].isna().tolist() == mask
        assert frame[name].dropna().tolist() == np.ma.getdata(expected[name])[~np.array(mask, bool)].tolist()
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert str(SECRET).encode() not in held and SECRET.to_bytes(8, "little") not in held


def test_parquet_holds_nulls_and_csv_empty_fields(tmp_path: Path) -> None:
    columns = {"who": np.array(["a", "b"]), "n": np.ma.MaskedArray([3, 40], [True, False])}
    table = replace(TABLE, columns=TABLE.columns[:2])
    read = pyarrow.parquet.read_table(write(tmp_path, table, columns))
    assert read["n"].to_pylist() == [None, 40] and read["n"].null_count == 1
    (tmp_path / "csv").mkdir()
    text = write(tmp_path / "csv", replace(table, format="csv"), columns).read_text()
    assert text.splitlines() == ["who,n", '"a",', '"b",40']


def test_a_column_that_does_not_say_so_cannot_be_withheld() -> None:
    columns = {"who": np.array(["a", "b"]), "n": np.ma.MaskedArray([3, 40], [True, False])}
    table = replace(TABLE, columns=(TABLE.columns[0], replace(N, may_be_withheld=False)))
    with pytest.raises(RunError) as refused:
        check_columns(table, columns, "count")
    assert str(refused.value) == (
        "column counts.n must have a value in every row, got 1 withheld: declare it with may_be_withheld=True"
    )
    columns["n"] = np.ma.MaskedArray([3, 40])
    assert not isinstance(check_columns(table, columns, "count")["n"], np.ma.MaskedArray)


def test_a_name_that_is_kept_for_a_mask_is_refused() -> None:
    with pytest.raises(RunError, match=r"no column of table 'counts' must be called 'n.mask', which is kept for the"):
        refuse_table(replace(TABLE, columns=(N, replace(N, name="n.mask"))))


def test_masks_travel_beside_their_values() -> None:
    plain, mask = take_mask("n", N, np.ma.MaskedArray([12, SECRET], [False, True]))
    assert plain.tolist() == [12, 0] and mask is not None
    columns = {"n": np.ma.MaskedArray(plain, mask), "who": np.array(["a", "b"])}
    again = join_masks(split_masks(columns), ["n", "who"])
    assert again["n"].tolist() == [12, None] and not isinstance(again["who"], np.ma.MaskedArray)
    assert join_pieces([again["n"], again["n"][:1]]).tolist() == [12, None, 12]
    assert take_mask("n", N, np.arange(2))[1].tolist() == [False, False]  # type: ignore[union-attr]
