"""Comorbidity: which codes come together in persons more often than by chance, and which comes first.

A first reduction counts persons with each code. What of it is released chooses the codes whose pairs a second one
counts.
"""

from __future__ import annotations

from typing import Any

from ....hpc.plan.steps import Block, ReductionStep
from ....hpc.release.policy import ReleaseRequest
from ....hpc.run.runs import Run
from ...workflow import Prepared, Workflow
from ..counting.code_lists import choose_codes, find_codes
from ..counting.refusals import Refusal, refuse_numbers_without_noise
from ..counting.released import read_released
from ..counting.settings import make_cohort, read_words
from ..counting.vocabulary import list_vocabulary_inputs
from ..events import find_own_store, open_settings, prepare_events
from ..records.products import EVENTS
from ..stores import EventStore, open_event_store
from .products import CODES, PAIRS, count_cells, describe_codes, describe_pairs
from .result import finish_comorbidity
from .settings import ComorbiditySettings
from .steps import EVERYBODY
from .strata import count_strata_of

__all__ = ["MOST_CODES", "WORKFLOW", "plan_codes", "plan_codes_after_import", "plan_pairs", "prepare_comorbidity"]

QUESTION = "citytide.workflows.medical.comorbidity.question"
STEPS = "citytide.workflows.medical.comorbidity.steps"
MOST_CODES = 4000  # of a table of all pairs: 24 bytes for each two of them, 384 MB in each partial result
EVENTS_PER_BLOCK = 4_000_000
COHORT_BYTES = 2 * 4096 * 8


def prepare_comorbidity(settings: ComorbiditySettings) -> Prepared:
    """Open the events, or import them first; then count persons with each code."""
    return prepare_events(settings, f"{QUESTION}:plan_codes")


def plan_codes(settings: ComorbiditySettings, store: EventStore) -> Prepared:
    """Count the persons with each code that is asked for."""
    strata = [] if settings.strata == "none" else read_words(settings.strata)
    if strata:
        what = f"expected counts over strata={settings.strata}"
        refuse_numbers_without_noise(store.policy, what, "set strata=none")
    if store.policy.epsilon and not settings.most_codes:
        raise Refusal(
            "noise needs a bound on the codes in which one person counts, got most_codes=0 and a policy with epsilon="
            f"{store.policy.epsilon:g}: set most_codes=5"
        )
    chosen = choose_codes(settings.codes, store)
    places = list(range(len(store.codes))) if chosen is None else chosen
    if chosen is not None:
        _refuse_number(len(chosen), settings)
    named = {
        "code": [store.codes[place] for place in places],
        "name": [store.names[place] for place in places],
    }
    facts: dict[str, Any] = {
        **(named if chosen is not None else {}),  # the whole vocabulary tells of rare codes: blocks read it
        "min_cell": store.policy.min_cell,
        "least": 0 if chosen is not None else max(settings.min_persons, store.policy.min_cell),
    }
    step = _reduce(
        settings, store, "codes", "count_codes", "list_codes", chosen,
        facts=facts, strata=(), partial_bytes=16 * len(places) + COHORT_BYTES + 200 * len(places),
        table=describe_codes(count_cells(settings.most_codes, len(places))[0]),
    )  # fmt: skip
    if not store.codes:
        raise Refusal("pairs need a store that has events with codes, but it has none: import other records")
    return Prepared(
        (step,), (CODES,), {}, title="Comorbidity", sources=store.sources(),
        then=f"{QUESTION}:plan_pairs",
    )  # fmt: skip


def plan_codes_after_import(run: Run) -> Prepared:
    """Count the persons with each code of the store that the run itself has written."""
    return plan_codes(open_settings(run, ComorbiditySettings), find_own_store(run))


