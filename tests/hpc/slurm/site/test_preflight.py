from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from known_sites import GIB, made_profile, made_site, recorded_site

from citytide.hpc.plan.profiles import load_profile
from citytide.hpc.slurm.query.controller import Controller, Refused
from citytide.hpc.slurm.query.reasons import never_starts
from citytide.hpc.slurm.site.file_systems import PathStatus, inspect_paths, list_paths
from citytide.hpc.slurm.site.preflight import check_profile, find_blanks
from citytide.hpc.slurm.site.site import Node, Partition, Site, read_site


def errors(profile: Any, site: Site) -> list[str]:
    return [str(finding) for finding in check_profile(profile, site) if finding.level == "error"]


def test_what_would_start_has_no_error_and_says_where() -> None:
    found = check_profile(made_profile(), recorded_site())
    assert [one.level for one in found] == ["ok", "ok", "warning"]
    assert "2 of 4 nodes of partition 'debug' that fit can start a job" in str(found[0])


@pytest.mark.parametrize(
    ("pool", "where", "sentence"),
    [
        (
            {"partition": "debgu"},
            "partition",
            "no partition 'debgu'; did you mean 'debug'? the partitions are: debug, ",
        ),
        ({"partition": "closed"}, "partition", "is down: its jobs wait until an administrator opens it"),
        ({"partition": "empty"}, "partition", "has no nodes"),
        (
            {"partition": "tiny", "memory": "900MiB"},
            "walltime",
            "accepts it, also with --test-only, and it waits for ever",
        ),
        ({"walltime": "01:00:01"}, "walltime", 'set walltime to "01:00:00" or less'),
        ({"cores": 5}, "cores", "ask for 4 cores or fewer"),
        ({"memory": "15GiB"}, "memory", "has for jobs (14.65 GiB)"),
        ({"gpus": 3, "cores": 3}, "gpus", "ask for 2 or fewer"),
        ({"gpus": 1, "gpu_type": "h100"}, "gpus", "its GPUs are a100"),
        ({"partition": "bigmem", "gpus": 1}, "gpus", "take a partition that has such nodes: debug, gpu"),
        ({"partition": "bigmem", "memory": "14500MiB"}, "cores", "(5 after memory, by MaxMemPerCPU)"),
        ({"partition": "ours"}, "partition", "nobody's job starts there"),
        ({"exclude": ["st9"]}, "exclude", "sbatch refuses a job that excludes an unknown node"),
    ],
)
def test_each_fault_is_named_with_a_way_out(pool: dict[str, Any], where: str, sentence: str) -> None:
    found = errors(
        made_profile(pool, driver={"memory": "512MiB", "partition": "debug", "walltime": "00:30:00"}), recorded_site()
    )
    assert any(one.startswith(f"pools.cpu.{where}: ") and sentence in one for one in found), found


def test_allocation_of_too_many_nodes_is_named() -> None:
    site = made_site(partitions=(Partition("work", is_default=True, max_nodes=2),))
    over = made_profile({"nodes": 3}, backend="slurm-allocation")
    most, there = errors(over, site)
    assert "3 nodes are more than partition 'work' gives a job (2)" in most and "has 2 nodes that fit" in there
    few = made_site(partitions=(Partition("work", is_default=True, min_nodes=2),))
    assert "takes jobs of 2 nodes or more, not of 1" in errors(made_profile(), few)[0]
    assert errors(made_profile({"nodes": 2}, backend="slurm-allocation"), few) == []


def test_driver_is_checked_like_a_pool() -> None:
    profile = made_profile(driver={"walltime": "02:00:00", "partition": "nowhere", "memory": "1GiB"})
    assert errors(profile, recorded_site())[0].startswith("driver.partition: there is no partition 'nowhere'")
    assert not any(
        "driver" in str(one) for one in check_profile(made_profile(backend="slurm-allocation"), recorded_site())
    )


def test_reservation_is_asked_for() -> None:
    site = made_site(partitions=(Partition("work", is_default=True, needs_reservation=True),))
    assert "extra_directives: [--reservation=NAME]" in errors(made_profile(backend="slurm-allocation"), site)[0]
    named = made_profile({"extra_directives": ["--reservation=city"]}, backend="slurm-allocation")
    assert errors(named, site) == []


def test_blanks_of_a_template_are_to_be_filled_in_on_any_cluster() -> None:
    template = load_profile("nscc-shenzhen")
    keys = {finding.where for finding in find_blanks(template)}
    assert keys == {"pools.cpu.partition", "pools.cpu.account", "pools.gpu.partition", "pools.gpu.account"}
    assert {one.split(": ")[0] for one in errors(template, recorded_site())} == keys


def test_other_shipped_profiles_have_no_blanks() -> None:
    for name in ("generic-cpu", "generic-gpu", "ci", "ci-allocation"):
        assert not list(find_blanks(load_profile(name)))


def test_generic_profiles_suit_an_ordinary_cluster() -> None:
    nodes = [Node(f"n{k}", 32, 128 * GIB) for k in range(4)]
    gpus = [Node(f"g{k}", 64, 512 * GIB, gpus={"a100": 4}, partitions=("gpu",)) for k in range(2)]
    site = made_site(*nodes, *gpus, partitions=(Partition("work", is_default=True, max_time_s=86400), Partition("gpu")))
    for name in ("generic-cpu", "generic-gpu"):
        assert errors(load_profile(name), site) == []


