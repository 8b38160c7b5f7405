"""User equilibrium on Chicago Sketch (or another network): seconds of the solve alone, compiled, reading excluded.

The counterpart of ``peers/assignment_aequilibrae.py``. The audit that certifies the answer counts as part of the solve.
"""

from __future__ import annotations

import click

from ..stopwatch import print_answer, time_goes

__all__ = ["main"]


@click.command()
@click.option("--network", default="chicago-sketch", show_default=True, help="catalogue name or folder")
@click.option("--gap", default=1e-6, show_default=True)
@click.option("--toll-weight", default=0.02, show_default=True, help="minutes per cent")
@click.option("--distance-weight", default=0.04, show_default=True, help="minutes per mile")
@click.option("--repeat", default=1, show_default=True, help="solves; the median counts")
def main(network: str, gap: float, toll_weight: float, distance_weight: float, repeat: int) -> None:
    """Solve once to compile, then once for the figures; print one JSON line."""
    from ....datasets.catalogue.networks import open_instance
    from ....kernels.traffic.assignment import Assignment, assign_traffic

    instance = open_instance(network)
    roads, closed = instance.network(toll_weight, distance_weight)

    def solve(gap: float) -> Assignment:
        return assign_traffic(
            roads, instance.origin, instance.destination, instance.demand, closed=closed, gap=gap, max_iterations=2000
        )

    solve(0.1)  # compiles, or loads what was compiled before
    seconds, answer = time_goes(lambda: solve(gap), repeat=repeat)
    figures = ("relative_gap", "iterations", "objective", "lower_bound", "tstt", "converged")
    print_answer({**seconds, **{name: getattr(answer, name) for name in figures}})


if __name__ == "__main__":
    main()
