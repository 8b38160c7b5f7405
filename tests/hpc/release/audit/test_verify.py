"""Whatever is altered, removed, moved, cut off or added in a log or beside it is named."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from releases import fill, make_entry, make_tables

from citytide.hpc.errors import BUSY, RunError
from citytide.hpc.release.audit import verify
from citytide.hpc.release.audit.files import LogFiles
from citytide.hpc.release.audit.lines import hash_line, open_line, read_head, read_raw, seal_line
from citytide.hpc.release.audit.verify import find_line_problems, verify_log
from citytide.hpc.release.audit_log import AuditLog

FILES = ["a.jsonl", "a/2.npz", "a/head.json"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of three releases, which no test changes."""
    folder = tmp_path_factory.mktemp("written")
    folder.chmod(0o700)
    fill(AuditLog(folder / "audit" / "a.jsonl"), 3)
    return folder / "audit"


@pytest.fixture
def files(written: Path, tmp_path: Path) -> LogFiles:
    shutil.copytree(written, tmp_path / "audit")
    return LogFiles(tmp_path / "audit" / "a.jsonl")


def say(files: LogFiles) -> list[str]:
    return [f"{one.where} {one.problem}" for one in verify_log(files.path)]


def split(files: LogFiles) -> list[bytes]:
    return files.path.read_bytes().splitlines(keepends=True)


def test_a_log_as_it_was_written_has_no_problem(files: LogFiles) -> None:
    before = {path: path.read_bytes() for path in files.path.parent.rglob("*") if path.is_file()}
    assert say(files) == []
    assert {path: path.read_bytes() for path in files.path.parent.rglob("*") if path.is_file()} == before


def test_each_altered_byte_of_the_lines_is_caught_and_its_line_named(written: Path) -> None:
    files = LogFiles(written / "a.jsonl")
    data, secret = files.path.read_bytes(), files.read_secret()
    head, ends = read_head(files, secret), np.cumsum([len(line) for line in read_raw(files.path)[0]])
    for at in range(len(data)):
        for flipped in (data[at] ^ 1, data[at] ^ 0x20, 0x0A if data[at] != 0x0A else 0x20):
            parts = (data[:at] + bytes([flipped]) + data[at + 1 :]).split(b"\n")
            found = find_line_problems([part + b"\n" for part in parts[:-1]], parts[-1], head, secret)
            line = int(np.searchsorted(ends, at, side="right")) + 1
            assert any(one.where == f"line {line}" for one in found), (at, flipped, found)


def test_each_altered_byte_of_the_head_is_caught(written: Path) -> None:
    files = LogFiles(written / "a.jsonl")
    raw, secret, data = read_raw(files.path)[0], files.read_secret(), files.head.read_bytes()
    for at in range(len(data)):
        head = open_line(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], secret)
        assert find_line_problems(raw, b"", head, secret)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.floats(0, 1, exclude_max=True),
    mask=st.integers(1, 255),
    which=st.sampled_from(FILES),
)
def test_one_altered_byte_of_any_file_is_caught(files: LogFiles, at: float, mask: int, which: str) -> None:
    path = files.path.parent / which
    data = bytearray(path.read_bytes())
    before = bytes(data)
    data[int(at * len(data))] ^= mask
    path.write_bytes(data)
    assert say(files)
    path.write_bytes(before)
    assert not say(files)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_line_that_is_missing_is_named(files: LogFiles, number: int) -> None:
    lines = split(files)
    del lines[number - 1]
    files.path.write_bytes(b"".join(lines))
    assert say(files) == [
        f"line {number} is missing",
        f"file {number}.npz belongs to no line: the line is missing, or somebody added it",
    ]


def test_an_end_that_was_cut_off_with_its_table_is_named(files: LogFiles) -> None:
    files.path.write_bytes(b"".join(split(files)[:1]))
    for number in (2, 3):
        files.table(number).unlink()
    assert say(files) == ["line 2 is missing", "line 3 is missing"]


