"""The index of runs: one small file per run, so that an id is enough to find its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .errors import RunError
from .progress import say
from .records import now, read_json, write_json

__all__ = ["add_run", "find_run", "index_folder", "list_runs"]


def index_folder() -> Path:
    """Where every run leaves a note of its folder, so that an id is enough to find it."""
    return Path(os.environ.get("CITYTIDE_HOME", "~/.citytide")).expanduser() / "runs"


def find_run(name: str) -> Path:
    """The folder of a run given by path or id."""
    path = Path(name)
    if (path / "run.json").is_file():
        return path
    note = index_folder() / f"{path.name}.json"
    if note.is_file() and name == path.name:
        indexed = Path(read_json(note)["path"])
        if (indexed / "run.json").is_file():
            return indexed
        raise RunError(f"run {name} stood in {indexed}, which is gone")
    if path.is_dir():
        raise RunError(
            f"{name} holds no run (no run.json in it); a run that never started is begun anew with `citytide run`"
        )
    raise RunError(f"there is no run {name!r}: give a run's folder, or an id that `citytide status` lists")


def list_runs() -> list[dict[str, Any]]:
    """Indexed runs, newest first, as far as their folders still exist."""
    notes = [read_json(path) for path in index_folder().glob("*.json")]
    return sorted(
        (note for note in notes if (Path(note["path"]) / "run.json").is_file()),
        key=lambda n: n["created"],
        reverse=True,
    )


def add_run(identity: str, workflow: str, path: Path) -> None:
    """Note where a run stands; a run that cannot be noted is still found by its folder."""
    note = {"id": identity, "workflow": workflow, "path": str(path.resolve()), "created": now()}
    try:
        index_folder().mkdir(parents=True, exist_ok=True)
        write_json(index_folder() / f"{identity}.json", note)
    except OSError as error:
        say(f"the run is not in the index ({index_folder()}: {error.strerror}): set CITYTIDE_HOME to a folder of yours")
