"""Slurm's commands as scripts in a folder: what the queue holds is written down, what they are asked is counted."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from citytide.hpc.run.records import read_json, write_json

FIELDS = (
    "id", "state", "reason", "node", "start", "end", "submitted", "exit", "restarts", "partition", "limit", "tres",
    "name",
)  # fmt: skip
AWAY = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"


class FakeSlurm:
    """``squeue`` shows what :meth:`hold` was given; ``scancel`` empties the queue; ``sbatch`` gives id 4711."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._make("squeue", f'[ -f {folder}/away ] && {{ echo "{AWAY}" >&2; exit 1; }}\ncat {folder}/queue')
        self._make("scancel", f": > {folder}/queue; [ ! -f {folder}/stubborn ] || cp {folder}/stubborn {folder}/queue")
        self._make("sbatch", "echo 4711")
        self._make("sacct", 'echo "Slurm accounting storage is disabled" >&2; exit 1')
        self.hold()

    def _make(self, name: str, body: str) -> None:
        script = self.folder / name
        script.write_text(f'#!/bin/sh\necho "$*" >> {self.folder}/{name}.calls\n{body}\n')
        script.chmod(0o755)

    def hold(self, *jobs: dict[str, Any], name: str = "queue") -> None:
        records = []
        for job in jobs:
            values = {"reason": "None", "submitted": int(time.time()) - 30, **job}
            records.append("".join(f"{values.get(field, '')}\x1f{field}\x1e" for field in FIELDS) + "\n")
        (self.folder / name).write_text("".join(records))

    def go_away(self) -> None:
        (self.folder / "away").touch()

    def come_back(self) -> None:
        (self.folder / "away").unlink()

    def count(self, command: str) -> int:
        calls = self.folder / f"{command}.calls"
        return calls.read_text().count("\n") if calls.exists() else 0


def post_driver(run: Path, *, attempt: int = 1, began: str | None = None, text: str = "") -> str:
    """Leave in a run what submitting its driver leaves: profile, script, and the log once job ``began``."""
    record = read_json(run / "run.json")
    write_json(run / "run.json", {**record, "profile": {"name": "night", "backend": "slurm-jobs", "poll_s": 1}})
    name = f"{record['id']}.{attempt}.driver"
    for folder in ("scripts", "logs"):
        (run / "slurm" / folder).mkdir(parents=True, exist_ok=True)
    (run / "slurm" / "scripts" / f"{name}.sh").write_text("#!/bin/bash\n")
    if began:
        (run / "slurm" / "logs" / f"{name}.{began}.log").write_text(text)
    return name


def make_old(run: Path, seconds: float = 3600.0) -> None:
    """All that was submitted and logged was so long ago."""
    for path in (run / "slurm").rglob("*"):
        os.utime(path, (time.time() - seconds,) * 2)
