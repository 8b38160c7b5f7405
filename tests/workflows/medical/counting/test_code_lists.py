"""Which codes a setting names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from citytide.workflows.medical.counting.code_lists import choose_codes, find_codes, read_code_list
from citytide.workflows.medical.counting.refusals import Refusal

STORE = SimpleNamespace(codes=("I10", "E11", "007", "J45"))


def test_codes_of_a_file_are_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "code,name\nE11,diabetes\n007,a number  # is a text\n\n# nothing\nE11,twice\n", encoding="utf-8-sig"
    )
    assert read_code_list(str(file)) == ["E11", "007"]
    assert choose_codes(str(file), STORE) == [1, 2]


def test_no_list_is_every_code() -> None:
    assert choose_codes(None, STORE) is None


def test_unknown_codes_are_refused_by_name() -> None:
    with pytest.raises(Refusal) as refused:
        find_codes(["E11", *(f"X{number}" for number in range(7))], STORE)
    assert str(refused.value).startswith(
        "each of codes must be in the vocabulary of the store, got X0, X1, X2, X3, X4 and 2 others: remove"
    )


@pytest.mark.parametrize("text", ["", "\n# nothing\n"])
def test_list_without_a_code_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "empty.txt"
    file.write_text(text)
    with pytest.raises(Refusal, match=r"codes must name at least one code, got .*: write codes=E11,I10, or"):
        read_code_list(str(file))


def test_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes("糖尿病".encode("gb18030"))
    with pytest.raises(Refusal, match=r"a code list must be UTF-8 text, got .*list.txt: save it as UTF-8"):
        read_code_list(str(file))
