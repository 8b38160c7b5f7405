"""The exact table behind a release, computed again from its run, and compared with what the audit log holds of it.

The run and the log stay as they are: blocks run in a folder of their own, which goes away again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import PersonLevelError, RunError
from ..execution.blocks import BlockBatch
from ..execution.functions import find_function
from ..execution.reading import read_npz
from ..identity.changes import Identity, find_changed_sources, find_changes, find_version
from ..identity.code import describe_code
from ..plan.plans import Plan, list_plans
from ..plan.steps import PlannedStep
from ..release.audit.files import LogFiles
from ..release.audit.kept_files import hash_columns
from ..release.audit.verify import LogProblem
from ..release.audit_log import AuditLog
from ..run.index import find_run
from ..run.resumption.verify import expected_files
from ..run.runs import Run
from ..store.stores import hash_file, locate

__all__ = ["recompute", "verify_release"]

AGAIN = ("block", "combine", "finalize")  # kinds of steps that are computed again; what others left is read


def verify_release(path: Path, number: int) -> list[LogProblem]:
    """Compute the exact table behind a release again and compare its keyed hash with the log's.

    Raises
    ------
    RunError
        If there is no such line, or if the log is not what was written.
    """
    log = AuditLog(path)
    lines = log.read_lines()
    if not 1 <= number <= len(lines):
        raise RunError(f"release must be the number of a line of {path}, 1 to {len(lines)}, got {number}")
    line, where = lines[number - 1], f"release {number}"
    kept = log.open(line)
    try:
        run = _open_run(line)
        exact = recompute(run, str(line["step"]))
    except RunError as error:
        return [LogProblem(where, f"cannot be computed again: {error}")]
    chosen = {name: _as_kept(exact[name], column) for name, column in kept.exact.items() if name in exact}
    if hash_columns(chosen, LogFiles(path).read_secret()) == line["exact_hash"]:
        return []
    words = [change.words for change in _find_changed_code(run, run.plan.steps)]
    why = f" ({'; '.join(words)})" if words else ""
    return [LogProblem(where, f"the exact table, computed again, is not the one behind this release{why}")]


def _as_kept(values: NDArray[Any], kept: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in the dtype in which a release keeps them, if it holds them."""
    if values.dtype.kind not in "biuf" or kept.dtype.kind not in "biuf":
        return values
    cast = values.astype(kept.dtype)
    return cast if np.array_equal(cast, values, equal_nan=values.dtype.kind == "f") else values


def _open_run(line: Mapping[str, Any]) -> Run:
    """The run of a release: in the folder that its line names, or where it was moved."""
    folder = Path(str(line.get("folder") or ""))
    run = Run(folder) if (folder / "run.json").is_file() else Run(find_run(str(line["run_id"])))
    if run.id != line["run_id"]:
        raise RunError(
            f"{folder} must hold run {line['run_id']}, but it holds {run.id}: put the run back, or resume it once"
        )
    return run


def recompute(run: Run, step: str) -> dict[str, NDArray[Any]]:
    """Return the exact columns that a release of a run was made of, computed again.

    Parameters
    ----------
    run
        It is not touched. Products and sources that the steps read must be what they were.
    step
        The step of the release, ``NAME-release``.

    Raises
    ------
    RunError
        If the run has no such release, or what its steps read is missing or was changed.
    PersonLevelError
        If a step raises something: its type is told, and not its text.
    """
    plan, last = run.plan, f"{step.removesuffix('-release')}-finalize"
    if last not in {planned.name for planned in plan.steps}:
        raise RunError(f"run {run.path} has no release {step!r}: check that the line tells of this run")
    steps = _find_steps(plan, last)
    _refuse_changed(run, plan, steps)
    with TemporaryDirectory(prefix="citytide-audit-") as folder:
        _lay_out(Path(folder), run, steps)
        for planned in steps:
            _run_step(Path(folder), planned)
        return read_npz(Path(folder) / "work" / last / "0.npz")


def _find_steps(plan: Plan, last: str) -> list[PlannedStep]:
    """The steps that lead from products, sources and inputs to the exact table, in the order they run."""
    wanted, found = {last}, []
    for step in reversed(plan.steps):
        if step.name in wanted and step.kind in AGAIN and not step.ranks and not step.fills:
            found.append(replace(step, product=None, table="") if step.name == last else step)
            wanted |= {name.removeprefix("work/") for name in step.inputs if name.startswith("work/")}
    return found[::-1]


def _list_read(steps: Sequence[PlannedStep]) -> set[str]:
    """Groups that the steps read and do not write, without names of arrays: inputs, products, ``work/STEP``."""
    written = {f"work/{step.name}" for step in steps}
    return {name.partition(":")[0] for step in steps for name in step.inputs} - written - {"source"}


def _refuse_changed(run: Run, plan: Plan, steps: Sequence[PlannedStep]) -> None:
    own = {step.name for step in steps}
    for change in find_changed_sources(run.path, run.record, plan):
        if own & {*change.steps}:
            raise RunError(f"{change.words}, which step {change.steps[0]!r} reads: put it back as it was")
    read = _list_read(steps)
    for path, digest, damage in expected_files(run):
        within = path.relative_to(run.path).parts
        is_read = damage.product in read or within[0] in read or "/".join(within[:2]) in read
        if (is_read or within[0].startswith("plan")) and not (path.exists() and hash_file(path) == digest):
            what = "is not what was written" if path.exists() else "is missing"
            raise RunError(f"{path}, which the release was made of, {what}: put it back from a backup")


def _lay_out(folder: Path, run: Run, steps: Sequence[PlannedStep]) -> None:
    """Links to what the steps read, where they look for it."""
    for path in [run.path / "run.json", *list_plans(run.path)]:
        (folder / path.name).symlink_to(path.resolve())
    (folder / "work").mkdir()
    for name in _list_read(steps):
        is_own = name.endswith(".zarr") or name.startswith("work/")
        path = run.path / name if is_own else locate(run.path, name)
        if not path.exists():
            raise RunError(f"{path}, which the release was made of, is missing: put it back from a backup")
        (folder / (name if is_own else f"{name}.zarr")).symlink_to(path.resolve())


def _run_step(folder: Path, step: PlannedStep) -> None:
    batch, told = BlockBatch(folder, step), ""
    try:
        for index in range(step.tasks):
            batch.run_block(index, step.tasks - 1)
        return
    except RunError:
        raise
    except Exception as error:
        told = type(error).__name__
    # outside the handler: no chain of exceptions leads from here to a text that may tell of persons
    raise PersonLevelError(f"step {step.name!r} raised {told} when it was computed again: resume the run to see where")


def _find_changed_code(run: Run, steps: Sequence[PlannedStep]) -> Iterator[Any]:
    """What has changed since of the code of the run."""
    now = Identity(find_version(), describe_code(steps, find_function), {}, {})
    yield from find_changes(run.path, {**run.record, "sources": {}}, run.plan, now)
