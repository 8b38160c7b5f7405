"""What Slurm's commands print, read into entries. A line that cannot be read is left out, never guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from .notation import parse_minutes

__all__ = ["ACCOUNT_FIELDS", "QUEUE_FIELDS", "Entry", "parse_accounts", "parse_queue", "parse_show"]

UNIT, RECORD = "\x1f", "\x1e"  # between a value and its label, and after the label
_QUEUE = {
    "id": "JobID", "state": "State", "reason": "Reason", "node": "NodeList", "start": "StartTime", "end": "EndTime",
    "submitted": "SubmitTime", "exit": "exit_code", "restarts": "restartcnt", "partition": "Partition",
    "limit": "TimeLimit", "tres": "tres-alloc", "name": "Name",
}  # fmt: skip
# A field that a version of squeue does not know is left out of its answer with the text behind it: hence the labels.
QUEUE_FIELDS = ",".join(f"{field}:{UNIT}{label}{RECORD}" for label, field in _QUEUE.items())
_ACCOUNT = {
    "id": "JobIDRaw", "state": "State", "reason": "Reason", "node": "NodeList", "start": "Start", "end": "End",
    "submitted": "Submit", "exit": "ExitCode", "partition": "Partition", "limit": "TimelimitRaw", "tres": "ReqTRES",
    "rss": "MaxRSS", "name": "JobName",
}  # fmt: skip
ACCOUNT_FIELDS = ",".join(_ACCOUNT.values())
_ID = re.compile(r"\d+(?:[_+][\w\[\],%+-]+)?", re.ASCII)
_SCALE = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50, "E": 2**60}
_NOBODY = ("None assigned", "(null)", "n/a", "N/A")


@dataclass(frozen=True)
class Entry:
    """One job as squeue or sacct tells it; times are seconds since 1970."""

    id: str
    name: str
    state: str  # one word: PENDING, RUNNING, COMPLETED, TIMEOUT, OUT_OF_MEMORY, NODE_FAIL ...
    reason: str = ""  # Resources, PartitionTimeLimit, (launch failed requeued held) ...
    node: str = ""
    start: float | None = None  # of a pending job the expected start
    end: float | None = None  # of a running job the time at which its limit ends it
    submitted: float | None = None
    exit_code: str = ""  # "code:signal"
    restarts: int = 0
    partition: str = ""
    time_limit_s: int | None = None
    memory: int | None = None  # asked for, on all its nodes together [B]
    max_rss: int | None = None  # of its largest task [B]; only sacct knows


def parse_queue(text: str) -> list[Entry]:
    """Jobs of an answer to ``squeue --Format=QUEUE_FIELDS``."""
    found = []
    for record in re.split(f"{UNIT}name{RECORD}\n?", text)[:-1]:
        *pairs, name = record.split(RECORD, len(_QUEUE) - 1)
        values = {label: value.strip() for value, _, label in (pair.partition(UNIT) for pair in pairs)}
        values["id"] = values.get("id", "").rpartition("\n")[2]  # a site may greet before it answers
        if entry := _read(values, name):
            found.append(entry)
    return found


def parse_accounts(text: str) -> list[Entry]:
    """Jobs of an answer to ``sacct --parsable2 --delimiter=UNIT``: a requeued job once per life, the newest last.

    What only the steps of a job know is added to the job: the memory used, and that one of them ran out of it.
    """
    found: list[Entry] = []
    newest: dict[str, int] = {}
    for line in text.split("\n"):
        values = dict(zip(_ACCOUNT, line.split(UNIT, len(_ACCOUNT) - 1), strict=False))
        if len(values) < len(_ACCOUNT):
            continue
        job, dot, _ = values["id"].partition(".")
        if dot and job in newest:
            found[newest[job]] = _add_step(found[newest[job]], values)
        elif not dot and (entry := _read(values, values["name"])):
            newest[job] = len(found)
            found.append(entry)
    lives: dict[str, int] = {}
    for i, entry in enumerate(found):
        lives[entry.id] = lives.get(entry.id, -1) + 1
        found[i] = replace(entry, restarts=lives[entry.id])
    return found


def parse_show(text: str) -> list[dict[str, str]]:
    """Records of ``scontrol --oneliner show``: one a line, or one in all for the configuration (``Key = Value``)."""
    if re.search(r"^\w+ += ", text, re.MULTILINE):
        lines = (line.partition(" = ") for line in text.splitlines() if " = " in line)
        return [{key.strip(): value.strip() for key, _, value in lines}]
    return [record for line in text.splitlines() if (record := dict(_pairs(line)))]


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """Keys and values of a line: a value may hold blanks, and goes on to the next word that is a key."""
    keys = list(re.finditer(r"(?:^|(?<=\s))([A-Z][\w:/()-]*)=", line, re.ASCII))
    ends = [key.start() for key in keys[1:]] + [len(line)]
    for key, end in zip(keys, ends, strict=False):
        yield key[1], line[key.end() : end].strip()


def _read(values: Mapping[str, str], name: str) -> Entry | None:
    """An entry from its labelled values; none if it has no id or no state."""
    state = re.match(r"[A-Z_]+", values.get("state", ""))
    if not _ID.fullmatch(values.get("id", "")) or state is None:
        return None
    node, reason = values.get("node", ""), values.get("reason", "")
    restarts = values.get("restarts", "")
    return Entry(
        id=values["id"],
        name=name,
        state=state[0],
        reason="" if reason == "None" else reason,
        node="" if node in _NOBODY else node,
        start=_time(values.get("start", "")),
        end=_time(values.get("end", "")),
        submitted=_time(values.get("submitted", "")),
        exit_code=_exit_code(values.get("exit", "")),
        restarts=int(restarts) if re.fullmatch("[0-9]{1,9}", restarts) else 0,
        partition=values.get("partition", ""),
        time_limit_s=_limit(values.get("limit", "")),
        memory=_size((re.findall(r"(?:^|,)mem=([^,]+)", values.get("tres", "")) or [""])[0]),
    )


def _add_step(entry: Entry, values: Mapping[str, str]) -> Entry:
    used = _size(values["rss"])
    if used is not None:
        entry = replace(entry, max_rss=max(used, entry.max_rss or 0))
    if values["state"] == "OUT_OF_MEMORY" and entry.state == "FAILED":
        entry = replace(entry, state="OUT_OF_MEMORY")
    return entry


def _time(text: str) -> float | None:
    """Seconds since 1970, from such or from local ISO time: a site's wrapper may insist on its own format."""
    if re.fullmatch("[0-9]{1,12}", text):
        return float(text) or None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _limit(text: str) -> int | None:
    return parse_minutes(text) if re.fullmatch("[0-9:-]{1,20}", text) else None


def _exit_code(text: str) -> str:
    """``code:signal``; squeue tells the number that wait(2) gives."""
    if re.fullmatch("[0-9]{1,10}", text):
        status = int(text)
        return f"{status >> 8 & 255}:{status & 127}"
    return text if re.fullmatch("[0-9]+:[0-9]+", text) else ""


def _size(text: str) -> int | None:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([KMGTPE]?)[nc]?", text)
    return int(float(found[1]) * _SCALE[found[2]]) if found else None
