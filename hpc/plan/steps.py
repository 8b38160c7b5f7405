"""Steps: what a question asks to be run, block by block, and how the driver and the workers read it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

from ..store.products import Table
from ..store.release_request import ReleaseRequest
from .grants import Need

__all__ = [
    "Block", "BlockStep", "PlannedStep", "ReductionStep", "ShuffleStep", "Step", "plan_blocks", "plan_tables",
]  # fmt: skip

FAN_IN = 8  # partial results that one task of a reduction combines
TABLE_WRITER = "citytide.hpc.store.tables:write_table"
RELEASE = "citytide.hpc.release.release:release_table"
TABLE_BYTES = 64_000_000  # that writing a table takes beside one block: a group of rows, as arrays and compressed


@dataclass(frozen=True)
class Block:
    """Rows ``[start, stop)`` of a step's dim."""

    index: int
    start: int
    stop: int


@dataclass(frozen=True)
class BlockStep:
    """Blocks of ``dim`` -> ``function(arrays, **params)`` -> rows of a product, or a file of arrays in ``RUN/work``.

    If ``product`` is a table, the function returns one array for each of its columns, of any length.

    Parameters
    ----------
    function
        Import path ``"package.module:name"`` of a top-level function that takes a mapping of arrays (those of
        ``inputs``, sliced to the block where their first dim is ``dim``) and returns one: the product's variables and
        ``scalars``; of a ragged product the offsets of its block, which begin at 0, and as many ragged rows as there
        are. A generator yields parts (:class:`~citytide.hpc.execution.parts.Part`) of variables, which are
        written while it goes on, and returns the rest.
    inputs
        Groups in the run folder, such as ``"inputs.zarr"``, a product ``"name"`` or some of it ``"name:flow,cost"``, or
        ``"work/<step>"`` of a one-block step; ``"source:NAME"`` of the sources of the plan.
    ranks
        Processes that compute one block together over MPI: the function is then ``function(gang, arrays, folder,
        **params)``, runs on each of them, checkpoints itself into ``folder`` and returns on rank 0. One rank is the
        worker's own process and needs no MPI.
    memory_bytes, seconds, gpus
        What one block is declared to need, its ranks in all; it runs in the smallest pool that satisfies it, as many
        at a time as fit into a worker, and the run reports what was measured against it.
    device, device_bytes
        Where it computes, and what one block takes there of a GPU's memory [B]. ``"gpu"`` needs a pool with GPUs;
        ``"auto"`` takes one only if the profile says how much memory its GPUs have, and a block fits. What was settled
        is the function's parameter ``device``, ``"cpu"`` or ``"gpu"``; ``"cpu"`` here: there is no such parameter.
    host_bytes
        What one block takes of its worker's own memory [B] if it runs on a GPU; ``memory_bytes`` if omitted.
    device_per_block
        Rows of a block that runs on a GPU, at most; 0 stands for ``per_block``. Rows are spread evenly over the pool's
        GPUs, as many times ``per_block`` to a block as fit into one; where its memory is not known, ``per_block``.
    bounds
        Where blocks of unequal length begin, and where the last one ends: from 0 to ``extent``, rising. Without them
        each block has ``per_block`` rows.
    rank_bytes
        What each rank but the first holds of it: on several nodes each node holds only that of its own ranks.
    rank_dim, rank_bounds
        Of arrays whose first dim is ``rank_dim`` each rank reads rows ``rank_bounds[rank]`` to
        ``rank_bounds[rank + 1]`` alone, which ``gang.rows`` names; other arrays go to every rank.
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
    bounds: Sequence[int] = ()
    rank_dim: str = ""
    rank_bounds: Sequence[int] = ()
    device: Literal["cpu", "gpu", "auto"] = "cpu"
    device_bytes: Callable[[Block], int] = lambda block: 0
    host_bytes: Callable[[Block], int] | None = None
    device_per_block: int = 0

    def blocks(self) -> Iterator[Block]:
        if len(self.bounds):
            for index, (start, stop) in enumerate(pairwise(map(int, self.bounds))):
                yield Block(index, start, stop)
            return
        for index, start in enumerate(range(0, self.extent, self.per_block)):
            yield Block(index, start, min(start + self.per_block, self.extent))


@dataclass(frozen=True)
class ReductionStep:
    """``chunk`` of every block, ``combine`` up a tree of fixed shape, ``finalize`` into a product.

    ``chunk(arrays, **params)`` returns the partial result of a block; ``combine(partials)`` takes several, in block
    order; ``finalize(partial)`` returns the ``rows`` of the product, whose blocked dim has length one shard, or the
    columns of a table, of any length. Exact under any grouping where the partials are integers, minima or maxima.
    ``partial_bytes`` is the size of one partial.

    Over data of single persons ``release`` says how the result may be shown: ``finalize`` then returns exact columns,
    which stay in ``RUN/work``, and a step named ``NAME-release`` makes of them what the table holds.
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
    rows: int = 0  # of a store; a table has as many as ``finalize`` returns
    params: Mapping[str, Any] = field(default_factory=dict)
    per_block: int = 1
    bounds: Sequence[int] = ()
    release: ReleaseRequest | None = None

    def levels(self) -> list[PlannedStep]:
        """The same as steps of blocks: chunks, one step for each level of the tree, and the last."""
        first = BlockStep(
            f"{self.name}-chunk", self.chunk, self.dim, self.extent, self.inputs, self.memory_bytes,
            params=self.params, per_block=self.per_block, bounds=self.bounds,
        )  # fmt: skip
        steps = [plan_blocks(first)]
        memory, rows = (FAN_IN + 1) * self.partial_bytes, max(1, self.rows)
        while steps[-1].tasks > 1:
            below = steps[-1]
            steps.append(
                PlannedStep(
                    name=f"{self.name}-combine-{len(steps)}", kind="combine", function=self.combine, dim="partial",
                    extent=below.tasks, per_block=FAN_IN, tasks=-(-below.tasks // FAN_IN),
                    inputs=(f"work/{below.name}",), memory_bytes=memory,
                )
            )  # fmt: skip
        last = f"work/{steps[-1].name}"
        finalize = PlannedStep(
            name=f"{self.name}-finalize", kind="finalize", function=self.finalize, dim="row", extent=rows,
            per_block=rows, tasks=1, inputs=(last,), product=self.product, memory_bytes=memory,
        )  # fmt: skip
        if self.release is None:
            return [*steps, finalize]
        release = PlannedStep(
            name=f"{self.name}-release", kind="release", function=RELEASE, dim="row", extent=1, per_block=1, tasks=1,
            inputs=(f"work/{finalize.name}", last), product=self.product, scalars=("notes", "line"),
            memory_bytes=memory, release=self.release.to_json(),
        )  # fmt: skip
        return [*steps, replace(finalize, product=None), release]


@dataclass(frozen=True)
class ShuffleStep:
    """``split`` of every block by key into buckets, ``gather`` of each bucket into rows of a ragged product.

    Parameters
    ----------
    split
        Import path of a function as of :class:`BlockStep`, which returns columns of equal length. One of them, named
        ``key``, holds whole numbers from 0 to ``n_keys``.
    gather
        Import path of a function that gets the columns of one bucket, from all blocks in their order and sorted by key
        (stably), with the offsets of the bucket's keys from 0, under the name that the product gives its offsets: of
        several variables of offsets the first that it declares. It returns the product's variables; those offsets only
        if it changed the number of rows, and all others. If empty, the columns that the product declares are its
        variables.
    keys_per_bucket
        Keys of one bucket, which one task gathers: its rows are what that task holds in memory.
    memory_bytes, gather_memory_bytes
        What one block of the split, and one bucket (a block of keys), is declared to need.
    params
        Of both functions.

    Notes
    -----
    The product has the same bytes for any number of workers, and for any ``per_block`` and ``bounds`` of the split.
    """

    name: str
    split: str
    gather: str
    dim: str
    extent: int
    inputs: tuple[str, ...]
    key: str
    n_keys: int
    keys_per_bucket: int
    memory_bytes: Callable[[Block], int]
    gather_memory_bytes: Callable[[Block], int]
    product: str
    params: Mapping[str, Any] = field(default_factory=dict)
    per_block: int = 1
    bounds: Sequence[int] = ()
    seconds: Callable[[Block], float] = lambda block: 0.0
    gather_seconds: Callable[[Block], float] = lambda block: 0.0


Step = BlockStep | ReductionStep | ShuffleStep


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
    bounds: tuple[int, ...] = ()
    table: str = ""  # whose columns it returns or, of kind "table", which it writes
    fills: str = ""  # a ragged product: the step leaves its rows in RUN/work, and a step that follows places them
    shuffle: Mapping[str, Any] = field(default_factory=dict)  # key, n_keys, keys_per_bucket, split_blocks
    rank_dim: str = ""
    rank_bounds: tuple[int, ...] = ()
    release: Mapping[str, Any] = field(default_factory=dict)  # of kind "release": the request, as JSON
    gpu_bytes: int = 0  # that one block takes of its GPU's memory

    def block(self, index: int) -> Block:
        if self.bounds:
            return Block(index, self.bounds[index], self.bounds[index + 1])
        start = index * self.per_block
        return Block(index, start, min(start + self.per_block, self.extent))

    @property
    def need(self) -> Need:
        """What one block needs of a pool."""
        return Need(self.memory_bytes, self.gpus, self.ranks, self.rank_bytes, self.gpu_bytes)


def plan_blocks(step: BlockStep) -> PlannedStep:
    """A step of blocks as it stands in ``plan.json``."""
    blocks = list(step.blocks())
    return PlannedStep(
        name=step.name, kind="block", function=step.function, dim=step.dim, extent=step.extent,
        per_block=step.per_block, tasks=len(blocks), inputs=step.inputs, params=dict(step.params),
        product=step.product, scalars=step.scalars, gpus=step.gpus, ranks=step.ranks,
        bounds=tuple(map(int, step.bounds)),
        rank_dim=step.rank_dim, rank_bounds=tuple(map(int, step.rank_bounds)),
        memory_bytes=max((step.memory_bytes(block) for block in blocks), default=0),
        rank_bytes=max((step.rank_bytes(block) for block in blocks), default=0) if step.ranks else 0,
        seconds=sum(step.seconds(block) for block in blocks),
        gpu_bytes=max((step.device_bytes(block) for block in blocks), default=0) if step.gpus else 0,
    )  # fmt: skip


def plan_tables(steps: Sequence[PlannedStep], tables: Sequence[Table]) -> list[PlannedStep]:
    """The same steps, where those that fill a table leave its rows in ``RUN/work`` and one more writes the file."""
    names = {table.name for table in tables}
    planned: list[PlannedStep] = []
    for step in steps:
        if step.product not in names:
            planned.append(step)
            continue
        planned.append(replace(step, product=None, table=step.product))
        planned.append(
            PlannedStep(
                name=f"{step.product}-table", kind="table", function=TABLE_WRITER, dim="block", extent=step.tasks,
                per_block=step.tasks, tasks=1, inputs=(f"work/{step.name}",), scalars=("rows",),
                memory_bytes=step.memory_bytes + TABLE_BYTES, table=step.product,
            )
        )  # fmt: skip
    return planned
