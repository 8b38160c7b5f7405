"""The driver: hands out the blocks that the ledger lacks, records those that are done, stops when asked to."""

from __future__ import annotations

import errno
import queue
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from ..errors import resume_command
from ..plan.plans import Plan, choose_pool
from ..plan.steps import PlannedStep
from ..ragged.placing import set_lengths_before_placing
from ..run.driver_lock import refuse_superseded
from ..run.progress import Reporter, say
from ..store.ledger import Ledger, done_blocks, read_ledger
from .batches import AHEAD, LostBatch, SentBatch, choose_batch_size
from .blocks import STOP, run_blocks
from .endings import Ending
from .retries import WorkerLoss, decide
from .worker_groups import WorkerGroup

__all__ = ["Outcome", "drive"]

# `lost`: the scheduler died. `expired`: the driver's own allocation ends before the work does.
Outcome = Literal["done", "failed", "stopped", "lost", "expired"]
LONG_S = 1.0  # of blocks longer than this, none waits on a worker
REST_S = 1.0  # before a block that a worker had no time for is handed out again
TICK_S = 0.5
END_S = 15.0  # before the driver's own end, beside the longest block: nothing more is handed out
LEAVE_S = 8.0  # before the driver's own end: what still runs is left to a successor
SYNC_EVERY_S = 0.1  # finished blocks wait at most this long for their line to count
ANSWER_S = 60.0  # for a finished batch to be fetched from its worker
VERDICT_S = 600.0  # for a worker's end to be explained, before it counts as unexplained
Runner = Callable[..., "list[dict[str, Any]]"]


def drive(
    run: Path,
    plan: Plan,
    group: WorkerGroup,
    ledger: Ledger,
    reporter: Reporter,
    *,
    execute: Runner = run_blocks,
    begun: float | None = None,
    deadline: float | None = None,
) -> Outcome:
    """Run every step's missing blocks, step by step; safe to call again after any interruption.

    ``begun`` and ``deadline`` (seconds since the epoch) are when the driver's own allocation began and ends.
    """
    begun = begun or time.time()
    for step in plan.steps:
        all_done = done_blocks(read_ledger(ledger.path))
        if step.kind == "place":
            set_lengths_before_placing(run, plan, step, all_done)
        done = {index: line for (name, index), line in all_done.items() if name == step.name}
        todo = [index for index in range(step.tasks) if index not in done]
        if not todo:
            continue
        reporter.start(step.name, len(done), step.tasks)
        longest = max((line["seconds"] for line in done.values()), default=0.0)
        driver = _StepDriver(run, step, group, ledger, reporter, execute, begun, deadline, longest)
        outcome = driver.work(todo)
        ledger.sync()
        if outcome != "done":
            return outcome
    return "done"


