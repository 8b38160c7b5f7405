"""Steps that are computed again from the beginning: what the ledger says of it, and what makes room for their blocks.

``citytide resume --restart STEP`` writes a `restart` line: no block before it counts for its steps any more. The next
driver clears what they wrote before it hands out a block; killed in the middle, the one after it clears once more.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import RunError
from ...plan.plans import Plan, read_plans
from ...plan.steps import PlannedStep
from ...store.ledger import Ledger, done_blocks, read_ledger
from .further_plans import create_products

if TYPE_CHECKING:
    from ..runs import Run

__all__ = [
    "append_restart", "clear_restarted", "find_fixed", "find_restarted", "refuse_restart_before_further_plan",
    "refuse_second_release",
]  # fmt: skip

# The end of the name of a step that is planned as several.
_PART = re.compile(r"-(?:chunk|combine-\d+|finalize|split|gather|place|release|table)(?:-\d+)?$")
# What told of blocks that do not count any more, and what `finish` drew of them.
ANSWERS = ("result.json", "report.html", "ro-crate-metadata.json")
DRAWN = ("figures", "tables")


def find_restarted(plan: Plan, names: Iterable[str]) -> tuple[str, ...]:
    """The steps that are computed again when some are: they, and every later one that reads from them.

    Raises
    ------
    RunError
        If the plan has no step of a name.
    """
    restarted: set[str] = set()
    for name in names:
        found = [step.name for step in plan.steps if step.name == name]
        found = found or [step.name for step in plan.steps if _PART.sub("", step.name) == name]
        if not found:
            known = dict.fromkeys(_PART.sub("", step.name) for step in plan.steps)
            raise RunError(f"--restart takes a step of the run, one of {', '.join(known)}, got {name!r}")
        restarted.update(found)
    written = {f"work/{step.name}": step.name for step in plan.steps}
    written |= {made: step.name for step in plan.steps if (made := _written_by(step))}
    for step in plan.steps:
        read = {one.partition(":")[0].removesuffix(".zarr") for one in step.inputs}
        if any(written.get(one) in restarted for one in read):
            restarted.add(step.name)
    return tuple(step.name for step in plan.steps if step.name in restarted)


def _written_by(step: PlannedStep) -> str | None:
    """The product or table that a step writes into the run folder."""
    return step.table if step.kind == "table" else step.product


def find_fixed(path: Path) -> dict[str, int]:
    """Steps that are not computed again, each with the number of the plan that was made of its results."""
    *earlier, _ = read_plans(path)
    return {step.name: number for number, plan in enumerate(earlier, start=2) for step in plan.steps}


def refuse_restart_before_further_plan(path: Path, steps: Iterable[str]) -> None:
    """Refuse to compute a step again whose results a later plan was made of.

    Raises
    ------
    RunError
        Naming the step.
    """
    fixed = find_fixed(path)
    if found := [name for name in steps if name in fixed]:
        raise RunError(
            f"--restart takes a step of the run's last plan, got {found[0]!r}, whose results plan-{fixed[found[0]]}."
            "json was made of: start a new run"
        )


def refuse_second_release(path: Path, plan: Plan, steps: Iterable[str]) -> None:
    """Refuse to compute again what has been released: a release is made once, and stays as it is.

    Raises
    ------
    RunError
        Naming the step.
    """
    done = done_blocks(read_ledger(path / "ledger.jsonl"))
    released = {step.name for step in plan.steps if step.kind == "release" and (step.name, 0) in done}
    if found := [name for name in steps if name in released]:
        raise RunError(
            f"--restart must not compute a release again, got {found[0]!r}, whose table stands in the audit log: "
            "start a new run"
        )


def append_restart(ledger: Ledger, plan: Plan, steps: Sequence[str]) -> None:
    """Say in the ledger that the blocks of some steps do not count any more."""
    products = [name for step in plan.steps if step.name in steps and (name := _written_by(step))]
    ledger.append("restart", steps=list(steps), products=products, time=round(time.time(), 3))
    ledger.sync()


def clear_restarted(run: Run, ledger: Ledger, lines: Sequence[Mapping[str, Any]]) -> None:
    """Lay out again what restarted steps wrote, and note it; nothing where no step waits for it."""
    waiting: dict[str, None] = {}
    for line in lines:
        if line["kind"] == "restart":
            waiting |= dict.fromkeys(line["steps"])
        elif line["kind"] == "cleared":
            waiting = {}
    if not waiting:
        return
    plan = run.plan
    for name in ANSWERS:
        (run.path / name).unlink(missing_ok=True)
    for name in DRAWN:
        shutil.rmtree(run.path / name, ignore_errors=True)
    for name in waiting:
        for folder in (name, f"gang-{name}"):
            shutil.rmtree(run.path / "work" / folder, ignore_errors=True)
    products = {_written_by(step) for step in plan.steps if step.name in waiting} - {None}
    for product in plan.products:
        if product.name in products:
            for place in (run.path, run.path / "staging"):
                shutil.rmtree(place / f"{product.name}.zarr", ignore_errors=True)
    create_products(run, run.path, {name for name in products if name})
    for table in plan.tables:
        if table.name in products:
            for place in (run.path, run.path / "staging"):
                (place / table.file_name).unlink(missing_ok=True)
    ledger.append("cleared", steps=list(waiting), time=round(time.time(), 3))
    ledger.sync()
