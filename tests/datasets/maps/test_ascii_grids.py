"""ESRI ASCII grids have cells that are squares up to rounding."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.maps.ascii_grids import find_cell, read_ascii_grid

HEAD = "NCOLS 3\nNROWS 2\nXLLCORNER 7\nYLLCORNER 8\n{}\nNODATA_VALUE -5\n"


def write(file: Path, sides: str, cells: str = "1 2 3\n4 5 -5\n") -> Path:
    file.write_text(HEAD.format(sides) + cells)
    return file


def test_rows_are_turned_to_go_north(tmp_path: Path) -> None:
    grid, values, missing = read_ascii_grid(write(tmp_path / "z.asc", "CELLSIZE 10"))
    assert (grid.west, grid.south, grid.cell_m, grid.shape) == (7.0, 8.0, 10.0, (2, 3))
    assert values.tolist() == [[4, 5, -5], [1, 2, 3]] and missing == -5.0


def test_sides_that_differ_by_rounding_are_one_side(tmp_path: Path) -> None:
    grid = read_ascii_grid(write(tmp_path / "z.asc", "DX 10\nDY 10.0001")).grid
    assert grid.cell_m == pytest.approx(10.00005, abs=1e-9)
    assert find_cell(10.0, 10.0, (10_000, 10_000), "z.asc") == 10.0


@pytest.mark.parametrize("n", [12, 1000])
def test_sides_that_add_up_to_another_length_are_refused(n: int) -> None:
    with pytest.raises(
        InputError, match=r"z\.asc: the cells are 10 by 10\.01; they must be squares; resample it to square"
    ):
        find_cell(10.0, 10.01, (n, n), "z.asc")
    assert find_cell(10.0, 10.0 + 0.99e-2 / n, (n, n), "z.asc") > 10.0


def test_a_missing_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cellsize must be a length above 0"):
        read_ascii_grid(write(tmp_path / "z.asc", "DX 10"))
    with pytest.raises(InputError, match=r"row 2, column 1 holds '4,5'; give a number"):
        read_ascii_grid(write(tmp_path / "z.asc", "CELLSIZE 10", "1 2 3\n4,5 5 6\n"))


def test_a_mark_of_utf_8_and_blank_lines_in_the_head_are_passed_over(tmp_path: Path) -> None:
    file = write(tmp_path / "z.asc", "CELLSIZE 10\n\n")
    file.write_bytes(b"\xef\xbb\xbf\n" + file.read_bytes())
    grid, values, missing = read_ascii_grid(file)
    assert values.tolist() == [[4, 5, -5], [1, 2, 3]] and (grid.cell_m, missing) == (10.0, -5.0)


def test_a_key_word_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"z\.asc, line 6: cellsize must be given once; keep the right line"):
        read_ascii_grid(write(tmp_path / "z.asc", "CELLSIZE 10\ncellsize 20"))
