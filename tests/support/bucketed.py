"""Records of persons in buckets: one store with two families of ragged variables, and a count over two such stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citytide.hpc.execution.parts import Part, Parts
from citytide.hpc.gang.gang import Gang
from citytide.hpc.plan.plans import Plan, make_plan
from citytide.hpc.plan.sources import Source
from citytide.hpc.plan.steps import BlockStep, ReductionStep, ShuffleStep
from citytide.hpc.run.runs import create_run
from citytide.hpc.store.products import Column, Product, Table, Variable
from citytide.hpc.store.release_request import CountedTable, Policy, ReleaseRequest
from citytide.hpc.store.sealed import unseal

BUCKETS, WORDS = 8, ["asthma", "哮喘", "gout"]
COUNTS = Table("counts", "Counts", (
    Column("code", "string", "1", "what"), Column("persons", "int64", "1", "how many", may_be_withheld=True),
))  # fmt: skip


def split(arrays: dict[str, Any]) -> dict[str, Any]:
    return {"bucket": arrays["person"] % BUCKETS, "person": arrays["person"], "code": arrays["code"]}


def gather(arrays: dict[str, Any]) -> dict[str, Any]:
    """One row a person, and the events of one person after another; `person_offset` comes with rows of records."""
    order = np.lexsort((arrays["code"], arrays["person"], arrays["bucket"]))
    person, code = arrays["person"][order], arrays["code"][order]
    first = np.flatnonzero(np.append(True, person[1:] != person[:-1])) if len(person) else np.empty(0, int)
    records = arrays["person_offset"]
    n_before = np.searchsorted(first, records)
    n_events = np.diff(np.append(first, len(person)))
    return {
        "person_offset": n_before.astype("i8"), "event_offset": records, "person": person[first],
        "n_events": n_events.astype("u4"), "code": code.astype("u2"),
    }  # fmt: skip


def declare(per_shard: int = 5) -> Product:
    def offsets(name: str) -> Variable:
        return Variable(
            name, (f"{name}_bound",), "int64", "1", "begin", "blocks", (BUCKETS + 1,), 3, instance_dimension="bucket"
        )

    def ragged(name: str, dim: str, dtype: str, offset: str) -> Variable:
        return Variable(name, (dim,), dtype, "1", name, "blocks", (0,), per_shard, ragged=offset)

    return Product("events", "Events", (
        offsets("person_offset"), ragged("person", "person_row", "int64", "person_offset"),
        ragged("n_events", "person_row", "uint32", "person_offset"),
        offsets("event_offset"), ragged("code", "event", "uint16", "event_offset"),
        Variable("vocabulary", ("word",), "string", "1", "code by rank", "inputs", (len(WORDS),)),
    ), person_level=True)  # fmt: skip


def plan_store(n_records: int, per_block: int = 7, keys_per_bucket: int = 3, **changed: Any) -> Plan:
    step = ShuffleStep(**{
        "name": "sort", "split": "bucketed:split", "gather": "bucketed:gather", "dim": "row", "extent": n_records,
        "inputs": ("inputs.zarr:person,code",), "key": "bucket", "n_keys": BUCKETS, "keys_per_bucket": keys_per_bucket,
        "memory_bytes": lambda block: 10**6, "gather_memory_bytes": lambda block: 10**6, "product": "events",
        "per_block": per_block, **changed,
    })  # fmt: skip
    return make_plan((step,), (declare(),), workers=1, threads=1, memory_per_worker=10**9)


def lay_out_store(out: Path, person: Sequence[int], code: Sequence[int], **cut: Any) -> Path:
    arrays = {
        "person": (("row",), np.array(person, "i8")), "code": (("row",), np.array(code, "i8")),
        "vocabulary": (("word",), np.array(WORDS, np.dtypes.StringDType())),
    }  # fmt: skip
    return create_run(out, plan_store(len(person), **cut), arrays, {"workflow": "bucketed"}).path


def count(arrays: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Persons by code over all segments, each person once; whose arrays have the segments' prefixes."""
    plain = unseal(arrays)
    had: set[tuple[int, int]] = set()
    for segment in ("0", "1"):
        person, n = plain[f"{segment}/person"], plain[f"{segment}/n_events"]
        assert plain[f"{segment}/person_offset"][0] == 0 == plain[f"{segment}/event_offset"][0]
        assert plain[f"{segment}/vocabulary"].tolist() == WORDS and int(n.sum()) == len(plain[f"{segment}/code"])
        had |= set(zip(np.repeat(person, n).tolist(), plain[f"{segment}/code"].tolist(), strict=True))
    cohort = np.zeros((2, BUCKETS), np.uint64)
    for who in {person for person, _ in had}:
        cohort[:, who % BUCKETS] += np.array([1, who], np.uint64)
    return {"n": np.bincount([code for _, code in had], minlength=len(WORDS)), "cohort": cohort}


