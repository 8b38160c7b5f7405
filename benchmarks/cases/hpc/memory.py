"""Peak memory (VmHWM) of the worker that solves Chicago Sketch, and of the driver beside it.

The whole run is watched from outside, process by process: a peak counts even where the process resets its own mark.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import psutil

from ..stopwatch import print_answer

__all__ = ["main", "watch_peaks"]

PROFILE = """\
name: one-worker
backend: local
pools: {cpu: {workers: 1, threads: 1, memory: 2GB}}
"""


def watch_peaks(command: list[str], *, every_s: float = 0.02) -> tuple[dict[int, dict[str, Any]], str]:
    """Run a command; peak memory [B] of it and of each of its descendants by process id, and what it printed.

    Raises
    ------
    RuntimeError
        With its last words, if the command fails.

    Examples
    --------
    >>> peaks, said = watch_peaks([sys.executable, "-c", "print('done')"])
    >>> said.strip(), len(peaks)
    ('done', 1)
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = psutil.Popen(command, stdout=out, stderr=err)
        peaks: dict[int, dict[str, Any]] = {}
        while process.poll() is None:
            for one in _family(process):
                _note(peaks, one)
            time.sleep(every_s)
        out.seek(0), err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)}: {err.read()[-500:]}")
        return peaks, out.read()


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _note(peaks: dict[int, dict[str, Any]], process: psutil.Process) -> None:
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        command = " ".join(process.cmdline())
    except (OSError, psutil.Error):
        return  # it ended meanwhile
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            peak = int(line.split()[1]) * 1024
            before = peaks.get(process.pid, {"peak": 0})["peak"]
            peaks[process.pid] = {"peak": max(peak, before), "command": command}


@click.command()
@click.option("--network", default="chicago-sketch", show_default=True)
@click.option("--gap", default="1e-6", show_default=True)
def main(network: str, gap: str) -> None:
    """Run the workflow with one worker; print one JSON line of peaks [B]."""
    with tempfile.TemporaryDirectory(prefix="citytide-bench-") as folder:
        profile = Path(folder) / "one-worker.yaml"
        profile.write_text(PROFILE)
        command = [sys.executable, "-m", "citytide", "run", "traffic-assignment", "--json"]
        command += ["--set", f"network={network}", "--set", f"gap={gap}"]
        command += ["--profile", str(profile), "--out", str(Path(folder) / "run")]
        peaks, said = watch_peaks(command)
        result = json.loads(said)
        stored = json.loads((Path(result["run"]) / "result.json").read_text())
    driver, *others = (peak["peak"] for peak in peaks.values())
    worker = max(others, default=0)
    print_answer(
        {
            "worker_bytes": worker,
            "driver_bytes": driver,
            "driver_and_worker_bytes": driver + worker,
            "all_processes_bytes": driver + sum(others),
            "declared_bytes": stored["memory"]["declared"],
            "measured_by_run_bytes": stored["memory"]["measured"],
            "relative_gap": result["summary"][0]["relative_gap"],
        }
    )


if __name__ == "__main__":
    main()
