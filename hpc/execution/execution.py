"""From a laid-out run to its end: take the driver lock, run missing blocks, verify, publish, write the result."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from ..errors import FAILED, RunError, resume_command
from ..plan.plans import Plan
from ..run.driver_lock import hold_driver_lock, refuse_superseded
from ..run.privacy import close_to_others
from ..run.progress import Reporter, say
from ..run.records import describe_versions, now, write_json
from ..run.runs import Run, refuse_older
from ..run.verify import find_damage, refuse_damaged_inputs
from ..store.ledger import Ledger, done_blocks, read_ledger
from ..store.stores import create_product, locate, publish, read_arrays, static_files, sweep_partial, write_scalars
from .backends import Backend
from .drivers import Outcome, drive
from .interrupts import drain_on_interrupt

__all__ = ["Finish", "execute_run"]

SCHEDULERS = 5  # that may die in one attempt

# Given a run whose products are published, returns what its result says beside the state: summary, warnings ...
Finish = Callable[[Run], Mapping[str, Any]]


def execute_run(
    run: Run, backend: Backend, finish: Finish, *, take_over: bool = False, quiet: bool = False
) -> dict[str, Any]:
    """Run the blocks the ledger lacks and finish the run; also how a run is resumed.

    Returns
    -------
    dict
        What ``result.json`` holds: ``run, state, products, summary, warnings, memory, seconds ...``
    """
    started, clock = now(), time.perf_counter()
    refuse_damaged_inputs(run)
    if run.status()["state"] == "done" and run.result:
        return run.result  # nothing to do: a published store is not touched
    refuse_older(run)
    with hold_driver_lock(run.path, take_over=take_over) as attempt, drain_on_interrupt(run.path):
        try:
            return _execute(run, backend, finish, attempt, started, clock, quiet)
        except OSError as error:
            if error.errno is None:
                raise
            raise RunError(
                f"run {run.path}: {os.strerror(error.errno)}; what is finished is kept: fix it and run "
                f"`{resume_command(run.path)}`",
                exit_code=FAILED,
            ) from error


def _execute(
    run: Run, backend: Backend, finish: Finish, attempt: int, started: str, clock: float, quiet: bool
) -> dict[str, Any]:
    plan = run.plan
    with Ledger(run.path / "ledger.jsonl", attempt) as ledger:
        # This line is the take-over: whatever an older driver appends from now on does not count.
        ledger.append(
            "driver",
            host=os.uname().nodename,
            pid=os.getpid(),
            workers=sum(pool.workers for pool in backend.pools),
            time=_time(),
        )
        _warn_of_other_versions(run)
        ledger.sync()
        if attempt > 1:
            sweep_partial(run.path)
            _mend_static(run, plan)
        outcome: Outcome = "done"
        if _missing(run, plan):
            outcome = _drive(run, plan, backend, ledger, quiet)
        if outcome == "done" and _missing(run, plan):
            raise RunError(
                f"run {run.path}: its blocks were reported as done, but the ledger lacks some: "
                f"`{resume_command(run.path)}` computes them",
                exit_code=FAILED,
            )
        answer: dict[str, Any] = {"summary": [], "warnings": []}
        refuse_superseded(run.path, attempt)
        if outcome == "done":
            _publish(run, plan, ledger)
            answer |= finish(run.without_persons())
        result = {
            "run": str(run.path.resolve()),
            "state": outcome,
            "products": {name: str(path.resolve()) for name, path in run.products.items()},
            **answer,
            "memory": _memory(run, plan),
            "attempt": attempt,
            "started": started,
            "ended": now(),
            "seconds": round(time.perf_counter() - clock, 3),
        }
        if outcome == "failed":
            result["error"] = run.status()["error"] or next(
                line["error"] for line in reversed(read_ledger(ledger.path)) if line["kind"] == "failed"
            )
        write_json(run.path / "result.json", result)
        ledger.append("end", state=outcome, time=_time())
    return result


def _drive(run: Run, plan: Plan, backend: Backend, ledger: Ledger, quiet: bool) -> Outcome:
    """Drive with one group after another, should a scheduler die."""
    for _ in range(SCHEDULERS):
        with backend.open(run.path, ledger.attempt) as group, Reporter(quiet=quiet) as reporter:
            outcome = drive(run.path, plan, group, ledger, reporter, begun=backend.begun(), deadline=backend.deadline())
            if outcome == "expired":
                backend.hand_over(run.path)  # before the group is taken back, which may outlast the allocation
        if outcome != "lost":
            return outcome
        say("the scheduler died and another is started; finished blocks are kept")
    raise RunError(
        f"run {run.path}: {SCHEDULERS} schedulers died one after another: see their logs in {run.path}/slurm/logs; "
        f"then `{resume_command(run.path)}`",
        exit_code=FAILED,
    )


def _missing(run: Run, plan: Plan) -> bool:
    return len(done_blocks(read_ledger(run.path / "ledger.jsonl"))) < plan.tasks


def _publish(run: Run, plan: Plan, ledger: Ledger) -> None:
    """Scalars, verification, and one rename per product."""
    lines = read_ledger(ledger.path)
    done = done_blocks(lines)
    for step in plan.steps:
        if step.product and step.scalars:
            blocks = [done[step.name, index]["scalars"] for index in range(step.tasks)]
            columns = {name: list(chain.from_iterable(block[name] for block in blocks)) for name in step.scalars}
            write_scalars(run.path, plan.product(step.product), columns)
    sweep_partial(run.path)
    for product in plan.products:
        ledger.append("published", product=product.name, files=static_files(run.path, product), time=_time())
    ledger.sync()
    damage = find_damage(run)
    if damage:
        for bad in damage:
            ledger.append("bad", step=bad.step, block=bad.block, path=bad.path, problem=bad.problem, time=_time())
        raise RunError(
            f"run {run.path}: {damage[0].path}: {damage[0].problem}, right after it was written: the disk cannot be "
            f"trusted; `{resume_command(run.path)}` computes that block again",
            exit_code=FAILED,
        )
    for product in plan.products:
        publish(run.path, product.name)
    close_to_others(run.path, plan)


def _mend_static(run: Run, plan: Plan) -> None:
    """Lay damaged metadata and inputs of a product out again; its shards are not touched."""
    lines = read_ledger(run.path / "ledger.jsonl")
    bad = {(line["product"], line["path"]) for line in lines if line["kind"] == "bad" and "product" in line}
    if not bad:
        return
    spare = run.path / "spare"
    arrays = read_arrays(run.path / "inputs.zarr")
    for product in plan.products:
        create_product(spare, product, arrays)
    for name, path in bad:
        fresh = locate(spare, name) / path.partition(f"{name}.zarr/")[2]
        if fresh.exists():
            (run.path / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(fresh, run.path / path)
    shutil.rmtree(spare)


def _memory(run: Run, plan: Plan) -> dict[str, Any]:
    done = done_blocks(read_ledger(run.path / "ledger.jsonl")).values()
    measured = max((line["memory_bytes"] for line in done), default=0)
    return {"declared": plan.peak_memory_bytes, "measured": measured}


def _warn_of_other_versions(run: Run) -> None:
    """Bits are promised for one processor type and one set of versions only."""
    recorded = {"cpu": run.record["cpu"], "python": run.record["python"], **run.record["packages"]}
    changed = [f"{k} {recorded.get(k)} -> {v}" for k, v in describe_versions().items() if recorded.get(k) != v]
    if changed:
        say(
            f"run {run.path} was begun elsewhere ({'; '.join(changed)}): last bits may differ from those of one machine"
        )


def _time() -> float:
    return round(time.time(), 3)
