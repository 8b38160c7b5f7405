"""Tables that map codes: many to one, and what is not in them is counted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.medical.code_maps import CodeMap, read_code_map
from citytide.datasets.medical.opening import open_records, read_records

TABLE = "from,to,name\nI10.x00,I10,高血压\nI10.x01,I10,高血压\nE11.900,E11,\n"


@given(st.lists(st.sampled_from(["a", "b", "c", "long code"]), max_size=20), st.sampled_from(["keep", "drop"]))
def test_each_code_is_mapped_kept_or_dropped(codes: list[str], unmapped: str) -> None:
    held = CodeMap({"a": "group", "b": "group"}, "", unmapped="keep" if unmapped == "keep" else "drop")
    new, n_unmapped = held.apply(np.array(codes, dtype=np.str_))
    rest = (lambda code: code) if unmapped == "keep" else (lambda code: "")
    assert new.tolist() == ["group" if code in "ab" else rest(code) for code in codes]
    assert n_unmapped == sum(code not in "ab" for code in codes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_table_is_read_with_its_names_and_hash(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "codes.csv"
    path.write_bytes(TABLE.encode(encoding))
    held = read_code_map(path, unmapped="drop")
    assert held.codes == {"I10.x00": "I10", "I10.x01": "I10", "E11.900": "E11"} and held.names == {"I10": "高血压"}
    assert held.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() and held.unmapped == "drop"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TABLE + "I10.x00,I11,\n", r"line 5: a code must go to one code, but 'I10.x00' has 'I10' and 'I11'; keep one"),
        (TABLE + "I10.x02,I10,other\n", r"line 5: a code must have one name, but 'I10' has '高血压' and 'other'"),
        (TABLE + "I10.x02,,\n", r"line 5: a row must have both codes; fill or remove it"),
        (
            "from,target\na,b\n",
            r"line 1: .* must have the columns from and to, and may have name, got from, target; ren",
        ),
        ("from,to,all\na,b,c\n", r"line 1: .* got from, to, all; rename its columns and remove others"),
        ("from,to\n", r"a table of codes must have a row; add one"),
        ("", r"must have the columns from and to, and may have name, got none"),
    ],
)
def test_table_that_leaves_codes_open_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_code_map(path)


def test_choice_for_unmapped_codes_is_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unmapped must be keep or drop, got 'all'; choose one of them"):
        read_code_map(tmp_path / "codes.csv", unmapped="all")


@pytest.mark.parametrize(
    ("unmapped", "codes", "persons", "what"),
    [
        ("keep", ["I10", "J45", "E11"], ["1", "2", "3"], "events whose code is not in the table of codes, kept"),
        ("drop", ["I10", "E11"], ["1", "3"], "events whose code is not in the table of codes"),
    ],
)
def test_rows_follow_their_codes(tmp_path: Path, unmapped: str, codes: Any, persons: Any, what: str) -> None:
    (tmp_path / "codes.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "visits.csv").write_text("who,day,icd\n1,2005-05-07,I10.x01\n2,2005-05-08,J45\n3,,E11.900\n")
    source = open_records(tmp_path / "visits.csv", {"person": "who", "date": "day", "code": "icd"})
    (block,) = source.blocks()
    records = read_records(source.path, source.describe(), block)
    mapped = read_code_map(tmp_path / "codes.csv", unmapped=unmapped).map_records(records)
    assert (mapped.code.tolist(), mapped.person.tolist()) == (codes, persons)
    assert all(
        len(getattr(mapped, name)) == len(codes) for name in ("day", "until", "value", "cost_fen", "sex", "area")
    )
    assert mapped.counts[what] == 1
