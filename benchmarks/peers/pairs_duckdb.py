"""DuckDB counts pairs of codes by a self-join of first occurrences, over the events of a file.

Run by the peer's own Python on what ``citytide.benchmarks.cases.medical.pairs write FILE.npz`` writes:
``python -m citytide.benchmarks.peers run duckdb pairs FILE.npz --repeat 3``. Prints one JSON line, seconds of the
query; the table of events is made beforehand.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

# One row for each pair a < b: persons with both, and those in whom either came first.
QUERY = """
create or replace table pairs as
with first as materialized (select person, code, min(day) as day from events group by person, code)
select a.code as a, b.code as b, count(*) as n_both, sum((a.day < b.day)::int) as a_first,
       sum((a.day > b.day)::int) as b_first
from first a join first b on a.person = b.person and a.code < b.code group by a.code, b.code
"""
SUMS = "select sum(n_both), sum(a_first + b_first), sum(n_both * (a * 31 + b * 17)) from pairs"


def main() -> None:
    """Run the query once to warm up and ``--repeat`` times more."""
    import duckdb
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    with np.load(asked.events) as file:
        arrays = dict(file)
    n = np.diff(arrays["offset"])
    columns = {"person": np.repeat(np.arange(len(n), dtype=np.int32), n), "day": arrays["day"],
               "code": arrays["code"].astype(np.int32)}  # fmt: skip
    base = duckdb.connect(config={"threads": asked.threads})
    base.register("given", columns)
    base.execute("create table events as select * from given")
    cpu, wall = [], []
    for _ in range(asked.repeat):
        w, c = time.perf_counter(), time.process_time()
        base.execute(QUERY)
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    both, earlier, ranked = base.execute(SUMS).fetchall()[0]
    (persons,) = base.execute("select count(*) from (select distinct person, code from events)").fetchall()[0]
    seconds, n_events = statistics.median(cpu), len(arrays["code"])
    print(
        json.dumps({
            "cpu_seconds": seconds, "wall_seconds": statistics.median(wall), "repeat": asked.repeat,
            "events": n_events, "events_per_cpu_second": n_events / max(seconds, 1e-9),
            "checksums": {"persons": int(persons), "both": int(both), "earlier": int(earlier), "ranked": int(ranked)},
        })
    )  # fmt: skip


if __name__ == "__main__":
    main()
