"""The driver: hands out the blocks the ledger lacks, writes down those that come back, stops when asked to."""

from __future__ import annotations

import errno
import queue
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from ..errors import resume_command
from ..plan.plans import Plan, PlannedStep, choose_pool
from ..run.driver_lock import refuse_superseded
from ..run.progress import Reporter, say
from ..slurm.query.endings import Ending
from ..store.ledger import Ledger, done_blocks, read_ledger
from .blocks import STOP, run_blocks
from .packs import AHEAD, FallenPack, SentPack, choose_pack_size
from .retries import Casualty, decide
from .worker_groups import Crew

__all__ = ["Outcome", "drive"]

# `lost`: the scheduler died. `expired`: the driver's own allocation ends before the work does.
Outcome = Literal["done", "failed", "stopped", "lost", "expired"]
LONG_S = 1.0  # of blocks longer than this, none waits on a worker
REST_S = 1.0  # before a block that a worker had no time for is handed out again
TICK_S = 0.5
END_S = 15.0  # before the driver's own end, beside the longest block: nothing more is handed out
LEAVE_S = 8.0  # before the driver's own end: what still runs is left to a successor
SYNC_EVERY_S = 0.1  # finished blocks wait at most this long for their line to count
ANSWER_S = 60.0  # for a finished pack to be fetched from its worker
VERDICT_S = 600.0  # for a worker's end to be explained, before it counts as unexplained
Runner = Callable[..., "list[dict[str, Any]]"]


