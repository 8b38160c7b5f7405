"""From a laid-out run to its end: take the driver lock, run missing blocks, verify, publish, write the result."""

from __future__ import annotations

import os
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

from ..errors import FAILED, PersonLevelError, RunError, resume_command
from ..identity.changes import describe_accepted
from ..plan.plans import Plan, list_plans
from ..ragged.placing import set_known_lengths
from ..run.driver_lock import hold_driver_lock, refuse_superseded
from ..run.finish_files import hash_changed_files, keep_whole, stamp_files
from ..run.privacy import close_to_others, keep_privately, keep_text, keeps_persons
from ..run.progress import Reporter, say
from ..run.records import describe_versions, now, write_json
from ..run.result import Result, describe_result
from ..run.resumption.continuation import check_continuation
from ..run.resumption.further_plans import PlanNext, create_products, find_next, lay_out_further
from ..run.resumption.restart import clear_restarted
from ..run.resumption.verify import find_damage, refuse_damaged_inputs
from ..run.runs import Run, refuse_older
from ..store.devices_used import name_devices
from ..store.ledger import Ledger, done_blocks, read_ledger, written_blocks
from ..store.stores import hash_file, locate, publish, static_files, sweep_partial, write_scalars
from ..store.tables import publish_table
from .backends import Backend
from .blocks import STOP
from .drivers import Outcome, drive
from .functions import find_function

__all__ = ["Finish", "execute_run"]

SCHEDULERS = 5  # that may die in one attempt
FRAMES = 3  # calls of a function that could not plan, which a failure shows

# Given a run whose products are published, returns what its result says beside the state: summary, warnings ...
Finish = Callable[[Run], Result | Mapping[str, Any]]


