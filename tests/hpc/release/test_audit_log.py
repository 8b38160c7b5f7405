"""Each release is one line that counts from the moment it is synced, and what stands behind it is kept in private."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from releases import KEY, SECRET_COUNT, fill, make_entry, make_tables

from citytide.hpc.errors import BUSY, RunError
from citytide.hpc.release import audit_log
from citytide.hpc.release.audit.verify import verify_log
from citytide.hpc.release.audit_log import AuditLog


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "home"))
    before = os.umask(0o022)
    yield tmp_path / "home"
    os.umask(before)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        (np.ma.getmaskarray(one[name]) == np.ma.getmaskarray(other[name])).all()
        and (np.ma.filled(one[name]) == np.ma.filled(other[name])).all()
        for name in one
    )


def test_a_release_comes_back_as_it_was_kept(home: Path) -> None:
    log = fill(AuditLog.of_key(KEY), 2)
    exact, released, cohort = make_tables(2)
    kept = AuditLog.of_key(KEY).find("run-2", "count-release")
    assert kept is not None and log.files.path == home / "audit" / f"{KEY[:16]}.jsonl"
    assert same(kept.exact, exact) and same(kept.released, released) and (kept.cohort == cohort).all()
    assert kept.exact["n"].dtype == exact["n"].dtype and kept.cohort.dtype == np.uint64
    assert kept.line["number"] == 2 and kept.line["purpose"] == "planning" and kept.line["key"] == KEY
    assert {"previous", "when", "user", "host", "code"} <= kept.line.keys()
    assert log.find("run-2", "other") is None and AuditLog.of_key("ff" * 32).find("run-2", "count-release") is None


def test_releases_of_a_measure_come_in_their_order_and_epsilon_adds_up() -> None:
    log = AuditLog.of_key(KEY)
    assert log.earlier("m") == [] and log.spent() == 0.0
    for number, measure in enumerate(["m", "other", "m"]):
        log.append(make_entry(f"run-{number}", measure=measure, epsilon=0.5), *make_tables(number))
    assert [kept.line["run_id"] for kept in log.earlier("m")] == ["run-0", "run-2"]
    assert log.spent() == 1.5


def test_only_the_owner_can_read_and_no_line_holds_a_count(home: Path) -> None:
    log = fill(AuditLog.of_key(KEY), 2)
    for path in [home / "audit", *(home / "audit").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert str(SECRET_COUNT) not in log.files.path.read_text()


def test_what_is_masked_is_not_kept_among_what_was_released() -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    kept = log.find("run-1", "count-release")
    assert kept is not None and kept.released["n"].data.tolist() == [0, 41, 50]


def test_a_step_of_a_run_is_granted_one_release() -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    with pytest.raises(RunError, match="a step of a run is granted one release, but step 'count-release' of run run-1"):
        log.append(make_entry("run-1"), *make_tables(5))
    assert len(log.read_lines()) == 1


def test_a_line_must_tell_run_step_measure_and_epsilon() -> None:
    with pytest.raises(RunError, match="a line of an audit log must tell 'measure', got run_id, step: add it"):
        AuditLog.of_key(KEY).append({"run_id": "a", "step": "b"}, *make_tables())


def test_objects_are_refused_before_anything_is_written() -> None:
    log = AuditLog.of_key(KEY)
    _, released, cohort = make_tables()
    with pytest.raises(RunError, match="the columns of a release must be numbers or text, got objects in 'n'"):
        log.append(make_entry(), {"n": np.array([1, "a"], object)}, released, cohort)
    assert log.read_lines() == [] and verify_log(log.files.path) == []


def test_the_code_of_the_run_is_told_by_one_hash(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"id": "run-1", "code": {"modules": {"a": "b"}}}')
    log = AuditLog.of_key(KEY)
    log.append(make_entry(folder=str(tmp_path)), *make_tables())
    assert len(log.read_lines()[0]["code"]) == 64


# A process that is killed


@pytest.mark.parametrize("at", ["stage_kept", "append_line", "publish_kept", "write_head"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("n_before", [0, 2])
def test_a_release_that_is_killed_counts_or_does_not_and_the_next_one_goes_on(
    at: str, after: bool, n_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, real = fill(AuditLog.of_key(KEY), n_before), getattr(audit_log, at)

    def die(*arguments: Any) -> None:
        if after:
            real(*arguments)
        raise KeyboardInterrupt

    if at == "write_head" and not n_before:
        with log.locked():  # the log is begun
            pass
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(audit_log, at, die)
        log.append(make_entry("killed"), *make_tables(9))
    counts = (at, after) not in [("stage_kept", False), ("stage_kept", True), ("append_line", False)]
    assert verify_log(log.files.path) == []
    with log.locked():
        kept = AuditLog.find(log, "killed", "count-release")
        assert (kept is not None) is counts
    if not counts:
        log.append(make_entry("killed"), *make_tables(9))
    log.append(make_entry("next"), *make_tables(10))
    assert [line["number"] for line in log.read_lines()] == list(range(1, n_before + 3))
    assert verify_log(log.files.path) == [] and not list(log.files.folder.glob("*.partial"))


def test_part_of_a_line_is_dropped_by_the_next_release() -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    with log.files.path.open("ab") as file:
        file.write(b'{"number":2,"prev')
    assert [line["number"] for line in log.read_lines()] == [1]
    log.append(make_entry("run-2"), *make_tables(2))
    assert [line["run_id"] for line in log.read_lines()] == ["run-1", "run-2"] and verify_log(log.files.path) == []


def test_a_full_disk_leaves_the_log_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    before, write = log.files.path.read_bytes(), os.pwrite

    def fail(descriptor: int, data: bytes, at: int) -> int:
        if b"previous" not in data:
            return write(descriptor, data, at)
        write(descriptor, data[:10], at)
        raise OSError(28, "no space left")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="no space left"):
        patched.setattr(os, "pwrite", fail)
        log.append(make_entry("run-2"), *make_tables(2))
    assert log.files.path.read_bytes() == before and verify_log(log.files.path) == []


# Several at once


def test_releases_at_the_same_time_follow_one_another() -> None:
    def release(number: int) -> None:
        AuditLog.of_key(KEY).append(make_entry(f"run-{number}"), *make_tables(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(release, range(12)))
    log = AuditLog.of_key(KEY)
    assert sorted(line["run_id"] for line in log.read_lines()) == sorted(f"run-{number}" for number in range(12))
    assert verify_log(log.files.path) == []


def test_the_lock_may_be_entered_again_and_ends_with_the_outermost() -> None:
    log = AuditLog.of_key(KEY)
    with log.locked(), log.locked():
        assert log.append(make_entry(), *make_tables()) == 1
    with AuditLog(log.files.path, wait_s=0.0).locked():
        pass


def test_a_log_that_is_being_written_is_one_clear_error() -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with AuditLog.of_key(KEY).locked():
            holding.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(20)
    try:
        with pytest.raises(RunError) as refused, AuditLog(log.files.path, wait_s=0.1).locked():
            pass
        told = f"process {os.getpid()} on {os.uname().nodename}"
        assert str(refused.value) == (
            f"the audit log {log.files.path} is being written by {told}: wait until that release is done, and try again"
        )
        assert refused.value.exit_code == BUSY and len(log.read_lines()) == 1  # whoever reads does not wait
    finally:
        done.set()
        thread.join()


def test_a_lock_ends_with_the_process_that_held_it() -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    code = (
        "import sys, time; from citytide.hpc.release.audit_log import AuditLog\n"
        f"with AuditLog.of_key({KEY!r}).locked(): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"process {process.pid} on"), AuditLog(log.files.path, wait_s=0.0).locked():
            pass
        process.kill()
        process.wait()
        started = time.monotonic()
        with AuditLog(log.files.path, wait_s=5.0).locked():
            assert time.monotonic() - started < 5.0


# What cannot be used


def test_a_secret_that_is_missing_or_cut_is_one_clear_error() -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    secret = log.files.secret.read_bytes()
    log.files.secret.write_bytes(secret[:-1])
    with pytest.raises(RunError, match=r"must have 32 bytes, but .*\.secret has 31: put the file back from a backup"):
        log.read_lines()
    log.files.secret.unlink()
    for use in (log.read_lines, log.spent, lambda: log.append(make_entry("b"), *make_tables())):
        with pytest.raises(RunError, match=r"needs its secret .*, which cannot be read \(No such file or directory\)"):
            use()
    assert not log.files.secret.exists()  # a new one would make every line a wrong one


def test_another_users_log_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    for use in (log.read_lines, lambda: log.append(make_entry("b"), *make_tables())):
        with pytest.raises(RunError, match=f"belongs to user {own} and this is user {own + 1}: let the owner do it"):
            use()


def test_a_log_in_another_users_folder_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    log = fill(AuditLog.of_key(KEY), 1)

    def fail(path: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "lstat", fail)
    with pytest.raises(RunError, match=r"by its owner alone, but .* cannot be read \(Permission denied\): let"):
        log.read_lines()


def test_whoever_reads_while_a_release_ends_sees_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    real, number = audit_log.read_head, [1]

    def read_between(*arguments: Any) -> Any:
        head = real(*arguments)
        if number[0] < 3:  # two releases end between a look at the head and one at the lines
            monkeypatch.setattr(audit_log, "read_head", real)
            fill_one(number)
            fill_one(number)
            monkeypatch.setattr(audit_log, "read_head", read_between)
        return head

    def fill_one(number: list[int]) -> None:
        number[0] += 1
        AuditLog.of_key(KEY).append(make_entry(f"run-{number[0]}"), *make_tables(number[0]))

    monkeypatch.setattr(audit_log, "read_head", read_between)
    assert len(log.read_lines()) == 3


def test_a_log_that_others_can_read_is_refused_with_the_command_that_closes_it() -> None:
    log = fill(AuditLog.of_key(KEY), 1)
    log.files.secret.chmod(0o644)
    with pytest.raises(RunError, match=rf"{log.files.secret.name} has mode 644: chmod 600 {log.files.secret}"):
        log.spent()


def test_a_damaged_log_grants_no_release() -> None:
    log = fill(AuditLog.of_key(KEY), 2)
    data = log.files.path.read_bytes()
    log.files.path.write_bytes(data.replace(b"planning", b"plannin9", 1))
    for use in (log.spent, lambda: log.append(make_entry("b"), *make_tables())):
        with pytest.raises(RunError, match=r"but line 1 of .* was changed, or citytide did not write it: put it back"):
            use()
    log.files.path.write_bytes(data)
    log.files.table(2).write_bytes(b"")
    with pytest.raises(RunError, match=r"must stay as it was, but .*2\.npz is not what was written"):
        log.earlier("persons by sex")


def test_a_log_whose_lines_are_gone_is_not_begun_anew() -> None:
    log = fill(AuditLog.of_key(KEY), 2)
    log.files.path.unlink()
    log.files.head.unlink()
    with pytest.raises(RunError, match=r"but the head of the log of .* is missing or was changed"):
        log.append(make_entry("b"), *make_tables())
