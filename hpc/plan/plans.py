"""A plan: what will run, in which blocks, at what cost. Nothing starts before it is made and accepted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..store.products import Product, Table
from ..store.ragged import size_shards
from .checks import Earlier, NamedArrays, check_plan, refuse_bad_blocks, refuse_missing_rows
from .gpu.settled_devices import settle_devices
from .grants import WORKER_BYTES, Grant, describe_bytes, find_smallest_pool
from .ragged import lower_steps
from .refusals.privacy import refuse_person_level_leaks
from .refusals.releases import refuse_bad_releases
from .sources import Source
from .steps import BlockStep, PlannedStep, Step, plan_blocks, plan_tables

__all__ = ["Plan", "choose_pool", "list_plans", "make_plan", "read_plan", "read_plans"]


@dataclass(frozen=True)
class Plan:
    """Steps in the order they run, and the products they fill."""

    steps: tuple[PlannedStep, ...]
    products: tuple[Product, ...]
    workers: int
    memory_per_worker: int
    pools: tuple[Grant, ...] = ()
    tables: tuple[Table, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def tasks(self) -> int:
        return sum(step.tasks for step in self.steps)

    @property
    def node_hours(self) -> float:
        return sum(step.seconds for step in self.steps) / max(1, self.workers) / 3600

    def step(self, name: str) -> PlannedStep:
        return next(step for step in self.steps if step.name == name)

    def product(self, name: str) -> Product:
        return next(product for product in self.products if product.name == name)

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    @property
    def kept(self) -> dict[str, Product | Table]:
        """Stores and tables by name."""
        return _name_kept(self.products, self.tables)

    @property
    def peak_memory_bytes(self) -> int:
        """Declared peak of one worker: its own needs, and those of the blocks that it runs at one time."""
        pools = {pool.name: pool for pool in self.pools}
        held = [
            step.at_once * (pools[step.pool].count_bytes(step.need) if step.pool in pools else step.memory_bytes)
            for step in self.steps
        ]
        return WORKER_BYTES + max(held, default=0)

    def describe_shares(self) -> list[str]:
        """For each step, where it runs and how many blocks at a time, in words."""
        pools = {pool.name: pool for pool in self.pools}
        return [
            f"{step.name}: pool {step.pool!r}, {pools[step.pool].describe_share(step.need, step.tasks)}"
            for step in self.steps
            if step.pool in pools
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "steps": [{**vars(step), "blocks": step.tasks} for step in self.steps],
            "products": [product.to_json() for product in self.products],
            "tables": [table.to_json() for table in self.tables],
            "sources": {name: source.to_json() for name, source in self.sources.items()},
            "workers": self.workers,
            "memory_per_worker": self.memory_per_worker,
            "pools": [vars(pool) for pool in self.pools],
            "worker_bytes": WORKER_BYTES,
            "peak_memory_bytes": self.peak_memory_bytes,
            "tasks": self.tasks,
            "node_hours": self.node_hours,
        }


def _name_kept(products: Sequence[Product], tables: Sequence[Table]) -> dict[str, Product | Table]:
    kept: dict[str, Product | Table] = {product.name: product for product in products}
    return kept | {table.name: table for table in tables}


def make_plan(
    steps: tuple[Step, ...],
    products: tuple[Product | Table, ...],
    *,
    workers: int,
    threads: int,
    memory_per_worker: int,
    input_bytes: int = 0,
    pools: Sequence[Grant] = (),
    sources: Mapping[str, Source] | None = None,
    arrays: NamedArrays | None = None,
    before: Plan | None = None,
    inputs: str = "inputs.zarr",
    laid_out: Mapping[str, NamedArrays] | None = None,
    why_no_gpu: str = "",
) -> Plan:
    """Lay the steps out, and refuse what cannot be done before anything is written.

    Parameters
    ----------
    steps, products, sources
        What runs, what it fills, and what it reads where it lies.
    workers, threads, memory_per_worker
        Of the one pool there is if ``pools`` are not given.
    input_bytes
        Size of ``arrays``, for what each step reads [B].
    arrays
        Dims and values of what will stand in ``inputs``. Without them what needs them is not checked.
    before
        What is planned already, in a run that is planned further: its products and files in ``work`` may be read.
    inputs
        The group that holds ``arrays``.
    laid_out
        Dims and values of the groups of earlier plans, by name. Without them what needs them is not checked.
    why_no_gpu
        Why no pool has a GPU, for a step that asks for one.

    Raises
    ------
    RunError
        For what :func:`~citytide.hpc.plan.checks.check_plan` refuses, or a need that no pool satisfies.
    """
    pools = tuple(pools) or (Grant("cpu", workers, threads, memory_per_worker),)
    stores = tuple(size_shards(product) for product in products if isinstance(product, Product))
    tables = tuple(product for product in products if isinstance(product, Table))
    by_name = {product.name: product for product in stores}
    for step in steps:
        refuse_bad_blocks(step)
    steps = settle_devices(steps, pools, why_no_gpu)
    refuse_bad_releases(steps, _name_kept(stores, tables))
    refuse_missing_rows(steps, by_name)
    planned = lower_steps(steps, by_name)
    earlier = Earlier(before.steps, before.products, before.sources, laid_out or {}) if before else Earlier()
    check_plan(planned, (*stores, *tables), sources or {}, arrays, earlier, inputs)
    refuse_person_level_leaks(
        [*earlier.steps, *planned],
        (before.kept if before else {}) | _name_kept(stores, tables),
        {**earlier.sources, **(sources or {})},
    )
    planned = plan_tables(planned, tables)
    planned = [_with_bytes(step, by_name, input_bytes, inputs) for step in planned]
    asked = {step.name: step for step in steps if isinstance(step, BlockStep)}
    bound = [(step, _bind(step, pools, asked.get(step.name))) for step in planned]
    placed = [
        replace(step, pool=pool.name, at_once=max(1, min(pool.count_at_once(step.need), step.tasks)))
        for step, pool in bound
    ]
    return Plan(tuple(placed), stores, workers, memory_per_worker, pools, tables, dict(sources or {}))


def _bind(step: PlannedStep, pools: Sequence[Grant], asked: BlockStep | None = None) -> Grant:
    """The smallest pool that can hold one block of the step; ``asked`` knows what smaller blocks would need."""
    need = step.need
    if (found := find_smallest_pool(need, pools)) is not None:
        return found
    with_gpus = [pool for pool in pools if pool.gpus >= step.gpus]
    if not with_gpus:
        anew = ", or start a new run with device=cpu" if asked is None and "device" in step.params else ""
        raise RunError(
            f"step {step.name!r} needs {step.gpus} GPU a block, and no pool of the profile offers one "
            f"({', '.join(pool.name for pool in pools)}): add a pool with `gpus`, or choose another profile{anew}"
        )
    if not any(pool.has_gpu_for(need) for pool in with_gpus):
        raise RunError(_say_gpu_too_small(step, asked, max(with_gpus, key=lambda pool: pool.gpu_memory or 0)))
    best = max((pool for pool in with_gpus if pool.has_gpu_for(need)), key=lambda pool: pool.memory_per_worker)
    size = describe_bytes(best.count_bytes(need))
    block, where, own = f"{size} the block", "a worker", best.memory_per_worker
    if need.ranks > 1:
        block += f" of {need.ranks} ranks"
    if best.spreads(need):
        block, where = f"{size} the {best.count_ranks_a_node(need)} ranks on a node", "the workers of a node"
        own *= best.workers_a_node
    smaller = _name_what_fits(asked, best) if asked and (step.per_block > 1 or step.bounds) else "smaller blocks"
    raise RunError(
        f"step {step.name!r} needs {describe_bytes(own - best.count_room(need) + best.count_bytes(need))} to run one "
        f"block at a time ({describe_bytes(WORKER_BYTES)} the worker, {block}), but pool {best.name!r}, the largest "
        f"that could run it, offers {where} {describe_bytes(own)}: give its workers more memory (`memory`, or fewer "
        f"`workers`), use a profile with a larger pool, {'more nodes, ' if best.spreads(need) else ''}or {smaller}"
    )


def _say_gpu_too_small(step: PlannedStep, asked: BlockStep | None, pool: Grant) -> str:
    smaller = _name_what_fits(asked, pool) if asked and (step.per_block > 1 or step.bounds) else "smaller blocks"
    way_out = f"{smaller}, a profile with larger GPUs, or device=cpu"
    if asked is None:  # the run is laid out: its blocks and its device are settled
        way_out = "a profile with larger GPUs, or start a new run with smaller blocks or device=cpu"
    return (
        f"step {step.name!r} needs {describe_bytes(step.gpu_bytes)} of a GPU's memory a block, but a GPU of pool "
        f"{pool.name!r}, the largest, has {describe_bytes(pool.room_on_gpu or 0)} for one: use {way_out}"
    )


def _name_what_fits(step: BlockStep, pool: Grant) -> str:
    """How many rows of the step's dim a block may have in the pool."""
    if len(step.bounds):
        worst = max(step.blocks(), key=step.memory_bytes)
        if worst.stop - worst.start == 1:
            return f"smaller inputs: row {worst.start} (dim {step.dim!r}) is a block of its own"
        return f"smaller blocks: cut rows {worst.start}:{worst.stop} (dim {step.dim!r}) by another of the bounds"
    least, most = 0, step.per_block  # the first fits, the last does not
    while most - least > 1:
        middle = (least + most) // 2
        fits = pool.count_at_once(plan_blocks(replace(step, per_block=middle)).need) > 0
        least, most = (middle, most) if fits else (least, middle)
    if not least:
        return f"smaller inputs: not even one {step.dim} a block fits"
    return f"smaller blocks: up to {least} of its {step.extent} (dim {step.dim!r}) fit into one, not {step.per_block}"


