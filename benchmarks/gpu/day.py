"""The order of the day: facts, device tests, one case after another, the prediction; each within its time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...kernels.engines import is_installed
from .card import describe_card, is_simulated, list_versions
from .cases.case import Case
from .cases.listing import PARTS, find_uncovered, is_declared
from .clock import Clock
from .device_tests import find_tests, run_tests
from .measuring import Device, list_tasks, measure, open_device
from .prediction import predict_city
from .results import Results, name_file, name_task

__all__ = ["DeviceLostError", "Plan", "begin_results", "make_plan", "run_day"]


class DeviceLostError(RuntimeError):
    """A failure after which the device answers nothing in this process; another process may go on."""


Part = tuple[str, float, Sequence[Case]]
TESTS_UNTIL = 0.25  # share of the day
TIME_IS_UP = "its time was up"


@dataclass(frozen=True)
class Plan:
    """What a day holds."""

    parts: Sequence[Part]
    tests: Callable[[float], dict[str, Any]]
    """Runs the device tests in at most so many seconds."""
    open: Callable[[], Device]


def make_plan(*, only: str = "", with_tests: bool = True) -> Plan:
    """The whole day of this machine; ``only`` keeps the cases whose label holds it."""
    simulated = is_simulated()

    def test(limit_s: float) -> dict[str, Any]:
        if simulated:
            return {"left_out": "the simulator is no device; make simulator runs its own"}
        return run_tests(limit_s, find_tests()) if with_tests else {"left_out": "not asked for"}

    parts = [(name, until, [case for case in cases if only in case.label]) for name, until, cases in PARTS]
    return Plan(parts, test, lambda: open_device(simulated))


def begin_results(folder: Path, clock: Clock) -> Results:
    """The day's file, with the facts about the machine in it."""
    card, now = describe_card(), dt.datetime.now(dt.UTC)
    return Results(
        name_file(folder, card["name"], now.date()), started=now.isoformat(timespec="seconds"), limit_s=clock.limit_s,
        simulated=is_simulated(), card=card, versions=list_versions(), spent_s=clock.spent_s, prediction=None,
    )  # fmt: skip


def run_day(results: Results, clock: Clock, plan: Plan, tell: Callable[[str], None] = print) -> None:
    """Run the tests and measure the cases; what fails is noted and the next one begins, what has no time is listed.

    Parameters
    ----------
    results
        Takes each result at once.
    clock
        Nothing begins in a part whose share of the limit has been spent.
    plan
        Tests and cases.
    tell
        Takes a line about each step.

    Raises
    ------
    DeviceLostError
        If no other case can run in this process. What is in the results already is not done again in the next.
    """
    if not results.record["tests"]:
        tell("device tests")
        results.put(tests=plan.tests(clock.left_s(TESTS_UNTIL)), spent_s=clock.spent_s)
    results.put(without_case=find_uncovered())
    tell("triad")
    device = plan.open()
    for name, until, cases in plan.parts:
        for case in cases:
            _run_case(case, until, results, clock, device, tell)
        results.put(spent_s=clock.spent_s, prediction=predict_city(results.record["measurements"]))
        tell(f"{name}: done after {clock.spent_s:.0f} s")
    results.put(spent_s=clock.spent_s, finished=True)


def _run_case(
    case: Case, until: float, results: Results, clock: Clock, device: Device, tell: Callable[[str], None]
) -> None:  # fmt: skip
    done = results.done
    if why := _find_obstacle(case, device):
        results.add("left_out", {"case": case.label, "why": why})
        return
    for task in list_tasks(case, simulated=device.simulated):
        if name_task(task.label) in done:
            continue
        if not clock.has_time(until):
            results.add("left_out", {**task.label, "why": TIME_IS_UP})
            continue
        tell(f"{clock.spent_s:5.0f} s  {case.label} {task.size.n} {task.size.dtype} x {task.size.members}")
        try:
            results.add("measurements", measure(task, device))
        except Exception as error:  # the next case may do better, and the day has one chance
            why = " ".join(f"{type(error).__name__}: {error}".split())
            results.add("failed", {**task.label, "why": why[:2000]})
            results.put(spent_s=clock.spent_s)
            _check_device(device, case.label)


def _check_device(device: Device, after: str) -> None:
    """After some errors, such as an address that is not there, each further call of the process fails too."""
    try:
        device.wait()
        device.triads["f4"]()
    except Exception as error:
        raise DeviceLostError(f"the device answers nothing after {after}") from error


def _find_obstacle(case: Case, device: Device) -> str:
    if not is_declared(case):
        return "the kernel does not declare this engine"
    if case.engine == "cupy" and device.simulated:
        return "the simulator has no CuPy"
    if not is_installed(case.engine):
        return "CuPy is not installed"
    return ""
