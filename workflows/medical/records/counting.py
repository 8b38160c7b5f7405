"""Counts of what an import stored and left out: they leave through the gate, and stop an import that looks wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ....hpc.errors import PersonLevelError
from ....hpc.plan.steps import ReductionStep
from ....hpc.store.products import Table
from ....hpc.store.release_request import CountedTable, Policy, ReleaseRequest
from ....hpc.store.sealed import unseal
from ....kernels.medical.events import BUCKETS
from .arrangement import COUNTED, WRONG
from .products import EVENTS, IMPORTED

__all__ = ["add_store_counts", "count_store", "describe_counts", "list_imported", "plan_counts"]

OWN = "citytide.workflows.medical.records.counting"
STORED = ("persons", "events")
PER_BLOCK = 512  # buckets
ROW_BYTES = 50  # that a person takes while it is counted
Arrays = Mapping[str, Any]


def plan_counts(
    most_wrong: float,
    policy: Policy,
    key_id: str,
    purpose: str,
    left_out: Mapping[str, int],
    *,
    measure: str,
    rows: npt.NDArray[np.int64],
    inputs: str = "inputs-2.zarr",
) -> ReductionStep:
    """The step that counts what a store holds; it fails if too many events are before birth or after death.

    Parameters
    ----------
    left_out
        Rows that readers left out, by their words.
    rows
        (bucket,) persons at most.
    measure
        What is counted: counts of one measure are compared with earlier ones.
    inputs
        The group that holds the numbers of the buckets.
    """
    return ReductionStep(
        IMPORTED.name, chunk=f"{OWN}:count_store", combine=f"{OWN}:add_store_counts", finalize=f"{OWN}:list_imported",
        dim="bucket", extent=BUCKETS, per_block=PER_BLOCK,
        inputs=(f"{EVENTS}:person_offset,pseudonym,n_events,listed,counted", f"{inputs}:bucket"),
        memory_bytes=lambda block: ROW_BYTES * int(rows[block.start : block.stop].sum()) + 1_000_000,
        partial_bytes=20 * BUCKETS + 10_000, product=IMPORTED.name,
        params={"most_wrong": most_wrong, "least": policy.min_cell, "left_out": dict(sorted(left_out.items()))},
        release=None if policy.epsilon else _request(policy, key_id, purpose, measure),
    )  # fmt: skip


def describe_counts(policy: Policy) -> Table:
    """The table of the counts: if the policy demands noise, which they cannot have, nobody but the owner sees it."""
    return replace(IMPORTED, person_level=True) if policy.epsilon else IMPORTED


def _request(policy: Policy, key_id: str, purpose: str, measure: str) -> ReleaseRequest:
    # A count that is near an earlier one is withheld, and all are if the persons are nearly those of an earlier import:
    # an import, or a compaction after a few new persons, must not fail because of it.
    gentle = replace(policy, on_difference="withhold")
    table = CountedTable(("what",), ("rows",), measure=measure)
    return ReleaseRequest(table, gentle, key_id, purpose, close_cohorts="withhold")


def count_store(
    arrays: Arrays, *, most_wrong: float, least: int, left_out: Mapping[str, int]
) -> dict[str, npt.NDArray[Any]]:
    """The counts of some buckets, and who was counted: those who are listed."""
    arrays = unseal(arrays)
    person_offset, listed = arrays["person_offset"], arrays["listed"].astype(np.uint64)
    cohort = np.zeros((2, BUCKETS), np.uint64)
    for row, of_person in enumerate((listed, arrays["pseudonym"][:, 1] * listed)):
        total = np.concatenate([[np.uint64(0)], np.cumsum(of_person, dtype=np.uint64)])  # modulo 2^64
        cohort[row, arrays["bucket"]] = np.diff(total[person_offset])
    n_events = int(arrays["n_events"][listed > 0].sum(dtype=np.int64))
    counted = arrays["counted"].sum(axis=0, dtype=np.int64)
    return {
        "rows": np.concatenate([[int(listed.sum()), n_events], counted]).astype(np.int64),
        "cohort": cohort,
        "left_out": np.array(list(left_out), str) if left_out else np.zeros(0, "U1"),
        "n_left_out": np.array(list(left_out.values()), np.int64),
        "most_wrong": np.array(most_wrong),
        "least": np.array(least),
    }


def add_store_counts(partials: Sequence[Arrays]) -> dict[str, npt.NDArray[Any]]:
    """Add the counts of several blocks."""
    return {**partials[0], **{name: sum(part[name] for part in partials) for name in ("rows", "cohort")}}


def list_imported(partial: Arrays) -> dict[str, npt.NDArray[Any]]:
    """The exact columns of the table.

    Raises
    ------
    PersonLevelError
        If too many dated events are before birth or after death. The message shows no small count.
    """
    names = (*STORED, *COUNTED)
    rows = dict(zip(names, partial["rows"].tolist(), strict=True))
    dated = rows["events"] - rows["events without a day"]
    most, wrong = float(partial["most_wrong"]), sum(rows[name] for name in WRONG)
    if wrong > most * dated:
        share = f"{100 * wrong / dated:.3g} %" if wrong >= int(partial["least"]) else "more"
        raise PersonLevelError(
            f"at most {100 * most:g} % of the dated events may be before birth or after death (most_wrong), got "
            f"{share}: check which columns hold the dates, or raise most_wrong"
        )
    left = [f"reader: {text}" for text in partial["left_out"].tolist()]
    return {
        "what": np.array([*names, *left], str),
        "rows": np.concatenate([partial["rows"], partial["n_left_out"]]).astype(np.int64),
    }