def drive(
    run: Path,
    plan: Plan,
    crew: Crew,
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
        done = {
            index: line for (name, index), line in done_blocks(read_ledger(ledger.path)).items() if name == step.name
        }
        todo = [index for index in range(step.tasks) if index not in done]
        if not todo:
            continue
        reporter.start(step.name, len(done), step.tasks)
        longest = max((line["seconds"] for line in done.values()), default=0.0)
        floor = _Floor(run, step, crew, ledger, reporter, execute, begun, deadline, longest)
        outcome = floor.work(todo)
        ledger.sync()
        if outcome != "done":
            return outcome
    return "done"


class _Floor:
    """One step's blocks between `waiting` and done."""

    def __init__(
        self, run: Path, step: PlannedStep, crew: Crew, ledger: Ledger, reporter: Reporter, execute: Runner,
        begun: float, deadline: float | None, longest_s: float,
    ) -> None:  # fmt: skip
        self.run, self.step, self.crew, self.ledger, self.reporter = run, step, crew, ledger, reporter
        self.execute, self.begun, self.deadline = execute, begun, deadline
        self.grants = {grant.name: grant for grant in crew.pools}
        self.waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        self.flying: dict[str, SentPack] = {}
        self.fallen: list[FallenPack] = []
        self.resting: list[tuple[float, int, str]] = []  # when it was declined, block, pool
        self.history: defaultdict[int, list[Casualty]] = defaultdict(list)
        self.finished_by: set[str] = set()  # workers that finished a block of this step
        self.landed: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.expected_s = longest_s  # the longest block so far
        self.usual_s: float | None = None  # a moving mean, by which packs are sized
        self.packs = 0
        self.failed: str | None = None
        self.stopped = self.expired = False
        self.synced = self.ticked = 0.0

    def work(self, todo: Sequence[int]) -> Outcome:
        self._remember(todo)
        while self._tick() and (self.flying or (self.fallen and not self.failed) or self._may_hand_out()):
            self._wake()
            self._hand_out()
            self._collect()
        if self.expired and self.flying:
            self._abandon()
        if self.failed:
            return "failed"
        if self.expired:
            return "expired"
        if not (self.flying or self.fallen or self.resting or any(self.waiting.values())):
            return "done"
        return "stopped" if self.stopped or (self.run / STOP).exists() else "lost"

    def _remember(self, todo: Sequence[int]) -> None:
        """Blocks stand where earlier drivers left them, with what befell them; a person's resume forgets."""
        pool, moved = choose_pool(self.step, self.crew.pools), dict[int, str]()
        for line in read_ledger(self.ledger.path):
            if line["kind"] == "end" and line["state"] != "expired":
                self.history.clear()
                moved.clear()
            elif line["kind"] == "casualty" and line["step"] == self.step.name:
                for block in line["blocks"]:
                    self.history[block].append(Casualty(Ending(line["ending"]), line["worker"], line["alone"]))
            elif line["kind"] == "moved" and line["step"] == self.step.name and line["pool"] in self.grants:
                moved[line["block"]] = line["pool"]
        for block in todo:
            self.waiting[moved.get(block, pool)].append(block)

    def _may_hand_out(self) -> bool:
        left = self.resting or any(self.waiting.values())
        return bool(left) and not (self.failed or self.stopped or self.expired)

    def _wake(self) -> None:
        """Declined blocks have rested: perhaps another worker is there by now."""
        now = time.monotonic()
        for _, block, pool in [rest for rest in self.resting if now - rest[0] >= REST_S]:
            self.waiting[pool].append(block)
        self.resting = [rest for rest in self.resting if now - rest[0] < REST_S]

    def _tick(self) -> bool:
        """What is done every now and then; False when there is no sense in going on."""
        now = time.monotonic()
        if now - self.synced > SYNC_EVERY_S:
            refuse_superseded(self.run, self.ledger.attempt)
            self.ledger.sync()
            self.synced = now
        if now - self.ticked < TICK_S:
            return True
        self.ticked = now
        if self.crew.is_lost():
            self.ledger.append("lost", time=_time())
            return False
        if (trouble := self.crew.trouble()) and not self.failed:
            self._fail(trouble, None)
            return False
        if (self.run / STOP).exists() and not self.flying:
            self.stopped = True
        self._bury()
        in_flight: defaultdict[str, int] = defaultdict(int)
        for pack in self.flying.values():
            in_flight[pack.pool] += len(pack.blocks)
        for _, _, pool in self.resting:
            in_flight[pool] += 1
        ending = self.failed or self.stopped or self.expired or (self.run / STOP).exists()
        open_pools = sorted({*self.waiting, *in_flight})
        left = {pool: in_flight[pool] + (0 if ending else len(self.waiting[pool])) for pool in open_pools}
        wanted = {pool: self.grants[pool].count_workers(self.step.need, blocks) for pool, blocks in left.items()}
        self.crew.want(wanted, self.expected_s)
        self.reporter.wait(self.crew.waits())
        if self.deadline and time.time() + self._needed_s() > self.deadline and not self.expired:
            self._expire(self.deadline)
        return not (self.expired and self.deadline and time.time() > self.deadline - LEAVE_S)

    def _expire(self, deadline: float) -> None:
        """A successor goes on, unless somebody asked for the end, or it could not do better."""
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
        left = sorted(block for pack in self.flying.values() for block in pack.blocks)
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
            slots = grant.count_slots(self.step.need, self.crew.count_workers(pool))
            # What spreads over nodes is held back by nothing else: there, none waits on a worker.
            ahead = 1 if self.expected_s > LONG_S or grant.spreads(self.step.need) else AHEAD
            room = ahead * slots - sum(pack.pool == pool for pack in self.flying.values())
            if room <= (ahead - 1) * slots and self.flying:
                continue
            size = choose_pack_size(len(blocks), slots, self.usual_s)
            packs: list[SentPack] = []
            while blocks and len(packs) < room:
                self.packs += 1
                packs.append(SentPack([blocks.popleft() for _ in range(min(size, len(blocks)))], pool, self.packs))
            self._send(packs, pool)

    def _send(self, packs: list[SentPack], pool: str) -> None:
        if not packs:
            return
        grant = self.grants[pool]
        limit = grant.walltime_s
        # A block longer than any allocation must be tried all the same, or it would be put off for ever.
        expected = min(self.expected_s, 0.75 * limit - 5.0) if limit else self.expected_s
        keys = [f"{self.step.name}-{pack.number}-{self.ledger.attempt}" for pack in packs]
        words = (str(self.run), self.ledger.attempt, self.step.name)
        fixed = [[word] * len(packs) for word in words]
        sent = self.crew.client.map(
            self.execute, *fixed, [pack.blocks for pack in packs], [max(0.0, expected)] * len(packs),
            key=keys, pure=False, resources=self.crew.resources(pool, grant.ask_bytes(self.step.need)),
        )  # fmt: skip
        for key, pack, future in zip(keys, packs, sent, strict=True):
            pack.future = future
            self.flying[key] = pack
            future.add_done_callback(self.landed.put)

    def _collect(self) -> None:
        try:
            landed = [self.landed.get(timeout=TICK_S)]
        except queue.Empty:
            return
        while not self.landed.empty():
            landed.append(self.landed.get())
        dead: defaultdict[str, list[SentPack]] = defaultdict(list)
        for future in landed:
            pack = self.flying.get(future.key)
            if pack is None or pack.future is not future:
                continue
            if future.status == "finished":
                self._take_in(pack)
            elif future.status == "error":
                self._classify(pack, dead)
            elif future.status == "cancelled":
                self._put_back(pack.blocks, self.flying.pop(future.key).pool)
            else:  # the worker that held the answer died: it runs again
                future.add_done_callback(self.landed.put)
        for worker, packs in dead.items():
            self._mourn(worker, packs)

    def _take_in(self, pack: SentPack) -> None:
        try:
            outcomes = pack.future.result(timeout=ANSWER_S)
        except Exception:  # its worker died in between: by now it waits to run again, or has fallen
            pack.future.add_done_callback(self.landed.put)
            return
        del self.flying[pack.future.key]
        for outcome in outcomes:
            kind = outcome.pop("outcome")
            if kind == "done":
                self._write_down(outcome)
            elif kind == "failed":
                self._fail(_explain(outcome, self.step.name, self.run), outcome["block"])
            else:
                if kind == "declined":
                    self.crew.drain(outcome.get("worker", ""))
                    self.resting.append((time.monotonic(), outcome["block"], pack.pool))
                    continue
                if not (self.failed or self.expired):
                    self.stopped = True
                self.waiting[pack.pool].append(outcome["block"])

    def _write_down(self, line: dict[str, Any]) -> None:
        name = line.pop("name", "")
        self.finished_by.add(name)
        self.ledger.append("block", **line, time=_time())
        self.reporter.advance()
        self.expected_s = max(self.expected_s, line["seconds"])
        usual = line["seconds"] if self.usual_s is None else self.usual_s
        self.usual_s = 0.9 * usual + 0.1 * line["seconds"]

    def _classify(self, pack: SentPack, dead: defaultdict[str, list[SentPack]]) -> None:
        del self.flying[pack.future.key]
        error = pack.future.exception()
        if type(error).__name__ == "KilledWorker":
            dead[str(error.last_worker.name)].append(pack)
        else:  # not a step's own error, which comes back as an outcome
            self._fail(
                f"step {self.step.name!r}, blocks {pack.blocks}: {type(error).__name__}: {error}", pack.blocks[0]
            )

    def _mourn(self, worker: str, packs: list[SentPack]) -> None:
        """Packs that a dead worker was running wait for the reason; those it only held go on at once."""
        packs.sort(key=lambda pack: pack.number)
        running = max(1, self.grants[packs[0].pool].count_at_once(self.step.need))
        for pack in packs[running:]:
            self._put_back(pack.blocks, pack.pool)
        for pack in packs[:running]:
            self.fallen.append(FallenPack(worker, pack.blocks, pack.pool, worker not in self.finished_by))

    def _bury(self) -> None:
        for fallen in list(self.fallen):
            ending = self.crew.ending(fallen.worker, fallen.at)
            if ending is None and time.time() - fallen.at > VERDICT_S:
                ending = Ending.LOST
            if ending is None:
                continue
            self.fallen.remove(fallen)
            self.ledger.append(
                "casualty", step=self.step.name, blocks=fallen.blocks, worker=fallen.worker, ending=str(ending),
                alone=fallen.alone, time=_time(),
            )  # fmt: skip
            for block in fallen.blocks:
                self._judge(block, fallen, Casualty(ending, fallen.worker, fallen.alone))

    def _judge(self, block: int, fallen: FallenPack, casualty: Casualty) -> None:
        self.history[block].append(casualty)
        verdict = decide(self.history[block], fallen.pool, self.crew.pools)
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
        self._put_back([block], verdict.pool or fallen.pool)

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
