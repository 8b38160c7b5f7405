"""pysteps' extrapolation and STEPS, over the file of ``citytide.benchmarks.cases.hydro.nowcast save``.

Run by the peer's own Python: ``python -m citytide.benchmarks.peers run pysteps advection FILE``. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

STEPS = 12


def time_goes(work: Callable[[], Any], repeat: int) -> tuple[float, float, Any]:
    """Median CPU and wall seconds of a go, and what the last one gave."""
    cpu, wall, found = [], [], None
    for _ in range(repeat):
        w, c = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            found = work()
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    return statistics.median(cpu), statistics.median(wall), found


def main() -> None:
    """Time one of both."""
    import numpy as np

    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        from pysteps.extrapolation.semilagrangian import extrapolate  # type: ignore[import-not-found]
        from pysteps.nowcasts import steps  # type: ignore[import-not-found]
        from pysteps.utils import transformation  # type: ignore[import-not-found]

    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["advection", "member"])
    parser.add_argument("file")
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    with np.load(asked.file) as arrays:
        rain, motion = arrays["rain"].astype("f8"), arrays["motion"].astype("f8")
        cell_km, step_min = float(arrays["cell_m"]) / 1000.0, float(arrays["step_s"]) / 60.0
    if asked.what == "advection":
        cpu, wall, ahead = time_goes(
            lambda: extrapolate(rain[-1], motion, STEPS, allow_nonfinite_values=True, interp_order=1), asked.repeat
        )
        cells = STEPS * rain[-1].size
        answer = {
            "cpu_seconds": cpu, "wall_seconds": wall, "cells": cells, "cells_per_cpu_second": cells / max(cpu, 1e-9),
            "checksum": float(f"{np.nanmean(ahead):.4g}"),
        }  # fmt: skip
        print(json.dumps(answer))
        return
    decibels, _ = transformation.dB_transform(np.nan_to_num(rain), threshold=0.1, zerovalue=-15.0)

    def forecast(n_steps: int) -> Any:
        return steps.forecast(
            decibels, motion, n_steps, n_ens_members=1, n_cascade_levels=6, precip_thr=-10.0, kmperpixel=cell_km,
            timestep=step_min, noise_method="nonparametric", vel_pert_method="bps", mask_method="incremental", seed=1,
            num_workers=1, fft_method="numpy",
        )  # fmt: skip

    few_cpu, few_wall, _ = time_goes(lambda: forecast(1), asked.repeat)
    many_cpu, many_wall, ahead = time_goes(lambda: forecast(1 + STEPS), asked.repeat)
    answer = {
        "cpu_seconds": (many_cpu - few_cpu) / STEPS, "wall_seconds": (many_wall - few_wall) / STEPS,
        "repeat": asked.repeat, "steps": STEPS, "wet": float(np.nanmean(ahead >= -10.0)),
    }  # fmt: skip
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