def plan_pairs(run: Run) -> Prepared:
    """Count the pairs of the codes that were released.

    Raises
    ------
    Refusal
        If there are too few codes for a pair, or too many to count all pairs.
    """
    settings: ComorbiditySettings = open_settings(run, ComorbiditySettings)
    is_own = EVENTS in [product.name for product in run.plan.products]
    store = find_own_store(run) if is_own else open_event_store(settings.events)
    shown = [row for row in read_released(run, CODES.name) if row["persons"] is not None and row["code"] != EVERYBODY]
    codes = [row["code"] for row in shown]
    if len(codes) < 2:
        least = max(settings.min_persons, store.policy.min_cell) if settings.codes is None else store.policy.min_cell
        raise Refusal(
            f"pairs need at least 2 codes that at least {least} persons of the cohort have, got {len(codes)}: "
            "lower min_persons, name other codes, or choose more kinds of events"
        )
    _refuse_number(len(codes), settings)
    strata = [] if settings.strata == "none" else read_words(settings.strata)
    n_strata = count_strata_of(strata, len(store.areas))
    step = _reduce(
        settings, store, "pairs", "count_together", "list_pairs", find_codes(codes, store), strata=strata,
        facts={
            "code": codes, "name": [row["name"] for row in shown], "least": store.policy.min_cell,
            "is_stratified": bool(strata),
        },
        partial_bytes=24 * len(codes) ** 2 + 8 * n_strata * (len(codes) + 1) + COHORT_BYTES + 200 * len(codes),
        table=describe_pairs(
            count_cells(settings.most_codes, len(codes))[1], is_stratified=bool(strata),
        ),
    )  # fmt: skip
    return Prepared((step,), (PAIRS,), {}, notes=_list_notes(settings, strata))


def _reduce(
    settings: ComorbiditySettings,
    store: EventStore,
    name: str,
    chunk: str,
    finalize: str,
    codes: list[int] | None,
    *,
    facts: dict[str, Any],
    strata: list[str] | tuple[()],
    partial_bytes: int,
    table: Any,
) -> ReductionStep:
    def count_memory(block: Block) -> int:
        return int(store.memory_bytes(block) + 2 * partial_bytes)

    cohort, bounds = make_cohort(settings, store, store.last_day), store.bounds(EVENTS_PER_BLOCK)
    return ReductionStep(
        name, chunk=f"{STEPS}:{chunk}", combine=f"{STEPS}:add_partials", finalize=f"{STEPS}:{finalize}",
        dim="bucket", extent=bounds[-1], bounds=bounds,
        inputs=(*store.inputs(()), *(list_vocabulary_inputs(store) if codes is None else ())),
        memory_bytes=count_memory, partial_bytes=partial_bytes, product=name,
        params={
            "load": store.load_params(), "cohort": cohort.to_json(), "codes": codes,
            "n_vocabulary": len(store.codes), "most_codes": settings.most_codes, "strata": list(strata),
            "n_areas": len(store.areas), "facts": facts,
        },
        release=ReleaseRequest(table, store.policy, store.key_id, settings.purpose),
    )  # fmt: skip


def _refuse_number(n_codes: int, settings: ComorbiditySettings) -> None:
    if n_codes > MOST_CODES:
        way = f"min_persons={4 * settings.min_persons}" if settings.codes is None else "fewer codes"
        raise Refusal(
            f"pairs are counted of at most {MOST_CODES:,} codes, because each two take 24 bytes of every partial "
            f"result, got {n_codes:,} codes: name them (codes=E11,I10 or codes=FILE), or choose {way}"
        )


def _list_notes(settings: ComorbiditySettings, strata: list[str]) -> tuple[str, ...]:
    notes = [
        f"Expected counts are sums over strata of {', '.join(strata)}, shown to four digits."
        if strata
        else "Expected counts are those of the whole cohort, without strata."
    ]
    if settings.most_codes:
        notes.append(f"Each person counts in the first {settings.most_codes} codes alone.")
    if settings.days:
        notes.append("Events without a day do not count, because only some days do.")
    return tuple(notes)


WORKFLOW = Workflow(
    name="comorbidity",
    summary="which codes come together in persons more often than by chance, and which comes first",
    settings=ComorbiditySettings,
    prepare=prepare_comorbidity,
    finish=finish_comorbidity,
    modules=("numba", STEPS),
)