def add(partials: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: np.sum([partial[name] for partial in partials], axis=0) for name in ("n", "cohort")}


def hand_over(partial: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": np.array(WORDS, np.dtypes.StringDType()), "persons": partial["n"].astype(np.int64)}


def lay_out_count(out: Path, stores: Sequence[Path], bounds: Sequence[int], min_cell: int = 1) -> Path:
    sources = {
        f"segment{at}": Source(path, "zarr", person_level=True, prefix=str(at)) for at, path in enumerate(stores)
    }
    step = ReductionStep(
        "count", "bucketed:count", "bucketed:add", "bucketed:hand_over", "bucket", BUCKETS,
        tuple(f"source:{name}" for name in sources), lambda block: 10**6, 1000, "counts", bounds=bounds,
        release=ReleaseRequest(CountedTable(("code",), ("persons",), measure="persons"), Policy(min_cell), "key"),
    )  # fmt: skip
    plan = make_plan((step,), (COUNTS,), workers=1, threads=1, memory_per_worker=10**9, sources=sources)
    return create_run(out, plan, {}, {"workflow": "bucketed"}).path


def copy(arrays: dict[str, Any]) -> dict[str, Any]:
    """Both families of a store once more, block by block."""
    return {name: values for name, values in unseal(arrays).items() if name != "vocabulary"}


def copy_in_gang(gang: Gang, arrays: dict[str, Any], folder: Path) -> dict[str, Any] | None:
    """Each rank takes out the arrays; the first one hands them back."""
    return copy(arrays) if sum(gang.comm.allgather(len(unseal(arrays)["code"]))) >= 0 and gang.rank == 0 else None


def draw_lines(arrays: dict[str, Any]) -> Parts:
    """One row a bucket, in parts: persons, then events."""
    for at, name in enumerate(("person_offset", "event_offset")):
        yield Part("n", at, np.diff(unseal(arrays)[name])[:, None])
    return {}


def lay_out_lines(out: Path, store: Path) -> Path:
    lines = Product("lines", "Lines", (
        Variable("n", ("bucket", "what"), "int64", "1", "how many", "blocks", (BUCKETS, 2), 4, columns_per_shard=1),
    ), person_level=True)  # fmt: skip
    step = BlockStep(
        "draw", "bucketed:draw_lines", "bucket", BUCKETS, ("source:store",), lambda block: 10**6, product="lines",
        per_block=4,
    )  # fmt: skip
    sources = {"store": Source(store, "zarr", person_level=True)}
    plan = make_plan((step,), (lines,), workers=1, threads=1, memory_per_worker=10**9, sources=sources)
    return create_run(out, plan, {}, {"workflow": "bucketed"}).path


def lay_out_copy(
    out: Path, store: Path, bounds: Sequence[int], function: str = "bucketed:copy", ranks: int = 0
) -> Path:
    step = BlockStep(
        "copy", function, "bucket", BUCKETS, ("source:store",), lambda block: 10**6, product="events", bounds=bounds,
        ranks=ranks,
    )  # fmt: skip
    sources = {"store": Source(store, "zarr", person_level=True)}
    plan = make_plan((step,), (declare(),), workers=1, threads=1, memory_per_worker=10**9, sources=sources)
    words = {"vocabulary": (("word",), np.array(WORDS, np.dtypes.StringDType()))}
    return create_run(out, plan, words, {"workflow": "bucketed"}).path


def keep_sealed(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: values for name, values in arrays.items() if name != "vocabulary"}


def show(arrays: dict[str, Any]) -> dict[str, Any]:
    raise ValueError(f"{arrays['code']} of {arrays['person']}")
