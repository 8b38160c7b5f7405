"""What a block of members holds at once, in one process or on ranks: figures measured on 1 and 4 million cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....hpc.plan.steps import Block
from ....hpc.store.products import Variable

__all__ = ["FloodMemory"]

RANK_BYTES = 310_000_000  # what a rank holds before its first step: interpreter, Zarr, MPI, Numba that compiles
MEMBER_ARRAYS = 20  # for each cell of a member: fields before and after a step, maps, forcing; 17 are needed
GATHERED_ARRAYS = 15  # for each cell of a member, on the first rank at the end: fields with a ring, and maps
GROUND_BYTES = 48  # for each cell, shared by members: ground, and rain before factors; 32 were measured
SOIL_BYTES = 40  # for each cell, and for each cell of a member, in double precision
# On a GPU, for each cell of a member, when a window is done again for some members: three fields, what was lost and
# five maps (9) before the window, as settled, as tried again and as put together; rain, loss, and the run's two maps
# beside those of an interval. The two spare sets of fields between steps are gone by then.
DEVICE_ARRAYS = 4 * 9 + 4
GPU_HOST_ARRAYS = 12  # here for each cell of a member on a GPU: at the start its water, at the end its maps, twice
DEVICE_GROUND_BYTES = 40  # there for each cell, shared by members: ground, roughness, a frame of rain, soil
OWN_RAIN_BYTES = 24  # for each cell of a member, if members do not share one rain


@dataclass(frozen=True)
class FloodMemory:
    """Memory of a simulation on ``n_cells`` cells that reads ``input_bytes`` and hands over ``parts`` as they come."""

    n_cells: int
    itemsize: int
    input_bytes: int
    parts: Sequence[Variable]
    has_soil: bool
    has_own_rain: bool = False

    def count_block(self, block: Block) -> int:
        """Memory of a block in one process [B]."""
        n_members = block.stop - block.start
        return self._count_ground() + n_members * self._count_member() + self._count_parts(n_members)

    def count_host(self, block: Block) -> int:
        """Memory of a block in its worker's process, if its water is on a GPU [B]."""
        n_members = block.stop - block.start
        each = self.n_cells * (GPU_HOST_ARRAYS * self.itemsize + OWN_RAIN_BYTES * self.has_own_rain)
        return self._count_ground() + n_members * each + self._count_parts(n_members)

    def count_device(self, block: Block) -> int:
        """Memory of a block on a GPU [B]."""
        own_rain = 8 * self.has_own_rain  # a frame in double precision, before factors
        each = DEVICE_ARRAYS * self.itemsize + SOIL_BYTES * self.has_soil + own_rain
        return self.n_cells * (DEVICE_GROUND_BYTES + SOIL_BYTES * self.has_soil + (block.stop - block.start) * each)

    def count_rank(self, block: Block, ranks: int) -> int:
        """Memory of a block on each rank but the first [B]: inputs, the whole ground, and the water of its tile."""
        return RANK_BYTES + self._count_ground() + -(-(block.stop - block.start) * self._count_member() // ranks)

    def count_gang(self, block: Block, ranks: int) -> int:
        """Memory of a block on all ranks [B]: the first gathers the others' water, and its worker writes the parts."""
        n_members = block.stop - block.start
        gathered = n_members * GATHERED_ARRAYS * self.itemsize * self.n_cells
        return ranks * self.count_rank(block, ranks) + gathered + self._count_parts(n_members)

    def _count_ground(self) -> int:
        return self.input_bytes + (GROUND_BYTES + SOIL_BYTES * self.has_soil) * self.n_cells

    def _count_member(self) -> int:
        more = SOIL_BYTES * self.has_soil + OWN_RAIN_BYTES * self.has_own_rain
        return (MEMBER_ARRAYS * self.itemsize + more) * self.n_cells

    def _count_parts(self, n_members: int) -> int:
        """Shards that fill up, one that is encoded, and what is seen at one time."""
        shards = [variable.shard_bytes for variable in self.parts]
        return n_members * (sum(shards) + 4 * self.n_cells) + 2 * max(shards, default=0)
