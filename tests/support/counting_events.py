"""A question about events for tests: how many events there are of each code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from citytide.hpc.plan.steps import ReductionStep
from citytide.hpc.run.runs import Run
from citytide.hpc.store.products import Column, Table
from citytide.hpc.store.release_request import CountedTable, ReleaseRequest
from citytide.kernels.medical.events import BUCKETS
from citytide.workflows.medical.blocks import load_events
from citytide.workflows.medical.events import EventsSettings, find_own_store, open_settings, prepare_events
from citytide.workflows.medical.stores import EventStore
from citytide.workflows.workflow import Prepared, Workflow

TOTALS = Table("totals", "Events by code", (
    Column("code", "string", "1", "code"), Column("n", "int64", "1", "events", may_be_withheld=True),
))  # fmt: skip


def prepare(settings: EventsSettings) -> Prepared:
    return prepare_events(settings, "counting_events:plan_totals")


def plan_totals(settings: EventsSettings, store: EventStore) -> Prepared:
    bounds = store.bounds(300)
    step = ReductionStep(
        "totals", "counting_events:count", "counting_events:add", "counting_events:list_totals", "bucket", BUCKETS,
        store.inputs(()), store.memory_bytes, 100_000, "totals", bounds=bounds,
        params={**store.load_params(), "codes": list(store.codes)},
        release=ReleaseRequest(
            CountedTable(("code",), ("n",), measure="totals"), store.policy, store.key_id, settings.purpose
        ),
    )  # fmt: skip
    return Prepared((step,), (TOTALS,), {}, sources=store.sources())


def plan_totals_after_import(run: Run) -> Prepared:
    return plan_totals(open_settings(run, EventsSettings), find_own_store(run))


def count(arrays: Mapping[str, Any], codes: Sequence[str], **loading: Any) -> dict[str, Any]:
    events = load_events(arrays, **loading)
    cohort = np.zeros((2, BUCKETS), np.uint64)
    cohort[0] = np.bincount(events.bucket, minlength=BUCKETS)
    np.add.at(cohort[1], events.bucket, events.pseudonym[:, 1])
    return {"n": np.bincount(events.code, minlength=len(codes)), "cohort": cohort, "code": np.array(list(codes))}


def add(partials: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {**partials[0], **{name: np.sum([part[name] for part in partials], axis=0) for name in ("n", "cohort")}}


def list_totals(partial: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": partial["code"], "n": partial["n"].astype(np.int64)}


def finish(run: Run) -> dict[str, Any]:
    table = run.open("totals")
    shown = {str(code): None if np.isnan(n) else int(n) for code, n in zip(table["code"], table["n"], strict=True)}
    return {"totals": shown}


WORKFLOW = Workflow("counting_events:WORKFLOW", "events by code", EventsSettings, prepare, finish)
