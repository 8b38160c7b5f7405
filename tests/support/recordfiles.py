"""Records of made-up persons as files: a table of events, one of persons, and the mapping of both."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import yaml

EVENTS = ("who", "day", "end", "icd", "type", "hospital", "fen")
PERSONS = ("id", "born", "sex", "district", "from", "to", "died")
KINDS = {"DX": "condition", "RX": "drug"}


def write_records(
    folder: Path, events: Iterable[Sequence[str]], persons: Iterable[Sequence[str]] | None = None
) -> tuple[Path, Path]:
    """A folder's ``events.csv`` and, if there are persons, ``persons.csv``; returned with the mapping's path."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "events.csv", EVENTS, events)
    told = {
        "person": "who", "date": "day", "end": "end", "code": "icd", "kind": {"column": "type", "values": KINDS},
        "facility": "hospital", "cost": {"column": "fen", "unit": "fen"},
    }  # fmt: skip
    if persons is not None:
        _write(folder / "persons.csv", PERSONS, persons)
        told["persons"] = {
            "file": "persons.csv", "id": "id", "birth": "born", "sex": {"column": "sex", "values": {"F": "female", "M": "male"}},
            "area": "district", "observed_from": "from", "observed_to": "to", "death": "died",
        }  # fmt: skip
    mapping = folder.with_suffix(".yaml")
    mapping.write_text(yaml.safe_dump(told))
    return folder, mapping


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
