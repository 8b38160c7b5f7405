"""One pass over events of persons: CPU seconds of prevalence, of incidence, and of ten accumulators together.

The counterpart of ``peers/incidence_duckdb.py``, which is asked for the same incidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

from ....kernels.medical.events import PersonEvents
from ....kernels.medical.scan.accumulator import Accumulator
from ..stopwatch import print_answer, time_goes
from .zipf_events import N_CODES, QUESTION, load_events, make_zipf_events, save_events

__all__ = ["main", "make_ten", "time_scan"]

TABLES = ("events", "lost_days", "person_days")  # in the order in which their digest takes them
MONTHS = np.arange("2015-01", "2025-02", dtype="M8[M]").astype("M8[D]").astype(np.int64)


def make_ten(*, by_month: bool = False) -> dict[str, Accumulator]:
    """Ten accumulators by age band, sex and year or month."""
    from ....kernels import medical

    edges = MONTHS if by_month else QUESTION["period_edges"]
    strata = medical.Strata(tuple(QUESTION["age_edges"]), by_sex=True, period_edges=tuple(edges))
    groups = medical.CodeGroups.from_array(np.where(np.arange(N_CODES) < 170, np.arange(N_CODES) % 17, -1))
    year = int(QUESTION["period_edges"][5])
    return {
        "prevalence": medical.Prevalence(),
        "prevalence by strata": medical.Prevalence(strata),
        "prevalence of groups": medical.Prevalence(strata, groups=groups),
        "incidence": medical.Incidence(strata, int(QUESTION["washout_days"])),
        "incidence of groups": medical.Incidence(strata, int(QUESTION["washout_days"]), groups=groups),
        "score": medical.ComorbidityScore(groups, (1,) * 17, year, ((3, 4), (5, 6)), strata=strata),
        "days covered": medical.DaysCovered((3, 4, 5), year, year + 364, strata=strata),
        "overlaps": medical.Overlaps((3, 4), (7, 8), strata),
        "events": medical.EventCount(strata),
        "costs": medical.CostSum(strata, groups=groups),
    }


def time_scan(events: PersonEvents, accumulators: Mapping[str, Accumulator], repeat: int) -> tuple[dict[str, Any], Any]:
    """Median CPU seconds of a pass, compiled before, and the tables.

    Examples
    --------
    >>> seconds, tables = time_scan(make_zipf_events(1000), {"it": make_ten()["prevalence"]}, repeat=1)
    >>> seconds["events_per_cpu_second"] > 0, tables["it"]["prevalent"].shape
    (True, (1600, 1))
    """
    from ....kernels.medical.scan.one_pass import scan_events

    scan_events(events, accumulators, N_CODES)
    seconds, tables = time_goes(lambda: scan_events(events, accumulators, N_CODES), repeat=repeat)
    return seconds | {"events_per_cpu_second": len(events.day) / max(seconds["cpu_seconds"], 1e-9)}, tables


@click.group()
def main() -> None:
    """Counts over events of persons."""


@main.command()
@click.argument("events", type=int)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seed", default=1, show_default=True)
def write(events: int, out: Path, seed: int) -> None:
    """Write about EVENTS events to OUT (.npz), for both sides to read."""
    save_events(make_zipf_events(events, seed=seed), out)


@main.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.argument("name", type=click.Choice(list(make_ten())))
@click.option("--repeat", default=5, show_default=True)
def run(file: Path, name: str, repeat: int) -> None:
    """Time one accumulator; of incidence also a digest of its tables."""
    seconds, tables = time_scan(load_events(file), {name: make_ten()[name]}, repeat)
    found = tables[name]
    sums = {table: int(values.sum()) for table, values in found.items()}
    if name == "incidence":
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(found[table], "<i8").tobytes() for table in TABLES))
        sums["sha256"] = digest.hexdigest()  # type: ignore[assignment]
    print_answer(seconds | sums)


@main.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--repeat", default=5, show_default=True)
@click.option("--by-month", is_flag=True, help="months in place of years")
def ten(file: Path, repeat: int, by_month: bool) -> None:
    """Time ten accumulators alone and together: ``factor`` is together over the costliest alone."""
    events, accumulators = load_events(file), make_ten(by_month=by_month)
    for name, accumulator in accumulators.items():
        time_scan(events, {name: accumulator}, 1)  # compiles
    time_scan(events, accumulators, 1)
    goes: dict[str, list[float]] = {name: [] for name in (*accumulators, "together")}
    for _ in range(repeat):  # in turn, so that a busy minute falls on all
        for name in goes:
            chosen = accumulators if name == "together" else {name: accumulators[name]}
            goes[name].append(time_scan(events, chosen, 1)[0]["cpu_seconds"])
    alone = {name: float(np.median(seconds)) for name, seconds in goes.items()}
    together = alone.pop("together")
    nanoseconds = {name: round(seconds * 1e9 / len(events.day), 2) for name, seconds in alone.items()}
    print_answer({
        "cpu_seconds": together, "factor": round(together / max(alone.values()), 2),
        "sum_factor": round(sum(alone.values()) / max(alone.values()), 2), "ns_per_event": nanoseconds,
        "ns_per_event_together": round(together * 1e9 / len(events.day), 2),
    })  # fmt: skip


if __name__ == "__main__":
    main()
