"""Rain carried along its motion, and one step of one member of an ensemble, beside pysteps.

Both sides read frames and motion from one file, which ``save`` makes of a folder of frames. A step of a member is what
more steps cost, divided by how many more: what is prepared once does not count, on either side.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from ..stopwatch import print_answer, time_goes

__all__ = ["main", "save_frames", "time_advection", "time_member_step"]

Arrays = dict[str, Any]
STEPS = 12


def make_frames(n_y: int = 60, n_x: int = 70) -> Arrays:
    """A made-up shower that drifts by two cells a step."""
    y, x = np.mgrid[:n_y, :n_x]
    rain = [12.0 * np.exp(-((x - 30 - 2 * at) ** 2 + (y - 30) ** 2) / 60.0) for at in range(3)]
    motion = np.stack([np.full((n_y, n_x), 2.0), np.zeros((n_y, n_x))])
    return {"rain": np.stack(rain).astype(np.float32), "motion": motion, "cell_m": 1000.0, "step_s": 300.0}


def save_frames(frames: Path, first: int, file: Path) -> None:
    """Three frames of a folder from the ``first`` on, and their motion, into an npz file."""
    from ....datasets.hydro.rain_files.formats import open_rain
    from ....kernels.hydro.rain.motion import estimate_motion

    field = open_rain(frames)
    rain = field.rate[first : first + 3]
    np.savez(file, rain=rain, motion=estimate_motion(rain), cell_m=field.grid.cell_m, step_s=float(field.step_s))


def time_advection(arrays: Arrays, *, dtype: str = "f4", repeat: int = 5) -> Arrays:
    """Carry the last frame by twelve steps; median seconds of one go, compiled.

    Examples
    --------
    >>> time_advection(make_frames(), repeat=1)["cells"]
    50400
    """
    from ....kernels.hydro.rain.advection import extrapolate_rain

    rain, motion = arrays["rain"][-1].astype(dtype), arrays["motion"].astype(dtype)
    extrapolate_rain(rain, motion, n_steps=1)  # compiles
    seconds, ahead = time_goes(lambda: extrapolate_rain(rain, motion, n_steps=STEPS), repeat=repeat)
    cells = STEPS * rain.size
    return {
        **seconds, "cells": cells, "cells_per_cpu_second": cells / max(seconds["cpu_seconds"], 1e-9),
        "checksum": float(f"{np.nanmean(ahead, dtype=np.float64):.4g}"),
    }  # fmt: skip


def time_member_step(arrays: Arrays, *, repeat: int = 3) -> Arrays:
    """CPU seconds of one step of one member, beyond the first.

    Examples
    --------
    >>> time_member_step(make_frames(), repeat=1)["steps"]
    12
    """
    from ....kernels.hydro.rain.nowcast import nowcast_ensemble

    def forecast(n_steps: int) -> Any:
        return nowcast_ensemble(
            arrays["rain"], arrays["motion"], n_steps=n_steps, members=[0], seed=1,
            cell_length_m=float(arrays["cell_m"]), time_step_s=float(arrays["step_s"]),
        )  # fmt: skip

    forecast(1)  # compiles
    few, _ = time_goes(lambda: forecast(1), repeat=repeat)
    many, ahead = time_goes(lambda: forecast(1 + STEPS), repeat=repeat)
    seconds = {name: (many[name] - few[name]) / STEPS for name in ("cpu_seconds", "wall_seconds")}
    return {**seconds, "repeat": repeat, "steps": STEPS, "wet": float(np.nanmean(ahead >= 0.1))}


@click.group()
def main() -> None:
    """Save frames, then time: each prints one JSON line."""


@main.command()
@click.argument("frames", type=click.Path(exists=True, path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--first", default=9, show_default=True, help="First of the three frames, counted from 0.")
def save(frames: Path, file: Path, first: int) -> None:
    """Save three frames of a folder and their motion to FILE."""
    save_frames(frames, first, file)


@main.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--dtype", type=click.Choice(["f4", "f8"]), default="f4", show_default=True)
@click.option("--repeat", default=5, show_default=True)
def advection(file: Path, dtype: str, repeat: int) -> None:
    """Carry the last frame by twelve steps."""
    with np.load(file) as arrays:
        print_answer(time_advection(dict(arrays), dtype=dtype, repeat=repeat))


@main.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--repeat", default=3, show_default=True)
def member(file: Path, repeat: int) -> None:
    """One step of one member."""
    with np.load(file) as arrays:
        print_answer(time_member_step(dict(arrays), repeat=repeat))


if __name__ == "__main__":
    main()
