"""One measurement: a case at one size, beside the device's own triad and the host's answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...kernels.device_arrays import fetch
from ..cases.hydro_device import Triad, synchronize
from .cases.case import Answers, Case, Size

__all__ = ["Device", "Task", "list_tasks", "measure", "open_device"]

LONGEST_S = 1.0  # of all goes of a measurement together, unless three take longer
SHORTEST, MOST = 3, 5  # goes
TRIAD, SIMULATED_TRIAD = 100_000_000, 8  # numbers in each of its arrays


@dataclass(frozen=True)
class Device:
    """What measures: the bytes per second of the device's triad, by dtype, and a wait for the device."""

    triads: Mapping[str, Callable[[], float]]
    wait: Callable[[], None] = synchronize
    simulated: bool = False


def open_device(simulated: bool) -> Device:
    """The GPU at hand, with its triads' arrays, or Numba's simulator."""
    triads = {}
    for dtype in ("f4", "f8"):
        triad = Triad(dtype, n=SIMULATED_TRIAD if simulated else TRIAD)
        triads[dtype] = (lambda triad=triad: triad.measure(repeat=1, launches=1)) if simulated else triad.measure
    return Device(triads, simulated=simulated)


@dataclass(frozen=True)
class Task:
    """A case at one size."""

    case: Case
    size: Size
    role: str
    """``step``: the time of one step where hardly anything is computed; ``compared``: with the host; ``large``."""
    label: Mapping[str, Any] = field(default_factory=dict)


def list_tasks(case: Case, *, simulated: bool = False) -> list[Task]:
    """All sizes, dtypes and numbers of members of a case, in the order in which they are measured."""
    tiny, small, large = case.simulated if simulated else case.sizes
    sizes = [("step", tiny, case.dtypes[:1], case.members[:1])]
    sizes += [("compared", small, case.dtypes, case.members)]
    large_ones = (case.dtypes[:1], case.members[-1:]) if simulated else (case.dtypes, case.members)
    sizes += [("large", large, *large_ones)]
    host: Any = "python" if simulated and case.engine == "cuda" else "auto"
    tasks = []
    for role, n, dtypes, members in sizes:
        for dtype in dtypes:
            for count in members:
                label = {"case": case.label, "role": role, "n": n, "dtype": dtype, "members": count}
                tasks.append(Task(case, Size(n, dtype, count, host), role, label))
    return tasks


def measure(task: Task, device: Device) -> dict[str, Any]:
    """Time the work of a task, with the triad before and after, and compare its answer with the host's.

    Returns
    -------
    dict
        ``updates_per_second``; ``share`` of the byte ceiling: what the triads would allow if an update moved
        ``bytes_per_update``; ``error`` and ``within`` its bound, or None where nothing was compared.
    """
    case, work = task.case, task.case.build(task.size)
    steps = 1 if device.simulated else case.steps  # the simulator's times tell nothing

    def time_go(steps: int) -> float:
        device.wait()
        begin = time.perf_counter()
        work.go(steps)
        device.wait()
        return time.perf_counter() - begin

    triad = device.triads[task.size.dtype if task.size.dtype in device.triads else "f4"]
    first = time_go(1)  # compiles
    before = triad()
    seconds = [first if device.simulated else time_go(steps)]
    goes = 1 if device.simulated else max(SHORTEST, min(MOST, int(LONGEST_S / max(seconds[0], 1e-9))))
    seconds += [time_go(steps) for _ in range(goes - 1)]
    after = triad()
    once = sorted(seconds)[len(seconds) // 2]
    ceiling = 0.5 * (before + after) * work.updates / work.n_bytes
    rate = steps * work.updates / max(once, 1e-12)
    error = _compare(work.go, work.answer, case, device) if task.role == "compared" else None
    bound = case.bound[task.size.dtype]
    return {
        **task.label, "kernel": case.kernel, "engine": case.engine, "unit": case.unit, "limit": case.limit,
        "updates_per_second": rate, "bytes_per_update": work.n_bytes / work.updates, "share": rate / ceiling,
        "triad_bytes_per_second": [before, after], "seconds_per_step": once / steps, "first_step_s": first,
        "steps": steps, "goes": goes, "spread": (max(seconds) - min(seconds)) / once,
        "error": error, "bound": bound, "within": None if error is None else bool(error <= bound),
    }  # fmt: skip


def _compare(
    go: Callable[[int], Answers], answer: Callable[[int], Answers], case: Case, device: Device
) -> float:  # fmt: skip
    steps = min(case.compared_steps, 2) if device.simulated else case.compared_steps
    found = {name: fetch(array) for name, array in go(steps).items()}
    return case.error(found, answer(steps))
