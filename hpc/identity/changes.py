"""What has changed since a run was laid out: its code, citytide's version, its sources; refused, or accepted and told.

One store must not hold the work of two versions without saying so.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..plan.plans import Plan
from .code import describe_code
from .sources import FileHashes, compare_files, read_file_hashes, weigh_sources

__all__ = [
    "SOURCES_FILE",
    "Change",
    "Identity",
    "describe_accepted",
    "find_changed_sources",
    "find_changes",
    "find_version",
    "keep_unmended",
    "refuse_changes",
]

SOURCES_FILE = "sources.json"  # in a run folder: the hash of each file of each source
MOST_NAMED = 3  # changes that a message spells out


@dataclass(frozen=True)
class Identity:
    """What a run is made of beside its folder."""

    version: str
    code: Mapping[str, Any]
    sources: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, FileHashes]

    @classmethod
    def take(cls, plan: Plan, find: Callable[[str], str] = str, *, must_exist: bool = True) -> Identity:
        """As it is at this moment; ``find`` tells where the function of an older plan is now."""
        sources, files = weigh_sources(plan.sources, must_exist=must_exist)
        return cls(find_version(), describe_code(plan.steps, find), sources, files)

    def to_record(self) -> dict[str, Any]:
        """As it stands in ``run.json``."""
        return {"version": self.version, "code": dict(self.code), "sources": dict(self.sources)}


@dataclass(frozen=True)
class Change:
    """One thing that is not what it was.

    Attributes
    ----------
    what, name
        ``"module"``, ``"version"`` or ``"source"``, and which.
    before, after
        Hashes or versions; empty for what was not there, or is not there any more.
    steps
        Those that reach the module or read the source.
    words
        What has happened to it.
    """

    what: str
    name: str
    before: str
    after: str
    steps: tuple[str, ...]
    words: str

    def to_json(self, time: str, blocks: Mapping[str, int]) -> dict[str, Any]:
        """As it is recorded when it is accepted; ``blocks`` counts those done before, by step."""
        told = {step: blocks.get(step, 0) for step in (self.steps or blocks)}
        return {"time": time, **vars(self), "steps": list(self.steps), "blocks": told}


def find_version() -> str:
    """The version of citytide that runs; `unknown` if it runs from its folder and was never installed."""
    try:
        return version("citytide")
    except PackageNotFoundError:
        return "unknown"


def find_changes(run: Path, record: Mapping[str, Any], plan: Plan, now: Identity) -> list[Change]:
    """Everything of a run's identity that is not what its record says; of an older record only what it holds."""
    changes = []
    if record.get("version", now.version) != now.version:
        before = str(record["version"])
        changes.append(
            Change("version", "citytide", before, now.version, (), f"citytide was {before} and is {now.version}")
        )
    changes += _compare_code(record["code"], now.code, [step.name for step in plan.steps])
    return changes + _compare_sources(run, record, plan, now.sources, now.files)


def find_changed_sources(run: Path, record: Mapping[str, Any], plan: Plan) -> list[Change]:
    """The sources of a run that are not what they were; of an older record none."""
    if not record.get("sources"):
        return []
    return _compare_sources(run, record, plan, *weigh_sources(plan.sources, must_exist=False))


def _compare_sources(
    run: Path,
    record: Mapping[str, Any],
    plan: Plan,
    sources: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, FileHashes],
) -> list[Change]:
    changes = []
    for name, told in record.get("sources", {}).items():
        after = sources[name]["sha256"]
        if after != told["sha256"]:
            readers = tuple(step.name for step in plan.steps if _reads(step.inputs, name))
            words = f"source {name!r} ({told['path']}): {_tell_files(run, name, told, after, files[name])}"
            changes.append(Change("source", name, told["sha256"], after, readers, words))
    return changes


def _tell_files(run: Path, name: str, told: Mapping[str, Any], after: str, files: FileHashes) -> str:
    if not after:
        return "it is missing"
    before = read_file_hashes(run / SOURCES_FILE, name, told["sha256"])
    found = compare_files(before, files) if before is not None else []
    if not found or told.get("person_level"):  # names of files may tell of persons
        return "its files are not those that were there"
    return found[0] if len(found) == 1 else f"{found[0]}, and {len(found) - 1} more like this"


