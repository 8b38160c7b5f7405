"""All sides of the comparison count the same integers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner

from citytide.benchmarks.cases.medical.pairs import main
from citytide.benchmarks.peers import pairs_duckdb
from citytide.benchmarks.sides import parse_answer


def answer_of(*arguments: str) -> dict[str, Any]:
    ran = CliRunner().invoke(main, [*arguments, "--events", "3000", "--repeat", "1"])
    assert ran.exit_code == 0, ran.output
    return parse_answer(ran.stdout)


def test_sides_agree_on_the_integers_that_they_both_count() -> None:
    ours, theirs = answer_of("citytide")["checksums"], answer_of("scipy")["checksums"]
    assert theirs.items() <= ours.items() and theirs["both"] > ours["earlier"] > 0
    assert answer_of("citytide", "--given-first")["checksums"] == ours


def test_duckdb_counts_the_same(tmp_path: Path) -> None:
    """By the peer's own query, through the SQLite of Python: duckdb is in an environment of its own."""
    path = tmp_path / "events.npz"
    assert CliRunner().invoke(main, ["write", str(path), "--events", "3000"]).exit_code == 0
    with np.load(path) as file:
        n = np.diff(file["offset"])
        rows = zip(np.repeat(np.arange(len(n)), n).tolist(), file["day"].tolist(), file["code"].tolist(), strict=True)
    base = sqlite3.connect(":memory:")
    base.execute("create table events (person, day, code)")
    base.executemany("insert into events values (?, ?, ?)", rows)
    query = pairs_duckdb.QUERY.replace("create or replace table", "create table").replace("materialized", "")
    base.execute(
        query.replace("(a.day < b.day)::int", "a.day < b.day").replace("(a.day > b.day)::int", "a.day > b.day")
    )
    both, earlier, ranked = base.execute(pairs_duckdb.SUMS).fetchone()
    counts = answer_of("citytide")["checksums"]
    assert (both, earlier, ranked) == (counts["both"], counts["earlier"], counts["ranked"])


def test_merged_segments_hold_all_events_but_duplicates() -> None:
    answers = [answer_of("merge", "--segments", n)["checksums"]["merged"] for n in ("2", "5")]
    assert answers[0] == answers[1] <= 3000 * 1.1


def test_expected_pairs_are_timed() -> None:
    ran = CliRunner().invoke(main, ["expected", "--strata", "2", "--repeat", "1"])
    assert ran.exit_code == 0 and parse_answer(ran.stdout)["strata"] == 2
