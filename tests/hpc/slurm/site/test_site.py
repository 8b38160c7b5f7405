import pytest
from known_sites import GIB, recorded_site

from citytide.hpc.errors import RunError
from citytide.hpc.slurm.query.controller import Unanswered
from citytide.hpc.slurm.site.site import Node, read_site


def test_recorded_cluster_is_read() -> None:
    site = recorded_site()
    assert (site.name, site.version) == ("st", "22.05.8")
    assert [one.name for one in site.partitions] == ["debug", "gpu", "bigmem", "tiny", "closed", "ours", "empty"]
    debug, tiny, ours = site.partition(None), site.partition("tiny"), site.partition("ours")
    assert debug is not None and debug.name == "debug" and (debug.max_time_s, debug.default_time_s) == (3600, 300)
    assert tiny is not None and (tiny.max_nodes, tiny.max_cores_per_node, tiny.max_time_s) == (1, 2, 60)
    assert site.memory_rule("MaxMemPerNode", tiny) == 1000 * 1024**2
    assert site.memory_rule("MaxMemPerCPU", tiny) is None
    assert ours is not None and ours.whole_nodes and ours.allow_accounts == ("hydro", "traffic")
    assert ours.allow_groups == ("hydro",) and ours.allow_qos == ("long",)


def test_recorded_nodes_have_what_jobs_can_get() -> None:
    one, two, three, four = recorded_site().nodes
    assert one.gpus == {"a100": 2} and one.features == ("gpunode", "amd") and one.partitions == ("debug", "gpu", "tiny")
    assert three.memory == 15000 * 1024**2, "the system's own share is not for jobs"
    assert [node.is_up for node in (one, two, three, four)] == [True, False, True, False]
    assert two.reason.startswith("bad disk")


@pytest.mark.parametrize(
    ("state", "is_up"),
    [
        ("IDLE", True),
        ("ALLOCATED", True),
        ("MIXED+PLANNED", True),
        ("IDLE~", True),
        ("IDLE+CLOUD+POWERED_DOWN", True),
        ("DOWN*", False),
        ("IDLE*", False),
        ("MIXED+DRAIN", False),
        ("IDLE+NOT_RESPONDING", False),
        ("FUTURE", False),
    ],
)
def test_node_is_up_by_its_state(state: str, is_up: bool) -> None:
    assert Node("n", 1, GIB, state=state).is_up is is_up


def test_rules_of_the_cluster_are_read() -> None:
    site = recorded_site()
    assert not site.has_accounting and not site.refuses_over_limit and site.counts_memory and site.is_one_machine
    strict = recorded_site(settings={"AccountingStorageEnforce": "associations,limits,qos", "EnforcePartLimits": "ANY"})
    assert strict.enforces_limits and strict.enforces_qos and strict.refuses_over_limit
    assert not recorded_site(settings={"AccountingStorageEnforce": "none"}).enforces


def test_slurm_that_does_not_answer_is_told_with_a_way_out() -> None:
    class Silent:
        def show(self, what: str) -> list[dict[str, str]]:
            raise Unanswered(f"{what}: Unable to contact slurm controller")

    with pytest.raises(RunError, match=r"Slurm does not answer.*Unable to contact.*on a login node"):
        read_site(Silent())
