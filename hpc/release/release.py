"""The one way from data of single persons to a table that others may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .audit.kept_files import hash_columns
from .audit_log import AuditLog
from .budget import refuse_overspending
from .columns import check_columns, derive_columns
from .differences import find_close_cohort, name_release, refuse_close_cohorts
from .kept import Kept
from .noise import add_noise, refuse_unbounded_noise
from .policy import CountedTable, ReleaseRequest
from .purposes import refuse_purpose
from .suppression.withholding import Withholding, withhold_all_cells, withhold_cells

__all__ = ["ReleaseLog", "Released", "release_table"]

Masked = np.ma.MaskedArray[Any, Any]


class ReleaseLog(Protocol):
    """Where the releases of one key are written down; :class:`Kept` is what it gives back."""

    def locked(self) -> AbstractContextManager[Any]:
        """Hold the log while a release is decided and written."""

    def find(self, run_id: str, step: str) -> Kept | None:
        """The release of a step of a run, if there was one."""

    def earlier(self, measure: str) -> list[Kept]:
        """All releases of a measure."""

    def spent(self) -> float:
        """Epsilon of all releases."""

    def append(
        self,
        entry: dict[str, Any],
        exact: Mapping[str, NDArray[Any]],
        released: Mapping[str, Masked],
        cohort: NDArray[np.uint64],
    ) -> int:
        """Write a release down, and return the number of its line."""


@dataclass(frozen=True)
class Released:
    """What a release shows.

    Parameters
    ----------
    columns
        Masked where a value is withheld.
    notes
        What was withheld and why, one sentence each.
    line
        Number of its line in the log.
    """

    columns: dict[str, Masked]
    notes: tuple[str, ...]
    line: int


def release_table(
    exact: Mapping[str, NDArray[Any]],
    cohort: NDArray[np.uint64],
    request: ReleaseRequest,
    *,
    run_id: str,
    step: str,
    folder: Path,
    log: ReleaseLog | None = None,
) -> Released:
    """Release an exact table: withhold cells, draw noise, write the release down, and return what may be seen.

    A release is named by its run and step. If the log has it already, the same columns are returned, and nothing is
    drawn or spent again; the exact table must be the same too.

    Parameters
    ----------
    exact
        The columns that the request's table describes, one value a row.
    cohort
        Who was counted: (2, bucket), persons per bucket of pseudonyms and the sum of their hashes modulo 2^64.
    request
        Table, policy, key and purpose.
    run_id, step, folder
        The run and its folder, and the step that asks.
    log
        The log of the key; that of ``request.key`` if omitted.

    Raises
    ------
    RunError
        If a rule of the policy refuses the release, or the step was granted one of another exact table. Nothing is
        written then.
    """
    if log is None:
        log = AuditLog.of_key(request.key, folder)
    table, policy = request.table, request.policy
    with log.locked():
        kept = log.find(run_id, step)
        if kept is not None:
            _refuse_another_table(check_columns(exact, table), cohort, kept)
            return _show(kept.released, kept.line["notes"], int(kept.line["number"]), table)
        refuse_purpose(policy, request.purpose)
        refuse_unbounded_noise(table, policy)
        refuse_overspending(policy, log.spent() if policy.epsilon else 0.0)
        columns = check_columns(exact, table)
        earlier = log.earlier(table.measure)
        others = [kept for measure in table.compared_with for kept in log.earlier(measure)]
        if request.close_cohorts == "refuse":
            refuse_close_cohorts(cohort, [*earlier, *others], policy.min_cell)
        withholding = withhold_cells(columns, cohort, table, policy, earlier)
        shown = [kept for kept in earlier if _shows_counts(kept, table)]
        if request.close_cohorts == "withhold" and (close := find_close_cohort(cohort, shown, policy.min_cell)):
            withholding = withhold_all_cells(withholding, close, policy)
        released = _mask(columns, withholding, request)
        notes = (*withholding.notes, *_tell_noise(request, columns))
        line = log.append(
            _make_entry(request, withholding, notes, run_id=run_id, step=step, folder=folder), columns, released, cohort
        )
    return _show(released, notes, line, table)


def _shows_counts(kept: Kept, table: CountedTable) -> bool:
    """Whether an earlier release shows any: one that shows none can be subtracted from nothing."""
    return any(not np.ma.getmaskarray(kept.released[name]).all() for name in table.counts)


def _refuse_another_table(columns: Mapping[str, NDArray[Any]], cohort: NDArray[np.uint64], kept: Kept) -> None:
    """What was released stays released: a step that counts something else now needs a name of its own."""
    now, before = ({**exact, "persons counted": who} for exact, who in ((columns, cohort), (kept.exact, kept.cohort)))
    if hash_columns(now) != hash_columns(before):
        raise RunError(
            f"a step of a run releases one table, but what step {kept.line['step']!r} of run {kept.line['run_id']} "
            f"counts now is not what {name_release(kept.line)} was made of: start a new run"
        )


def _mask(columns: Mapping[str, NDArray[Any]], withholding: Withholding, request: ReleaseRequest) -> dict[str, Masked]:
    """Released columns in the order labels, counts, others, derived."""
    table = request.table
    counts = {name: columns[name] for name in table.counts}
    if request.policy.epsilon:
        counts = add_noise(counts, table, request.policy)
    released: dict[str, Masked] = {name: np.ma.array(columns[name]) for name in table.labels}
    for name in table.counts:
        out = withholding.withheld[name]
        # The array below the mask must not hold what the mask hides.
        released[name] = np.ma.array(np.where(out, 0, counts[name]), mask=out)
    for name, follows in table.follows.items():
        if name in columns:
            out = np.any([withholding.withheld[count] for count in follows], axis=0)
            released[name] = np.ma.array(np.where(out, np.zeros((), columns[name].dtype), columns[name]), mask=out)
    return {**released, **derive_columns(released, table, request.policy)}


def _make_entry(
    request: ReleaseRequest, withholding: Withholding, notes: Sequence[str], *, run_id: str, step: str, folder: Path
) -> dict[str, Any]:
    """What the log tells of a release: nothing exact."""
    out = list(withholding.withheld.values())
    return {
        "run_id": run_id,
        "step": step,
        "folder": str(folder),
        "key": request.key,
        "measure": request.table.measure,
        "purpose": request.purpose,
        "epsilon": request.policy.epsilon,
        "policy": asdict(request.policy),
        "table": asdict(request.table),
        "withheld": int(np.sum(out)),
        "shown": int(np.size(out) - np.sum(out)),
        "notes": list(notes),
    }


def _tell_noise(request: ReleaseRequest, exact: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    if request.policy.epsilon:
        yield f"counts carry exact discrete Laplace noise, epsilon {request.policy.epsilon:g}"
        if plain := [name for name in request.table.follows if name in exact]:  # others are derived from noisy counts
            yield f"{', '.join(plain)}: no noise"


def _show(released: Mapping[str, Masked], notes: Sequence[str], line: int, table: CountedTable) -> Released:
    """The stored columns, without rows that have nothing to show if the table wants it so."""
    columns, told = dict(released), tuple(notes)
    if not table.keep_empty:
        empty = np.all([np.ma.getmaskarray(columns[name]) for name in table.counts], axis=0)
        if empty.any():
            columns = {name: values[~empty] for name, values in columns.items()}
            told = (*told, f"{int(empty.sum())} of {empty.size} rows are left out: all of their counts are withheld")
    return Released(columns, told, line)
