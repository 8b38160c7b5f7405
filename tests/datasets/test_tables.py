from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.tables import read_table


def table(tmp_path: Path, text: str):
    file = tmp_path / "t.csv"
    file.write_text(text, encoding="utf-8")
    return read_table(file)


def test_columns_are_found_in_any_case_and_empty_cells_take_the_default(tmp_path: Path):
    read = table(tmp_path, 'Link_ID, Toll,geometry\n7,,"LINESTRING (0 0, 1 1)"\n\n8,2.5,x\n')
    assert read.whole("link_id").tolist() == [7, 8]
    assert read.numbers("toll", default=0.0).tolist() == [0.0, 2.5]
    assert read.numbers("lanes", default=1.0).tolist() == [1.0, 1.0]
    assert read.line == [2, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("a,b\n1\n", r"line 2: the row has 1 cells for 2 columns; is the file cut off"),
        ("a,a\n1,2\n", "column 'a' stands twice"),
        ("a\n'x\n", r"line 2: a is \"'x\"; give a number"),
        ("a\n1\n-3\n", "line 3: a is -3; give a finite number from 0 up"),
        ("a\n1\nnan\n", "line 3: a is nan; give a finite number from 0 up"),
        ("a\n1\n\n", "column 'b' is missing; the columns are a"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message):
        read = table(tmp_path, text)
        read.numbers("a")
        read.require("b")


def test_whole_numbers_may_be_written_with_a_point_but_not_with_a_fraction(tmp_path: Path):
    assert table(tmp_path, "a\n12.0\n").whole("a").tolist() == [12]
    for cell in ("12.5", "x", "1e300"):
        with pytest.raises(InputError, match="give a whole number"):
            table(tmp_path, f"a\n{cell}\n").whole("a")
