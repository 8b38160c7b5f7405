import getpass
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from known_sites import made_profile, made_site

from citytide.hpc.sandbox.sandbox import Sandbox, missing_packages
from citytide.hpc.slurm.query.answers import Entry
from citytide.hpc.slurm.query.controller import Controller, Refused
from citytide.hpc.slurm.site.access import check_access, check_queue_limits
from citytide.hpc.slurm.site.findings import Finding, list_job_requests
from citytide.hpc.slurm.site.preflight import check_profile
from citytide.hpc.slurm.site.rights import Association, Limit, Rights
from citytide.hpc.slurm.site.site import Partition, Site, read_site

WORK = Partition("work", is_default=True)
RIGHTS = Rights(
    default_account="city",
    associations=(Association("city", qos=("normal", "short")), Association("flood", qos=("normal",))),
    qos={"normal": Limit("QOS 'normal'"), "short": Limit("QOS 'short'"), "other": Limit("QOS 'other'")},
)
STRICT = {"AccountingStorageEnforce": "associations,limits,qos"}


def site_with(partition: Partition = WORK, *, strict: bool = True, rights: Rights | str = RIGHTS, **more: Any) -> Site:
    return made_site(partitions=(partition,), rights=rights, settings=STRICT if strict else {}, **more)


def look(site: Site, **pool: Any) -> list[Finding]:
    return list(check_access(next(list_job_requests(made_profile(pool))), site, site.partitions[0]))


@pytest.mark.parametrize("strict", [True, False])
def test_own_account_and_qos_are_let_in(strict: bool) -> None:
    assert look(site_with(strict=strict)) == look(site_with(strict=strict), account="flood", qos="normal") == []


@pytest.mark.parametrize(("key", "word"), [("account", "nobody"), ("qos", "other")])
def test_what_is_not_granted_is_refused_or_ignored_silently(key: str, word: str) -> None:
    (found,) = look(site_with(), **{key: word})
    assert (found.level, found.where) == ("error", f"pools.cpu.{key}") and word in str(found)
    (found,) = look(site_with(strict=False), **{key: word})
    assert found.level == "warning" and "ignores silently" in str(found)


