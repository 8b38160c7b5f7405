"""Incidence: how often codes begin, in whom and when; and who lacks what should follow."""

from __future__ import annotations

from typing import Any

from ....hpc.plan.steps import Block, ReductionStep
from ....hpc.release.policy import CountedTable, ReleaseRequest
from ....hpc.run.runs import Run
from ....hpc.store.products import Table
from ....kernels.medical.events import BUCKETS, NO_DAY
from ....kernels.medical.scan.strata import LONGEST_SPAN
from ...workflow import Prepared, Workflow
from ..counting.code_lists import choose_codes, find_codes
from ..counting.refusals import Refusal, refuse_numbers_without_noise
from ..counting.settings import make_cohort, read_days, read_words
from ..counting.vocabulary import list_vocabulary_inputs
from ..events import find_own_store, open_settings, prepare_events
from ..stores import EventStore
from .axes import Axes, cut_periods
from .care_gaps import CareGap, read_gaps
from .products import GAPS, count_gaps_table, count_rates_table, describe_rates
from .result import finish_incidence
from .settings import IncidenceSettings, read_edges

__all__ = ["MOST_CELLS", "WORKFLOW", "plan_incidence", "plan_incidence_after_import", "prepare_incidence"]

QUESTION = "citytide.workflows.medical.incidence.question"
STEPS = "citytide.workflows.medical.incidence.steps"
CARE_GAPS = "citytide.workflows.medical.incidence.care_gaps"
MOST_CELLS = 25_000_000  # codes x strata: 16 bytes for each, 400 MB in each partial result
EVENTS_PER_BLOCK = 4_000_000
COHORT_BYTES, TEXT_BYTES = 2 * BUCKETS * 8, 200


def prepare_incidence(settings: IncidenceSettings) -> Prepared:
    """Open the events, or import them first; then count."""
    return prepare_events(settings, f"{QUESTION}:plan_incidence")


def plan_incidence(settings: IncidenceSettings, store: EventStore) -> Prepared:
    """Count in one scan in whom each code begins, and the days at risk; and care gaps, if any are asked for.

    Raises
    ------
    Refusal
        If a code or an area is not in the store, or there are more cells than a partial result may have.
    """
    refuse_numbers_without_noise(
        store.policy, "person-years", "ask comorbidity for counts of persons, or import with a policy of epsilon: 0"
    )
    axes = _make_axes(settings, store)
    steps, tables = [_plan_rates(settings, store, axes)], [describe_rates(tuple(axes.columns))]
    if settings.lacks:
        steps.append(_plan_gaps(settings, store, read_gaps(settings.lacks)))
        tables.append(GAPS)
    return Prepared(
        tuple(steps), tuple(tables), {}, title="Incidence", sources=store.sources(),
        notes=_list_notes(settings),
    )  # fmt: skip


def plan_incidence_after_import(run: Run) -> Prepared:
    """Count over the store that the run itself has written."""
    return plan_incidence(open_settings(run, IncidenceSettings), find_own_store(run))


def _make_axes(settings: IncidenceSettings, store: EventStore) -> Axes:
    by = read_words(settings.by)
    period = next((word for word in by if word in ("month", "year")), "")
    edges: tuple[int, ...] = ()
    if period:
        own = [store.first_day, store.last_day, *(day for day in store.observed if day != NO_DAY)]
        first, last = read_days(settings.days) if settings.days is not None else (min(own), max(own))
        begin, end = max(first, min(own)), min(last, max(own))
        if not 0 <= end - begin < LONGEST_SPAN:
            raise Refusal(
                f"by={period} needs days that the records have, over at most 500 years, but those from the first to "
                "the last record, or those that days names, are more or none: set days, such as 2015-01-01..2019-12-31"
            )
        edges = cut_periods(begin, end, period)
    return Axes(
        age_edges=read_edges(settings.age_edges) if "age" in by else (),
        by_sex="sex" in by,
        areas=tuple(store.areas) if "area" in by else (),
        period_edges=edges,
        period=period,
    )


