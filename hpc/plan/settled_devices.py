"""Where a step that may run on a GPU does run: settled from the pools of the profile, when the run is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import RunError
from .grants import Grant
from .steps import BlockStep, Step, plan_blocks

__all__ = ["settle_devices"]


def settle_devices(steps: tuple[Step, ...], pools: Sequence[Grant]) -> tuple[Step, ...]:
    """The same steps, each on the CPU or on a GPU, with the parameter ``device`` if it had the choice.

    Raises
    ------
    RunError
        If a step asks for a GPU and no pool has one.
    """
    return tuple(_settle(step, pools) if isinstance(step, BlockStep) else step for step in steps)


def _settle(step: BlockStep, pools: Sequence[Grant]) -> BlockStep:
    if step.device == "cpu":
        return step
    on_gpu = replace(step, gpus=1, params={**step.params, "device": "gpu"})
    if step.device == "gpu":
        if not any(pool.gpus for pool in pools):
            raise RunError(
                f"device=gpu needs a pool with GPUs for step {step.name!r}, and this profile has none "
                f"({', '.join(pool.name for pool in pools)}): take a profile with `gpus` in a pool, for this machine "
                "install a driver whose nvidia-smi lists a GPU, or set device=cpu"
            )
        return on_gpu
    need = plan_blocks(on_gpu).need
    # Where the memory is not stated nobody knows that a block fits, and a GPU may be a name without a device.
    stated = [pool for pool in pools if pool.gpus and pool.gpu_memory is not None]
    if any(pool.count_at_once(need) for pool in stated):
        return on_gpu
    return replace(step, gpus=0, params={**step.params, "device": "cpu"})
