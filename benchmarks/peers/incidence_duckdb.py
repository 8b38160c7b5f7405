"""DuckDB counts incidence in SQL: first occurrences, person-days and days lost, by code, age band, sex and period.

Run by the peer's own Python on a file of arrays that ``citytide.benchmarks.cases.medical.scan`` writes:
``python -m citytide.benchmarks.peers run duckdb incidence FILE.npz --repeat 3``. Prints one JSON line, CPU seconds of
the query on one thread; loading is not timed. ``sha256`` is that of the tables, all of whole numbers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

UNDATED, NO_DAY = 2**31 - 1, -(2**31)

# A birthday in a year: 1 March for those born on 29 February, where that day is missing.
BIRTHDAY = """CASE WHEN birth_day = {no_day} THEN NULL
    WHEN month(birth) = 2 AND day(birth) = 29 AND NOT is_leap(year(birth) + {age})
    THEN make_date(year(birth) + {age}, 3, 1) ELSE make_date(year(birth) + {age}, month(birth), day(birth)) END"""
PIECES = """
CREATE OR REPLACE MACRO is_leap(y) AS (y % 4 = 0 AND y % 100 <> 0) OR y % 400 = 0;
CREATE OR REPLACE TEMP TABLE edge AS
SELECT person, band, date_diff('day', DATE '1970-01-01', birthday) AS begins FROM (
    SELECT person, unnest([{numbers}]) AS band, unnest([{birthdays}]) AS birthday
    FROM (SELECT *, DATE '1970-01-01' + CAST(greatest(birth_day, -700000) AS INTEGER) AS birth FROM persons)
) WHERE birthday IS NOT NULL;
CREATE OR REPLACE TEMP TABLE bands AS
SELECT person, band, begins, coalesce(lead(begins) OVER (PARTITION BY person ORDER BY begins), {undated}) AS ends
FROM edge
UNION ALL
SELECT person, {unknown}, {no_day}, coalesce(min(begins), {undated})
FROM persons LEFT JOIN edge USING (person) GROUP BY person;
CREATE OR REPLACE TEMP TABLE pieces AS
SELECT * FROM (
    SELECT persons.person, (band * 3 + sex) * {n_periods} + period AS stratum,
        greatest(observed_from + {washout}, bands.begins, periods.begins) AS begins,
        least(CASE WHEN death_day = {no_day} THEN observed_to ELSE least(death_day, observed_to) END + 1,
              bands.ends, periods.ends) AS ends
    FROM persons JOIN bands USING (person) CROSS JOIN periods
    WHERE observed_from <> {no_day} AND observed_to <> {no_day}
) WHERE begins < ends;
"""
FIRSTS = "CREATE OR REPLACE TEMP TABLE firsts AS SELECT person, code, min(day) AS day FROM events GROUP BY person, code"
PERSON_DAYS = "SELECT stratum, sum(ends - begins) AS n FROM pieces GROUP BY stratum"
BY_CODE = """
SELECT code, stratum, count(*) FILTER (WHERE day >= begins AND day < ends) AS new,
    sum(greatest(0, ends - greatest(begins, CASE WHEN day = {undated} THEN begins ELSE day + 1 END))) AS lost
FROM firsts JOIN pieces USING (person) GROUP BY code, stratum
"""


def load(file: Any) -> tuple[Any, dict[str, Any]]:
    """A database of one thread with the tables events, persons and periods, and what is asked."""
    import duckdb
    import numpy as np

    db = duckdb.connect()
    db.execute("SET threads = 1")
    offset, edges = file["offset"], file["period_edges"]
    person = np.arange(len(offset) - 1)
    of_persons = ("birth_day", "death_day", "observed_from", "observed_to", "sex")
    tables = {
        "events": {"person": np.repeat(person, np.diff(offset)), "code": file["code"], "day": file["day"]},
        "persons": {"person": person, **{name: file[name].astype(np.int64) for name in of_persons}},
        "periods": {"period": np.arange(len(edges) - 1), "begins": edges[:-1], "ends": edges[1:]},
    }
    for name, columns in tables.items():
        db.register("given", columns)
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        db.unregister("given")
    ages = [0, *(int(age) for age in file["age_edges"])]
    asked = {
        "no_day": NO_DAY, "undated": UNDATED, "unknown": len(ages), "washout": int(file["washout_days"]),
        "n_periods": len(edges) - 1, "numbers": ", ".join(map(str, range(len(ages)))),
        "birthdays": ", ".join(BIRTHDAY.format(age=age, no_day=NO_DAY) for age in ages),
        "n_codes": int(file["n_codes"]), "n_strata": (len(ages) + 1) * 3 * (len(edges) - 1),
    }  # fmt: skip
    return db, asked


def count(db: Any, asked: dict[str, Any]) -> list[Any]:
    """Events and lost days (code, stratum), and person-days (stratum,)."""
    import numpy as np

    db.execute(PIECES.format(**asked))
    db.execute(FIRSTS)
    days = db.execute(PERSON_DAYS).fetchnumpy()
    found = db.execute(BY_CODE.format(**asked)).fetchnumpy()
    new, lost = (np.zeros((asked["n_codes"], asked["n_strata"]), "<i8") for _ in range(2))
    new[found["code"], found["stratum"]] = found["new"]
    lost[found["code"], found["stratum"]] = found["lost"]
    person_days = np.zeros(asked["n_strata"], "<i8")
    person_days[days["stratum"]] = days["n"]
    return [new, lost, person_days]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arrays", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()

    import numpy as np

    with np.load(options.arrays) as file:
        db, asked = load(dict(file))
    cpu, wall, tables = [], [], []
    for _ in range(options.repeat):
        w, c = time.perf_counter(), time.process_time()
        tables = count(db, asked)
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    print(json.dumps({
        "cpu_seconds": float(np.median(cpu)), "wall_seconds": float(np.median(wall)), "events": int(tables[0].sum()),
        "sha256": hashlib.sha256(b"".join(table.tobytes() for table in tables)).hexdigest(),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