def test_lines_that_were_swapped_are_named(files: LogFiles) -> None:
    one, two, three = split(files)
    files.path.write_bytes(one + three + two)
    assert say(files) == ["line 3 stands in another place: it is line 2"]
    files.path.write_bytes(two + one + three)
    assert say(files)[0] == "line 2 stands in another place: it is line 1"


def test_a_line_that_was_repeated_or_added_is_named(files: LogFiles) -> None:
    one, two, three = split(files)
    files.path.write_bytes(one + two + two + three)
    assert say(files) == ["line 3 repeats line 2"]
    files.path.write_bytes(one + two + three + b'{"number":4}\n')
    assert say(files) == ["line 4 was changed, or citytide did not write it"]


def test_a_line_cut_short_is_named(files: LogFiles) -> None:
    data = files.path.read_bytes()
    files.path.write_bytes(data[:-5])
    assert say(files) == [
        "line 3 is missing",
        "line 3 has no end: it was cut off, or a release was killed while it wrote it, which the next one repairs",
        "file 3.npz belongs to no line: the line is missing, or somebody added it",
    ]


def test_a_line_written_with_the_secret_in_place_of_another_breaks_the_chain(files: LogFiles) -> None:
    one, two, three = split(files)
    secret = files.read_secret()
    fields = open_line(two, secret)
    assert fields is not None
    other = seal_line({**fields, "purpose": "another"}, secret)
    files.path.write_bytes(one + other + three)
    assert say(files) == ["line 3 does not follow the line before it, which is another one than it was"]


def test_a_log_without_lines_is_missing_all_of_them(files: LogFiles) -> None:
    files.path.write_bytes(b"")
    assert say(files)[:3] == ["line 1 is missing", "line 2 is missing", "line 3 is missing"]
    files.path.unlink()
    assert say(files)[:3] == ["line 1 is missing", "line 2 is missing", "line 3 is missing"]


def test_a_private_table_that_is_missing_changed_swapped_or_added_is_named(files: LogFiles) -> None:
    first, second = files.table(1).read_bytes(), files.table(2).read_bytes()
    files.table(1).unlink()
    assert say(files) == ["private table 1.npz of line 1 is missing"]
    files.table(1).write_bytes(second)
    files.table(2).write_bytes(first)
    assert say(files) == [f"private table {n}.npz of line {n} is not what was written" for n in (1, 2)]
    files.table(1).write_bytes(first)
    files.table(2).write_bytes(second)
    (files.folder / "4.npz").write_bytes(first)
    assert say(files) == ["file 4.npz belongs to no line: the line is missing, or somebody added it"]


def test_a_head_that_is_missing_or_of_another_log_is_named(files: LogFiles) -> None:
    secret, raw = files.read_secret(), split(files)
    files.head.write_bytes(seal_line({"lines": 1, "last": hash_line(raw[0])}, secret))
    assert say(files) == ["the head of the log tells of 1 lines, but there are 3"]
    files.head.write_bytes(seal_line({"lines": 2, "last": hash_line(raw[0])}, secret))
    assert say(files) == ["the head of the log tells of 2 lines, but there are 3"]
    files.head.unlink()
    assert say(files) == ["the head of the log is missing or was changed"]


def test_another_secret_makes_every_line_a_wrong_one(files: LogFiles) -> None:
    files.secret.write_bytes(bytes(32))
    assert len([one for one in say(files) if one.endswith("citytide did not write it")]) == 3


def test_a_log_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"there is no audit log .*b\.jsonl: give the path of a \.jsonl file"):
        verify_log(tmp_path / "b.jsonl")


def test_a_log_that_is_being_written_is_one_clear_error(files: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "READ_WAIT_S", 0.1)
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with AuditLog(files.path).locked():
            holding.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(20)
    try:
        with pytest.raises(RunError, match="is being written by process") as refused:
            verify_log(files.path)
        assert refused.value.exit_code == BUSY
    finally:
        done.set()
        thread.join()
    assert say(files) == []


def test_the_log_goes_on_after_it_was_verified(files: LogFiles) -> None:
    assert say(files) == []
    assert AuditLog(files.path).append(make_entry("run-4"), *make_tables(4)) == 4
    assert say(files) == []