def execute_run(
    run: Run,
    backend: Backend,
    finish: Finish,
    *,
    plan_next: PlanNext | None = None,
    take_over: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Run the blocks the ledger lacks and finish the run; also how a run is resumed.

    Parameters
    ----------
    plan_next
        What makes the plans that follow the first one, for a run that has such.

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
    if not run.is_checked:
        check_continuation(run, find_function)
    with hold_driver_lock(run.path, take_over=take_over) as attempt, _drain_on_interrupt(run.path):
        try:
            return _execute(run, backend, finish, plan_next, attempt, started, clock, quiet)
        except OSError as error:
            if error.errno is None:
                raise
            raise RunError(
                f"run {run.path}: {os.strerror(error.errno)}; what is finished is kept: fix it and run "
                f"`{resume_command(run.path)}`",
                exit_code=FAILED,
            ) from error


@contextmanager
def _drain_on_interrupt(run: Path) -> Iterator[None]:
    """First Ctrl-C or SIGTERM: running blocks finish and are kept, no other starts. Second: stop at once."""
    asked = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            (run / STOP).touch()
            say(f"finishing the blocks that run; Ctrl-C again to stop at once. To go on: {resume_command(run)}")
        else:
            say(f"stopped. To go on: {resume_command(run)}")
            os._exit(130)  # workers notice that their parent is gone and end

    (run / STOP).unlink(missing_ok=True)
    try:
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread (a notebook's executor): the caller keeps its own handlers
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _execute(
    run: Run,
    backend: Backend,
    finish: Finish,
    plan_next: PlanNext | None,
    attempt: int,
    started: str,
    clock: float,
    quiet: bool,
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
            clear_restarted(run, ledger, read_ledger(ledger.path))
            _mend_static(run, plan)
            if len(list_plans(run.path)) > 1:  # a later plan reads what travelled in the ledger of an earlier one
                _write_scalars(run, plan, done_blocks(read_ledger(ledger.path)))
            _note_plans(run, ledger)
        outcome: Outcome = "done"
        if _missing(run, plan) or find_next(run):
            outcome = _drive(run, backend, plan_next, ledger, quiet)
            plan = run.plan
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
            whole = keep_whole(run.path, read_ledger(ledger.path))
            before = stamp_files(run.path)
            answer |= _finish(run, finish)
            whole = {name: digest for name, digest in whole.items() if (run.path / name).exists()}
            ledger.append("left", files=whole | hash_changed_files(run.path, before), time=_time())
        result = {
            "run": str(run.path.resolve()),
            "state": outcome,
            "products": {name: str(path.resolve()) for name, path in run.products.items()},
            **answer,
            **({"accepted": describe_accepted(accepted)} if (accepted := run.record.get("accepted")) else {}),
            "memory": _memory(run, plan),
            "devices": name_devices(done_blocks(read_ledger(ledger.path)).values()),
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


def _finish(run: Run, finish: Finish) -> dict[str, Any]:
    """What the question answers, plain; what it raises over data of single persons stays in the run folder."""

    def answer() -> dict[str, Any]:
        return describe_result(finish(run))

    try:
        return keep_text(answer, run.path, "finish.txt") if keeps_persons(run.plan) else answer()
    except Exception as error:
        error.add_note(
            f"run {run.path}: all blocks are done and kept, but finish of workflow {run.workflow!r} failed: mend it, "
            f"and `{resume_command(run.path)}` calls it again"
        )
        raise


def _drive(run: Run, backend: Backend, plan_next: PlanNext | None, ledger: Ledger, quiet: bool) -> Outcome:
    """Drive with one group after another, should a scheduler die; plans that follow are made and run in between."""
    begun, deadline = backend.begun(), backend.deadline()
    for _ in range(SCHEDULERS):
        with backend.open(run.path, ledger.attempt) as group, Reporter(quiet=quiet) as reporter:
            outcome: Outcome = "done"
            while outcome == "done":
                outcome = drive(run.path, run.plan, group, ledger, reporter, begun=begun, deadline=deadline)
                if outcome != "done" or not find_next(run):
                    break
                outcome = _plan_further(run, plan_next, ledger)
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


def _plan_further(run: Run, plan_next: PlanNext | None, ledger: Ledger) -> Outcome:
    """Make and record the plan that follows; what goes wrong in it is the run's failure, as in a block."""
    function = find_next(run)
    refuse_superseded(run.path, ledger.attempt)
    try:
        if plan_next is None:
            raise RunError(
                f"a run that is planned further needs plan_next, got none for {function}: pass it to execute_run"
            )
        _write_scalars(run, run.plan, done_blocks(read_ledger(ledger.path)))
        lay_out_further(run, plan_next(run, function))
    except OSError:
        raise  # a full disk is told as such
    except Exception as error:
        told, trace = str(error), ""
        if isinstance(error, PersonLevelError):
            pass  # its words may be read by everybody
        elif keeps_persons(run.plan):
            told = keep_privately(error, run.path, f"plan-{len(list_plans(run.path)) + 1}.txt")
        elif not isinstance(error, RunError):
            frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
            told, trace = f"{type(error).__name__}: {error}", "\n" + "".join(traceback.format_list(frames)).rstrip()
        sentence = f"the plan by {function} was not made: {told}"
        ledger.append("failed", step=function, block=None, error=sentence + trace, time=_time())
        ledger.sync()
        say(sentence)
        return "failed"
    _note_plans(run, ledger)
    return "done"


def _note_plans(run: Run, ledger: Ledger) -> None:
    """Write down the hash of each plan that follows, unless an earlier driver has."""
    noted = {line["path"] for line in read_ledger(ledger.path) if line["kind"] == "planned"}
    for path in list_plans(run.path)[1:]:
        if path.name not in noted:
            ledger.append("planned", path=path.name, sha256=hash_file(path, sync=True), time=_time())
    ledger.sync()


def _missing(run: Run, plan: Plan) -> bool:
    return len(done_blocks(read_ledger(run.path / "ledger.jsonl"))) < plan.tasks


def _write_scalars(run: Run, plan: Plan, done: Mapping[tuple[str, int], Mapping[str, Any]]) -> None:
    """Fill what travelled in the ledger, of each step whose blocks are all done; again with the same bytes."""
    for step in plan.steps:
        if step.product and step.scalars and all((step.name, index) in done for index in range(step.tasks)):
            blocks = [done[step.name, index]["scalars"] for index in range(step.tasks)]
            columns = {name: list(chain.from_iterable(block[name] for block in blocks)) for name in step.scalars}
            write_scalars(run.path, plan.product(step.product), columns)


def _publish(run: Run, plan: Plan, ledger: Ledger) -> None:
    """Scalars, verification, and one rename per product."""
    done = done_blocks(read_ledger(ledger.path))
    _write_scalars(run, plan, done)
    sweep_partial(run.path)
    for product in plan.products:
        ledger.append("published", product=product.name, files=static_files(run.path, product), time=_time())
    for table in plan.tables:
        line = done[f"{table.name}-table", 0]
        ledger.append("published", product=table.name, files=line["shards"], **line["scalars"], time=_time())
    ledger.sync()
    damage = [bad for bad in find_damage(run) if not bad.is_left]  # what was left is written anew in a moment
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
    for table in plan.tables:
        publish_table(run.path, table)
    close_to_others(run.path, plan)


def _mend_static(run: Run, plan: Plan) -> None:
    """Lay damaged metadata and inputs of a product out again; its shards are not touched."""
    lines = read_ledger(run.path / "ledger.jsonl")
    bad = {(line["product"], line["path"]) for line in lines if line["kind"] == "bad" and "product" in line}
    if not bad:
        return
    spare = run.path / "spare"
    create_products(run, spare)
    set_known_lengths(plan, written_blocks(lines), spare)
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
    changed = [f"{k} {recorded.get(k)} -> {v}" for k, v in describe_versions().items() if recorded.get(k, v) != v]
    if changed:
        say(
            f"run {run.path} was begun elsewhere ({'; '.join(changed)}): last bits may differ from those of one machine"
        )


def _time() -> float:
    return round(time.time(), 3)
