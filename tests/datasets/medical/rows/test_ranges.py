"""Each line of a file is read once, in the range in which it begins."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.medical.rows import ranges
from citytide.datasets.medical.rows.ranges import count_lines, cut_ranges, measure_file, read_lines


@given(
    lines=st.lists(st.binary(max_size=6).map(lambda one: one.replace(b"\n", b"x")), max_size=12),
    ends=st.booleans(),
    range_bytes=st.integers(1, 30),
    zipped=st.booleans(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ranges_together_hold_each_line_once(
    tmp_path: Path, lines: list[bytes], ends: bool, range_bytes: int, zipped: bool
) -> None:
    text = b"\n".join(lines) + (b"\n" if ends else b"")
    root, file = tmp_path / "lines.csv", ""
    if zipped:
        root, file = tmp_path / "lines.zip", "lines.csv"
        with zipfile.ZipFile(root, "w") as archive:
            archive.writestr(file, text)
    else:
        root.write_bytes(text)
    cuts = cut_ranges(measure_file(root, file), range_bytes)
    parts = [read_lines(root, file, *cut) for cut in cuts]
    assert b"".join(parts) == text
    assert all(part.endswith(b"\n") for part in parts[:-1] if part) or not text.endswith(b"\n")
    assert [stop for _, stop in cuts[:-1]] == [start for start, _ in cuts[1:]]


def test_lines_are_counted_up_to_a_byte(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a\nb\nc\n")
    assert [count_lines(tmp_path, "a", stop) for stop in (0, 2, 3, 99)] == [0, 1, 1, 3]


def test_text_without_line_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "LONGEST_LINE", 100)
    (tmp_path / "a").write_bytes(b"x" * 200)
    with pytest.raises(InputError, match=r"a: a line must have fewer than 100 bytes, got a longer one; check that"):
        read_lines(tmp_path, "a", 0, 10)


def test_missing_members_and_files_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "a\n")
    for root, file in ((tmp_path / "a.zip", "b.csv"), (tmp_path, "b.csv")):
        with pytest.raises(InputError, match=r"b.csv: the file is missing; check the name"):
            read_lines(root, file, 0, 1)
