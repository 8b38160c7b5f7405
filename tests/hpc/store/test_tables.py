from __future__ import annotations

import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from citytide.hpc.errors import RunError
from citytide.hpc.store import tables
from citytide.hpc.store.products import Column, Table
from citytide.hpc.store.table_files import read_table
from citytide.hpc.store.tables import check_columns, locate_table, publish_table, refuse_table, write_table

KINDS = ("bool", "int8", "uint64", "float32", "float64", "string", "datetime64[s]", "datetime64[ns]")
ROWS = st.lists(
    st.tuples(
        st.booleans(), st.integers(-128, 127), st.integers(0, 2**64 - 1), st.floats(width=32, allow_nan=True),
        st.floats(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
        st.integers(-(10**9), 10**9), st.none() | st.integers(-(10**17), 10**17),
    ),
    max_size=12,
)  # fmt: skip


def declare(format: Any = "parquet", **attrs: Any) -> Table:
    columns = tuple(Column(f"c{at}", kind, "m s-1", f"a {kind}") for at, kind in enumerate(KINDS))
    return Table("people", "People and more", columns, format, attrs)


def make_columns(rows: list[Any]) -> dict[str, NDArray[Any]]:
    made: dict[str, NDArray[Any]] = {}
    for at, kind in enumerate(KINDS):
        values = [row[at] for row in rows]
        if kind == "string":
            made[f"c{at}"] = np.array(values, dtype=np.dtypes.StringDType())
        elif kind.startswith("datetime64"):
            made[f"c{at}"] = np.array(["NaT" if v is None else v for v in values], kind)
        else:
            made[f"c{at}"] = np.array(values, kind)
    return made


def write(folder: Path, table: Table, blocks: list[dict[str, NDArray[Any]]]) -> Path:
    (folder / "work" / "list").mkdir(parents=True)
    for index, block in enumerate(blocks):
        arrays: Any = check_columns(table, block, "list")
        np.savez(folder / "work" / "list" / f"{index}.npz", **arrays)
    counts, files = write_table(folder, table, "work/list", len(blocks))
    assert counts == {"rows": sum(len(block["c0"]) for block in blocks)} and set(files) == {table.file_name}
    return locate_table(folder, table.file_name)


@pytest.mark.parametrize("format", ["parquet", "csv"])
@settings(max_examples=30)
@given(rows=ROWS, cut=st.integers(0, 12))
def test_a_table_reads_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, format: str, rows: list[Any], cut: int
) -> None:
    folder, table = tmp_path_factory.mktemp("run"), declare(format, place="甲")
    found = read_table(write(folder, table, [make_columns(rows[:cut]), make_columns(rows[cut:])]), table)
    for name, values in make_columns(rows).items():
        if values.dtype.kind == "T":
            assert found[name].tolist() == values.tolist()
        else:
            assert found[name].dtype == values.dtype
            np.testing.assert_array_equal(found[name].to_numpy(), values)
    assert found.attrs["units"]["c1"] == "m s-1" and found.attrs["long_name"]["c1"] == "a int8"
    assert found.attrs["title"] == "People and more" and found.attrs["place"] == "甲"


