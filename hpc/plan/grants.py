"""Grants and needs: what a pool offers its workers, what a block needs, and how many blocks run at one time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["WORKER_BYTES", "Grant", "Need", "describe_bytes", "find_smallest_pool"]

GPU_BYTES = 1_000_000_000  # of a GPU's memory: context, compiled kernels, what the allocator keeps
WORKER_BYTES = 350_000_000  # what a worker holds before its first block: interpreter, Dask, Zarr, Numba


@dataclass(frozen=True)
class Need:
    """What one block needs.

    Parameters
    ----------
    memory_bytes
        In all, that of its ranks included.
    gpus
        Of one worker.
    ranks, rank_bytes
        MPI processes that compute it together, and what each of them but the first holds.
    gpu_bytes
        Memory on its GPU.
    """

    memory_bytes: int
    gpus: int = 0
    ranks: int = 0
    rank_bytes: int = 0
    gpu_bytes: int = 0


@dataclass(frozen=True)
class Grant:
    """What a pool offers: a number of workers, and what each of them has.

    ``nodes`` is over how many nodes the ranks of one block spread: those of an allocation, else the worker's own.
    ``gpu_memory`` is that of one GPU [B]; None if the profile does not say.
    """

    name: str
    workers: int
    threads: int
    memory_per_worker: int
    gpus: int = 0  # of one worker
    walltime_s: int | None = None
    nodes: int = 1
    gpu_memory: int | None = None

    @property
    def room_bytes(self) -> int:
        """What a worker has for blocks, beside itself."""
        return max(0, self.memory_per_worker - WORKER_BYTES)

    @property
    def workers_a_node(self) -> int:
        return max(1, self.workers // self.nodes)

    def spreads(self, need: Need) -> bool:
        """Whether a block's ranks are on several nodes: they take memory of nodes, not of the worker that waits."""
        return need.ranks > 1 and self.nodes > 1  # one rank is the worker itself

    def count_at_once(self, need: Need) -> int:
        """Blocks that one worker runs at one time, or the whole pool if they spread over its nodes; 0 if none fits.

        Examples
        --------
        >>> cpu = Grant("cpu", workers=2, threads=4, memory_per_worker=10_000_000_000)
        >>> [cpu.count_at_once(Need(gb * 10**9)) for gb in (1, 4, 9, 10)]
        [4, 2, 1, 0]
        """
        if self.memory_per_worker < WORKER_BYTES or not self.has_gpu_for(need):
            return 0
        if need.gpus:  # blocks do not share a GPU
            return min(1, self.count_room(need) // max(1, self.count_bytes(need)))
        threads = self.threads * (self.workers if self.spreads(need) else 1)
        return min(threads, self.count_room(need) // max(1, self.count_bytes(need)))

    def has_gpu_for(self, need: Need) -> bool:
        """Whether a worker has the GPUs that a block needs, with room for it as far as their memory is known."""
        room = self.room_on_gpu
        return self.gpus >= need.gpus and (room is None or need.gpu_bytes <= room)

    @property
    def room_on_gpu(self) -> int | None:
        """What a GPU has for one block, beside what its driver takes [B]; None if that is not known."""
        return None if self.gpu_memory is None else max(0, self.gpu_memory - GPU_BYTES)

    def count_room(self, need: Need) -> int:
        """Memory of the place that a block's memory is counted in: a worker or, if its ranks spread, a node."""
        return self.room_bytes * (self.workers_a_node if self.spreads(need) else 1)

    def count_bytes(self, need: Need) -> int:
        """Memory that a block takes where most of it stands: of its worker, or of the first of several nodes."""
        if not self.spreads(need):
            return need.memory_bytes
        return need.memory_bytes - (need.ranks - self.count_ranks_a_node(need)) * need.rank_bytes

    def count_ranks_a_node(self, need: Need) -> int:
        """Ranks on the first node; srun spreads them evenly."""
        return -(-need.ranks // self.nodes)

    def count_slots(self, need: Need, workers: int) -> int:
        """Blocks that so many workers run at one time.

        Never 0: a block that was planned otherwise (an older run, another profile) is tried.
        """
        at_once = max(1, self.count_at_once(need))
        return at_once if self.spreads(need) else at_once * max(1, workers)

    def count_workers(self, need: Need, blocks: int) -> int:
        """How many workers so many blocks keep busy."""
        if self.spreads(need):
            return min(blocks, self.workers)
        return -(-blocks // max(1, self.count_at_once(need)))

    def ask_bytes(self, need: Need) -> int:
        """Memory that a block's task asks of its worker; at most what a worker has, or it would never start."""
        if need.gpus:
            return self.room_bytes  # no other block beside it
        return 0 if self.spreads(need) else min(need.memory_bytes, self.room_bytes)

    def describe_share(self, need: Need, tasks: int) -> str:
        """How blocks share a worker, in words.

        Examples
        --------
        >>> Grant("cpu", 2, 4, 20_000_000_000).describe_share(Need(8_450_000_000), tasks=20)
        '4 threads, 2 blocks at a time: memory 8.45 GB each'
        """
        count = max(1, min(self.count_at_once(need), tasks))
        blocks = f"{count} block{'s' if count > 1 else ''} at a time"
        size = describe_bytes(self.count_bytes(need))
        if need.gpus:
            known = "" if self.gpu_memory is None else f" of {describe_bytes(self.gpu_memory)}"
            return f"{blocks} on a GPU: memory {size}, on the GPU {describe_bytes(need.gpu_bytes)}{known}"
        if need.ranks < 2:
            return f"{self.threads} thread{'s' if self.threads > 1 else ''}, {blocks}: memory {size} each"
        first = describe_bytes(need.memory_bytes - (need.ranks - 1) * need.rank_bytes)
        held = f"the first rank {first}, each other {describe_bytes(need.rank_bytes)}"
        if self.spreads(need):
            here = self.count_ranks_a_node(need)
            return f"{need.ranks} ranks on {self.nodes} nodes, {blocks}: memory {size} for {here} on a node ({held})"
        return f"{need.ranks} ranks on the worker's node, {blocks}: memory {size} each ({held})"


def find_smallest_pool(need: Need, pools: Sequence[Grant]) -> Grant | None:
    """The pool for a block: among those that can hold one, the one with the fewest GPUs, then the least memory.

    A block for a GPU goes where the GPU's memory is known, if it fits there: elsewhere nobody knows that it does.
    A pool with the memory for a block in every thread is not preferred: workers with much memory are few and wait
    longer, and what a pool lacks in blocks at a time it has in workers.
    """
    able = [pool for pool in pools if pool.count_at_once(need)]

    def rank(pool: Grant) -> tuple[bool, int, int]:
        return bool(need.gpus) and pool.gpu_memory is None, pool.gpus, pool.memory_per_worker

    return min(able, key=rank, default=None)


def describe_bytes(n: float) -> str:
    """A size in the unit that suits it.

    Examples
    --------
    >>> describe_bytes(8_450_000_000)
    '8.45 GB'
    """
    for unit in ("B", "KB", "MB", "GB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} TB"