def choose_pool(step: PlannedStep, pools: Sequence[Grant]) -> str:
    """The pool that a step was planned for or, where a run goes on with other pools, the one that meets its need.

    Raises
    ------
    RunError
        If no pool does.
    """
    planned = next((pool for pool in pools if pool.name == step.pool), None)
    if planned is not None and planned.gpus >= step.gpus and planned.count_at_once(step.need):
        return planned.name
    return _bind(step, pools).name


def _with_bytes(step: PlannedStep, products: Mapping[str, Product], input_bytes: int, inputs: str) -> PlannedStep:
    written = 0
    if (product := products.get(step.product or "")) is not None:
        for variable in product.filled_by("blocks"):
            written += variable.row_bytes * (variable.shape[0] if variable.ragged else step.extent)
    read = input_bytes if inputs in step.inputs else 0
    return replace(step, bytes_in=read, bytes_out=written)


def read_plan(run: Path) -> Plan:
    """All that a run does, as far as it is planned: what was planned first, and the plans that were made since."""
    first, *later = read_plans(run)
    sources = dict(first.sources)
    for plan in later:
        sources |= plan.sources
    return replace(
        first,
        steps=first.steps + tuple(step for plan in later for step in plan.steps),
        products=first.products + tuple(product for plan in later for product in plan.products),
        tables=first.tables + tuple(table for plan in later for table in plan.tables),
        sources=sources,
    )


