"""`citytide audit` lists, shows and verifies releases, and never a count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from releases import KEY, SECRET_COUNT, fill, make_entry, make_tables

from citytide.__main__ import cli
from citytide.hpc.control import recomputation
from citytide.hpc.errors import RunError
from citytide.hpc.release.audit.verify import LogProblem
from citytide.hpc.release.audit_log import AuditLog


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path))
    return fill(AuditLog.of_key(KEY), 2)


def audit(*words: str) -> Result:
    return CliRunner().invoke(cli, ["audit", *words])


def test_a_list_tells_what_was_released_and_no_count(log: AuditLog) -> None:
    told = audit("list").output
    first, second, third = told.splitlines()
    assert first == f"{log.files.path}: 2 releases"
    assert second.split()[0] == "1" and "planning  run-1  count  2 cells shown, 1 withheld, epsilon 0.25" in second
    assert third.split()[0] == "2" and audit("list", "3f9a").output == told
    assert str(SECRET_COUNT) not in told
    rows = json.loads(audit("list", str(log.files.path), "--json").stdout)
    assert [(row["number"], row["run_id"], row["withheld"]) for row in rows] == [(1, "run-1", 1), (2, "run-2", 1)]


def test_all_logs_of_the_user_are_listed(log: AuditLog) -> None:
    AuditLog.of_key("ab" * 32).append(make_entry("other"), *make_tables())
    assert [line for line in audit("list").output.splitlines() if line.endswith("release")] == [
        f"{log.files.path.parent}/{'ab' * 8}.jsonl: 1 release"
    ]
    assert len(json.loads(audit("list", "--json").stdout)) == 3


def test_without_a_log_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path))
    for command in ("list", "verify"):
        told = audit(command)
        assert told.exit_code == 0 and told.output.startswith("no audit log yet: the first release")


def test_a_line_is_shown_with_its_policy_and_hashes(log: AuditLog) -> None:
    told = audit("show", "3f9a", "2").output
    assert "policy           {'min_cell': 10}" in told and "exact_hash" in told and str(SECRET_COUNT) not in told
    assert json.loads(audit("show", "3f9a", "2", "--json").stdout) == log.read_lines()[1]
    refused = audit("show", "3f9a", "3").exception
    assert isinstance(refused, RunError) and str(refused).startswith("N must be the number of a line of")


def test_verify_names_what_was_altered_and_ends_with_1(log: AuditLog) -> None:
    told = audit("verify", "3f9a")
    assert (told.exit_code, told.output) == (0, f"{log.files.path}: every line and private table is what was written\n")
    data = log.files.path.read_bytes()
    log.files.path.write_bytes(data.replace(b"planning", b"planninG", 1))
    told = audit("verify")
    assert told.exit_code == 1 and told.output.splitlines() == [
        "line 1 was changed, or citytide did not write it",
        "file 1.npz belongs to no line: the line is missing, or somebody added it",
        f"{log.files.path}: 2 not as written",
    ]
    told = audit("verify", "--json")
    assert told.exit_code == 1 and json.loads(told.stdout)[0]["problems"][0]["where"] == "line 1"


def test_a_release_is_computed_again_on_demand(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Path, int]] = []
    problems: list[LogProblem] = []

    def verify_release(path: Path, number: int) -> list[LogProblem]:
        asked.append((path, number))
        return problems

    monkeypatch.setattr(recomputation, "verify_release", verify_release)
    told = audit("verify", "3f9a", "--release", "2")
    assert told.exit_code == 0 and asked == [(log.files.path, 2)]
    assert told.output.endswith(
        ", and the exact table behind release 2, computed again, is the same; the noise on it (epsilon 0.25) was drawn "
        "once, and the noisy counts are those that the log keeps\n"
    )
    plain = AuditLog.of_key("ab" * 32).append({**make_entry("other"), "epsilon": 0.0}, *make_tables())
    assert audit("verify", "abab", "--release", str(plain)).output.endswith("computed again, is the same\n")
    asked.clear()
    problems.append(LogProblem("release 2", "cannot be computed again: its run is gone"))
    told = audit("verify", "3f9a", "--release", "2")
    assert told.exit_code == 1 and told.output.startswith("release 2 cannot be computed again: its run is gone\n")


def test_a_release_to_compute_again_needs_its_log() -> None:
    told = audit("verify", "--release", "2")
    assert told.exit_code == 2 and "--release N needs a LOG: name the log whose line N is meant" in told.output


def test_one_damaged_log_does_not_hide_the_others(log: AuditLog) -> None:
    other = AuditLog.of_key("ab" * 32)
    other.append(make_entry("other"), *make_tables())
    log.files.secret.unlink()
    told = audit("list")
    assert told.exit_code == 1 and "run-1" not in told.output and "  other  count  " in told.output
    assert f"citytide: the audit log {log.files.path} needs its secret {log.files.secret}" in told.stderr
    told = audit("verify")
    assert told.exit_code == 1 and f"the log cannot be verified: the audit log {log.files.path} needs" in told.output
    assert f"{other.files.path}: every line and private table is what was written" in told.output
    assert isinstance(audit("verify", str(log.files.path)).exception, RunError)
