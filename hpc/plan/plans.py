"""A plan: what will run, in which blocks, at what cost. Nothing starts before it is made and accepted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..store.stores import Product
from .grants import WORKER_BYTES, Grant, Need, describe_bytes, find_smallest_pool

__all__ = [
    "Block",
    "BlockStep",
    "Plan",
    "PlannedStep",
    "ReductionStep",
    "choose_pool",
    "make_plan",
    "read_plan",
]

FAN_IN = 8  # partial results that one task of a reduction combines


@dataclass(frozen=True)
class Block:
    """Rows ``[start, stop)`` of a step's dim."""

    index: int
    start: int
    stop: int


@dataclass(frozen=True)
class BlockStep:
    """Blocks of ``dim`` -> ``function(arrays, **params)`` -> rows of a product, or a file of arrays in ``RUN/work``.

    Parameters
    ----------
    function
        Import path ``"package.module:name"`` of a top-level function that takes a mapping of arrays (those of
        ``inputs``, sliced to the block where their first dim is ``dim``) and returns one: the product's variables and
        ``scalars``. A generator yields parts (:class:`~citytide.hpc.execution.parts.Part`) of variables, which are
        written while it goes on, and returns the rest.
    inputs
        Groups in the run folder, such as ``"inputs.zarr"``, a product ``"name"`` or some of it ``"name:flow,cost"``, or
        ``"work/<step>"`` of a one-block step.
    ranks
        Processes that compute one block together over MPI: the function is then ``function(gang, arrays, folder,
        **params)``, runs on each of them, checkpoints itself into ``folder`` and returns on rank 0.
    memory_bytes, seconds, gpus
        What one block is declared to need, its ranks in all; it runs in the smallest pool that satisfies it, as many
        at a time as fit into a worker, and the run reports what was measured against it.
    rank_bytes
        What each rank but the first holds of it: on several nodes each node holds only that of its own ranks.
    """

    name: str
    function: str
    dim: str
    extent: int
    inputs: tuple[str, ...]
    memory_bytes: Callable[[Block], int]
    seconds: Callable[[Block], float] = lambda block: 0.0
    params: Mapping[str, Any] = field(default_factory=dict)
    per_block: int = 1
    product: str | None = None
    scalars: tuple[str, ...] = ()
    gpus: int = 0  # that one block needs
    ranks: int = 0
    rank_bytes: Callable[[Block], int] = lambda block: 0

    def blocks(self) -> Iterator[Block]:
        for index, start in enumerate(range(0, self.extent, self.per_block)):
            yield Block(index, start, min(start + self.per_block, self.extent))