@pytest.mark.parametrize(
    ("rule", "asked", "sentence"),
    [
        ({"allow_accounts": ("flood",)}, {}, "does not allow account 'city'; take one of: flood"),
        ({"deny_accounts": ("city",)}, {}, "excludes account 'city'"),
        ({"allow_qos": ("short",)}, {}, "does not allow QOS 'normal'; take one of: short"),
        ({"deny_qos": ("normal",)}, {}, "excludes QOS 'normal'"),
        ({"allow_groups": ("hydro",)}, {}, "is for the groups hydro, and ada is in none of them"),
        ({"root_only": True}, {}, "takes jobs of root alone"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_partition_that_shuts_the_user_out_is_an_error(
    rule: dict[str, Any], asked: dict[str, Any], sentence: str, strict: bool
) -> None:
    (found,) = look(site_with(replace(WORK, **rule), strict=strict), **asked)
    assert found.level == "error" and sentence in str(found)


def test_partition_that_lets_the_user_in_is_well() -> None:
    open_to = replace(WORK, allow_accounts=("flood",), allow_qos=("short", "normal"), allow_groups=("hydro",))
    assert look(site_with(open_to, groups=("hydro",)), account="flood") == []


def test_unknown_account_gives_way_to_the_default_one_which_may_be_shut_out() -> None:
    warned, barred = look(site_with(replace(WORK, allow_accounts=("rail",)), strict=False), account="rail")
    assert warned.level == "warning" and "charges city" in str(warned)
    assert barred.level == "error" and "'city'" in str(barred)


def test_nothing_is_made_up_where_accounting_does_not_answer() -> None:
    silent = site_with(rights="sacctmgr does not answer (refused)")
    account, qos = look(silent, account="city", qos="short")
    assert account.level == qos.level == "unknown" and "refused" in str(account)


def test_cluster_without_accounts_lets_nobody_into_a_partition_for_some() -> None:
    bare = {"AccountingStorageType": "accounting_storage/none"}
    site = made_site(partitions=(replace(WORK, allow_accounts=("flood",)),), rights="none are kept", settings=bare)
    (found,) = look(site, account="flood")
    assert found.level == "error" and "nobody's job starts there" in str(found)
    (found,) = look(made_site(rights="none are kept", settings=bare), account="flood")
    assert found.level == "warning" and "passed over" in str(found)


def limited(**limits: Any) -> Site:
    return site_with(rights=replace(RIGHTS, qos={**RIGHTS.qos, "normal": Limit("QOS 'normal'", **limits)}))


@pytest.mark.parametrize(
    ("limits", "where", "sentence"),
    [
        (
            {"max_wall_s": 600},
            "walltime",
            "00:30:00 is longer than QOS 'normal' allows (00:10:00); set walltime to \"00:",
        ),
        ({"per_job": {"cpu": 1}}, "cores", "2 is more than QOS 'normal' allows a job (cpu 1)"),
        ({"at_once": {"mem": 2**29}}, "memory", "1 GiB is more than QOS 'normal' allows a job (mem 512 MiB)"),
    ],
)
def test_job_over_a_limit_is_an_error(limits: dict[str, Any], where: str, sentence: str) -> None:
    (found,) = look(limited(**limits))
    assert found.level == "error" and found.where == f"pools.cpu.{where}" and sentence in str(found)
    assert look(replace(limited(**limits), settings={"AccountingStorageType": "x/slurmdbd"})) == [], "not enforced"


@pytest.mark.parametrize(
    ("limits", "level"),
    [
        ({"max_submitted": 1}, "error"),
        ({"max_jobs": 1}, "error"),
        ({"max_jobs": 3}, "warning"),
        ({"at_once": {"cpu": 2}}, "error"),
        ({"at_once": {"cpu": 3}}, None),
        ({"max_submitted": 9}, None),
    ],
)
def test_driver_needs_room_beside_a_worker(limits: dict[str, Any], level: str | None) -> None:
    found = list(check_queue_limits(list(list_job_requests(made_profile({"max_jobs": 8}))), limited(**limits)))
    assert [one.level for one in found] == ([level] if level else [])


@pytest.fixture(scope="module")
def enforcing() -> Iterator[Sandbox]:
    """A Slurm that enforces accounts, qualities of service and their limits."""
    if missing := missing_packages():
        pytest.skip(f"no Slurm here: apt-get install {' '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        options = {"AccountingStorageEnforce": "associations,limits,qos"}
        sandbox = Sandbox.start(Path(folder) / "s", nodes=2, options=options)
        try:
            yield sandbox
        finally:
            sandbox.stop()


@pytest.mark.slurm
def test_what_a_strict_cluster_never_starts_is_an_error(
    enforcing: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in enforcing.environment.items():
        monkeypatch.setenv(name, value)
    for words in (
        ["sacctmgr", "-i", "add", "qos", "short", "MaxWall=10", "MaxTRESPerJob=cpu=2", "MaxTRESPU=cpu=3"],
        ["sacctmgr", "-i", "add", "qos", "solo", "MaxSubmitJobsPU=1"],
        ["sacctmgr", "-i", "modify", "user", getpass.getuser(), "set", "qos=normal,short,solo"],
        ["scontrol", "create", "PartitionName=theirs", "Nodes=ALL", "AllowAccounts=others", "State=UP"],
        ["scontrol", "create", "PartitionName=quick", "Nodes=ALL", "AllowQos=short", "State=UP"],
        ["scontrol", "create", "PartitionName=slow", "Nodes=ALL", "DenyQos=normal", "State=UP"],
        ["scontrol", "create", "PartitionName=pair", "Nodes=ALL", "MinNodes=2", "State=UP"],
    ):
        subprocess.run(words, check=True, capture_output=True, timeout=30)
    site = read_site(Controller())
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/sh\nexit 0\n")
    cases: list[tuple[dict[str, Any], bool]] = [
        ({}, True),
        ({"account": "nobody"}, False),
        ({"qos": "nothing"}, False),
        ({"qos": "short", "walltime": "00:10:00"}, True),
        ({"qos": "short", "walltime": "00:11:00"}, False),
        ({"qos": "short", "walltime": "00:10:00", "cores": 3}, False),
        ({"partition": "theirs"}, False),
        ({"partition": "quick"}, False),
        ({"partition": "quick", "qos": "short", "walltime": "00:10:00"}, True),
        ({"partition": "slow"}, False),
        ({"partition": "pair"}, False),
    ]
    waiting = []
    for pool, starts in cases:
        profile = made_profile({"cores": 1, "memory": "100MiB", **pool})
        found = [one for one in check_profile(profile, site) if one.level == "error" and one.where.startswith("pools")]
        assert bool(found) is not starts, (pool, found)
        asked = {"partition": "debug", "walltime": "00:30:00", "cores": 1} | pool
        keys = {"walltime": "time", "cores": "cpus-per-task"}
        words = [f"--{keys.get(key, key)}={value}" for key, value in asked.items()]
        try:
            job = Controller().submit(script, arguments=[*words, "--nodes=1", "--mem=100M", f"--output={tmp_path}/log"])
        except Refused:
            assert not starts, pool
            continue
        if starts:
            wait_for(job, lambda entry: entry.state == "COMPLETED")
        else:
            waiting.append(job)
    for job in waiting:
        wait_for(job, lambda entry: entry.state == "PENDING" and entry.reason not in ("", "None", "Priority"))
    solo = [one.level for one in check_queue_limits(list(list_job_requests(made_profile({"qos": "solo"}))), site)]
    assert solo == ["error"], "the driver would take the only job"
    Controller().cancel(waiting)


def wait_for(job: str, test: Callable[[Entry], bool]) -> None:
    deadline, seen = time.monotonic() + 30, None
    while time.monotonic() < deadline:
        seen = next(one for one in Controller().queue() if one.id == job)
        if test(seen):
            return
        time.sleep(0.3)
    raise AssertionError(seen)
