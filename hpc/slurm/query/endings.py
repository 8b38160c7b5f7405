"""How a job ended, from what Slurm says of it and from the end of its log."""

from __future__ import annotations

import re

from ...execution.endings import Ending
from .answers import Entry
from .reasons import say_time

__all__ = ["classify", "explain_ending", "find_telling_line"]


_STATES = {
    "OUT_OF_MEMORY": Ending.OUT_OF_MEMORY,
    "TIMEOUT": Ending.TIME_LIMIT,
    "DEADLINE": Ending.TIME_LIMIT,
    "NODE_FAIL": Ending.NODE_FAILURE,
    "BOOT_FAIL": Ending.NODE_FAILURE,
    "LAUNCH_FAILED": Ending.NODE_FAILURE,
    "PREEMPTED": Ending.PREEMPTED,
    "REVOKED": Ending.CANCELLED,
}
_REASONS = {"OutOfMemory": Ending.OUT_OF_MEMORY, "TimeLimit": Ending.TIME_LIMIT, "NodeDown": Ending.NODE_FAILURE}
_NOTE = r"^(?:slurmstepd|srun|slurmd)[^\n]*"  # Slurm's own lines: a program may print the same words
_KILLED_FOR_MEMORY = re.compile(
    _NOTE + r"(?:exceeded (?:job |step )?memory limit|memory limit at some point|oom[-_ ]?kill|out[- _]of[- _]memory)",
    re.MULTILINE | re.IGNORECASE,
)
_MEMORY = re.compile(
    r"exceeded \d+% memory budget|^(?:[\w.]+\.)?_?(?:Array)?MemoryError\b|std::bad_alloc|Cannot allocate memory",
    re.MULTILINE | re.IGNORECASE,
)
_NOTES = {
    "TIME LIMIT": Ending.TIME_LIMIT,
    "PREEMPTION": Ending.PREEMPTED,
    "JOB REQUEUE": Ending.PREEMPTED,
    "NODE FAILURE": Ending.NODE_FAILURE,
}
_CANCELLED = re.compile(_NOTE + r"CANCELLED AT[^\n]*", re.MULTILINE)
_ANOTHER_LIFE = re.compile(
    _NOTE + r"CANCELLED AT[^\n]* DUE TO (?:JOB REQUEUE|PREEMPTION|NODE FAILURE)[^\n]*\n", re.MULTILINE
)
_CRASHES = ("4", "6", "7", "8", "11")  # ILL, ABRT, BUS, FPE, SEGV: the program's own doing
# Lines of a log that explain an end, from the most to the least specific.
_TELLING = (
    re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b(?::|$)|command not found|No module named"),
    re.compile(
        r"No such file|Permission denied|not found|Killed|Segmentation fault|Bus error|Illegal instr|core dumped"
    ),
    re.compile(r"memory (?:budget|limit)|oom|No space left|quota|Input/output error|Stale file", re.IGNORECASE),
    re.compile(r"\berror\b|\bfatal\b|\bcannot\b|\bfailed\b|\brefused\b|\bunable\b|\binvalid\b", re.IGNORECASE),
)
_NOISE = re.compile(r"\b(?:CommClosedError|StreamClosedError|CancelledError)\b|CANCELLED AT")  # follow any end
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_WIDTH = 240


def classify(entry: Entry | None, log_tail: str, *, registered: bool) -> Ending:
    """The ending of a job that is over; with no entry, by its log alone.

    Slurm's state comes first. Where it says no more than that the job failed, the notes that its daemons leave in the
    log decide, then its reason; what is left is the program's doing if it ended by itself.
    """
    state, log = entry.state if entry else "", _this_life(entry, log_tail)
    if state == "CANCELLED":
        return _read_notes(log, cancelled=Ending.CANCELLED) or Ending.CANCELLED
    if state in _STATES:
        return _STATES[state]
    if state == "COMPLETED":
        return Ending.DONE if registered else Ending.UNREGISTERED
    told = _read_notes(log, cancelled=None if entry else Ending.CANCELLED)
    if told is None and _MEMORY.search(log):
        told = Ending.OUT_OF_MEMORY
    if told is None and entry is not None:
        told = _REASONS.get(entry.reason)
    if told is None and not registered:
        told = Ending.UNREGISTERED
    return told or _judge(entry.exit_code if entry else "")


def _judge(exit_code: str) -> Ending:
    """Of a worker that had registered and whose job failed: a crash or an exit of its own, or killed by somebody."""
    code, _, number = exit_code.partition(":")
    if number in _CRASHES or code in [str(128 + int(crash)) for crash in _CRASHES]:
        return Ending.USER_CODE
    killed = number not in ("", "0") or code in ("", "0", "9", "15", "137", "143")  # sacct takes 128 off
    return Ending.LOST if killed else Ending.USER_CODE


