"""One line is one row; encodings are read or refused by line."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.medical.rows.csv_rows import Dialect, read_csv_rows, read_header
from citytide.datasets.medical.rows.rows import Rows

GB = Dialect(encoding="GB18030")


def read(root: Path, raw: bytes, dialect: Dialect | None = None, start: int = 0) -> Rows:
    (root / "a.csv").write_bytes(raw)
    return read_csv_rows(root, "a.csv", start, len(raw), ("id", "name"), dialect)


def column(rows: Rows, name: str) -> list[str]:
    return [str(one) for one in rows.columns[name].to_pylist()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_text_of_a_declared_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    raw = "id,name,other\r\n007,李雷,x\r\n\r\n7,韩梅梅,\r\n".encode(encoding)
    rows = read(tmp_path, raw, GB if encoding == "gb18030" else None)
    assert column(rows, "name") == ["李雷", "韩梅梅"] and column(rows, "id") == ["007", "7"]
    assert [rows.locate(row) for row in range(2)] == [2, 4]


def test_quoted_fields_may_hold_delimiters_and_doubled_quotes(tmp_path: Path) -> None:
    rows = read(tmp_path, b'id,name\n1,"a, ""b"""\n2,\n')
    assert column(rows, "name") == ['a, "b"', ""]


def test_a_header_of_100_000_columns_is_read_in_a_moment(tmp_path: Path) -> None:
    names = [f"c{at}" for at in range(100_000)]
    (tmp_path / "a.csv").write_text(",".join(names) + "\n")
    began = perf_counter()
    assert read_header(tmp_path, "a.csv", Dialect()) == names
    assert perf_counter() - began < 10  # each name against all others took minutes


@pytest.mark.parametrize("cut", [0, 8, 13, 14, 19])
def test_lines_of_errors_count_from_the_top_of_the_file(tmp_path: Path, cut: int) -> None:
    raw = b"id,name\n1,abc\n2,def\n3,ghi\n"  # lines begin at 0, 8, 14, 20
    rows = read(tmp_path, raw, start=cut)
    last = rows.n_rows - 1
    assert column(rows, "id")[last] == "3" and rows.locate(last) == 4


def test_line_that_is_not_in_the_encoding_is_refused(tmp_path: Path) -> None:
    mixed = b"id,name\n1,a\n" + "2,李雷\n".encode("gb18030")
    with pytest.raises(
        InputError,
        match=r"a.csv, line 3: the text must be UTF-8, but this line is not; save all of it as UTF-8, or write "
        r"encoding: GB18030 in the mapping of columns if all of it is GB18030",
    ):
        read(tmp_path, mixed)
    with pytest.raises(InputError, match=r"a.csv, line 1: the text must be UTF-8, but this line is not"):
        read(tmp_path, "id,姓名\n1,a\n".encode("gb18030"))
    mixed = "id,name\n1,李雷\n".encode("gb18030") + "2,糖尿病\n".encode()
    with pytest.raises(InputError, match=r"a.csv, line 3: the text must be GB18030, but this line is not; save all"):
        read(tmp_path, mixed, GB)


def test_line_of_utf8_that_would_decode_as_gb18030_is_refused(tmp_path: Path) -> None:
    line = "2,高血压病\n".encode()
    line.decode("gb18030")  # it decodes, and to other words
    with pytest.raises(
        InputError, match=r"line 3: a file must be in one encoding, but this line is UTF-8 in a file of GB18030; save"
    ):
        read(tmp_path, "id,name\n1,李雷\n".encode("gb18030") + line, GB)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", r"line 1: the first line must name the columns, but it is empty; add it"),
        ("id,name\n1,a\n".encode("utf-16"), r"must be UTF-8 or GB18030, but it looks like UTF-16; save it as UTF-8"),
        (b"id,name\r1,a\r", r"lines must end in \\n or \\r\\n, but they end in \\r alone; save it"),
        (b"id,name,id\n", r"line 1: each column must have a name of its own, but 'id' stands twice; rename one"),
        (b"id,name\n1,a\rb\n", r"line 2: lines must end in \\n or \\r\\n, but this one holds \\r alone; remove it"),
        (b'id,name\n1,a\n2,"b\nc"\n', r"line 3: a row must stand on one line, but a quoted field does not end"),
        (b"id,name\n1,a\n\n2\n", r"line 4: each row must have the header's 2 fields, got 1; quote fields"),
    ],
)
def test_text_that_is_no_table_is_refused(tmp_path: Path, raw: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, raw)


def test_header_is_lowered_on_request(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(" Person_ID ,DAY\n")
    assert read_header(tmp_path, "a.csv", Dialect(lower=True)) == ["person_id", "day"]
    assert read_header(tmp_path, "a.csv", Dialect()) == ["Person_ID", "DAY"]
