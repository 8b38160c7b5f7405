"""The class of a worker's end decides what follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.execution.endings import Ending
from citytide.hpc.execution.retries import LOSSES, WorkerLoss, decide
from citytide.hpc.plan.grants import Grant, Need

SMALL = Grant("cpu", 4, 1, 10**9, walltime_s=3600)
LARGE = Grant("bigmem", 1, 1, 10**10, walltime_s=3600)
LONG = Grant("long", 1, 1, 10**9, walltime_s=36000)
GPU = Grant("gpu", 1, 1, 10**11, gpus=1, walltime_s=36000)
FREE = (Ending.PREEMPTED, Ending.NODE_FAILURE, Ending.CANCELLED, Ending.TIME_LIMIT)


def died(ending: Ending, times: int = 1, *, alone: bool = False) -> list[WorkerLoss]:
    return [WorkerLoss(ending, "worker", alone)] * times


def test_out_of_memory_goes_once_to_the_next_larger_pool_and_then_ends() -> None:
    first = decide(died(Ending.OUT_OF_MEMORY), "cpu", [SMALL, LARGE, GPU])
    assert (first.action, first.pool) == ("pool", "bigmem") and "out of memory in pool 'cpu'" in first.sentence
    second = decide(died(Ending.OUT_OF_MEMORY, 2), "bigmem", [SMALL, LARGE, GPU])
    assert second.action == "stop" and "10 GB" in second.sentence and "more memory" in second.sentence


def test_block_on_a_gpu_never_moves_to_one_that_it_does_not_fit() -> None:
    pools = [Grant("large", 1, 1, 10**9, 1, gpu_memory=80 * 10**9), Grant("small", 1, 1, 10**10, 1, gpu_memory=10**10)]
    history = [WorkerLoss(Ending.OUT_OF_MEMORY, "a")]
    assert decide(history, "large", pools, Need(10**8, gpus=1, gpu_bytes=8 * 10**9)).pool == "small"
    assert decide(history, "large", pools, Need(10**8, gpus=1, gpu_bytes=9 * 10**10 // 2)).action == "stop"


def test_out_of_memory_without_a_larger_pool_ends_at_once() -> None:
    assert decide(died(Ending.OUT_OF_MEMORY), "cpu", [SMALL, GPU]).action == "stop"


@given(st.lists(st.sampled_from(FREE), min_size=1, max_size=40))
def test_walltime_preemption_and_failed_nodes_never_use_up_a_retry(endings: list[Ending]) -> None:
    assert decide([WorkerLoss(ending, "worker") for ending in endings], "cpu", [SMALL]).action == "again"


def test_block_that_uses_up_whole_allocations_needs_a_longer_one() -> None:
    assert decide(died(Ending.TIME_LIMIT, 1, alone=True), "cpu", [SMALL, LONG]).action == "again"
    assert decide(died(Ending.TIME_LIMIT, 2, alone=True), "cpu", [SMALL, LONG]).pool == "long"
    stopped = decide(died(Ending.TIME_LIMIT, 2, alone=True), "cpu", [SMALL])
    assert stopped.action == "stop" and "3600 s" in stopped.sentence


@pytest.mark.parametrize("free", FREE)
def test_unexplained_deaths_count_and_others_between_them_do_not(free: Ending) -> None:
    history = [loss for _ in range(LOSSES - 1) for loss in (*died(Ending.LOST), *died(free))]
    assert decide(history, "cpu", [SMALL]).action == "again"
    assert decide([*history, *died(Ending.LOST)], "cpu", [SMALL]).action == "stop"