def _this_life(entry: Entry | None, log_tail: str) -> str:
    """The log since the job's last requeue: what ended an earlier life is no news."""
    return _ANOTHER_LIFE.split(log_tail)[-1] if entry and entry.restarts else log_tail


def _read_notes(log: str, *, cancelled: Ending | None) -> Ending | None:
    """What Slurm's daemons wrote into the log; ``cancelled`` is what a cancelling without a cause means."""
    if _KILLED_FOR_MEMORY.search(log):
        return Ending.OUT_OF_MEMORY
    for note in reversed(_CANCELLED.findall(log)):
        return next((ending for words, ending in _NOTES.items() if f"DUE TO {words}" in note), cancelled)
    return None


def explain_ending(ending: Ending, entry: Entry | None, log_tail: str, *, log: str = "") -> str:
    """One sentence: how the job ended and where, what to do, and the line of its log that tells most."""
    what, cure = _WORDS[ending]
    subject = f"job {entry.id}" if entry else "the job"
    where = f" on {entry.node}" if entry and entry.node else ""
    line = "" if ending in _PLAIN else find_telling_line(_this_life(entry, log_tail), ending)
    empty = ending not in _PLAIN and not log_tail.strip()
    quoted = f"; its log says: {line}" if line else "; its log is empty" if empty else ""
    place = f" [{log}]" if log and ending is not Ending.DONE else ""
    return f"{subject} {what}{where}{_say_figures(ending, entry)}{f': {cure}' if cure else ''}{quoted}{place}"


def find_telling_line(log_tail: str, ending: Ending | None = None) -> str:
    """The line that tells most about an end: the last of the most telling kind, else the last that is not blank."""
    lines = [line for raw in log_tail.splitlines() if (line := _clean(raw)) and not _NOISE.search(line)]
    kinds = (_KILLED_FOR_MEMORY, _MEMORY, *_TELLING) if ending is Ending.OUT_OF_MEMORY else _TELLING
    for kind in kinds:
        for line in reversed(lines):
            if kind.search(line):
                return line
    return lines[-1] if lines else ""


_WORDS = {
    Ending.DONE: ("ended as it should", ""),
    Ending.OUT_OF_MEMORY: (
        "ran out of memory",
        "its blocks go to a pool with more memory if there is one; else raise `memory` or make blocks smaller",
    ),
    Ending.TIME_LIMIT: (
        "was ended by its time limit",
        "finished blocks are kept and the rest goes to the next job; if no block fits, raise `walltime`",
    ),
    Ending.NODE_FAILURE: ("was lost with its node", "its blocks run again elsewhere; tell the site if it goes on"),
    Ending.PREEMPTED: ("was preempted or requeued", "its blocks run again, which costs no retry"),
    Ending.CANCELLED: (
        "was cancelled",
        "finished blocks are kept; if the run does not go on by itself, `citytide resume` does",
    ),
    Ending.USER_CODE: ("ended by an error of the program", "fix what the line names, then resume"),
    Ending.UNREGISTERED: (
        "ended before its worker registered",
        "see `environment`, `prologue` and `python` of the profile",
    ),
    Ending.LOST: (
        "is gone for an unknown reason",
        "its blocks run again; a kill without a word is often the node's memory running out",
    ),
}
_PLAIN = (Ending.DONE, Ending.TIME_LIMIT, Ending.PREEMPTED, Ending.CANCELLED)  # their logs add nothing


def _say_figures(ending: Ending, entry: Entry | None) -> str:
    """In brackets: what the job asked for, or how it ended, or that it never began."""
    if entry is None:
        return ""
    if entry.reason and not entry.node and ending is not Ending.DONE:
        return f" (it never started: {entry.reason})"
    if ending is Ending.OUT_OF_MEMORY and entry.memory:
        used = f", used {entry.max_rss / 2**20:.0f} MiB when last seen" if entry.max_rss else ""
        return f" (asked for {entry.memory / 2**20:.0f} MiB{used})"
    if ending is Ending.TIME_LIMIT and entry.time_limit_s:
        return f" (asked for {say_time(entry.time_limit_s)})"
    if ending not in (Ending.UNREGISTERED, Ending.USER_CODE, Ending.LOST) or not entry.exit_code:
        return ""
    code, _, number = entry.exit_code.partition(":")
    return f" (exit code {code})" if number in ("", "0") else f" (signal {number})"


def _clean(line: str) -> str:
    text = "".join(char if char.isprintable() else " " for char in _CONTROL.sub("", line)).strip()
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
