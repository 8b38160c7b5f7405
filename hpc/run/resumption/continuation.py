"""How a run goes on: with what it was made of, or as its user told, which is then written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...identity.changes import SOURCES_FILE, Identity, find_changes, keep_unmended, refuse_changes
from ...plan.plans import Plan
from ...store.ledger import Ledger, done_blocks, read_ledger
from ..driver_lock import hold_driver_lock
from ..progress import say
from ..records import now, write_json
from ..runs import Run, refuse_older
from .restart import (
    append_restart,
    find_fixed,
    find_restarted,
    refuse_restart_before_further_plan,
    refuse_second_release,
)
from .verify import refuse_damaged_inputs

__all__ = ["Continuation", "check_continuation", "write_continuation"]


@dataclass(frozen=True)
class Continuation:
    """A resume that was checked: what it computes again, and what it accepts. Nothing of it is written yet."""

    plan: Plan
    restarted: tuple[str, ...] = ()
    accepted: tuple[dict[str, Any], ...] = ()
    identity: Identity | None = None  # that the run goes on with, if it is another than before


def check_continuation(
    run: Run, find: Callable[[str], str], *, restart: Sequence[str] = (), accept_changes: bool = False
) -> Continuation:
    """Check that a run is made of what it was laid out with, or that its user allows what has changed.

    A run that is done is not checked, unless steps of it are to be computed again. A run of an earlier version, which
    did not note its code, goes on with a warning.

    Parameters
    ----------
    find
        Tells where the function of an older plan is now.
    restart
        Steps to compute again, with all that reads from them.
    accept_changes
        Go on although code, version or sources have changed.

    Raises
    ------
    RunError
        Naming what has changed and the ways out; or an unknown step.
    """
    plan = run.plan
    restarted = find_restarted(plan, restart)
    refuse_restart_before_further_plan(run.path, restarted)
    refuse_second_release(run.path, plan, restarted)
    status = run.status()
    if status["state"] == "done" and not restarted:
        return Continuation(plan)
    refuse_older(run)
    if restarted or accept_changes:
        refuse_damaged_inputs(run)
    if "code" not in run.record:
        say(
            f"run {run.path} was laid out by a citytide that did not note the code of its steps: whether it has "
            "changed since is unknown"
        )
        run.is_checked = True
        return Continuation(plan, restarted)
    identity = Identity.take(plan, find, must_exist=False)
    changes = find_changes(run.path, run.record, plan, identity)
    run.is_checked = True
    left = keep_unmended(changes, restarted)
    if not accept_changes:
        refuse_changes(run.path, changes, restarted, fixed=find_fixed(run.path))
    done = Counter(step for step, _ in done_blocks(read_ledger(run.path / "ledger.jsonl")) if step not in restarted)
    moment = now()
    blocks = {step.name: done[step.name] for step in plan.steps}
    accepted = tuple(change.to_json(moment, blocks) for change in left)
    return Continuation(plan, restarted, accepted, identity if changes else None)


def write_continuation(run: Run, chosen: Continuation, *, take_over: bool = False) -> None:
    """Write down what a resume computes again and what it accepts, so that every later driver goes on with it.

    Raises
    ------
    RunError
        If another driver is alive; nothing is written then.
    """
    if not chosen.restarted and chosen.identity is None:
        return
    with hold_driver_lock(run.path, take_over=take_over) as attempt, Ledger(run.path / "ledger.jsonl", attempt) as log:
        if chosen.restarted:  # first: from here on no block of these steps counts
            append_restart(log, chosen.plan, chosen.restarted)
        if chosen.identity is not None:
            if chosen.identity.files:
                write_json(run.path / SOURCES_FILE, chosen.identity.files)
            run.record |= chosen.identity.to_record()
            if chosen.accepted:
                run.record["accepted"] = [*run.record.get("accepted", ()), *chosen.accepted]
            write_json(run.path / "run.json", run.record)
