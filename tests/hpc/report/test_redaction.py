import time

import pytest

from citytide.hpc.report.redaction import is_secret, redact, redact_json, redact_script

KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB+abc/def\n-----END EC PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("login --password hunter2", "hunter2"),
        ("PASSWORD=hunter2 ./run", "hunter2"),
        ("DB_PASSWORD: 'hunter 2'", "hunter 2"),
        ('{"api_key": "hunter2", "seed": 7}', "hunter2"),
        ("https://ada:hunter2@site/path", "hunter2"),
        ("Authorization: Bearer hunter.2-x", "hunter.2-x"),
        ("HF_TOKEN=hunter2", "hunter2"),
        ("found ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_"),
        ("found eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "eyJ"),
        ("found AKIAIOSFODNN7EXAMPLE", "AKIA"),
        (f"cat:\n{KEY}\nend", "MHcCAQ"),
        ("cat:\n" + KEY[:40], "MHcC"),
        ("MHcCAQEEIBxabcdefghijk\nabcdefghijklmnopqr==\n-----END EC PRIVATE KEY-----\nend", "abcdefghijk"),
        ("export LICENCE='two words'", "two words"),
        ("a; export LICENCE=hunter2; b", "hunter2"),
        ("setenv LICENCE hunter2", "hunter2"),
        ("aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW", "aB3dE5"),
        ("the value is swordfish", "swordfish"),
    ],
)
def test_secret_is_redacted(text: str, secret: str) -> None:
    told = redact(text, environment={"MY_TOKEN": "swordfish", "HOME": "end", "API_KEY": "x"})
    assert secret not in told and "[redacted]" in told


@pytest.mark.parametrize(
    "text",
    [
        "sha256 " + "ace9" * 16,
        "run traffic-assignment-20260102-030405-1f2e on node07, 3 tokens of 7",
        "MemoryError: block 7 needs 3.2 GB; /site/Runs/Ada2026/Long/Path/To/The/Run/Folder",
        'export CITYTIDE_DEADLINE="${SLURM_JOB_END_TIME:-$((citytide_began + 43200))}"',
        "export SLURM_CONF=/etc/slurm.conf; export OMP_NUM_THREADS=4",
        "slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch",
    ],
)
def test_what_happened_stays(text: str) -> None:
    assert redact(text, environment={}) == text


def test_assignment_in_a_script_is_redacted_but_our_own_lines_stay() -> None:
    text = "FOO=hunter2\n  BAR='a b' cmd\ncitytide_began=$(date +%s)\nif [ a = b ]\n"
    assert redact_script(text) == "FOO=[redacted]\n  BAR=[redacted] cmd\ncitytide_began=$(date +%s)\nif [ a = b ]\n"


def test_document_loses_values_of_secret_keys_and_of_environments() -> None:
    told = redact_json(
        {
            "settings": {"seed": 7, "db_password": "x", "empty_token": None},
            "command": ["citytide", "--token", "x", "--set", "gap=1e-6"],
            "environment": ["module load gcc", "export A=x", "B=x"],
            "environ": {"A": "x"},
        }
    )
    assert told == {
        "settings": {"seed": 7, "db_password": "[redacted]", "empty_token": None},
        "command": ["citytide", "--token", "[redacted]", "--set", "gap=1e-6"],
        "environment": ["module load gcc", "export A=[redacted]", "B=[redacted]"],
        "environ": {"A": "[redacted]"},
    }
    assert (
        is_secret("GITHUB_TOKEN") and is_secret("dbPassword") and not is_secret("monkey") and not is_secret("compass")
    )


@pytest.mark.parametrize("piece", ["a", "aB3", "x=", "export ", "'", "-----BEGIN A-----", "AAAAAAAAAAAAAAAA\n", "p.-_"])
def test_hostile_text_takes_no_long_time(piece: str) -> None:
    start = time.perf_counter()
    redact((piece * 200_000)[:200_000], environment={})
    assert time.perf_counter() - start < 5
