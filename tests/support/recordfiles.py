"""Records of made-up persons as files: a table of events, one of persons, and the mapping of both; and their import."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import releasing
import yaml

from citytide.hpc.run.runs import Run
from citytide.workflows import runner

EVENTS = ("who", "day", "end", "icd", "type", "hospital", "fen")
PERSONS = ("id", "born", "sex", "district", "from", "to", "died")
KINDS = {"DX": "condition", "RX": "drug"}
SUPPORT = str(Path(__file__).parent)
Rows = Sequence[Sequence[str]]


def write_records(folder: Path, events: Iterable[Sequence[str]], persons: Iterable[Sequence[str]] | None = None) -> str:
    """A folder with ``events.csv`` and, if there are persons, ``persons.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "events.csv", EVENTS, events)
    if persons is not None:
        _write(folder / "persons.csv", PERSONS, persons)
    return str(folder)


def write_mapping(path: Path, *, persons: bool = True) -> str:
    told: dict[str, Any] = {
        "person": "who", "date": "day", "end": "end", "code": "icd", "kind": {"column": "type", "values": KINDS},
        "facility": "hospital", "cost": {"column": "fen", "unit": "fen"},
    }  # fmt: skip
    if persons:
        told["persons"] = {
            "file": "persons.csv", "id": "id", "birth": "born", "area": "district", "observed_from": "from",
            "sex": {"column": "sex", "values": {"F": "female", "M": "male"}}, "observed_to": "to", "death": "died",
        }  # fmt: skip
    path.write_text(yaml.safe_dump(told))
    return str(path)


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


def make_rows(seed: int, n_persons: int, n_events: int) -> tuple[Rows, Rows]:
    """Events and persons with everything that may be wrong: repeats and unknown persons."""
    rng = np.random.default_rng(seed)

    def day(low: int, high: int) -> str:
        return (date(2015, 1, 1) + timedelta(days=int(rng.integers(low, high)))).isoformat()

    persons = [
        (f"P{number}", day(-9000, -400), "FM"[number % 2], f"district {number % 3}", day(-300, -200), day(900, 950),
         day(901, 990) if number % 9 == 0 else "")
        for number in range(n_persons)
    ]  # fmt: skip
    events: list[tuple[str, ...]] = []
    for _ in range(n_events):
        begin = day(0, 900)
        end = (date.fromisoformat(begin) + timedelta(days=int(rng.integers(0, 20)))).isoformat()
        events.append(
            (f"P{rng.integers(n_persons + 2)}", begin, end, f"C{min(9, int(rng.exponential(3)))}",
             "DX" if rng.random() < 0.7 else "RX", f"hospital {rng.integers(4)}", str(rng.integers(10_000)))
        )  # fmt: skip
    return [*events, *events[:20]], persons


def use_small_gate(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Let workers find this folder, and keys and notes stand in a home of the test's own."""
    monkeypatch.setattr("citytide.hpc.plan.steps.RELEASE", releasing.FUNCTION)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))


def import_records(out: Path, **settings: Any) -> Run:
    return runner.run("events-import", set=settings, out=out, quiet=True)


def read_bytes(store: Path) -> dict[str, bytes]:
    """Every file of a store."""
    return {str(path.relative_to(store)): path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file()}


class City:
    """Three folders of records, and runs that import them one after another, compact them, or take all at once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.mapping = folder, write_mapping(folder / "mapping.yaml")
        events, persons = make_rows(1, 60, 900)
        early = [row for row in events if row[3] != "C9"][:600]  # also of persons whom only a later source lists
        last_year = [("P3", "2019-05-05", "2019-05-09", "C0", "DX", "hospital 9", "5"), *events[:7]]
        self.parts = [
            write_records(folder / "base", early, persons[:50]),
            write_records(folder / "first", [row for row in events if row not in early[20:]], persons[40:]),
            write_records(folder / "second", last_year, [("P3", "", "", "district 7", "", "2019-12-31", "2019-06-06")]),
        ]

    def run(self, name: str, **settings: Any) -> Run:
        if not (self.folder / name / "result.json").exists():
            given = {"mapping": self.mapping, "most_wrong": "0.2", "rows_per_task": "1000"} | settings
            done = import_records(self.folder / name, **given)
            assert done.result["state"] == "done", done.result
        return Run(self.folder / name)

    def ask(self, out: Path, events: str) -> Run:
        """A question about events from anywhere."""
        settings = {"events": events, "mapping": self.mapping, "most_wrong": "0.2"}
        run = runner.run("counting_events:WORKFLOW", set=settings, out=out, quiet=True)
        assert run.result["state"] == "done", run.result
        return run

    @property
    def chain(self) -> Run:
        base = self.run("store", source=self.parts[0])
        first = self.run("segment-1", source=self.parts[1], append_to=str(base.path), new_codes="add")
        return self.run("segment-2", source=self.parts[2], append_to=str(first.path))
