"""properscoring's score of an ensemble, over the fields of ``citytide.benchmarks.cases.hydro.scores``.

Run by the peer's own Python: ``python -m citytide.benchmarks.peers run properscoring --members 20``. Prints one JSON
line, seconds of the scoring.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings


def main() -> None:
    """Score once to compile and ``--repeat`` times more."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its age
        import properscoring  # type: ignore[import-not-found]

    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=640 * 710)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--dtype", choices=["f4", "f8"], default="f8")
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    random = np.random.default_rng(0)
    ensemble = random.gamma(0.5, 3.0, (asked.members, asked.cells)).astype(asked.dtype)
    fell = random.gamma(0.5, 3.0, asked.cells).astype(asked.dtype)
    together = np.ascontiguousarray(ensemble.T)
    score = properscoring.crps_ensemble(fell, together)
    cpu, wall = [], []
    for _ in range(asked.repeat):
        w, c = time.perf_counter(), time.process_time()
        score = properscoring.crps_ensemble(fell, together)
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    seconds = statistics.median(cpu)
    print(
        json.dumps(
            {
                "cpu_seconds": seconds,
                "wall_seconds": statistics.median(wall),
                "repeat": asked.repeat,
                "values": ensemble.size,
                "values_per_cpu_second": ensemble.size / max(seconds, 1e-9),
                "compiled": properscoring.crps_ensemble.__globals__["_crps_ensemble_core"].__name__.endswith("gufunc"),
                "checksum": float(f"{score.mean(dtype=np.float64):.4g}"),
            }
        )
    )


if __name__ == "__main__":
    main()
