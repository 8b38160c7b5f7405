"""The driver alone: its workers are functions that say what the test tells them to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from citytide.hpc.execution import drivers
from citytide.hpc.execution.blocks import STOP
from citytide.hpc.execution.drivers import drive
from citytide.hpc.execution.endings import Ending
from citytide.hpc.plan.grants import Grant
from citytide.hpc.plan.plans import make_plan
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.progress import Reporter
from citytide.hpc.store.ledger import Ledger, done_blocks, read_ledger

POOLS = (Grant("cpu", 2, 1, 10**9, walltime_s=100), Grant("bigmem", 1, 1, 10**10, walltime_s=100))
Answer = Callable[[str, list[int], float], Any]
ENDLESS = object()  # the answer of a batch that never ends


class KilledWorker(Exception):
    """As distributed names it."""

    def __init__(self, worker: str) -> None:
        self.last_worker = SimpleNamespace(name=worker)


class Landed:
    """A future that is finished as soon as it is made."""

    def __init__(self, key: str, answer: Any) -> None:
        self.key, self._answer = key, answer
        self.status = "error" if isinstance(answer, Exception) else "finished"

    def add_done_callback(self, told: Callable[[Any], None]) -> None:
        if self._answer is not ENDLESS:
            told(self)

    def result(self, timeout: float) -> Any:
        return self._answer

    def exception(self) -> Any:
        return self._answer


class Actors:
    """A group of one process: ``answer(pool, blocks, expected_s)`` says what became of a batch."""

    def __init__(self, answer: Answer, endings: Mapping[str, Ending] = {}) -> None:
        self.answer, self.endings = answer, endings
        self.client, self.pools = self, POOLS
        self.drained: list[str] = []
        self.lost = False
        self.batches: list[tuple[str, list[int]]] = []

    def map(self, execute: Any, *columns: list[Any], key: list[str], resources: str, **rest: Any) -> list[Landed]:
        *_, blocks, expected = columns
        self.batches += [(resources, batch) for batch in blocks]
        return [Landed(k, self.answer(resources, batch, e)) for k, batch, e in zip(key, blocks, expected, strict=True)]

    def count_workers(self, pool: str) -> int:
        return 2

    def resources(self, pool: str, memory_bytes: int) -> str:
        self.asked_bytes = memory_bytes
        return pool

    def want(self, workers: Mapping[str, int], expected_s: float) -> None:
        self.wanted = dict(workers)

    def drain(self, worker: str) -> None:
        self.drained.append(worker)

    def ending(self, worker: str, since: float) -> Ending | None:
        return self.endings.get(worker)

    def is_lost(self) -> bool:
        return self.lost

    def trouble(self) -> None:
        return None

    def waits(self) -> tuple[str, ...]:
        return ()


def finished(blocks: list[int], seconds: float = 0.01) -> list[dict[str, Any]]:
    return [{"outcome": "done", "name": "w", "step": "s", "block": block, "seconds": seconds} for block in blocks]


@pytest.fixture
def act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, list[dict[str, Any]]]]:
    """Drive eight blocks with a group; returns the outcome and the ledger."""
    monkeypatch.setattr(drivers, "REST_S", 0.01)
    monkeypatch.setattr(drivers, "TICK_S", 0.01)

    def run(
        group: Any, rows: int = 8, memory_bytes: int = 10**6, ranks: int = 0, **options: Any
    ) -> tuple[str, list[dict[str, Any]]]:
        step = BlockStep("s", "math:sqrt", "row", rows, (), lambda block: memory_bytes, ranks=ranks)
        plan = make_plan((step,), (), workers=2, threads=1, memory_per_worker=10**9, pools=group.pools)
        with Ledger(tmp_path / "ledger.jsonl", 1) as ledger:
            outcome = drive(tmp_path, plan, group, ledger, Reporter(quiet=True), **options)
        return outcome, read_ledger(tmp_path / "ledger.jsonl")

    return run


def test_every_block_is_done_once_and_short_ones_travel_together(act) -> None:
    group = Actors(lambda pool, blocks, expected: finished(blocks))
    outcome, ledger = act(group, rows=100)
    assert outcome == "done" and len(done_blocks(ledger)) == 100 == sum(len(batch) for _, batch in group.batches)
    assert max(len(batch) for _, batch in group.batches) > 1


def test_no_more_blocks_are_handed_out_or_counted_as_killed_than_memory_lets_run(act) -> None:
    """Two workers of 8 threads and room for one block: two batches run, two are there, one dies with its worker."""
    deaths: list[list[int]] = []

    def answer(pool: str, blocks: list[int], expected: float) -> Any:
        if len(deaths) < 4:
            deaths.append(blocks)
            return KilledWorker("w")
        return finished(blocks)

    group = Actors(answer, {"w": Ending.PREEMPTED})
    group.pools = (Grant("cpu", 2, 8, 10**9, walltime_s=100),)
    outcome, ledger = act(group, memory_bytes=6 * 10**8)
    (loss,) = [line for line in ledger if line["kind"] == "casualty"]
    assert outcome == "done" and loss["blocks"] == [0] and group.asked_bytes == 6 * 10**8
    assert [blocks for _, blocks in group.batches[:4]] == [[0], [1], [2], [3]] and group.batches[4][1] != [4]


def test_blocks_that_spread_over_nodes_are_held_back_by_the_driver(act) -> None:
    sizes: list[int] = []
    group = Actors(lambda pool, blocks, expected: finished(blocks, 0.5))
    group.pools = (Grant("cpu", 2, 8, 1_600_000_000, walltime_s=100, nodes=2),)
    group.map, ordinary = lambda *a, **k: (sizes.append(len(k["key"])), ordinary(*a, **k))[1], group.map
    outcome, _ = act(group, ranks=2, memory_bytes=6 * 10**8)
    assert outcome == "done" and group.asked_bytes == 0 and max(sizes) == 2


def test_declined_block_rests_and_its_worker_is_drained(act) -> None:
    declined: list[int] = []

    def answer(pool: str, blocks: list[int], expected: float) -> Any:
        if 5 in blocks and not declined:
            declined.extend(blocks)
            return [{"outcome": "declined", "block": block, "worker": "tired"} for block in blocks]
        return finished(blocks)

    group = Actors(answer)
    outcome, ledger = act(group)
    assert outcome == "done" and len(done_blocks(ledger)) == 8 and set(group.drained) == {"tired"}


def test_block_out_of_memory_goes_on_in_the_larger_pool(act) -> None:
    def answer(pool: str, blocks: list[int], expected: float) -> Any:
        return KilledWorker("small") if 3 in blocks and pool == "cpu" else finished(blocks)

    group = Actors(answer, {"small": Ending.OUT_OF_MEMORY})
    outcome, ledger = act(group)
    moved = [line for line in ledger if line["kind"] == "moved"]
    assert outcome == "done" and 3 in {line["block"] for line in moved}
    assert [pool for pool, batch in group.batches if 3 in batch][-1] == "bigmem"


def test_walltime_takes_no_retry_and_unexplained_deaths_end_the_run(act) -> None:
    deaths: list[str] = []

    def answer(pool: str, blocks: list[int], expected: float) -> Any:
        if 3 in blocks and len(deaths) < 8:
            deaths.append("w")
            return KilledWorker("w")  # it has finished blocks before, so none had an allocation to itself
        return finished(blocks)

    outcome, _ = act(Actors(answer, {"w": Ending.PREEMPTED}))
    assert outcome == "done" and len(deaths) == 8


def test_worker_that_always_dies_without_a_reason_is_blamed_on_the_block(act) -> None:
    def answer(pool: str, blocks: list[int], expected: float) -> Any:
        return KilledWorker("w") if 3 in blocks else finished(blocks)

    outcome, ledger = act(Actors(answer, {"w": Ending.LOST}))
    (failed,) = [line for line in ledger if line["kind"] == "failed"]
    assert outcome == "failed" and failed["block"] == 3 and "the worker died each of 3 times" in failed["error"]


def test_driver_near_the_end_of_its_allocation_leaves_the_rest_to_a_successor(act, tmp_path: Path) -> None:
    def answer(pool: str, blocks: list[int], expected: float) -> Any:
        time.sleep(0.05)
        return finished(blocks, 2.0)

    outcome, ledger = act(Actors(answer), deadline=time.time() + 17.3)
    assert outcome == "expired" and 0 < len(done_blocks(ledger)) < 8 and (tmp_path / STOP).exists()


def test_allocation_too_short_for_any_block_ends_the_run_instead_of_one_successor_after_another(act) -> None:
    def answer(pool: str, blocks: list[int], expected: float) -> Any:
        time.sleep(0.05)
        return finished(blocks, 400.0)

    outcome, ledger = act(Actors(answer), deadline=time.time() + 60.0)
    (failed,) = [line for line in ledger if line["kind"] == "failed"]
    assert outcome == "failed" and "too short for blocks of up to 400 s" in failed["error"]
    assert "driver.walltime" in failed["error"]


def test_no_expectation_is_longer_than_an_allocation(act) -> None:
    """Else a block longer than any would be put off for ever, and never be found out."""
    told: list[float] = []

    def answer(pool: str, blocks: list[int], expected: float) -> Any:
        told.append(expected)
        return finished(blocks, 1000.0)

    assert act(Actors(answer))[0] == "done" and max(told) == 70.0


def test_blocks_that_outlive_the_drivers_allocation_are_left_and_named_the_second_time(
    act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "END_S", 0.6)
    monkeypatch.setattr(drivers, "LEAVE_S", 0.3)
    group = Actors(lambda pool, blocks, expected: ENDLESS)
    outcome, ledger = act(group, deadline=time.time() + 1.0)
    assert outcome == "expired" and ledger[-1]["kind"] == "abandoned" and ledger[-1]["blocks"]
    (tmp_path / STOP).unlink()
    outcome, ledger = act(group, deadline=time.time() + 1.0)
    assert outcome == "failed" and "no block ended within two allocations" in ledger[-1]["error"]


def test_scheduler_that_dies_with_the_last_blocks_does_not_end_the_step(act) -> None:
    group = Actors(lambda pool, blocks, expected: ENDLESS if 7 in blocks else finished(blocks))
    group.map, ordinary = lambda *a, **k: (setattr(group, "lost", 7 in a[4][-1]), ordinary(*a, **k))[1], group.map
    outcome, ledger = act(group)
    assert outcome == "lost" and ("s", 7) not in done_blocks(ledger)
