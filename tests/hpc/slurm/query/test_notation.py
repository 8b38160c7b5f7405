from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.plan.pools import parse_walltime
from citytide.hpc.slurm.query.notation import expand_nodes, list_gpus, parse_minutes, split_list
from citytide.hpc.slurm.site.findings import show_time


@given(st.integers(1, 10**7))
def test_a_time_reads_the_same_for_slurm_and_for_a_profile(seconds: int) -> None:
    assert parse_minutes(show_time(seconds)) == parse_walltime(show_time(seconds)) == seconds


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), min_size=1, max_size=4))
def test_node_list_is_expanded_in_order(spans: list[tuple[int, int]]) -> None:
    text = ",".join(f"{first:02d}-{first + more:02d}" for first, more in spans)
    expected = [f"n{k:02d}" for first, more in spans for k in range(first, first + more + 1)]
    assert list(expand_nodes(f"n[{text}]")) == expected


def test_node_list_with_several_brackets_and_plain_names() -> None:
    assert list(expand_nodes("r[1-2]n[3,5],login")) == ["r1n3", "r1n5", "r2n3", "r2n5", "login"]


def test_gpus_are_counted_by_type_whatever_else_stands_in_gres() -> None:
    assert list_gpus("gpu:h100:8(S:0-1),nvme:2") == {"h100": 8}
    assert list_gpus("gpu:a100:4,gpu:v100:2,gpu:1") == {"a100": 4, "v100": 2, "": 1}
    assert list_gpus("(null)") == list_gpus("") == {}


def test_empty_is_said_in_many_ways() -> None:
    assert split_list("(null)") == split_list("N/A") == split_list("") == []
    assert split_list("a, b") == ["a", "b"]
