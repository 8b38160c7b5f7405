"""Where a step that may run on a GPU does run: settled from the pools of the profile, when the run is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...errors import RunError
from ..grants import Grant, find_smallest_pool
from ..steps import BlockStep, Step, plan_blocks

__all__ = ["settle_devices"]


def settle_devices(steps: tuple[Step, ...], pools: Sequence[Grant], why_no_gpu: str = "") -> tuple[Step, ...]:
    """The same steps, each on the CPU or on a GPU, with the parameter ``device`` if it had the choice.

    Parameters
    ----------
    steps, pools
        What is planned, and where it may run.
    why_no_gpu
        Why no pool has a GPU, and the way out, if the pools are of a machine that might have one.

    Raises
    ------
    RunError
        If a step asks for a GPU and no pool has one, or for a GPU and ranks.
    """
    return tuple(_settle(step, pools, why_no_gpu) if isinstance(step, BlockStep) else step for step in steps)


def _settle(step: BlockStep, pools: Sequence[Grant], why_no_gpu: str) -> BlockStep:
    if step.device == "cpu":
        return step
    on_gpu = replace(
        step, gpus=1, memory_bytes=step.host_bytes or step.memory_bytes, params={**step.params, "device": "gpu"}
    )
    if step.device == "gpu":
        if step.ranks > 1:
            raise RunError(
                f"a block on a GPU is computed by one process, got {step.ranks} ranks of step {step.name!r} with "
                "device=gpu: omit ranks, or set device=cpu"
            )
        if not any(pool.gpus for pool in pools):
            raise RunError(f"device=gpu needs a GPU for step {step.name!r}, but {why_no_gpu or _name_pools(pools)}")
        return _widen_blocks(on_gpu, pools)
    need = plan_blocks(on_gpu).need
    # Where the memory is not stated nobody knows that a block fits, and a GPU may be a name without a device.
    stated = [pool for pool in pools if pool.gpus and pool.gpu_memory is not None]
    if step.ranks < 2 and any(pool.count_at_once(need) for pool in stated):
        return _widen_blocks(on_gpu, stated)
    return replace(step, gpus=0, params={**step.params, "device": "cpu"})


def _widen_blocks(step: BlockStep, pools: Sequence[Grant]) -> BlockStep:
    """The step with as many rows a block as its GPU holds; no more than leave a block to each GPU of the pool."""
    pool = find_smallest_pool(plan_blocks(step).need, pools)
    if pool is None or pool.gpu_memory is None or step.bounds:
        return step
    # in whole multiples: shards may be as long as the blocks
    share = -(-step.extent // max(1, pool.workers))
    least, most = 1, min(step.device_per_block // step.per_block, -(-share // step.per_block))
    while least < most:
        middle = (least + most + 1) // 2
        fits = pool.count_at_once(plan_blocks(replace(step, per_block=middle * step.per_block)).need) > 0
        least, most = (middle, most) if fits else (least, middle - 1)
    return replace(step, per_block=least * step.per_block)


def _name_pools(pools: Sequence[Grant]) -> str:
    return (
        f"no pool of the profile has `gpus` ({', '.join(pool.name for pool in pools)}): take a profile with such a "
        "pool, or set device=cpu"
    )
