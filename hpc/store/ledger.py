"""The ledger of a run: which blocks are done, said once, durably.

A line is appended by the run's one driver and counts from the moment it is synced to disk. Every driver opens with a
line that raises the attempt; what an older attempt appends after it does not count. The last key of a line is the
CRC-32 of the line without it: a torn line, or one with a flipped bit, does not count either.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Ledger", "done_blocks", "last_attempt", "last_line", "read_ledger", "written_blocks"]

Line = dict[str, Any]
CHECK_BYTES = 19  # of `,"crc":"01234567"}` and the line's end


def read_ledger(path: Path) -> list[Line]:
    """Lines that count, in order; a torn line is dropped, and so is what a driver wrote after it was taken over."""
    lines: list[Line] = []
    attempt = 0
    for line in _parse(path):
        if line.get("kind") in ("driver", "restart"):  # both end what an older driver may still say
            attempt = max(attempt, line["attempt"])
        if line.get("attempt", attempt) >= attempt:
            lines.append(line)
    return lines


def _parse(path: Path) -> Iterator[Line]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            body = raw[:-CHECK_BYTES] + b"}"
            if raw == _sealed(body):  # else it is torn, or a bit of it flipped: it does not count
                yield json.loads(body)


def done_blocks(lines: Iterable[Line]) -> dict[tuple[str, int], Line]:
    """The line that stands for each finished block; a later `bad` or `restart` line takes it away again."""
    return _find_blocks(lines, ("bad", "restart"))


def written_blocks(lines: Iterable[Line]) -> dict[tuple[str, int], Line]:
    """The line of each block whose files should be on disk, also of one that was found damaged there."""
    return _find_blocks(lines, ("restart",))


def _find_blocks(lines: Iterable[Line], taken_away_by: Sequence[str]) -> dict[tuple[str, int], Line]:
    found: dict[tuple[str, int], Line] = {}
    for line in lines:
        if line["kind"] == "block":
            found[line["step"], line["block"]] = line
        elif line["kind"] not in taken_away_by:
            continue
        elif line["kind"] == "restart":
            found = {key: held for key, held in found.items() if key[0] not in line["steps"]}
        elif "step" in line:
            found.pop((line["step"], line["block"]), None)
    return found


def last_line(lines: Iterable[Line], kind: str) -> Line | None:
    """The newest line of a kind, if there is one."""
    return next((line for line in reversed(list(lines)) if line["kind"] == kind), None)


def _sealed(body: bytes) -> bytes:
    """A JSON object as a line of the ledger, with its check as the last key."""
    return body[:-1] + b',"crc":"%08x"}\n' % zlib.crc32(body)


def last_attempt(path: Path) -> int:
    """The highest attempt that any line tells of."""
    return max((int(line.get("attempt", 0)) for line in _parse(path)), default=0)


class Ledger:
    """Append-only writer; `append` queues a line, `sync` makes all queued lines count at once."""

    def __init__(self, path: Path, attempt: int) -> None:
        self.path, self.attempt = path, attempt
        _drop_torn_tail(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._queued: list[bytes] = []

    def append(self, kind: str, **fields: Any) -> None:
        line = {"kind": kind, "attempt": self.attempt, **fields}
        self._queued.append(_sealed(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()))

    @property
    def is_synced(self) -> bool:
        return not self._queued

    def sync(self) -> None:
        if self._queued:
            data, before = b"".join(self._queued), os.fstat(self._file).st_size
            try:
                while data:
                    data = data[os.write(self._file, data) :]
                os.fsync(self._file)
            except OSError:  # a full disk may have taken a part
                os.ftruncate(self._file, before)
                raise
            self._queued.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.sync()
        finally:
            os.close(self._file)


def _drop_torn_tail(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        data = file.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            file.truncate(whole)
            os.fsync(file.fileno())