class _StepDriver:
    """The blocks of one step, from waiting to done."""

    def __init__(
        self, run: Path, step: PlannedStep, group: WorkerGroup, ledger: Ledger, reporter: Reporter, execute: Runner,
        begun: float, deadline: float | None, longest_s: float,
    ) -> None:  # fmt: skip
        self.run, self.step, self.group, self.ledger, self.reporter = run, step, group, ledger, reporter
        self.execute, self.begun, self.deadline = execute, begun, deadline
        self.grants = {grant.name: grant for grant in group.pools}
        self.waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        self.sent: dict[str, SentBatch] = {}
        self.lost: list[LostBatch] = []
        self.declined: list[tuple[float, int, str]] = []  # when it was declined, block, pool
        self.history: defaultdict[int, list[WorkerLoss]] = defaultdict(list)
        self.finished_by: set[str] = set()  # workers that finished a block of this step
        self.answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.expected_s = longest_s  # the longest block so far
        self.usual_s: float | None = None  # a moving mean, by which batches are sized
        self.batches = 0
        self.failed: str | None = None
        self.stopped = self.expired = False
        self.synced = self.ticked = 0.0

    def work(self, todo: Sequence[int]) -> Outcome:
        self._remember(todo)
        while self._tick() and (self.sent or (self.lost and not self.failed) or self._may_hand_out()):
            self._retry_declined()
            self._hand_out()
            self._collect()
        if self.expired and self.sent:
            self._abandon()
        if self.failed:
            return "failed"
        if self.expired:
            return "expired"
        if not (self.sent or self.lost or self.declined or any(self.waiting.values())):
            return "done"
        return "stopped" if self.stopped or (self.run / STOP).exists() else "lost"

    def _remember(self, todo: Sequence[int]) -> None:
        """Take up pools and losses of blocks from earlier drivers; a resume by a person begins without them."""
        pool, moved = choose_pool(self.step, self.group.pools), dict[int, str]()
        for line in read_ledger(self.ledger.path):
            if line["kind"] == "end" and line["state"] != "expired":
                self.history.clear()
                moved.clear()
            elif line["kind"] == "casualty" and line["step"] == self.step.name:
                for block in line["blocks"]:
                    self.history[block].append(WorkerLoss(Ending(line["ending"]), line["worker"], line["alone"]))
            elif line["kind"] == "moved" and line["step"] == self.step.name and line["pool"] in self.grants:
                moved[line["block"]] = line["pool"]
        for block in todo:
            self.waiting[moved.get(block, pool)].append(block)

    def _may_hand_out(self) -> bool:
        left = self.declined or any(self.waiting.values())
        return bool(left) and not (self.failed or self.stopped or self.expired)

    def _retry_declined(self) -> None:
        """Hand out declined blocks again after a pause: another worker may be there by now."""
        now = time.monotonic()
        for _, block, pool in [rest for rest in self.declined if now - rest[0] >= REST_S]:
            self.waiting[pool].append(block)
        self.declined = [rest for rest in self.declined if now - rest[0] < REST_S]

    def _tick(self) -> bool:
        """What is done at intervals; False if the step cannot go on."""
        now = time.monotonic()
        if now - self.synced > SYNC_EVERY_S:
            refuse_superseded(self.run, self.ledger.attempt)
            self.ledger.sync()
            self.synced = now
        if now - self.ticked < TICK_S:
            return True
        self.ticked = now
        if self.group.is_lost():
            self.ledger.append("lost", time=_time())
            return False
        if (trouble := self.group.trouble()) and not self.failed:
            self._fail(trouble, None)
            return False
        if (self.run / STOP).exists() and not self.sent:
            self.stopped = True
        self._settle_losses()
        in_flight: defaultdict[str, int] = defaultdict(int)
        for batch in self.sent.values():
            in_flight[batch.pool] += len(batch.blocks)
        for _, _, pool in self.declined:
            in_flight[pool] += 1
        ending = self.failed or self.stopped or self.expired or (self.run / STOP).exists()
        open_pools = sorted({*self.waiting, *in_flight})
        left = {pool: in_flight[pool] + (0 if ending else len(self.waiting[pool])) for pool in open_pools}
        wanted = {pool: self.grants[pool].count_workers(self.step.need, blocks) for pool, blocks in left.items()}
        self.group.want(wanted, self.expected_s)
        self.reporter.wait(self.group.waits())
        if self.deadline and time.time() + self._needed_s() > self.deadline and not self.expired:
            self._expire(self.deadline)
        return not (self.expired and self.deadline and time.time() > self.deadline - LEAVE_S)

    def _expire(self, deadline: float) -> None:
        """Leave the rest to a successor, unless a stop was asked for or a successor could not finish a block either."""
        if (self.run / STOP).exists():
            self.stopped = True
            return
        if deadline - self.begun < self._needed_s():
            self._fail(
                f"the driver's allocation ({deadline - self.begun:.0f} s) is too short for blocks of up to "
                f"{self.expected_s:.0f} s: give it a longer walltime (driver.walltime, or that of the allocation's "
                f"pool), then {resume_command(self.run)}", None,
            )  # fmt: skip
            return
        self.expired = True
        (self.run / STOP).touch()

    def _abandon(self) -> None:
        """Leave what still runs; if the allocation before this one ended so too, and no block since, it never ends."""
        since = [line["kind"] for line in read_ledger(self.ledger.path) if line["kind"] in ("block", "abandoned")]
        left = sorted(block for batch in self.sent.values() for block in batch.blocks)
        self.ledger.append("abandoned", step=self.step.name, blocks=left, time=_time())
        self.ledger.sync()
        if since[-1:] == ["abandoned"]:
            self._fail(
                f"step {self.step.name!r}: no block ended within two allocations of the driver: give it a longer "
                f"walltime (driver.walltime, or that of the allocation's pool), then {resume_command(self.run)}",
                left[0],
            )

    def _needed_s(self) -> float:
        """Before the driver's own end: running blocks finish, the ledger is synced, jobs are taken back."""
        return 1.1 * self.expected_s + END_S

    def _hand_out(self) -> None:
        for pool, blocks in self.waiting.items():
            if not blocks or not self._may_hand_out():
                continue
            grant = self.grants[pool]
            slots = grant.count_slots(self.step.need, self.group.count_workers(pool))
            # What spreads over nodes is held back by nothing else: there, none waits on a worker.
            ahead = 1 if self.expected_s > LONG_S or grant.spreads(self.step.need) else AHEAD
            room = ahead * slots - sum(batch.pool == pool for batch in self.sent.values())
            if room <= (ahead - 1) * slots and self.sent:
                continue
            size = choose_batch_size(len(blocks), slots, self.usual_s)
            batches: list[SentBatch] = []
            while blocks and len(batches) < room:
                self.batches += 1
                batches.append(SentBatch([blocks.popleft() for _ in range(min(size, len(blocks)))], pool, self.batches))
            self._send(batches, pool)

    def _send(self, batches: list[SentBatch], pool: str) -> None:
        if not batches:
            return
        grant = self.grants[pool]
        limit = grant.walltime_s
        # A block longer than any allocation must be tried all the same, or it would be put off for ever.
        expected = min(self.expected_s, 0.75 * limit - 5.0) if limit else self.expected_s
        keys = [f"{self.step.name}-{batch.number}-{self.ledger.attempt}" for batch in batches]
        words = (str(self.run), self.ledger.attempt, self.step.name)
        fixed = [[word] * len(batches) for word in words]
        sent = self.group.client.map(
            self.execute, *fixed, [batch.blocks for batch in batches], [max(0.0, expected)] * len(batches),
            key=keys, pure=False, resources=self.group.resources(pool, grant.ask_bytes(self.step.need)),
        )  # fmt: skip
        for key, batch, future in zip(keys, batches, sent, strict=True):
            batch.future = future
            self.sent[key] = batch
            future.add_done_callback(self.answers.put)

    def _collect(self) -> None:
        try:
            answered = [self.answers.get(timeout=TICK_S)]
        except queue.Empty:
            return
        while not self.answers.empty():
            answered.append(self.answers.get())
        dead: defaultdict[str, list[SentBatch]] = defaultdict(list)
        for future in answered:
            batch = self.sent.get(future.key)
            if batch is None or batch.future is not future:
                continue
            if future.status == "finished":
                self._take_in(batch)
            elif future.status == "error":
                self._classify(batch, dead)
            elif future.status == "cancelled":
                self._put_back(batch.blocks, self.sent.pop(future.key).pool)
            else:  # the worker that held the answer died: it runs again
                future.add_done_callback(self.answers.put)
        for worker, batches in dead.items():
            self._await_reasons(worker, batches)

    def _take_in(self, batch: SentBatch) -> None:
        try:
            outcomes = batch.future.result(timeout=ANSWER_S)
        except Exception:  # its worker died in between: by now it waits to run again, or has lost
            batch.future.add_done_callback(self.answers.put)
            return
        del self.sent[batch.future.key]
        for outcome in outcomes:
            kind = outcome.pop("outcome")
            if kind == "done":
                self._write_down(outcome)
            elif kind == "failed":
                self._fail(_explain(outcome, self.step.name, self.run), outcome["block"])
            else:
                if kind == "declined":
                    self.group.drain(outcome.get("worker", ""))
                    self.declined.append((time.monotonic(), outcome["block"], batch.pool))
                    continue
                if not (self.failed or self.expired):
                    self.stopped = True
                self.waiting[batch.pool].append(outcome["block"])

    def _write_down(self, line: dict[str, Any]) -> None:
        name = line.pop("name", "")
        self.finished_by.add(name)
        self.ledger.append("block", **line, time=_time())
        self.reporter.advance()
        self.expected_s = max(self.expected_s, line["seconds"])
        usual = line["seconds"] if self.usual_s is None else self.usual_s
        self.usual_s = 0.9 * usual + 0.1 * line["seconds"]

    def _classify(self, batch: SentBatch, dead: defaultdict[str, list[SentBatch]]) -> None:
        del self.sent[batch.future.key]
        error = batch.future.exception()
        if type(error).__name__ == "KilledWorker":
            dead[str(error.last_worker.name)].append(batch)
        else:  # not a step's own error, which comes back as an outcome
            self._fail(
                f"step {self.step.name!r}, blocks {batch.blocks}: {type(error).__name__}: {error}", batch.blocks[0]
            )

    def _await_reasons(self, worker: str, batches: list[SentBatch]) -> None:
        """Batches that a dead worker was running wait until the reason is known; others are handed out at once."""
        batches.sort(key=lambda batch: batch.number)
        running = max(1, self.grants[batches[0].pool].count_at_once(self.step.need))
        for batch in batches[running:]:
            self._put_back(batch.blocks, batch.pool)
        for batch in batches[:running]:
            self.lost.append(LostBatch(worker, batch.blocks, batch.pool, worker not in self.finished_by))

    def _settle_losses(self) -> None:
        for lost in list(self.lost):
            ending = self.group.ending(lost.worker, lost.at)
            if ending is None and time.time() - lost.at > VERDICT_S:
                ending = Ending.LOST
            if ending is None:
                continue
            self.lost.remove(lost)
            self.ledger.append(
                "casualty", step=self.step.name, blocks=lost.blocks, worker=lost.worker, ending=str(ending),
                alone=lost.alone, time=_time(),
            )  # fmt: skip
            for block in lost.blocks:
                self._judge(block, lost, WorkerLoss(ending, lost.worker, lost.alone))

    def _judge(self, block: int, lost: LostBatch, loss: WorkerLoss) -> None:
        self.history[block].append(loss)
        verdict = decide(self.history[block], lost.pool, self.group.pools, self.step.need)
        if verdict.action == "stop":
            self._fail(
                f"step {self.step.name!r}, block {block}: {verdict.sentence}; then `{resume_command(self.run)}`",
                block,
            )
            return
        if verdict.action == "pool":
            self.ledger.append(
                "moved", step=self.step.name, block=block, pool=verdict.pool, why=verdict.sentence, time=_time()
            )
            say(f"step {self.step.name!r}, block {block}: {verdict.sentence}")
        self._put_back([block], verdict.pool or lost.pool)

    def _put_back(self, blocks: Sequence[int], pool: str) -> None:
        self.waiting[pool].extendleft(reversed(blocks))

    def _fail(self, sentence: str, block: int | None) -> None:
        if self.failed:
            return
        self.failed = sentence
        self.ledger.append("failed", step=self.step.name, block=block, error=sentence, time=_time())
        (self.run / STOP).touch()  # what already runs may finish; nothing else starts
        say(sentence)


def _explain(outcome: dict[str, Any], step: str, run: Path) -> str:
    """What went wrong in a block, in a sentence, and the traceback of the step's own code."""
    where = f"step {step!r}, block {outcome['block']}"
    if outcome["errno"] == errno.ENOSPC:
        return (
            f"{where}: no space left on the disk of {run}: make space and run `{resume_command(run)}`; nothing is lost"
        )
    return f"{where}: {outcome['type']}: {outcome['message']}\n{outcome['trace']}".rstrip()


def _time() -> float:
    return round(time.time(), 3)
