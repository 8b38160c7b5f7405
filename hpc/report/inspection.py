"""What a run folder tells, as far as it can still be read.

A run may have died at any moment, so nothing here raises for a file that is missing, torn or odd: what cannot be read
is named in `Inspection.gaps` and the rest is told. What decides over a run reads `ledger.read_ledger` instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["Inspection", "inspect_run", "instant", "seconds_of"]

Line = dict[str, Any]


@dataclass(frozen=True)
class Inspection:
    """The record, plan, ledger and result of a run; empty where a file is missing.

    Attributes
    ----------
    ledger
        Every whole line, in order. ``line["counts"]`` is False for a block that an attempt taken over wrote after it
        was, that was marked bad later, or that was computed again.
    figures
        Image file and sidecar, in the order of their names.
    tables
        Table file and content, in the order of their names.
    gaps
        One sentence for each thing that could not be read.
    """

    folder: Path
    run: Line
    plan: Line
    ledger: list[Line]
    result: Line
    figures: list[tuple[Path, Line]] = field(default_factory=list)
    tables: list[tuple[Path, Line]] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """``done``, ``failed``, ``stopped``, or ``unfinished`` where nothing says how the run ended."""
        last = next((line for line in reversed(self.ledger) if line.get("kind") in ("driver", "end")), {})
        if last.get("kind") == "end" and last.get("state"):
            return str(last["state"])
        said, begun, ended = self.result.get("state"), instant(last.get("time")), instant(self.result.get("ended"))
        is_stale = begun is not None and ended is not None and ended < begun  # written before the run was resumed
        return str(said) if said and not is_stale else "unfinished"

    @property
    def error(self) -> str:
        """What went wrong, in the run's own words; empty for a run that is done."""
        if self.state == "done":
            return ""
        if self.result.get("error"):
            return str(self.result["error"])
        for line in reversed(self.ledger):
            if line.get("kind") == "end" and line.get("error"):
                return str(line["error"])
            if line.get("kind") == "failed":
                error = str(line.get("error") or "no reason is told")
                where = f"step {line.get('step')!r}, block {line.get('block')}"
                return error if error.startswith(where) else f"{where}: {error}"
        return ""

    @property
    def tables_planned(self) -> list[Line]:
        """Declarations of the tables among its products, as far as they can be read."""
        tables = self.plan.get("tables")
        return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []

    @property
    def started(self) -> datetime | None:
        first = next((line.get("time") for line in self.ledger if line.get("kind") == "driver"), None)
        return instant(self.result.get("started")) or instant(first) or instant(self.run.get("created"))

    @property
    def ended(self) -> datetime | None:
        last = next((line.get("time") for line in reversed(self.ledger) if line.get("time") is not None), None)
        return instant(self.result.get("ended")) or instant(last)


def inspect_run(folder: Path) -> Inspection:
    """Read what there is to read in a run folder.

    Examples
    --------
    >>> inspection = inspect_run(Path("no-such-run"))
    >>> inspection.state, inspection.gaps[0]
    ('unfinished', 'run.json is missing: settings, inputs and versions are unknown.')
    """
    gaps: list[str] = []
    run = _mapping(folder / "run.json", "settings, inputs and versions are unknown", gaps)
    plan = _mapping(folder / "plan.json", "what was planned is unknown", gaps)
    for further in sorted(folder.glob("plan-*.json"), key=lambda path: (len(path.name), path.name)):
        _add_plan(run, plan, _mapping(further, "what was planned later is unknown", gaps))
    ledger = _ledger(folder / "ledger.jsonl", gaps)
    _add_releases(run, plan, ledger)
    result = _mapping(folder / "result.json", "the run did not get as far as writing a result", gaps)
    figures = [
        (path, _sidecar(path.with_suffix(".json"), gaps))
        for path in sorted((folder / "figures").glob("*"))
        if path.suffix.lower() in (".svg", ".png")
    ]
    tables = [
        (path, _mapping(path, "this table is left out", gaps)) for path in sorted((folder / "tables").glob("*.json"))
    ]
    return Inspection(folder, run, plan, ledger, result, figures, [table for table in tables if table[1]], gaps)


