from typing import Any

import pytest
from known_sites import GIB, made_profile, made_site

from citytide.hpc.slurm.site.findings import Finding, list_job_requests
from citytide.hpc.slurm.site.placement import check_nodes, check_room_for_driver
from citytide.hpc.slurm.site.site import Node, Partition, Site


def look(site: Site, **pool: Any) -> list[Finding]:
    job = next(list_job_requests(made_profile(pool)))
    partition = site.partition(job.request.partition)
    assert partition is not None
    return [finding for finding in check_nodes(job, site, partition) if finding.level != "ok"]


def test_what_fits_brings_up_nothing() -> None:
    assert look(made_site(), cores=8, memory="16GiB") == []


def test_all_that_is_too_much_is_named_with_the_most_there_is() -> None:
    memory, cores = look(made_site(), cores=9, memory="17GiB")
    assert (memory.level, memory.where) == ("error", "pools.cpu.memory") and "ask for 16 GiB or less" in str(memory)
    assert cores.where == "pools.cpu.cores" and "ask for 8 cores or fewer" in str(cores)


def test_cores_on_one_node_and_memory_on_another_are_no_fit() -> None:
    site = made_site(Node("thin", 32, 8 * GIB), Node("fat", 4, 64 * GIB))
    (found,) = look(site, cores=16, memory="32GiB")
    assert found.level == "error" and "no single node of partition 'work' has 16 cores and 32 GiB together" in str(
        found
    )


def test_partition_that_would_do_is_named() -> None:
    site = made_site(
        Node("n1", 4, 8 * GIB),
        Node("g1", 8, 32 * GIB, gpus={"a100": 4}, partitions=("accelerated",)),
        partitions=(Partition("work", is_default=True), Partition("accelerated"), Partition("closed", state="DOWN")),
    )
    (found,) = look(site, gpus=2, cores=2)
    assert "no node of partition 'work' has a GPU" in str(found) and "has such nodes: accelerated" in str(found)
    (found,) = look(site, partition="accelerated", gpus=2, gpu_type="h100")
    assert "no GPU" not in str(found) and "of type 'h100'" in str(found) and "its GPUs are a100" in str(found)
    (found,) = look(site, partition="accelerated", gpus=8, cores=8)
    assert found.where == "pools.cpu.gpus" and "ask for 4 or fewer" in str(found)
    (found,) = look(site, partition="accelerated")
    assert found.level == "warning" and "leave them idle" in str(found)


def test_nodes_that_are_all_away_are_a_warning_with_their_reason() -> None:
    site = made_site(Node("n1", 8, 16 * GIB, state="IDLE+DRAIN", reason="bad disk"))
    (found,) = look(site)
    assert found.level == "warning" and "n1 is idle+drain, bad disk" in str(found)


def test_constraint_is_held_against_features() -> None:
    site = made_site(Node("n1", 8, 16 * GIB, features=("amd", "ib")))
    assert look(site, constraint="amd&ib") == look(site, constraint="[rack1|rack2]") == []
    (found,) = look(site, constraint="intel")
    assert found.where == "pools.cpu.constraint" and "its features are amd, ib" in str(found)


def test_exclusions_leave_nodes_and_name_known_ones() -> None:
    (found,) = look(made_site(), exclude=["n[1-2]"])
    assert "every node of partition 'work' is excluded" in str(found)
    (found,) = look(made_site(), exclude=["n[2-3]"])
    assert found.level == "error" and "there is no node n3" in str(found)


def test_memory_per_core_makes_more_cores_of_a_job() -> None:
    site = made_site(partitions=(Partition("work", is_default=True, memory_rules={"MaxMemPerCPU": 2 * GIB}),))
    (found,) = look(site, cores=2, memory="8GiB")
    assert found.level == "warning" and "makes 4 cores of 2" in str(found)
    grown = look(made_site(Node("n1", 4, 16 * GIB), partitions=site.partitions), cores=2, memory="12GiB")
    assert [one.level for one in grown] == ["warning", "error"] and "(6 after memory" in str(grown[1])


def test_memory_over_the_partitions_own_rule_is_named() -> None:
    site = made_site(partitions=(Partition("work", is_default=True, memory_rules={"MaxMemPerNode": GIB}),))
    (found,) = look(site, memory="2GiB")
    assert found.level == "error" and "(MaxMemPerNode 1 GiB)" in str(found)


@pytest.mark.parametrize(("rule", "level"), [({"DefMemPerCPU": GIB // 4}, "error"), ({}, "unknown")])
def test_memory_that_is_not_asked_for_is_what_the_site_grants(rule: dict[str, int], level: str) -> None:
    site = made_site(partitions=(Partition("work", is_default=True, memory_rules=rule),))
    (found,) = look(site, skip_directives=["--mem"])
    assert (found.level, found.where) == (level, "pools.cpu.memory")


def test_part_of_a_whole_node_is_a_warning() -> None:
    (found,) = look(made_site(partitions=(Partition("work", is_default=True, whole_nodes=True),)), cores=2)
    assert found.level == "warning" and "takes whole nodes of 8 cores and uses 2" in str(found)


@pytest.mark.parametrize(("n_nodes", "cores", "fits"), [(1, 7, True), (1, 8, False), (2, 8, True)])
def test_the_only_node_has_to_hold_the_driver_too(n_nodes: int, cores: int, fits: bool) -> None:
    site = made_site(*(Node(f"n{k}", 8, 16 * GIB) for k in range(n_nodes)))
    found = list(check_room_for_driver(list(list_job_requests(made_profile({"cores": cores}))), site))
    assert (found == []) is fits
    assert fits or "node n0 is the only one for these jobs and for the driver's" in str(found[0])