def _reads(inputs: Iterable[str], source: str) -> bool:
    return any(one.split(":")[:2] == ["source", source] for one in inputs)


def _compare_code(before: Mapping[str, Any], after: Mapping[str, Any], steps: Iterable[str]) -> list[Change]:
    found: dict[str, list[str]] = {}
    for step in steps:
        old, new = (
            {module: code["modules"][module] for module in code["steps"].get(step, ())} for code in (before, after)
        )
        for module in sorted({*old, *new}):
            if old.get(module) != new.get(module):
                found.setdefault(module, []).append(step)
    changes = []
    for module, concerned in found.items():
        old_hash, new_hash = (str(code["modules"].get(module, "")) for code in (before, after))
        if old_hash == new_hash:
            words = "is reached in another way"
        else:
            words = "has changed" if old_hash and new_hash else "is new" if new_hash else "is not there any more"
        changes.append(Change("module", module, old_hash, new_hash, tuple(concerned), f"module {module} {words}"))
    return changes


def refuse_changes(
    run: Path, changes: Sequence[Change], restarted: Collection[str] = (), *, fixed: Collection[str] = ()
) -> None:
    """Refuse to go on with a run of which something has changed that ``--restart`` of some steps does not mend.

    ``fixed`` are steps that cannot be computed again, because a later plan was made of their results.

    Raises
    ------
    RunError
        Naming what has changed, the steps that it concerns, and the ways out.
    """
    left = keep_unmended(changes, restarted)
    if not left:
        return
    named = "; ".join(_name(change) for change in left[:MOST_NAMED])
    more = f"; and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
    at = shlex.quote(str(run))
    ways = ["use that version" if left[0].what == "version" else "put it back", "start a new run"]
    if all(_can_restart(change) and not {*fixed} & {*change.steps} for change in left):
        steps = dict.fromkeys(step for change in left for step in change.steps)
        flags = " ".join(f"--restart {shlex.quote(step)}" for step in steps)
        ways.append(f"compute what it concerns again (`citytide resume {at} {flags}`)")
    ways.append(f"go on all the same, which is recorded (`citytide resume {at} --accept-changes`)")
    raise RunError(
        f"what a run is made of must stay as it was until the run is done, but {named}{more}: "
        f"{', '.join(ways[:-1])}, or {ways[-1]}"
    )


def keep_unmended(changes: Iterable[Change], restarted: Collection[str]) -> list[Change]:
    """The changes that stay when some steps are computed again, each with the steps that it still concerns."""
    left = []
    for change in changes:
        steps = tuple(step for step in change.steps if step not in restarted)
        if steps or not _can_restart(change):
            left.append(replace(change, steps=steps))
    return left


def _can_restart(change: Change) -> bool:
    """Whether computing steps again mends it: not a version, which prepared the inputs, nor a source that is gone."""
    return bool(change.steps) and (change.what == "module" or (change.what == "source" and bool(change.after)))


def _name(change: Change) -> str:
    if not change.steps:
        return change.words
    plural = "s" if len(change.steps) > 1 else ""
    return f"{change.words}, which step{plural} {', '.join(map(repr, change.steps))} need{'' if plural else 's'}"


def describe_accepted(accepted: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence for each change that was accepted, for the result, the report and the crate.

    Examples
    --------
    >>> change = Change("version", "citytide", "0.1.0", "0.2.0", (), "citytide was 0.1.0 and is 0.2.0")
    >>> describe_accepted([change.to_json("2026-01-02", {"solve": 3})])
    ['This run went on after a change: citytide was 0.1.0 and is 0.2.0 (accepted 2026-01-02; blocks done \
before: solve 3).']
    """
    sentences = []
    for change in accepted:
        blocks = change.get("blocks")
        done = blocks.items() if isinstance(blocks, Mapping) else ()
        sentences.append(
            f"This run went on after a change: {change.get('words')} (accepted {change.get('time')}; blocks "
            f"done before: {', '.join(f'{step} {count}' for step, count in done) or 'none'})."
        )
    return sentences
