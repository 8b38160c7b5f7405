"""The file of one day's results: it is written anew after each, so nothing is lost when the day is cut short."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "SCHEMA", "Results", "find_newest", "find_wrong", "name_file", "name_task"]

SCHEMA = 1
RESULTS = Path(__file__).parent.parent / "results"
Record = dict[str, Any]
Key = tuple[Any, ...]
LISTS = ("measurements", "failed", "left_out")


class Results:
    """What one day has shown so far, and its file.

    Parameters
    ----------
    path
        The file; its folder is made.
    facts
        What is known before anything is measured.
    """

    def __init__(self, path: Path, **facts: Any) -> None:
        self.path = path
        self._lock = threading.RLock()
        self.record: Record = {
            "schema": SCHEMA, "finished": False, "tests": {}, **{where: [] for where in LISTS}, **facts
        }  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    @classmethod
    def resume(cls, path: Path) -> Results:
        """Go on with a file that another process left; what it left out gets another chance."""
        record = json.loads(path.read_text(encoding="utf-8"))
        return cls(path, **{name: found for name, found in record.items() if name not in ("left_out", "stopped")})

    @property
    def done(self) -> set[Key]:
        """What needs no second go: it was measured, or it failed."""
        return {name_task(one) for where in ("measurements", "failed") for one in self.record[where]}

    def put(self, **facts: Any) -> None:
        """Note facts, each in place of what stood there."""
        with self._lock:
            self.record.update(facts)
            self._write()

    def add(self, where: str, what: Record) -> None:
        """Append to ``measurements``, ``failed`` or ``left_out``."""
        with self._lock:
            self.record[where].append(what)
            self._write()

    def _write(self) -> None:
        """A reader, or a kill, at any moment finds a whole file."""
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.write_text(json.dumps(_speak_json(self.record), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        draft.replace(self.path)


def _speak_json(value: Any) -> Any:
    """JSON knows no infinity: it becomes a word."""
    if isinstance(value, dict):
        return {str(key): _speak_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_speak_json(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "not finite"
    return value


def name_task(label: Mapping[str, Any]) -> Key:
    """What tells one measurement of a day from another.

    Examples
    --------
    >>> name_task({"case": "regrid (cuda)", "n": 1000, "dtype": "f4", "share": 0.5})
    ('regrid (cuda)', 1000, 'f4', None, None)
    """
    return tuple(label.get(name) for name in ("case", "n", "dtype", "members", "role"))


def name_file(folder: Path, card: str, day: dt.date) -> Path:
    """A file that is not there yet.

    Examples
    --------
    >>> name_file(Path("results"), "NVIDIA H200", dt.date(2026, 12, 1)).name
    'gpu-nvidia-h200-2026-12-01.json'
    """
    stem = f"gpu-{re.sub(r'[^a-z0-9]+', '-', card.lower()).strip('-')}-{day.isoformat()}"
    path, again = folder / f"{stem}.json", 1
    while path.exists():
        again += 1
        path = folder / f"{stem}-{again}.json"
    return path


def find_newest(folder: Path = RESULTS) -> Record | None:
    """The results that were begun last on a card; those of the simulator do not count.

    Raises
    ------
    ValueError
        If a file has another schema.
    """
    found = []
    for path in sorted(folder.glob("gpu-*.json")):
        record: Record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("schema") != SCHEMA:
            raise ValueError(f"results must have schema {SCHEMA}, got {record.get('schema')} in {path.name}")
        if not record["simulated"]:
            found.append(record)
    return max(found, key=lambda record: str(record["started"]), default=None)


def find_wrong(record: Record) -> list[str]:
    """What makes the day a failed one, a sentence each; none: every error is within its bound, and no test failed.

    Examples
    --------
    >>> find_wrong({"tests": {"failed": 1, "passed": 9}, "measurements": [], "failed": []})
    ['1 of 10 device tests failed']
    """
    tests, wrong = record["tests"], []
    bad = tests.get("failed", 0) + tests.get("errors", 0)
    if bad:
        wrong.append(f"{bad} of {bad + tests.get('passed', 0)} device tests failed")
    if tests.get("stopped"):
        wrong.append(f"device tests {tests['stopped']}")
    far = [one["case"] for one in record["measurements"] if one["within"] is False]
    if far:
        wrong.append(f"the error is beyond its bound in {', '.join(dict.fromkeys(far))}")
    if record["failed"]:
        wrong.append(f"these did not run: {', '.join(dict.fromkeys(one['case'] for one in record['failed']))}")
    if record.get("stopped"):
        wrong.append(str(record["stopped"]))
    return wrong