def list_plans(run: Path) -> list[Path]:
    """``plan.json`` of a run, and ``plan-2.json``, ``plan-3.json`` and so on, as far as they are there."""
    found = [run / "plan.json"]
    while (following := run / f"plan-{len(found) + 1}.json").exists():
        found.append(following)
    return found


def read_plans(run: Path) -> list[Plan]:
    """The plans of a run, in the order in which they were made."""
    return [_read(run, path) for path in list_plans(run)]


def _read(run: Path, path: Path) -> Plan:
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"{run}/{path.name} cannot be read ({error}): start a new run from the original files") from None
    steps = []
    for step in data["steps"]:
        step.pop("blocks")
        tuples = {key: tuple(step.get(key, ())) for key in ("inputs", "scalars", "bounds", "rank_bounds")}
        steps.append(PlannedStep(**{**step, **tuples}))
    products = tuple(Product.from_json(product) for product in data["products"])
    pools = tuple(Grant(**pool) for pool in data.get("pools", ()))  # older plans name none
    tables = tuple(Table.from_json(table) for table in data.get("tables", ()))
    sources = {name: Source.from_json(source) for name, source in data.get("sources", {}).items()}
    return Plan(tuple(steps), products, data["workers"], data["memory_per_worker"], pools, tables, sources)