@pytest.mark.parametrize("format", ["parquet", "csv"])
@settings(max_examples=15)
@given(rows=ROWS, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_bytes_do_not_depend_on_which_rows_came_in_one_block(
    tmp_path_factory: pytest.TempPathFactory, format: str, rows: list[Any], cuts: list[int]
) -> None:
    table, at = declare(format), [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "GROUP_ROWS", 5)
        one = write(tmp_path_factory.mktemp("one"), table, [make_columns(rows)])
        many = [make_columns(rows[a:b]) for a, b in pairwise(at)]
        assert write(tmp_path_factory.mktemp("many"), table, many).read_bytes() == one.read_bytes()
    if format == "parquet":
        groups = pyarrow.parquet.ParquetFile(one).metadata
        assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [
            min(5, len(rows) - start) for start in range(0, len(rows), 5)
        ]


def test_parquet_file_tells_units_and_meaning(tmp_path: Path) -> None:
    path = write(tmp_path, declare(crs="EPSG:4326", limits=[1, 2]), [make_columns([])])
    schema = pyarrow.parquet.read_schema(path)
    assert schema.metadata[b"title"] == b"People and more" and schema.metadata[b"limits"] == b"[1, 2]"
    assert schema.field("c1").metadata == {b"units": b"m s-1", b"long_name": b"a int8"}
    assert pyarrow.parquet.ParquetFile(path).metadata.num_rows == 0


def test_csv_is_rfc_4180(tmp_path: Path) -> None:
    table = Table("t", "T", (Column("a,b", "string", "1", "a"), Column("x", "float64", "1", "x")), "csv")
    (tmp_path / "w").mkdir()
    np.savez(tmp_path / "w" / "0.npz", **{"a,b": np.array(['say "hi"\nü', ""]), "x": np.array([0.1, np.nan])})
    write_table(tmp_path, table, "w", 1)
    assert locate_table(tmp_path, "t.csv").read_bytes() == '"a,b",x\r\n"say ""hi""\nü",0.1\r\n"",\r\n'.encode()


def test_a_published_table_leaves_no_staging(tmp_path: Path) -> None:
    staged = write(tmp_path, declare(), [make_columns([])])
    assert staged.parent.name == "staging" and not list(tmp_path.rglob("*.partial"))
    assert publish_table(tmp_path, declare()) == tmp_path / "people.parquet" == locate_table(tmp_path, "people.parquet")
    assert not (tmp_path / "staging").exists() and publish_table(tmp_path, declare()).exists()


def changed(**columns: Any) -> dict[str, Any]:
    made = {"age": np.array([1, 2]), "name": np.array(["a", "b"]), **columns}
    return {key: value for key, value in made.items() if value is not None}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (changed(name=None, height=np.ones(2)),
         "step 'list' must return the columns age, name of table 'people', got age, height: return one array for each "
         "column, and nothing else"),
        (changed(age=np.ones(2)),
         "column people.age must be int64 with one dim, got float64 with 1: convert it, or declare what the step "
         "returns"),
        (changed(age=np.ones((2, 1), np.int64)),
         "column people.age must be int64 with one dim, got int64 with 2: convert it, or declare what the step "
         "returns"),
        (changed(name=np.array(["a"])),
         "the columns of table 'people' must have one length, but step 'list' returned 2 of 'age' and 1 of 'name': "
         "return a value for each row"),
        (changed(name=np.array(["a", None], object)),
         "column people.name must be an array of string, got objects: return numpy.asarray(values, str)"),
        (changed(age=np.array([1, None], object)),
         "column people.age must be an array of int64, got objects: return numpy.asarray(values, 'int64')"),
        (changed(name=np.array(["a", "b\0"], np.dtypes.StringDType())),
         "column people.name must be text without a NUL character at its end: remove it"),
    ],
)  # fmt: skip
def test_columns_other_than_declared_are_refused(columns: dict[str, Any], sentence: str) -> None:
    table = Table("people", "People", (Column("age", "int64", "1", "age"), Column("name", "string", "1", "name")))
    with pytest.raises(RunError) as refused:
        check_columns(table, columns, "list")
    assert str(refused.value) == sentence


AGE = Column("age", "int64", "1", "age")


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (Table("people", "P", (AGE,), "xlsx"),  # type: ignore[arg-type]
         "the format of table 'people' must be parquet or csv, got 'xlsx'"),
        (Table("../people", "P", (AGE,)), "the name of a table must be letters, digits, - and _, and none of"),
        (Table("run", "P", (AGE,)), "the name of a table must be letters, digits, - and _, and none of"),
        (Table("people", "P", ()), "table 'people' must have at least one column: declare them in `columns`"),
        (Table("people", "P", (AGE, AGE)),
         "each column of table 'people' must have a name of its own, got 'age' twice"),
        (Table("people", "P", (Column("age", "object", "1", "age"),)), "column people.age must have a dtype of bool, "),
    ],
)  # fmt: skip
def test_a_table_that_no_file_can_hold_is_refused(table: Table, sentence: str) -> None:
    with pytest.raises(RunError) as refused:
        refuse_table(table)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("per_block", [400_000, 50_000])
def test_one_block_at_a_time_is_held(tmp_path: Path, per_block: int) -> None:
    table, n_rows = Table("t", "T", (Column("x", "float64", "1", "x"),)), 1_600_000
    (tmp_path / "w").mkdir()
    for index in range(n_rows // per_block):
        np.savez(tmp_path / "w" / f"{index}.npz", x=np.arange(per_block) / 7.0)
    tracemalloc.start()
    write_table(tmp_path, table, "w", n_rows // per_block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * per_block + 4 * 8 * tables.GROUP_ROWS
