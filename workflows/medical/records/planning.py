"""The plans of an import: first a look at all records, then the store in the order that the look suggests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ....hpc.plan.steps import ReductionStep, ShuffleStep
from ....hpc.run.runs import Run
from ....hpc.store.stores import read_arrays
from ....kernels.medical.events import BUCKETS
from ...workflow import NamedArrays, Prepared
from ..policies import unpack_policy
from ..store_attributes import describe_store
from ..stores import Part
from ..vocabulary import Vocabulary, extend_vocabulary, merge_names, rank_codes
from .arrangement import COUNTED
from .counting import describe_counts, plan_counts
from .findings import Findings
from .inputs import RecordInputs
from .products import EVENTS, FINDINGS, describe_events
from .steps import CODE_MAP, pack_block

__all__ = ["PLAN_STORE", "Facts", "lay_out_texts", "plan_store", "prepare_look", "read_facts"]

STEPS = "citytide.workflows.medical.records.steps"
PLAN_STORE = "citytide.workflows.medical.records.planning:plan_store"
TEXT_TIMES = 16  # that the records of a block take of its text, while they are read and sorted
ROW_BYTES = 250  # that a gathered row takes while it is sorted
LOOK_BYTES = 64_000_000  # what the distinct texts of a block take at most
NAMED = "inputs.zarr"


@dataclass(frozen=True)
class Facts:
    """What the plan of the store must know of the settings: plain JSON in the run's record."""

    key: str
    key_id: str
    policy: dict[str, Any]
    purpose: str
    sources: list[dict[str, Any]]
    lists_persons: bool
    observed: list[int]
    most_wrong: float
    rows_per_task: int
    before: list[str]
    """Paths of the parts that are continued."""
    new_codes: str
    then: str
    """What plans the steps after the store; empty if nothing follows."""


def read_facts(run: Run) -> Facts:
    """As the run's record holds them."""
    return Facts(**run.record["attrs"]["import"])


def _as_texts(values: Sequence[str]) -> npt.NDArray[Any]:
    return np.array(list(values), dtype=np.dtypes.StringDType())


def prepare_look(inputs: RecordInputs, facts: Facts, title: str) -> Prepared:
    """The first plan: count rows by code, area, facility, kind and bucket."""
    n_bytes = [block.n_bytes for _, block in inputs.blocks]
    step = ReductionStep(
        "look", chunk=f"{STEPS}:find_block", combine=f"{STEPS}:add_findings", finalize=f"{STEPS}:list_findings",
        dim="block", extent=len(inputs.blocks), inputs=(f"{NAMED}:block", *_name_sources(inputs)),
        memory_bytes=lambda block: TEXT_TIMES * n_bytes[block.index] + LOOK_BYTES, partial_bytes=LOOK_BYTES,
        params={"sources": facts.sources, "key": facts.key}, product=FINDINGS.name,
    )  # fmt: skip
    texts = [pack_block(number, block) for number, block in inputs.blocks]
    arrays: NamedArrays = {
        "block": (("block",), _as_texts(texts)),
        "named_code": (("named",), _as_texts(list(inputs.names))),
        "name": (("named",), _as_texts(list(inputs.names.values()))),
    }
    return Prepared(
        (step,), (FINDINGS,), arrays, title=title, inputs=inputs.paths, notes=inputs.notes, sources=inputs.sources,
        attrs={"import": asdict(facts)}, then=PLAN_STORE,
    )  # fmt: skip


def _name_sources(inputs: RecordInputs) -> list[str]:
    return [f"source:{name}" for name in inputs.paths]


def read_findings(run: Run) -> Findings:
    """What the first plan wrote."""
    return Findings.from_table(run.read_persons(FINDINGS.name))