@dataclass(frozen=True)
class ReductionStep:
    """``chunk`` of every block, ``combine`` up a tree of fixed shape, ``finalize`` into a product.

    ``chunk(arrays, **params)`` returns the partial result of a block; ``combine(partials)`` takes several, in block
    order; ``finalize(partial)`` returns the product's rows, whose blocked dim has length one shard. Exact under any
    grouping where the partials are integers, minima or maxima. ``partial_bytes`` is the size of one partial.
    """

    name: str
    chunk: str
    combine: str
    finalize: str
    dim: str
    extent: int
    inputs: tuple[str, ...]
    memory_bytes: Callable[[Block], int]
    partial_bytes: int
    product: str
    rows: int
    params: Mapping[str, Any] = field(default_factory=dict)
    per_block: int = 1

    def levels(self) -> list[PlannedStep]:
        """The same as steps of blocks: chunks, one step for each level of the tree, and the last."""
        first = BlockStep(
            f"{self.name}-chunk", self.chunk, self.dim, self.extent, self.inputs, self.memory_bytes,
            params=self.params, per_block=self.per_block,
        )  # fmt: skip
        steps = [_planned(first)]
        memory = (FAN_IN + 1) * self.partial_bytes
        while steps[-1].tasks > 1:
            below = steps[-1]
            steps.append(
                PlannedStep(
                    name=f"{self.name}-combine-{len(steps)}", kind="combine", function=self.combine, dim="partial",
                    extent=below.tasks, per_block=FAN_IN, tasks=-(-below.tasks // FAN_IN),
                    inputs=(f"work/{below.name}",), memory_bytes=memory,
                )
            )  # fmt: skip
        steps.append(
            PlannedStep(
                name=f"{self.name}-finalize", kind="finalize", function=self.finalize, dim="row", extent=self.rows,
                per_block=self.rows, tasks=1, inputs=(f"work/{steps[-1].name}",), product=self.product,
                memory_bytes=memory,
            )
        )  # fmt: skip
        return steps


@dataclass(frozen=True)
class PlannedStep:
    """A step as the driver and the workers read it back from ``plan.json``: numbers and names only."""

    name: str
    kind: str
    function: str
    dim: str
    extent: int
    per_block: int
    tasks: int
    inputs: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    product: str | None = None
    scalars: tuple[str, ...] = ()
    memory_bytes: int = 0
    seconds: float = 0.0
    gpus: int = 0
    ranks: int = 0
    rank_bytes: int = 0
    pool: str = "cpu"
    at_once: int = 1  # blocks that one worker of the pool runs at one time
    bytes_in: int = 0
    bytes_out: int = 0

    def block(self, index: int) -> Block:
        start = index * self.per_block
        return Block(index, start, min(start + self.per_block, self.extent))

    @property
    def need(self) -> Need:
        """What one block needs of a pool."""
        return Need(self.memory_bytes, self.gpus, self.ranks, self.rank_bytes)


@dataclass(frozen=True)
class Plan:
    """Steps in the order they run, and the products they fill."""

    steps: tuple[PlannedStep, ...]
    products: tuple[Product, ...]
    workers: int
    memory_per_worker: int
    pools: tuple[Grant, ...] = ()

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
            "workers": self.workers,
            "memory_per_worker": self.memory_per_worker,
            "pools": [vars(pool) for pool in self.pools],
            "worker_bytes": WORKER_BYTES,
            "peak_memory_bytes": self.peak_memory_bytes,
            "tasks": self.tasks,
            "node_hours": self.node_hours,
        }


def make_plan(
    steps: tuple[BlockStep | ReductionStep, ...],
    products: tuple[Product, ...],
    *,
    workers: int,
    threads: int,
    memory_per_worker: int,
    input_bytes: int = 0,
    pools: Sequence[Grant] = (),
) -> Plan:
    """Lay the steps out and refuse what cannot be done: a shard with two owners, or a need that no pool satisfies.

    Without ``pools`` there is one, of ``workers``.
    """
    pools = tuple(pools) or (Grant("cpu", workers, threads, memory_per_worker),)
    planned: list[PlannedStep] = []
    for step in steps:
        planned += step.levels() if isinstance(step, ReductionStep) else [_planned(step)]
    by_name = {product.name: product for product in products}
    _refuse_shared_shards(planned, by_name)
    planned = [_with_bytes(step, by_name, input_bytes) for step in planned]
    asked = {step.name: step for step in steps if isinstance(step, BlockStep)}
    bound = [(step, _bind(step, pools, asked.get(step.name))) for step in planned]
    placed = [
        replace(step, pool=pool.name, at_once=max(1, min(pool.count_at_once(step.need), step.tasks)))
        for step, pool in bound
    ]
    return Plan(tuple(placed), products, workers, memory_per_worker, pools)