LOCAL, SHARED, MEMORY = (PathStatus(True, True, True, kind) for kind in ("ext4", "lustre", "tmpfs"))


@pytest.mark.parametrize(
    ("key", "place", "one_machine", "level", "sentence"),
    [
        ("scratch", LOCAL, False, None, ""),
        ("scratch", SHARED, False, "warning", "is shared (lustre)"),
        ("scratch", MEMORY, False, "warning", "is kept in memory (tmpfs)"),
        ("scratch", PathStatus(False), False, "unknown", "whether the nodes have it is not known"),
        ("scratch", PathStatus(False), True, "error", "is not here"),
        ("scratch", PathStatus(True, False), True, "error", "cannot be written here"),
        ("python", SHARED, False, None, ""),
        ("python", LOCAL, True, None, ""),
        ("python", LOCAL, False, "warning", "which the nodes may not see"),
        ("python", PathStatus(False), False, "warning", "is not here, and every job runs it"),
        ("python", PathStatus(True), True, "error", "cannot be executed"),
    ],
)
def test_places_are_judged_by_what_is_known_of_them(
    key: str, place: PathStatus, one_machine: bool, level: str | None, sentence: str
) -> None:
    profile = made_profile({"scratch": "/a/place"}) if key == "scratch" else made_profile(python="/a/place")
    host = "login" if one_machine else "elsewhere"
    site = made_site(Node("n1", 8, 16 * GIB, host=host), Node("n2", 8, 16 * GIB, host=host), paths={"/a/place": place})
    found = [one for one in check_profile(profile, site) if one.where.endswith(key)]
    assert [one.level for one in found] == ([level] if level else [])
    assert not level or sentence in str(found[0])


def test_what_cannot_be_known_is_said() -> None:
    site = made_site(settings={"JobSubmitPlugins": "lua"})
    unknown = [str(one) for one in check_profile(made_profile({"scratch": "$TMPDIR"}), site) if one.level == "unknown"]
    assert any("filter of the site (lua)" in one for one in unknown)
    assert any("cannot be seen from here" in one for one in unknown)
    assert any("$TMPDIR is set on the nodes, not here" in one for one in unknown)


def test_interface_that_is_not_here_is_told() -> None:
    (found,) = (
        one
        for one in check_profile(made_profile({"interface": "ib9"}), made_site(interfaces=("lo", "eth0")))
        if one.where == "pools.cpu.interface"
    )
    assert found.level == "warning" and "here: lo, eth0" in str(found)


def test_local_profile_asks_nothing_of_slurm() -> None:
    assert errors(load_profile("local"), Site()) == []


@pytest.fixture
def live(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    yield read_site(Controller())


# What is asked of the sandbox, and the same in words of sbatch.
FAULTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"partition": "nowhere"}, ["--partition=nowhere"]),
    ({"partition": "tiny"}, ["--partition=tiny", "--time=30"]),
    ({"cores": 5}, ["--cpus-per-task=5"]),
    ({"memory": "9GiB"}, ["--mem=9216M"]),
    ({"gpus": 3, "cores": 3}, ["--gres=gpu:3"]),
    ({"gpus": 1, "gpu_type": "h100"}, ["--gres=gpu:h100:1"]),
    ({"partition": "bigmem", "gpus": 1}, ["--partition=bigmem", "--gres=gpu:1"]),
    ({"constraint": "nowhere"}, ["--constraint=nowhere"]),
    ({"exclude": ["node9"]}, ["--exclude=node9"]),
]


@pytest.mark.slurm
@pytest.mark.parametrize(("pool", "words"), FAULTS, ids=lambda part: str(part))
def test_what_the_check_calls_an_error_slurm_never_starts(
    pool: dict[str, Any], words: list[str], live: Site, tmp_path: Path
) -> None:
    assert errors(made_profile(pool), live)
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/sh\ntrue\n")
    controller = Controller()
    try:
        number = controller.submit(script, arguments=[*words, "--nodes=1", f"--output={tmp_path}/log"])
    except Refused:
        return
    try:
        reasons = set()
        for _ in range(25):
            (entry,) = (one for one in controller.queue() if one.id == number)
            reasons.add(entry.reason)
            if never_starts(entry.reason):
                break
        assert entry.state == "PENDING" and never_starts(entry.reason), reasons
    finally:
        controller.cancel([number])


@pytest.mark.slurm
@pytest.mark.parametrize("name", ["ci", "ci-allocation"])
def test_profile_of_the_sandbox_suits_the_sandbox(name: str, live: Site) -> None:
    assert errors(load_profile(name), live) == []


@pytest.mark.slurm
def test_paths_of_the_sandbox_are_known_for_sure(live: Site, tmp_path: Path) -> None:
    from dataclasses import replace

    profile = made_profile({"scratch": str(tmp_path / "absent")}, python=str(tmp_path / "python"))
    found = errors(profile, replace(live, paths=inspect_paths(list_paths(profile))))
    assert [one.split(":")[0] for one in found] == ["python", "pools.cpu.scratch"]
