"""The index of runs: one small file per run, so that its id is enough to find its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import RunError
from .progress import say
from .records import now, read_json, write_json

__all__ = ["add_run", "find_chain", "find_run", "index_folder", "list_runs", "note_again"]


def index_folder() -> Path:
    """Where every run leaves a note of its folder, so that its id is enough to find it."""
    return Path(os.environ.get("CITYTIDE_HOME", "~/.citytide")).expanduser() / "runs"


def find_run(name: str) -> Path:
    """The folder of a run given by path or id."""
    path = Path(name)
    if (path / "run.json").is_file():
        return path
    note = index_folder() / f"{path.name}.json"
    if note.is_file() and name == path.name:
        indexed = Path(_read_note(note)["path"])
        if (indexed / "run.json").is_file():
            return indexed
        _refuse_chain(indexed)
        raise RunError(
            f"run {name} was in {indexed}, which is gone: give its new folder, and `citytide resume` "
            "adds it to the index again"
        )
    _refuse_chain(path)
    if path.is_dir():
        raise RunError(
            f"{name} holds no run (no run.json in it); a run that never started is begun anew with `citytide run`"
        )
    raise RunError(f"there is no run {name!r}: give a run's folder, or an id that `citytide status` lists")


def _refuse_chain(path: Path) -> None:
    if (path / "chain.json").is_file():
        names = [str(path / stage["name"]) for stage in read_json(path / "chain.json")["stages"]]
        raise RunError(f"{path} is a chain of runs, and here one of them is needed: give {' or '.join(names)}")


def find_chain(name: str) -> Path | None:
    """The folder of a chain given by path or id; None if there is no such chain."""
    path, note = Path(name), index_folder() / f"{Path(name).name}.json"
    if (path / "chain.json").is_file():
        return path
    if not (path / "run.json").is_file() and note.is_file() and name == path.name:
        indexed = Path(_read_note(note)["path"])
        return indexed if (indexed / "chain.json").is_file() else None
    return None


def list_runs() -> list[dict[str, Any]]:
    """Indexed runs, newest first, as far as their folders still exist; a note that is damaged is named and left out."""
    notes = []
    for path in index_folder().glob("*.json"):
        try:
            note = _read_note(path)
        except RunError as error:
            say(str(error))
            continue
        if (Path(note["path"]) / "run.json").is_file():
            notes.append(note)
    return sorted(notes, key=lambda note: str(note["created"]), reverse=True)


def _read_note(path: Path) -> dict[str, Any]:
    try:
        note = read_json(path)
        if all(isinstance(note.get(key), str) for key in ("id", "path", "created")):
            return note
        problem = "it names no id, path and time"
    except (RunError, TypeError, ValueError) as error:
        problem = str(error).removeprefix(f"{path} cannot be read: ")
    raise RunError(f"the note {path} of a run is damaged ({problem}): remove it; the run is found by its folder")


def add_run(identity: str, workflow: str, path: Path, *, created: str | None = None) -> None:
    """Note where a run stands; a run that cannot be noted is still found by its folder."""
    note = {"id": identity, "workflow": workflow, "path": str(path.resolve()), "created": created or now()}
    try:
        index_folder().mkdir(parents=True, exist_ok=True)
        write_json(index_folder() / f"{identity}.json", note)
    except OSError as error:
        say(f"the run is not in the index ({index_folder()}: {error.strerror}): set CITYTIDE_HOME to a folder of yours")


def note_again(identity: str, workflow: str, path: Path, created: str) -> None:
    """Note a run that was moved, or brought here from elsewhere; a copy does not take the original's place."""
    note = index_folder() / f"{identity}.json"
    try:
        if note.is_file() and (Path(_read_note(note)["path"]) / "run.json").is_file():
            return
    except RunError:
        pass  # damaged: written anew
    add_run(identity, workflow, path, created=created)