def _bind(step: PlannedStep, pools: Sequence[Grant], asked: BlockStep | None = None) -> Grant:
    """The smallest pool that can hold one block of the step; ``asked`` knows what smaller blocks would need."""
    need = step.need
    if (found := find_smallest_pool(need, pools)) is not None:
        return found
    with_gpus = [pool for pool in pools if pool.gpus >= step.gpus]
    if not with_gpus:
        raise RunError(
            f"step {step.name!r} needs {step.gpus} GPU a block, and no pool of the profile offers one "
            f"({', '.join(pool.name for pool in pools)}): add a pool with `gpus`, or choose another profile"
        )
    best = max(with_gpus, key=lambda pool: pool.memory_per_worker)
    size = describe_bytes(best.count_bytes(need))
    block, where, own = f"{size} the block", "a worker", best.memory_per_worker
    if need.ranks:
        block += f" of {need.ranks} ranks"
    if best.spreads(need):
        block, where = f"{size} the {best.count_ranks_a_node(need)} ranks on a node", "the workers of a node"
        own *= best.workers_a_node
    smaller = _name_what_fits(asked, best) if asked and step.per_block > 1 else "smaller blocks"
    raise RunError(
        f"step {step.name!r} needs {describe_bytes(own - best.count_room(need) + best.count_bytes(need))} to run one "
        f"block at a time ({describe_bytes(WORKER_BYTES)} the worker, {block}), but pool {best.name!r}, the largest "
        f"that could run it, offers {where} {describe_bytes(own)}: give its workers more memory (`memory`, or fewer "
        f"`workers`), use a profile with a larger pool, {'more nodes, ' if best.spreads(need) else ''}or {smaller}"
    )


def _name_what_fits(step: BlockStep, pool: Grant) -> str:
    """How many rows of the step's dim a block may have in the pool."""
    least, most = 0, step.per_block  # the first fits, the last does not
    while most - least > 1:
        middle = (least + most) // 2
        fits = pool.count_at_once(_planned(replace(step, per_block=middle)).need) > 0
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


def _planned(step: BlockStep) -> PlannedStep:
    blocks = list(step.blocks())
    return PlannedStep(
        name=step.name, kind="block", function=step.function, dim=step.dim, extent=step.extent,
        per_block=step.per_block, tasks=len(blocks), inputs=step.inputs, params=dict(step.params),
        product=step.product, scalars=step.scalars, gpus=step.gpus, ranks=step.ranks,
        memory_bytes=max((step.memory_bytes(block) for block in blocks), default=0),
        rank_bytes=max((step.rank_bytes(block) for block in blocks), default=0) if step.ranks else 0,
        seconds=sum(step.seconds(block) for block in blocks),
    )  # fmt: skip


def _with_bytes(step: PlannedStep, products: Mapping[str, Product], input_bytes: int) -> PlannedStep:
    written = 0
    if step.product:
        for variable in products[step.product].filled_by("blocks"):
            written += variable.row_bytes * step.extent
    read = input_bytes if "inputs.zarr" in step.inputs else 0
    return replace(step, bytes_in=read, bytes_out=written)


def _refuse_shared_shards(steps: list[PlannedStep], products: Mapping[str, Product]) -> None:
    owner: dict[str, str] = {}
    for step in steps:
        if step.product is None:
            continue
        if step.product in owner:
            raise RunError(f"steps {owner[step.product]!r} and {step.name!r} both write product {step.product!r}")
        owner[step.product] = step.name
        for variable in products[step.product].filled_by("blocks"):
            if step.tasks > 1 and step.per_block % variable.per_shard:
                raise RunError(
                    f"two blocks of step {step.name!r} would share a shard of {step.product}.{variable.name}: blocks "
                    f"of {step.per_block} do not hold whole shards of {variable.per_shard}; make per_block a multiple"
                )


def read_plan(run: Path) -> Plan:
    """The plan a run was started with."""
    try:
        data = json.loads((run / "plan.json").read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"{run}/plan.json cannot be read ({error}): start a new run from the original files") from None
    steps = []
    for step in data["steps"]:
        step.pop("blocks")
        steps.append(PlannedStep(**{**step, "inputs": tuple(step["inputs"]), "scalars": tuple(step["scalars"])}))
    products = tuple(Product.from_json(product) for product in data["products"])
    pools = tuple(Grant(**pool) for pool in data.get("pools", ()))  # older plans name none
    return Plan(tuple(steps), products, data["workers"], data["memory_per_worker"], pools)
