from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.text.tables import read_table


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
    "text",
    [
        "a,b\n1.5,x\n2,y\n",
        "a;b\n1,5;x\n2;y\n",
        "a\tb\n1.5\tx\n2\ty\n",
        "# made by a gauge, 2023\n\n# (c) nobody\na;b\n1,5;x\n# a pause\n2,0;y\n",
        "# a,b\n1.5,x\n2,y\n",
        "# a,b\n# made by x\n1.5,x\n2,y\n",
        "# a;b\n1.5,x\n2,y\n",
        "# a\tb\n# of 2023\n1,5;x\n2,0;y\n",
        'a;b\n"1,5";x\n2;y\n',
        "a,b,\n1.5,x,\n2,y,\n",
    ],
)
def test_delimiters_comments_and_decimal_commas_are_read(tmp_path: Path, text: str):
    read = table(tmp_path, text)
    assert read.numbers("a").tolist() == [1.5, 2.0] and read.columns["b"] == ["x", "y"]


def test_a_mark_in_a_cell_or_a_heading_divides_nothing(tmp_path: Path):
    read = table(tmp_path, "name,threshold_m\ngate,0.15;0.3\n#7,0.2\n")
    assert read.columns == {"name": ["gate", "#7"], "threshold_m": ["0.15;0.3", "0.2"]} and read.comments == ()
    read = table(tmp_path, "time;level, mean (m)\n0;1,5\n")
    assert read.columns == {"time": ["0"], "level, mean (m)": ["1.5"]}
    read = table(tmp_path, 'name;threshold\ngate;0,15\nyard;"0,2;0,5"\n')
    assert read.columns["threshold"] == ["0.15", "0.2;0.5"]


def test_capitals_stay_in_brackets(tmp_path: Path):
    assert list(table(tmp_path, "Time (h),Flow (ML/d),Q\uff08ML/d\uff09\n1,2,3\n").columns) == [
        "time (h)",
        "flow (ML/d)",
        "q\uff08ML/d\uff09",
    ]


def test_comments_are_kept_and_lines_stay_counted(tmp_path: Path):
    read = table(tmp_path, "# unit: m\na,b\n1,2\n# pause\n3,x\n")
    assert read.comments == ("# unit: m", "# pause") and read.line == [3, 5]
    with pytest.raises(InputError, match="line 5: b is 'x'"):
        read.numbers("b")


def test_a_first_row_of_numbers_is_data_where_headings_may_be_missing(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_text("0;1,5\n60;2,5\n")
    read = read_table(file, may_lack_headings=True)
    assert not read.has_headings and read.columns == {"column 1": ["0", "60"], "column 2": ["1.5", "2.5"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("a,b\n1\n", r"line 2: the row has 1 cells for 2 columns; check whether the file is cut off"),
        (
            "a;b\n1,500;2\n",
            r"line 2: '1,500' is ambiguous: it may be 1\.500 or 1500; write numbers",
        ),
        ("a;b\n1,5;2\n2.5;2\n", r"line 3: '2\.5' has a decimal point, and '1,5' on line 2 a decimal comma"),
        ("# a,b\n# c,d\n# of 2023\n1,2\n", "2 comments may name the 2 columns; write the names into the first line"),
        ("a;a\n1;2\n", "column 'a' must be unique, it is there twice"),
        ("a,a\n1,2\n", "column 'a' must be unique, it is there twice"),
        ("a\n'x\n", r"line 2: a is \"'x\"; give a number"),
        ("a\n1\n-3\n", "line 3: a is -3; give a finite number >= 0"),
        ("a\n1\nnan\n", "line 3: a is nan; give a finite number >= 0"),
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
