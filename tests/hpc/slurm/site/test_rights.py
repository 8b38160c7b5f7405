import os
from pathlib import Path

import pytest

from citytide.hpc.slurm.site.rights import Rights, describe_rights, read_rights

USERS = "User|Def Acct\nada|sandbox\n"
ASSOCIATIONS = """\
Account|Partition|QOS|Def QOS|MaxJobs|MaxSubmit|MaxWall|MaxTRES|GrpTRES
traffic||normal||||||
sandbox||normal,short,solo|short|4|8|1-00:00:00|cpu=16|cpu=64,mem=1T
hydro|gpu|normal||||||
"""
QOS = """\
Name|MaxWall|MaxTRES|MaxTRESPU|MaxJobsPU|MaxSubmitPU|GrpTRES
normal||||||
short|00:10:00|cpu=2,mem=2G|cpu=3,gres/gpu=1|3|5|cpu=2
"""


def test_tables_of_sacctmgr_are_read() -> None:
    rights = describe_rights(USERS, ASSOCIATIONS, QOS)
    assert rights.default_account == "sandbox" and rights.accounts == ("traffic", "sandbox", "hydro")
    assert [one.account for one in rights.of_account("hydro", "debug")] == []
    assert [one.account for one in rights.of_account("hydro", "gpu")] == ["hydro"]
    (own,) = rights.of_account("sandbox", "debug")
    assert own.qos == ("normal", "short", "solo") and own.default_qos == "short"
    assert (own.limit.max_jobs, own.limit.max_submitted, own.limit.max_wall_s) == (4, 8, 86400)
    assert own.limit.at_once == {"cpu": 64, "mem": 1024**4}
    short = rights.qos["short"]
    assert short.max_wall_s == 600 and short.per_job == {"cpu": 2, "mem": 2 * 1024**3}
    assert short.at_once == {"cpu": 2, "gres/gpu": 1}, "the group's limit counts where it is less"
    assert (short.max_jobs, short.max_submitted) == (3, 5)


def test_no_rows_are_no_rights() -> None:
    assert describe_rights("User|Def Acct\n", "Account|QOS\n", "Name|MaxWall\n") == Rights()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [("echo 'sacctmgr: error: Connection refused' >&2; exit 1", "Connection refused"), ("exec sleep 9", "timed out")],
)
def test_data_base_that_does_not_answer_is_a_sentence(
    body: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "sacctmgr"
    fake.write_text(f"#!/bin/sh\n{body}\n")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    found = read_rights("ada", timeout_s=0.5)
    assert isinstance(found, str) and sentence in found


def test_no_sacctmgr_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "No such file" in str(read_rights("ada"))