def _plan_rates(settings: IncidenceSettings, store: EventStore, axes: Axes) -> ReductionStep:
    chosen = choose_codes(settings.codes, store)
    n_codes = len(store.codes) if chosen is None else len(chosen)
    n_strata = axes.make_strata().n_strata
    if n_codes * n_strata > MOST_CELLS:
        raise Refusal(
            f"incidence counts at most {MOST_CELLS:,} cells, because each takes 16 bytes of every partial result, got "
            f"{n_codes:,} codes in {n_strata:,} strata (by={settings.by}): name codes (codes=E11,I10 or codes=FILE), "
            "or fewer labels (by=year)"
        )
    named = {} if chosen is None else {
        "code": [store.codes[place] for place in chosen], "name": [store.names[place] for place in chosen]
    }  # fmt: skip
    facts = {
        **named,  # the whole vocabulary tells of rare codes: blocks read it
        "axes": axes.to_json(),
        "min_cell": store.policy.min_cell,
        "least": 0 if chosen is not None else max(settings.min_persons, store.policy.min_cell),
    }
    params = {
        "codes": chosen, "n_vocabulary": len(store.codes), "axes": axes.to_json(),
        "washout_days": settings.washout_days, "facts": facts,
    }  # fmt: skip
    return _reduce(
        settings, store, describe_rates(tuple(axes.columns)), f"{STEPS}:count_new", f"{STEPS}:list_rates", params,
        inputs=list_vocabulary_inputs(store) if chosen is None else (),
        partial_bytes=16 * n_codes * n_strata + 8 * n_strata + TEXT_BYTES * n_codes + COHORT_BYTES,
        table=count_rates_table(tuple(axes.columns), n_codes),
    )  # fmt: skip


def _plan_gaps(settings: IncidenceSettings, store: EventStore, gaps: list[CareGap]) -> ReductionStep:
    placed = [
        {
            "codes": find_codes(gap.codes, store),
            "lacks": find_codes(gap.lacks, store),
            "within_days": gap.within_days,
        }
        for gap in gaps
    ]
    facts = {
        "code": ["+".join(gap.codes) for gap in gaps],
        "lacks": ["+".join(gap.lacks) for gap in gaps],
        "within_days": [str(gap.within_days) for gap in gaps],
    }
    return _reduce(
        settings, store, GAPS, f"{CARE_GAPS}:count_gaps", f"{CARE_GAPS}:list_gaps", {"gaps": placed, "facts": facts},
        partial_bytes=16 * len(gaps) + COHORT_BYTES + TEXT_BYTES * len(gaps),
        table=count_gaps_table(len(gaps)),
    )  # fmt: skip


def _reduce(
    settings: IncidenceSettings,
    store: EventStore,
    product: Table,
    chunk: str,
    finalize: str,
    params: dict[str, Any],
    *,
    inputs: tuple[str, ...] = (),
    partial_bytes: int,
    table: CountedTable,
) -> ReductionStep:
    def count_memory(block: Block) -> int:
        return int(store.memory_bytes(block) + 2 * partial_bytes)

    cohort, bounds = make_cohort(settings, store, store.last_day), store.bounds(EVENTS_PER_BLOCK)
    return ReductionStep(
        product.name.replace("_", "-"), chunk=chunk, combine=f"{STEPS}:add_partials", finalize=finalize, dim="bucket",
        extent=bounds[-1], bounds=bounds, inputs=(*store.inputs(()), *inputs), memory_bytes=count_memory,
        partial_bytes=partial_bytes, product=product.name,
        params={"load": store.load_params(), "cohort": cohort.to_json(), **params},
        release=ReleaseRequest(table, store.policy, store.key_id, settings.purpose),
    )  # fmt: skip


def _list_notes(settings: IncidenceSettings) -> tuple[str, ...]:
    notes = ["A person counts once for a code: on its first day, if it lies within the person's observation."]
    if settings.washout_days:
        notes.append(f"The first {settings.washout_days} days of each observation do not count.")
    return tuple(notes)


WORKFLOW = Workflow(
    name="incidence",
    summary="how often codes begin, in whom and when, and who lacks what should follow",
    settings=IncidenceSettings,
    prepare=prepare_incidence,
    finish=finish_incidence,
    modules=("numba", STEPS),
)
