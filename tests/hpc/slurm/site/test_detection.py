import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from known_sites import GIB, made_site, recorded_site

from citytide.hpc.errors import RunError
from citytide.hpc.plan.gpu.cards import Gpu
from citytide.hpc.plan.profiles import Profile, load_profile
from citytide.hpc.slurm.query.controller import Controller
from citytide.hpc.slurm.site.detection import detect_profile
from citytide.hpc.slurm.site.preflight import check_profile
from citytide.hpc.slurm.site.rights import Association, Limit, Rights
from citytide.hpc.slurm.site.site import Node, Partition, Site, read_site

MIB = 1024**2


def detect(site: Site) -> Profile:
    profile = Profile.model_validate(yaml.safe_load(detect_profile(site)))
    faults = [str(finding) for finding in check_profile(profile, site) if finding.level == "error"]
    assert not faults, faults
    return profile


def test_recorded_cluster_gets_a_pool_of_each_kind() -> None:
    nodes = [replace(node, state="IDLE") for node in recorded_site().nodes]
    profile = detect(recorded_site(nodes=tuple(nodes)))
    assert {name: pool.partition for name, pool in profile.pools.items()} == {
        "cpu": "debug",
        "gpu": "gpu",
        "bigmem": "bigmem",
    }
    assert (profile.pools["gpu"].gpus, profile.pools["gpu"].cores) == (1, 2)
    assert profile.pools["cpu"].walltime_s == 3600, "the partition's longest, as its default is for trials"
    assert profile.driver_job().walltime_s == 3600


def test_sizes_leave_headroom_and_share_a_node() -> None:
    site = made_site(
        *(Node(f"n{k}", 64, 256 * GIB) for k in range(10)),
        *(Node(f"g{k}", 64, 512 * GIB, gpus={"a100": 8}, partitions=("gpu",)) for k in range(2)),
        Node("fat", 64, 2048 * GIB, partitions=("large",)),
        partitions=(
            Partition("work", is_default=True, max_time_s=86400, default_time_s=7200),
            Partition("gpu"),
            Partition("large", max_time_s=3600),
        ),
    )
    profile = detect(site)
    cpu, gpu, bigmem = (profile.pools[name] for name in ("cpu", "gpu", "bigmem"))
    assert (cpu.cores, cpu.workers, cpu.threads, cpu.walltime) == (16, 4, 4, "02:00:00")
    assert 0.85 * 64 * GIB < int(cpu.memory) < 0.91 * 64 * GIB and cpu.max_jobs == 40
    assert (gpu.cores, gpu.threads, gpu.workers_per_job, gpu.walltime) == (8, 8, 1, "04:00:00")
    assert int(gpu.memory) < 0.91 * 64 * GIB and gpu.max_jobs == 16
    assert bigmem.partition == "large" and int(bigmem.memory) > 1800 * GIB and bigmem.walltime == "01:00:00"


def test_whole_nodes_are_taken_whole() -> None:
    nodes = [Node(f"n{k}", 48, 192 * GIB) for k in range(3)]
    cpu = detect(made_site(*nodes, partitions=(Partition("work", is_default=True, whole_nodes=True),))).pools["cpu"]
    assert (cpu.cores, cpu.workers, cpu.threads) == (48, 12, 4)


def test_account_and_qos_are_those_that_the_partition_lets_in() -> None:
    site = made_site(
        partitions=(Partition("work", is_default=True, allow_accounts=("flood",), allow_qos=("long",)),),
        rights=Rights(
            "city",
            (Association("city", qos=("normal",)), Association("flood", qos=("normal", "long"))),
            {"normal": Limit("normal"), "long": Limit("long")},
        ),
        settings={"AccountingStorageEnforce": "associations,limits,qos"},
    )
    profile = detect(site)
    assert (profile.pools["cpu"].account, profile.pools["cpu"].qos) == ("flood", "long")
    assert (profile.driver.account, profile.driver.qos) == ("flood", "long")


@pytest.mark.parametrize("n_nodes", [1, 2])
def test_user_of_one_job_gets_one_allocation(n_nodes: int) -> None:
    limits = {"normal": Limit("QOS 'normal'", max_submitted=1)}
    site = made_site(
        *(Node(f"n{k}", 9, 16 * GIB) for k in range(n_nodes)),
        rights=Rights("city", (Association("city", qos=("normal",)),), limits),
        settings={"AccountingStorageEnforce": "limits"},
    )
    assert detect(site).backend == "slurm-allocation"


def test_cluster_of_one_node_leaves_room_for_the_driver() -> None:
    profile = detect(made_site(Node("only", 4, 8 * GIB)))
    assert profile.backend == "slurm-jobs" and profile.pools["cpu"].cores == 3


def test_names_that_mean_something_else_in_yaml_stay_names() -> None:
    nodes = [Node(f"n{k}", 4, 8 * GIB, partitions=("no",)) for k in range(2)]
    site = made_site(*nodes, partitions=(Partition("no", is_default=True),), rights="it said: #no\n: x")
    assert detect(replace(site, name="1e3")).pools["cpu"].partition == "no"
    assert detect(replace(site, name="a\nb: [")).name == "a-b"


@pytest.mark.parametrize(
    ("partitions", "sentence"),
    [
        ((Partition("work", state="DOWN"),), "'work' does not take jobs of one node now"),
        ((Partition("work", root_only=True),), "'work' takes jobs of root alone"),
        ((Partition("empty"),), "none has a node that is up"),
    ],
)
def test_cluster_that_takes_nothing_says_why(partitions: tuple[Partition, ...], sentence: str) -> None:
    with pytest.raises(RunError, match="no partition of made takes jobs of ada") as refused:
        detect_profile(made_site(partitions=partitions))
    assert sentence in str(refused.value)