def plan_store(run: Run) -> Prepared:
    """The second plan: bring the rows of each person together, and write the store.

    Raises
    ------
    EventsError
        If an append has codes that its store lacks.
    """
    facts, found = read_facts(run), read_findings(run)
    policy = unpack_policy(facts.policy)
    before = [Part(Path(path)) for path in facts.before]
    counts = found.group("code")
    if before:
        vocabulary = extend_vocabulary(before[-1].vocabulary, counts, new_codes=facts.new_codes, least=policy.min_cell)
    else:
        vocabulary = rank_codes(counts)
    laid = read_arrays(run.path / NAMED)
    names = dict(zip(map(str, laid["named_code"]), map(str, laid["name"]), strict=True))
    areas, facilities = (
        merge_names(before[-1].texts(f"{group}_name") if before else (), found.group(group))
        for group in ("area", "facility")
    )
    old = dict(zip(before[-1].texts("vocabulary"), before[-1].texts("code_name"), strict=True)) if before else {}
    told = {code: old.get(code) or names.get(code, "") for code in vocabulary.codes}
    texts = lay_out_texts(vocabulary, told, areas, facilities)
    attrs = describe_store(
        vocabulary, facts.key_id, facts.policy, (facts.observed[0], facts.observed[1]),
        (found.first_day, found.last_day), lists_persons=facts.lists_persons, before=before,
    )  # fmt: skip
    blocks = [json.loads(str(text)) for text in laid["block"]]
    shuffle = _plan_shuffle(facts, found, vocabulary, blocks)
    counting = plan_counts(
        facts.most_wrong, policy, facts.key_id, facts.purpose, found.group("left out"),
        rows=found.rows_of_bucket, measure=f"import {attrs['segment']} {attrs['continues'][:16]}".strip(),
    )  # fmt: skip
    arrays = {**texts, "block": (("block",), laid["block"].astype(np.dtypes.StringDType()))}
    arrays["bucket"] = (("bucket",), np.arange(BUCKETS, dtype=np.int32))
    product = describe_events(vocabulary.dtype, found.optional, attrs)
    return Prepared((shuffle, counting), (product, describe_counts(policy)), arrays, then=facts.then)


def _plan_shuffle(
    facts: Facts, found: Findings, vocabulary: Vocabulary, blocks: Sequence[dict[str, Any]]
) -> ShuffleStep:
    rows = found.rows_of_bucket
    per_task = _choose_buckets(rows, facts.rows_per_task)
    known = [path for path in facts.before if facts.lists_persons and Part(Path(path)).attrs["lists_persons"]]
    paths = [f"source:{one['name']}" for one in facts.sources if one["is_read"]]
    paths += [f"source:{CODE_MAP}"] if any("unmapped" in one for one in facts.sources) else []
    return ShuffleStep(
        EVENTS, split=f"{STEPS}:split_block", gather=f"{STEPS}:gather_events", dim="block", extent=len(blocks),
        inputs=("inputs-2.zarr:block,vocabulary,area_name,facility_name", *paths), key="bucket", n_keys=BUCKETS,
        keys_per_bucket=per_task,
        memory_bytes=lambda block: TEXT_TIMES * blocks[block.index]["n_bytes"] + LOOK_BYTES,
        gather_memory_bytes=lambda block: ROW_BYTES * int(rows[block.start : block.stop].sum()) + 1_000_000,
        product=EVENTS,
        params={
            "sources": facts.sources, "key": facts.key, "buckets_per_task": per_task,
            "lists_persons": facts.lists_persons, "known_in": known, "optional": list(found.optional),
            "code_dtype": vocabulary.dtype,
        },
    )  # fmt: skip


def _choose_buckets(rows: npt.NDArray[np.int64], rows_per_task: int) -> int:
    """How many buckets one task gathers, so that none has many more rows than asked for."""
    per_task = BUCKETS
    while per_task > 1 and np.add.reduceat(rows, np.arange(0, BUCKETS, per_task)).max() > rows_per_task:
        per_task //= 2
    return per_task


def lay_out_texts(
    vocabulary: Vocabulary, names: Mapping[str, str], areas: Sequence[str], facilities: Sequence[str]
) -> NamedArrays:
    """The small arrays of a store."""
    return {
        "vocabulary": (("code",), _as_texts(vocabulary.codes)),
        "code_name": (("code",), _as_texts([names.get(code, "") for code in vocabulary.codes])),
        "code_rows": (("code",), np.array(vocabulary.rows, np.int64)),
        "area_name": (("area",), _as_texts(areas)),
        "facility_name": (("facility",), _as_texts(facilities)),
        "count_name": (("count",), _as_texts(COUNTED)),
    }
