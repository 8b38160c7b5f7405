"""Is an audit log what was written: each of its lines, their number and order, and the private tables beside it?

Whoever can read the secret and write every file can write another log. Whoever puts back all files of a log as they
once were is not found out either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import RunError
from .files import LogFiles
from .kept_files import hash_bytes, hash_columns, read_kept
from .lines import Line, hash_line, open_line, read_head, read_raw

__all__ = ["LogProblem", "describe_tables", "find_line_problems", "verify_log"]

READ_WAIT_S = 10.0


@dataclass(frozen=True)
class LogProblem:
    """One thing that is not what was written: where, and what."""

    where: str
    problem: str


def verify_log(path: Path) -> list[LogProblem]:
    """Everything of a log that is not what was written; an empty list if all is.

    Raises
    ------
    RunError
        If the log is missing or another user's, if its secret is missing, or while a release writes it.
    """
    files = LogFiles(path)
    files.refuse_foreign()
    if not path.is_file() and not files.folder.exists():
        raise RunError(f"there is no audit log {path}: give the path of a .jsonl file that a release wrote")
    secret = files.read_secret()
    with files.hold_lock(READ_WAIT_S, shared=True):
        raw, torn = read_raw(path)
        head = read_head(files, secret)
        lines = [line for one in raw if (line := open_line(one, secret)) is not None]
        return [
            *find_line_problems(raw, torn, head, secret),
            *_find_table_problems(files, lines, secret),
        ]


def find_line_problems(raw: Sequence[bytes], torn: bytes, head: Line | None, secret: bytes) -> list[LogProblem]:
    """What is wrong with the lines of a log.

    A head that is one line behind is none: the release was killed in between.
    """
    opened = [open_line(one, secret) for one in raw]
    problems = [*_find_changed(raw, opened)]
    numbers = [line["number"] for line in opened if line is not None]
    told = int(head["lines"]) if head else 0
    covered = {*numbers, *(at for at, line in enumerate(opened, 1) if line is None)}
    problems += [
        LogProblem(f"line {number}", "is missing")
        for number in range(1, max([told, *numbers]) + 1)
        if number not in covered
    ]
    if torn:
        problems.append(
            LogProblem(
                f"line {len(raw) + 1}",
                "has no end: it was cut off, or a release was killed while it wrote it, which the next one repairs",
            )
        )
    if head is None:
        problems.append(LogProblem("the head of the log", "is missing or was changed"))
    elif not problems and not (
        told in (len(raw), len(raw) - 1) and head["last"] == (hash_line(raw[told - 1]) if told else "")
    ):
        problems.append(LogProblem("the head of the log", f"tells of {told} lines, but there are {len(raw)}"))
    return problems


def _find_changed(raw: Sequence[bytes], opened: Sequence[Line | None]) -> Iterator[LogProblem]:
    seen: set[int] = set()
    for at, line in enumerate(opened, 1):
        where = f"line {at}"
        if line is None:
            yield LogProblem(where, "was changed, or citytide did not write it")
            continue
        number = int(line["number"])
        if number in seen:
            yield LogProblem(where, f"repeats line {number}")
        elif any(number < other for other in seen):
            yield LogProblem(where, f"stands in another place: it is line {number}")
        elif number == at and (at == 1 or opened[at - 2] is not None) and line["previous"] != _previous(raw, at):
            yield LogProblem(where, "does not follow the line before it, which is another one than it was")
        seen.add(number)


def _previous(raw: Sequence[bytes], at: int) -> str:
    return hash_line(raw[at - 2]) if at > 1 else ""


def _find_table_problems(files: LogFiles, lines: Sequence[Line], secret: bytes) -> Iterator[LogProblem]:
    expected = {files.head.name} | {files.table(int(line["number"])).name for line in lines}
    for line in lines:
        path = files.table(int(line["number"]))
        where = f"private table {path.name} of line {line['number']}"
        if not path.is_file():
            staged = path.with_name(f"{path.name}.partial")
            if line is lines[-1] and staged.is_file() and hash_bytes(staged.read_bytes(), secret) == line["file_hash"]:
                continue  # the release was killed just before it gave the file its name
            yield LogProblem(where, "is missing")
            continue
        try:
            kept = read_kept(files, line, secret)
        except RunError:
            yield LogProblem(where, "is not what was written")
            continue
        told = {name: line[name] for name in ("exact_hash", "released_sha256", "cohort_hash")}
        if told != describe_tables(kept.exact, kept.released, kept.cohort, secret):
            yield LogProblem(where, "does not hold the tables that the line tells of")
    if files.folder.exists():
        for path in sorted(files.folder.iterdir()):
            if path.name not in expected and path.suffix != ".partial":
                yield LogProblem(f"file {path.name}", "belongs to no line: the line is missing, or somebody added it")


def describe_tables(exact: Any, released: Any, cohort: Any, secret: bytes) -> dict[str, str]:
    """The hashes of a release's tables, as its line tells them."""
    return {
        "exact_hash": hash_columns(exact, secret),
        "released_sha256": hash_columns(released),
        "cohort_hash": hash_columns({"cohort": cohort}, secret),
    }
