"""Chains: several runs in one folder, one after another, each with the products of those before it as its inputs.

``chain.json`` holds what was asked of every stage; ``CHAIN/STAGE`` is the run folder of a stage that has begun.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..run.index import find_chain, find_run
from ..run.records import now, read_json, write_json
from ..run.runs import Run

__all__ = ["Chain", "describe_chain", "find_stage", "open_chain"]

CHAIN, LOCK, REFUSED = "chain.json", "chain.lock", "refused.json"


class Chain:
    """One chain, opened by its folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.record: dict[str, Any] = read_json(self.path / CHAIN)

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def stages(self) -> list[dict[str, Any]]:
        """What was asked: ``name, workflow, set, overrides, profile`` of each stage, in order."""
        return list(self.record["stages"])

    @property
    def names(self) -> list[str]:
        return [str(stage["name"]) for stage in self.stages]

    def stage(self, name: str) -> dict[str, Any]:
        return next(stage for stage in self.stages if stage["name"] == name)

    def earlier(self, name: str) -> dict[str, Path]:
        """Folders of the stages before one, by name."""
        return {before: self.path / before for before in self.names[: self.names.index(name)]}

    def run(self, name: str) -> Run | None:
        """The run of a stage; None if it has not begun."""
        folder = self.path / name
        return Run(folder) if (folder / "run.json").is_file() else None

    @property
    def current(self) -> Run | None:
        """The run of the first stage that is not done and has begun; if there is none, the last that has begun."""
        begun = [run for name in self.names if (run := self.run(name))]
        return next((run for run in begun if run.status()["state"] != "done"), begun[-1] if begun else None)

    @property
    def refusal(self) -> str:
        """Why the next stage could not begin; empty if nothing was refused."""
        path = self.path / REFUSED
        return str(read_json(path)["error"]) if path.exists() else ""

    def note_refusal(self, stage: str, error: str) -> None:
        """Write down why a stage could not begin, for whoever asks for the status."""
        write_json(self.path / REFUSED, {"stage": stage, "error": error, "time": now()})

    def forget_refusal(self) -> None:
        (self.path / REFUSED).unlink(missing_ok=True)

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Of several that would begin the next stage at the same moment, one does; the others wait, and find it."""
        with (self.path / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def is_beginning(self) -> bool:
        """Whether somebody begins a stage at this moment."""
        try:
            with (self.path / LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


def open_chain(name: str | Path) -> Chain:
    """Open a chain by its folder or its id."""
    path = find_chain(str(name))
    if path is None:
        raise RunError(f"there is no chain {str(name)!r}: give a folder that `citytide run CHAIN.yaml` filled")
    return Chain(path)


def find_stage(name: str) -> Path:
    """The folder of a run or, of a chain, that of the stage at which it is."""
    path = find_chain(name)
    if path is None:
        return find_run(name)
    current = Chain(path).current
    if current is None:
        raise RunError(f"chain {name} has begun no stage yet: begin it with citytide resume {name}")
    return current.path


def describe_chain(chain: Chain, read: Callable[[str], Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """State of the chain, and of each stage what its own status says: one JSON-able object.

    Parameters
    ----------
    read
        Reads the status of a run folder; if omitted, the run's files alone decide.
    """
    stages: list[dict[str, Any]] = []
    for place, asked in enumerate(chain.stages):
        name, run = str(asked["name"]), chain.run(str(asked["name"]))
        if run is None:
            before = chain.names[place - 1 : place]
            stages.append({"name": name, "workflow": asked["workflow"], "state": "not begun", "waits_for": before})
        else:
            stages.append({"name": name, **(read(str(run.path)) if read else run.status())})
    return {
        "chain": str(chain.path),
        "id": chain.id,
        "state": _find_state(chain, [str(stage["state"]) for stage in stages]),
        "error": chain.refusal or next((stage["error"] for stage in stages if stage.get("error")), None),
        "stages": stages,
    }


def _find_state(chain: Chain, states: list[str]) -> str:
    """The state of the first stage that is not done; of one that has not begun, whether somebody begins it."""
    state = next((state for state in states if state != "done"), "done")
    if state != "not begun":
        return state
    if chain.is_beginning:
        return "running"
    return "failed" if chain.refusal else "interrupted" if states[0] != state else "created"
