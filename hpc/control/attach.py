"""Attach a terminal to a run that is driven elsewhere: how far it is, what it waits for, and how it ended.

Files are read; Slurm is asked only while no driver is alive, and then at most once per ``poll_s``.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import FAILED, STOPPED, RunError
from ..plan.plans import read_plan
from ..run.driver_lock import live_driver
from ..run.progress import LINE_EVERY_S, WAIT_AGAIN_S, WAIT_S, say
from ..run.records import read_json
from ..run.state import find_driver_job, find_state, needs_query
from ..slurm.query.controller import Controller
from ..slurm.query.job_states import Board, read_jobs
from .run_status import describe_jobs, query_queue

__all__ = ["Detached", "LedgerTail", "attach_to_run"]

READ_S = 1.0  # between two readings of the run's files
FIRST_S = 2.0  # for Slurm to consider a job that was just submitted
SURE_S = 60.0  # a file system may show a driver's last words later than Slurm shows its end
REPORT_S = 20.0  # for the report, which is written after the run's end is
FINAL = ("done", "failed", "stopped", "cancelled")


class Detached(RunError):
    """The person at the screen left; the run goes on."""


def attach_to_run(run: Path, *, quiet: bool) -> None:
    """Return when the run has ended; its ledger says how.

    Raises
    ------
    RunError
        If its driver ended and left it unfinished, with how that ended and the way to go on.
    Detached
        At Ctrl-C: the run goes on.
    """
    try:
        with Screen(run, quiet=quiet) as screen:
            _follow(run, screen)
    except KeyboardInterrupt:
        at = shlex.quote(str(run))
        raise Detached(
            f"the run goes on without this screen; come back: citytide attach {at}; end it: citytide cancel {at}",
            exit_code=STOPPED,
        ) from None


def _follow(run: Path, screen: Screen) -> None:
    record, tail = read_json(run / "run.json"), LedgerTail(run / "ledger.jsonl")
    identity, site = str(record["id"]), record.get("profile") or {}
    controller, poll_s = Controller(conf=site.get("slurm_conf")), float(site.get("poll_s", 10.0))
    asked, is_sure = time.monotonic() - poll_s + FIRST_S, False
    while True:
        lives = live_driver(run) is not None  # before the ledger is read: a driver signs off after its last line
        tail.read()
        if lives:
            is_sure = False
            board = read_jobs(run)
            screen.show(tail, _sentences(board), board.dashboard if board else None)
        elif not needs_query(run, identity, tail.lines):
            return _end(run, identity, tail)
        elif time.monotonic() - asked >= poll_s:
            job = find_driver_job(run, identity)
            seen = query_queue(controller, [job] if job else [])
            asked = time.monotonic()
            tail.read()
            state = find_state(run, identity, tail.lines, complete=tail.is_complete(screen.blocks), seen=seen)
            told = describe_jobs(run, identity, tail.lines, state, seen=seen) or {}
            if seen.unanswered:
                screen.show(
                    tail, [f"Slurm {told['answers']}: what became of the driver's job is unknown"], at_once=True
                )
            elif state in ("pending", "waiting", "running"):
                is_sure = False
                screen.show(tail, told["waits"], at_once=True)
            elif state in FINAL or is_sure or seen.time - (told.get("driver") or {"since": 0.0})["since"] > SURE_S:
                return _end(run, identity, tail, told.get("driver"), state)
            else:
                is_sure = True
        time.sleep(READ_S)


def _end(
    run: Path, identity: str, tail: LedgerTail, driver: Mapping[str, Any] | None = None, state: str | None = None
) -> None:
    """Return if the run has come to an end of its own, once its report is there; else tell why it has not."""
    state = state or find_state(run, identity, tail.lines, complete=True)
    if state not in FINAL:
        why = f"its driver {driver['sentence']}" if driver else "it has no driver"
        raise RunError(f"run {run} is {state}: {why}; to go on: citytide resume {quoted(run)}", exit_code=FAILED)
    deadline = time.monotonic() + REPORT_S
    while state != "cancelled" and not _is_reported(run) and time.monotonic() < deadline:
        time.sleep(0.2)


def _is_reported(run: Path) -> bool:
    try:
        ended = (run / "result.json").stat().st_mtime
        return all((run / name).stat().st_mtime >= ended for name in ("report.html", "ro-crate-metadata.json"))
    except OSError:
        return False


def _sentences(board: Board | None) -> list[str]:
    """Why nothing runs, as the driver last told; also jobs that have started and do no work yet."""
    if board is None:
        return []
    said = [] if board.slurm == "answering" else [f"Slurm {board.slurm}"]
    said += board.waits
    if not any(job.state in ("registered", "working", "draining") for job in board.jobs):
        said += [job.sentence for job in board.jobs if job.state in ("submitted", "starting")]
    return list(dict.fromkeys(said))


def quoted(run: Path) -> str:
    return shlex.quote(str(run))


class LedgerTail:
    """A ledger read as it grows: only what is new is read again."""

    def __init__(self, path: Path) -> None:
        self.path, self.lines = path, list[dict[str, Any]]()  # all but those of blocks, which are only counted
        self.done: defaultdict[str, set[int]] = defaultdict(set)
        self._at = self._attempt = 0

    def read(self) -> None:
        try:
            with self.path.open("rb") as file:
                if file.seek(0, 2) < self._at:  # a torn end was cut off
                    self._at = self._attempt = 0
                    self.lines.clear()
                    self.done.clear()
                file.seek(self._at)
                data = file.read()
        except OSError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._at += len(whole)
        for raw in whole.splitlines():
            try:
                self._take(json.loads(raw))
            except (ValueError, KeyError, TypeError):
                continue  # a damaged line: the driver will not count it either

    def _take(self, line: dict[str, Any]) -> None:
        if line["kind"] in ("driver", "restart"):
            self._attempt = max(self._attempt, line["attempt"])
        if line.get("attempt", self._attempt) < self._attempt:
            return  # of a driver that was taken over
        if line["kind"] == "block":
            self.done[line["step"]].add(line["block"])
            return
        if line["kind"] == "bad" and "step" in line:
            self.done[line["step"]].discard(line["block"])
        if line["kind"] == "restart":
            for step in line["steps"]:
                self.done[step].clear()
        self.lines.append(line)

    def is_complete(self, blocks: Mapping[str, int]) -> bool:
        return all(len(self.done[name]) >= count for name, count in blocks.items())


class Screen:
    """What an attached terminal shows on stderr: bars and waits on a terminal, else a line now and then."""

    def __init__(self, run: Path, *, quiet: bool) -> None:
        self.run, self.quiet = run, quiet
        self.blocks = _count_blocks(run)
        self._live: Any = None
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._counts: dict[str, int] = {}
        self._counted = self._waits_since = self._waits_told = 0.0
        self._dashboard: str | None = None

    def __enter__(self) -> Self:
        if not self.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self._bars = Progress(TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
            self._tasks = {name: self._bars.add_task(name, total=total) for name, total in self.blocks.items()}
            self._live = Live(self._bars, console=Console(stderr=True), refresh_per_second=2)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.update(self._bars)
            self._live.stop()

    def show(
        self, tail: LedgerTail, waits: Sequence[str], dashboard: str | None = None, *, at_once: bool = False
    ) -> None:
        if set(tail.done) - set(self.blocks):  # a further plan was made
            self.blocks = _count_blocks(self.run)
            for name in set(self.blocks) - set(self._tasks) if self._bars else ():
                self._tasks[name] = self._bars.add_task(name, total=self.blocks[name])
        counts = {name: len(tail.done[name]) for name in self.blocks}
        if self._live:
            self._draw(counts, waits, dashboard)
        elif not self.quiet:
            if at_once and not self._waits_since:
                self._waits_since = time.monotonic() - WAIT_S
            self._say(counts, waits, dashboard)

    def _draw(self, counts: Mapping[str, int], waits: Sequence[str], dashboard: str | None) -> None:
        from rich.console import Group
        from rich.text import Text

        for name, count in counts.items():
            self._bars.update(self._tasks[name], completed=count)
        below = [Text(sentence) for sentence in _shorten(waits)]
        below += [Text(f"dashboard: {dashboard}", style="dim")] if dashboard else []
        self._live.update(Group(self._bars, *below))

    def _say(self, counts: Mapping[str, int], waits: Sequence[str], dashboard: str | None) -> None:
        now = time.monotonic()
        if dashboard and dashboard != self._dashboard:
            self._dashboard = dashboard
            say(f"dashboard: {dashboard}")
        changed = {name: count for name, count in counts.items() if count != self._counts.get(name, 0)}
        is_full = any(count == self.blocks[name] for name, count in changed.items())
        if changed and (is_full or now - self._counted > LINE_EVERY_S):
            self._counted, self._counts = now, dict(counts)
            for name, count in changed.items():
                say(f"{name}: {count} of {self.blocks[name]} blocks")
        if not waits:
            self._waits_since = 0.0
            return
        self._waits_since = self._waits_since or now
        if now - self._waits_since >= WAIT_S and now - self._waits_told >= WAIT_AGAIN_S:
            self._waits_told = now
            for sentence in _shorten(waits):
                say(sentence)


def _count_blocks(run: Path) -> dict[str, int]:
    return {step.name: step.tasks for step in read_plan(run).steps}


def _shorten(waits: Sequence[str]) -> list[str]:
    return [*waits[:3], *([f"... and {len(waits) - 3} more like these"] if len(waits) > 3 else [])]
