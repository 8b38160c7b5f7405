"""Logs of a run's jobs: found by the job's name, its short name or its id; printed, or followed as they grow."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import RunError
from ..run.job_names import parse_name
from ..slurm.query.job_states import read_log_tail

__all__ = ["find_log", "follow_log", "read_lines"]

LINE_BYTES = 400  # that a line is taken to have at most, on average
READ_S = 0.5


def find_log(run: Path, identity: str, job: str = "driver") -> Path:
    """The newest log of a job.

    Parameters
    ----------
    run, identity
        The run's folder and id.
    job
        ``driver``, ``scheduler``, a job's whole name, its end (``cpu.3`` or ``2.cpu.3``), or its id in Slurm.

    Raises
    ------
    RunError
        Naming the logs there are.
    """
    logs = sorted((run / "slurm" / "logs").glob("*.log"), key=lambda path: (path.stat().st_mtime, path.name))
    if not logs:
        raise RunError(
            f"run {run} has no logs: none of its jobs has started (`citytide status {shlex.quote(str(run))}` tells "
            "why), or it ran on a terminal"
        )
    fitting = [log for log in logs if _fits(log, identity, job)]
    if not fitting:
        known = dict.fromkeys(_short(log, identity) for log in logs)
        shown = ", ".join(list(known)[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        raise RunError(f"run {run} has no log of job {job!r}; it has: {shown}")
    return fitting[-1]


def _fits(log: Path, identity: str, job: str) -> bool:
    if log.name.startswith("scheduler-"):
        return job in ("scheduler", log.stem)
    name, _, slurm_id = log.stem.rpartition(".")
    parsed = parse_name(name)
    if parsed is None or parsed.run_id != identity:
        return job == log.stem
    ends = {name, slurm_id, log.stem, name.removeprefix(f"{identity}."), parsed.pool}
    if parsed.serial is not None:
        ends = (ends - {parsed.pool}) | {f"{parsed.pool}.{parsed.serial}"}
    return job in ends


def _short(log: Path, identity: str) -> str:
    return log.stem if log.name.startswith("scheduler-") else log.stem.removeprefix(f"{identity}.").rpartition(".")[0]


def read_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log; what would move a terminal's cursor is shown and not obeyed."""
    size = max(4096, count * LINE_BYTES)
    while True:
        text = read_log_tail(log, size)
        lines = text.splitlines()
        if len(lines) >= count or size >= log.stat().st_size:
            return [clean(line) for line in (lines[-count:] if count else [])]
        size *= 8


def clean(line: str) -> str:
    """A line without control characters."""
    return "".join(char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in line)


def follow_log(log: Path, has_ended: Callable[[], bool]) -> Iterator[str]:
    """Lines as they are written, from the present end on, until ``has_ended`` and nothing more comes."""
    with log.open("rb") as file:
        file.seek(0, 2)
        rest, checked = b"", time.monotonic()
        over = False
        while True:
            data = file.read()
            *lines, rest = (rest + data).split(b"\n")
            yield from (clean(line.decode("utf-8", "replace").rstrip("\r")) for line in lines)
            if over and not data:
                break
            if time.monotonic() - checked > 2.0:
                over, checked = has_ended(), time.monotonic()
            if not over:
                time.sleep(READ_S)
        if rest:
            yield clean(rest.decode("utf-8", "replace"))
