"""What has changed is told by name, with the ways out that would mend it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.identity.changes import (
    Change,
    Identity,
    describe_accepted,
    find_changes,
    keep_unmended,
    refuse_changes,
)

PLAN: Any = SimpleNamespace(
    steps=[
        SimpleNamespace(name="read", inputs=("source:events:code",)),
        SimpleNamespace(name="count", inputs=("read", "source:events")),
        SimpleNamespace(name="draw", inputs=("count",)),
    ]
)
CODE = {"modules": {"m.a": "1", "m.b": "2"}, "steps": {"read": ["m.a"], "count": ["m.a", "m.b"], "draw": ["m.b"]}}
EVENTS = {"path": "/data/events", "kind": "folder", "sha256": "s", "files": 2}
RECORD = {"version": "1", "code": CODE, "sources": {"events": EVENTS}}


def find(**changed: Any) -> list[Change]:
    held = {"version": "1", "code": CODE, "sources": {"events": EVENTS}, "files": {"events": {}}, **changed}
    return find_changes(Path("nowhere"), RECORD, PLAN, Identity(**held))


def modules(**hashes: str) -> dict[str, Any]:
    return {**CODE, "modules": {**CODE["modules"], **{f"m.{name}": digest for name, digest in hashes.items()}}}


def refusal(changes: list[Change], restarted: tuple[str, ...] = ()) -> str:
    with pytest.raises(RunError) as refused:
        refuse_changes(Path("runs/one two"), changes, restarted)
    return str(refused.value)


def test_nothing_has_changed_where_nothing_has() -> None:
    assert find() == []
    refuse_changes(Path("run"), [])


def test_module_is_told_with_every_step_that_reaches_it() -> None:
    (change,) = find(code=modules(a="9"))
    assert (change.name, change.before, change.after, change.steps) == ("m.a", "1", "9", ("read", "count"))
    told = refusal([change])
    assert told == (
        "what a run is made of must stay as it was until the run is done, but module m.a has changed, which steps "
        "'read', 'count' need: put it back, start a new run, compute what it concerns again (`citytide resume "
        "'runs/one two' --restart read --restart count`), or go on all the same, which is recorded (`citytide resume "
        "'runs/one two' --accept-changes`)"
    )


def test_module_that_is_gone_or_new_is_a_change() -> None:
    gone = {"modules": {"m.a": "1"}, "steps": {**CODE["steps"], "count": ["m.a"], "draw": []}}
    assert find(code=gone)[0].words == "module m.b is not there any more"
    new = {"modules": {**CODE["modules"], "m.c": "3"}, "steps": {**CODE["steps"], "draw": ["m.b", "m.c"]}}
    assert find(code=new)[0].words == "module m.c is new"


def test_restart_mends_code_only_where_all_steps_that_reach_it_run_again() -> None:
    changes = find(code=modules(a="9"))
    assert keep_unmended(changes, {"read", "count", "draw"}) == []
    (left,) = keep_unmended(changes, {"count"})
    assert left.steps == ("read",)


def test_restart_mends_a_changed_source_and_not_one_that_is_gone() -> None:
    changed = find(sources={"events": {**EVENTS, "sha256": "t"}})
    assert changed[0].steps == ("read", "count") and keep_unmended(changed, {"read", "count"}) == []
    gone = find(sources={"events": {**EVENTS, "sha256": ""}})
    assert keep_unmended(gone, {"read", "count"}) and "it is missing" in refusal(gone, ("read", "count"))
    assert "--restart" not in refusal(gone)


def test_restart_does_not_mend_a_version() -> None:
    changes = find(version="2")
    told = refusal(changes, ("read", "count", "draw"))
    assert "citytide was 1 and is 2" in told and "use that version" in told and "--restart" not in told


def test_many_changes_are_told_in_one_sentence() -> None:
    many = {**CODE, "modules": {}}
    many["modules"] = {f"m.{n}": "1" for n in range(9)} | CODE["modules"]
    many["steps"] = {**CODE["steps"], "draw": sorted(many["modules"])}
    told = refusal(find(code=many, version="2"))
    assert told.count(";") == 3 and "; and 8 more: " in told


def test_files_of_a_source_about_persons_are_not_named(tmp_path: Path) -> None:
    from citytide.hpc.identity.sources import list_digest
    from citytide.hpc.run.records import write_json

    before = {"zhang-wei.csv": "1"}
    write_json(tmp_path / "sources.json", {"events": before})
    for is_private in (False, True):
        told = {**EVENTS, "sha256": list_digest(before), "person_level": is_private}
        now = Identity("1", CODE, {"events": {**told, "sha256": "t"}}, {"events": {"zhang-wei.csv": "2"}})
        (change,) = find_changes(tmp_path, {**RECORD, "sources": {"events": told}}, PLAN, now)
        assert ("zhang" in change.words) is not is_private


def test_an_odd_record_of_what_was_accepted_is_told_as_far_as_it_goes() -> None:
    assert "blocks done before: none" in describe_accepted([{"words": "it changed", "blocks": None}])[0]