def _add_plan(run: Line, plan: Line, further: Line) -> None:
    """Tell a plan that followed together with the first: its steps, and the files, notes and seeds it brought."""
    for key in ("steps", "products", "tables"):
        plan[key] = [*plan.get(key, ()), *further.get(key, ())]
    for key in ("tasks", "node_hours"):
        plan[key] = plan.get(key, 0) + further.get(key, 0)
    for key in ("inputs", "notes"):
        run[key] = [*run.get(key, ()), *further.get(key, ())]
    run["seeds"] = {**(run.get("seeds") or {}), **(further.get("seeds") or {})}


def _add_releases(run: Line, plan: Line, ledger: list[Line]) -> None:
    """Tell with the notes of the run what its releases say of themselves: how much is withheld, and why."""
    steps = plan.get("steps")
    released = {
        str(step.get("name")): step.get("table")
        for step in (steps if isinstance(steps, list) else ())
        if isinstance(step, dict) and step.get("kind") == "release"
    }
    for line in ledger:
        step, told, before = str(line.get("step")), line.get("scalars"), run.get("notes")
        notes = told.get("notes") if isinstance(told, dict) and line.get("counts") and step in released else None
        if isinstance(notes, list):
            words = [f"Table {released[step]}: {note}" for note in notes]
            run["notes"] = [*(before if isinstance(before, list) else ()), *words]


def _mapping(path: Path, loss: str, gaps: list[str]) -> Line:
    name = path.name if path.parent.name not in ("figures", "tables") else f"{path.parent.name}/{path.name}"
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        gaps.append(f"{name} is missing: {loss}.")
        return {}
    except (OSError, ValueError):
        gaps.append(f"{name} cannot be read: {loss}.")
        return {}
    if not isinstance(content, dict):
        gaps.append(f"{name} does not hold one JSON object: {loss}.")
        return {}
    return content


def _sidecar(path: Path, gaps: list[str]) -> Line:
    return _mapping(path, "its figure stands without a caption", gaps)


def _ledger(path: Path, gaps: list[str]) -> list[Line]:
    try:
        raw = path.read_bytes()
    except OSError:
        gaps.append("ledger.jsonl is missing: nothing is known of blocks, workers and attempts.")
        return []
    lines: list[Line] = []
    unread = 0
    for text in raw.split(b"\n"):
        try:
            line = json.loads(text) if text.strip() else None
        except ValueError:
            line, unread = None, unread + 1
        if isinstance(line, dict):
            lines.append(line)
    if unread:
        plural = "s are" if unread > 1 else " is"
        gaps.append(f"{unread} line{plural} torn in ledger.jsonl and left out, as a resumed run leaves them out.")
    _mark_counted(lines)
    return lines


def _mark_counted(lines: list[Line]) -> None:
    newest = 0
    done: dict[tuple[str, str], Line] = {}
    for line in lines:
        kind, attempt = line.get("kind"), line.get("attempt", newest)
        attempt = attempt if isinstance(attempt, int) else newest
        if kind in ("driver", "restart"):
            newest = max(newest, attempt)
        key = str(line.get("step")), str(line.get("block"))
        if kind == "block":
            line["counts"] = attempt >= newest
            if line["counts"] and key in done:
                done[key]["counts"] = False
            if line["counts"]:
                done[key] = line
        elif kind == "bad" and key in done:
            done.pop(key)["counts"] = False
        elif kind == "restart":
            steps = line.get("steps")
            for key in [key for key in done if isinstance(steps, list) and key[0] in steps]:
                done.pop(key)["counts"] = False


def instant(value: object) -> datetime | None:
    """A moment from ISO text or seconds since 1970, in UTC; None for anything else.

    Examples
    --------
    >>> instant("2026-01-02T03:04:05Z") == instant(1767323045)
    True
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def seconds_of(line: Mapping[str, Any]) -> float:
    """Seconds a block took; 0 where its line does not say."""
    value = line.get("seconds")
    return float(value) if isinstance(value, int | float) and value >= 0 else 0.0
