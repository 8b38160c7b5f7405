"""``python3 -m citytide.benchmarks.gpu``: measure the GPU of this machine within minutes, and leave one file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .results import Results

__all__ = ["main"]

LIMIT_S = 480.0
MARGIN_S = 20.0  # a measurement that was begun takes less, and what takes more is ended at the limit


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the JSON file.")
@click.option("--limit", default=LIMIT_S, show_default=True, help="Seconds of wall time for all of it.")
@click.option("--only", default="", help="Cases whose name holds this text, such as advance_inertia.")
@click.option("--tests/--no-tests", "with_tests", default=True, help="Whether the device tests run first.")
@click.option("--resume", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Go on with this file.")
def main(out: Path | None, limit: float, only: str, with_tests: bool, resume: Path | None) -> None:
    """Run the tests that need a GPU, then measure each kernel beside the GPU's own triad and the host's answer.

    Exit code 0 if every error is within its bound and no test failed, else 1.
    """
    os.environ.setdefault("NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS", "0")  # read when numba.cuda is imported
    from .card import find_missing, is_simulated

    if missing := find_missing():
        click.echo(missing, err=True)
        raise SystemExit(1)
    from .clock import Clock
    from .day import DeviceLostError, begin_results, make_plan, run_day
    from .results import RESULTS, Results

    before = Results.resume(resume) if resume else None
    spent = before.record["spent_s"] if before else 0.0
    clock = Clock(limit, margin_s=min(MARGIN_S, 0.1 * limit), spent_s=spent)
    folder = out or (Path("runs") if is_simulated() else RESULTS)  # what a simulator shows is no result
    results = before or begin_results(folder, clock)

    def stop() -> None:
        """Called from another thread, whatever the first one waits for."""
        results.put(stopped=f"the time was up after {limit:g} s", spent_s=clock.spent_s)
        code = conclude(results)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    timer = clock.ring(stop)
    try:
        run_day(results, clock, make_plan(only=only, with_tests=with_tests), lambda line: click.echo(line, err=True))
    except DeviceLostError as lost:
        click.echo(f"{lost}: a new process goes on", err=True)
        words = ["--resume", str(results.path), "--limit", str(limit), "--only", only, "--no-tests"]
        sys.stderr.flush()
        os.execv(sys.executable, [sys.executable, "-m", "citytide.benchmarks.gpu", *words])
    timer.cancel()
    raise SystemExit(conclude(results))


def conclude(results: Results) -> int:
    """Print the table and what is wrong; the exit code."""
    from .results import find_wrong
    from .table import write_summary

    click.echo(f"{write_summary(results.record)}\n{results.path}")
    if wrong := find_wrong(results.record):
        click.echo(f"make gpu: {'; '.join(wrong)}", err=True)
    return int(bool(wrong))


if __name__ == "__main__":
    main()
