"""What run, plan, submit, resume and drive do with a chain of runs."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..hpc.commands.site import show_json
from ..hpc.control.chains import Chain, describe_chain
from ..hpc.errors import DONE, FAILED

if TYPE_CHECKING:
    from ..hpc.run.runs import Run
    from .drafts import Draft

__all__ = ["plan_chain", "tell_begun", "tell_chain"]


def tell_chain(chain: Chain, as_json: bool, tell: Callable[[Run, bool], None]) -> None:
    """Print what became of each stage and, by ``tell``, of the last that began; exit with the first bad code."""
    from ..hpc.run.progress import say

    described, code = describe_chain(chain), DONE
    runs = [run for name in chain.names if (run := chain.run(name))]
    if as_json:
        show_json(described)
    else:
        for stage in described["stages"]:
            click.echo(f"stage {stage['name']}: {stage['state']}")
    for run in runs:
        shows = not as_json and run is runs[-1]
        code = code or (_exit_code(tell, run) if shows else find_code(run))
    if described["state"] not in ("done", "pending", "waiting", "running"):
        say(f"the chain is {described['state']}; to go on: citytide resume {shlex.quote(str(chain.path))}")
        code = code or FAILED
    raise SystemExit(code)


def _exit_code(tell: Callable[[Run, bool], None], run: Run) -> int:
    try:
        tell(run, False)
    except SystemExit as left:
        return int(left.code or DONE)
    return DONE


def find_code(run: Run) -> int:
    """The exit code of a run that is not shown: bad if rows of its result are not solved, or it is not done."""
    from ..hpc.errors import STOPPED

    state = str(run.status()["state"])
    if state == "done":
        return FAILED if run.result.get("unsolved") or run.result.get("overflowed") else DONE
    codes = {"stopped": STOPPED, "cancelled": STOPPED}
    return DONE if state in ("expired", "pending", "waiting", "running") else codes.get(state, FAILED)


def tell_begun(chain: Chain, as_json: bool) -> None:
    """Print the folder (as JSON: all stages) of a chain whose first stage, or next one, is submitted."""
    if as_json:
        show_json(describe_chain(chain))
    else:
        click.echo(chain.path)


def plan_chain(
    what: str, sets: dict[str, Any], profile: str | None, as_json: bool,
    show: Callable[[Draft], None], to_json: Callable[[Draft], dict[str, Any]],
) -> None:  # fmt: skip
    """Show the plan of the first stage, and for the others what they wait for."""
    from ..hpc.run.references import list_references
    from .chain import draft_chain

    draft = draft_chain(what, set=sets, profile=profile)
    names, first = [stage["name"] for stage in draft.record["stages"]], draft.first
    waits = []
    for place, stage in enumerate(draft.record["stages"][1:], start=1):
        found = list_references({**stage["set"], **stage["overrides"]})
        read = {f"{run}/{product}": None for _, run, product in found if run in names}
        waits.append({"name": stage["name"], "workflow": stage["workflow"], "waits_for": names[place - 1],
                      "reads": list(read)})  # fmt: skip
    if as_json:
        show_json({"stages": [{"name": names[0], "plan": to_json(first)}, *waits]})
        return
    click.echo(f"stage {names[0]} ({draft.record['stages'][0]['workflow']})")
    show(first)
    for wait in waits:
        reads = f", reads {', '.join(wait['reads'])}" if wait["reads"] else ""
        click.echo(f"stage {wait['name']} ({wait['workflow']}): is planned once {wait['waits_for']} is done{reads}")
