"""The wait for a cluster's first worker, and why none came."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import FAILED, RunError
from ..query.controller import Controller, Unanswered
from ..query.job_states import is_over
from ..query.reasons import explain_reason

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["explain_wait", "wait_for_worker"]


def wait_for_worker(client: Client, wait_s: float, controller: Controller, name: str, logs: Path) -> None:
    """Return when a worker is there.

    Raises
    ------
    RunError
        If none comes in time; the text says what the first job waits for.
    """
    try:
        client.wait_for_workers(1, timeout=wait_s)
    except TimeoutError:
        raise RunError(
            f"a worker must come within wait_s, {wait_s:g} s, and none did: {explain_wait(controller, name, logs)}; "
            "give wait_s more time, or omit it",
            exit_code=FAILED,
        ) from None


def explain_wait(controller: Controller, name: str, logs: Path) -> str:
    """What the first job waits for or died of, and how many others there are."""
    try:
        entries = [entry for entry in controller.queue() if entry.name == name]
    except Unanswered as error:
        return f"Slurm does not answer ({error})"
    if not entries:
        return "Slurm lists no job of this cluster any more"
    first = min(entries, key=lambda entry: (is_over(entry), entry.state != "PENDING", int(entry.id)))
    if first.state == "PENDING":
        says = explain_reason(first, now=time.time())
    else:
        ends = sorted(logs.glob(f"*-{first.id}.err"))
        lines = [line for log in ends for line in log.read_text(errors="replace").splitlines() if line.strip()]
        end = f"; its log ends with {lines[-1].strip()[:200]!r}" if lines else ""
        says = f"job {first.id} is {first.state} on {first.node or 'no node'}{end}"
    return says + (f" (and {len(entries) - 1} more)" if len(entries) > 1 else "")