def mostly(usual: Any, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([True, True, True, False]).flatmap(lambda plain: st.just(usual) if plain else values)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return mostly(None, values)


NAMES = ("work", "gpu", "fat", "7", "on")
MEMORY = st.integers(1, 2**20).map(lambda n: n * MIB)
RULES = mostly({}, st.dictionaries(st.sampled_from(["MaxMemPerNode", "MaxMemPerCPU", "DefMemPerCPU"]), MEMORY))
COUNTS = mostly(
    {}, st.dictionaries(st.sampled_from(["cpu", "mem", "gres/gpu", "node"]), st.integers(0, 2**34), max_size=2)
)
NODES = st.builds(
    Node,
    name=st.just(""),
    cores=st.integers(1, 256),
    memory=MEMORY,
    gpus=st.dictionaries(st.sampled_from(["", "a100", "h100"]), st.integers(1, 8), max_size=2),
    state=mostly("IDLE", st.sampled_from(["ALLOCATED", "DOWN", "MIXED+DRAIN"])),
    partitions=st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple),
)
SOME = mostly((), st.lists(st.sampled_from(["city", "flood"]), min_size=1, max_size=2, unique=True).map(tuple))
PARTITIONS = st.builds(
    Partition,
    name=st.sampled_from(NAMES),
    state=mostly("UP", st.sampled_from(["DOWN", "DRAIN"])),
    is_default=st.booleans(),
    max_time_s=maybe(st.integers(0, 10**6)),
    default_time_s=maybe(st.integers(0, 10**5)),
    min_nodes=mostly(0, st.integers(0, 2)),
    max_nodes=maybe(st.integers(1, 9)),
    max_cores_per_node=maybe(st.integers(1, 64)),
    memory_rules=RULES,
    allow_accounts=SOME,
    deny_accounts=SOME,
    allow_qos=mostly((), st.sampled_from([("normal",), ("short",)])),
    deny_qos=mostly((), st.sampled_from([("normal",), ("short",)])),
    qos=maybe(st.just("short")),
    root_only=mostly(False, st.booleans()),
    whole_nodes=mostly(False, st.booleans()),
)
LIMITS = st.builds(
    Limit,
    owner=st.just("QOS"),
    max_wall_s=maybe(st.integers(0, 10**6)),
    max_jobs=maybe(st.integers(0, 50)),
    max_submitted=maybe(st.integers(0, 50)),
    per_job=COUNTS,
    at_once=COUNTS,
)
RIGHTS = st.one_of(
    st.just("sacctmgr does not answer"),
    st.builds(
        Rights,
        default_account=st.sampled_from(["city", "flood"]),
        associations=st.lists(
            st.builds(
                Association,
                account=st.sampled_from(["city", "flood"]),
                qos=st.just(("normal", "short")),
                default_qos=st.sampled_from(["", "short"]),
                limit=LIMITS,
            ),
            min_size=1,
            max_size=2,
        ).map(tuple),
        qos=st.fixed_dictionaries({"normal": LIMITS, "short": LIMITS}),
    ),
)


@given(
    nodes=st.lists(NODES, min_size=1, max_size=6),
    partitions=st.lists(PARTITIONS, min_size=1, max_size=4, unique_by=lambda one: one.name),
    rights=RIGHTS,
    enforced=st.sampled_from(["none", "associations", "associations,limits,qos"]),
    select=st.sampled_from(["select/cons_tres", "select/linear"]),
    has_accounts=st.booleans(),
)
def test_any_cluster_gets_a_profile_that_passes_its_own_check(
    nodes: list[Node],
    partitions: list[Partition],
    rights: Rights | str,
    enforced: str,
    select: str,
    has_accounts: bool,
) -> None:
    accounting = "accounting_storage/slurmdbd" if has_accounts else "accounting_storage/none"
    site = made_site(
        *(replace(node, name=f"n{k}") for k, node in enumerate(nodes)),
        partitions=tuple(partitions),
        rights=rights if has_accounts else "this cluster keeps no accounts",
        settings={
            "AccountingStorageEnforce": enforced,
            "SelectType": select,
            "AccountingStorageType": accounting,
        },
    )
    try:
        detect(site)
    except RunError as refused:
        assert "no partition of made takes jobs of ada" in str(refused)


@pytest.mark.slurm
def test_live_cluster_gets_a_profile_that_passes(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    site = read_site(Controller())
    path = tmp_path / "found.yaml"
    path.write_text(detect_profile(site))
    profile = load_profile(str(path))
    assert set(profile.pools) == {"cpu", "gpu", "bigmem"}
    assert {finding.level for finding in check_profile(profile, site)} == {"ok"}


def test_memory_of_gpus_is_stated_where_this_machine_is_one_of_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slurm does not tell it, and the GPUs of a login node need not be those of the others."""
    card = Gpu("GPU-aa", "NVIDIA H200", 143771 * MIB)
    monkeypatch.setattr("citytide.hpc.slurm.site.detection.list_gpus", lambda: (card, replace(card, uuid="GPU-bb")))
    here, other = os.uname().nodename.partition(".")[0], "g1"
    for name, known in ((other, None), (here, 143771 * MIB)):
        site = made_site(
            *(Node(f"n{k}", 8, 32 * GIB) for k in range(2)),
            *(Node(node, 8, 32 * GIB, gpus={"h200": 2}, partitions=("gpu",)) for node in ("g7", name)),
            partitions=(Partition("work", is_default=True), Partition("gpu")),
        )
        assert detect(site).pools["gpu"].gpu_memory == known
        assert ("# gpu_memory: 80GB" in detect_profile(site)) == (known is None)
