"""A log is found by its path or by the beginning of its key, and its files belong to one user."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.audit.files import LogFiles, audit_folder, find_log, list_logs, name_log


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path))
    audit_folder().mkdir(mode=0o700)
    return tmp_path


def test_a_log_is_found_by_path_or_by_the_beginning_of_its_key(tmp_path: Path) -> None:
    for key in ("3f9a" * 16, "3f00" * 16, "ab12" * 16):
        name_log(key).touch()
    assert [log.stem for log in list_logs()] == ["3f00" * 4, "3f9a" * 4, "ab12" * 4]
    assert find_log("3f9") == find_log("3f9a" * 16) == find_log(str(name_log("3f9a" * 16))) == list_logs()[1]
    with pytest.raises(RunError, match=r"'3f' names 2 audit logs: give the path of a \.jsonl file, or the beginning"):
        find_log("3f")
    with pytest.raises(RunError, match=rf"'77' names no audit log: .* \({'3f00' * 4}, {'3f9a' * 4}, {'ab12' * 4}\)"):
        find_log("77")


def test_a_secret_is_made_once() -> None:
    files = LogFiles(name_log("ab" * 32))
    secret = files.make_secret()
    assert len(secret) == 32 and files.make_secret() == files.read_secret() == secret
    assert LogFiles(name_log("cd" * 32)).make_secret() != secret


def test_a_file_system_without_locks_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int, kind: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", fail)
    with (
        pytest.raises(RunError, match=r"must lie on a file system with locks, but that of .* has none \(Operation not"),
        LogFiles(name_log("ab" * 32)).hold_lock(0.0),
    ):
        pass


def test_several_may_read_at_once_and_none_while_one_writes() -> None:
    files = LogFiles(name_log("ab" * 32))
    with files.hold_lock(0.0, shared=True), files.hold_lock(0.0, shared=True):
        with pytest.raises(RunError, match="is being written"), files.hold_lock(0.0):
            pass
    with files.hold_lock(0.0), pytest.raises(RunError, match="is being written"), files.hold_lock(0.0, shared=True):
        pass
