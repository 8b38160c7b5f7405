"""What both sides of a comparison read is what was written, and what is timed is what is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner

from citytide.benchmarks.cases.medical.scan import main, make_ten
from citytide.benchmarks.cases.medical.zipf_events import load_events, make_zipf_events, save_events
from citytide.benchmarks.sides import parse_answer


def test_written_events_are_read_back_and_timed(tmp_path: Path) -> None:
    path, cli = tmp_path / "events.npz", CliRunner()
    assert cli.invoke(main, ["write", "2000", str(path), "--seed", "3"]).exit_code == 0
    written, read = make_zipf_events(2000, seed=3), load_events(path)
    for name in ("offset", "day", "code", "birth_day"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    answer = parse_answer(cli.invoke(main, ["run", str(path), "incidence", "--repeat", "1"]).stdout)
    assert answer["events"] > 0 and answer["person_days"] > 0 and len(answer["sha256"]) == 64
    assert answer["events_per_cpu_second"] > 0


def test_ten_accumulators_are_timed_alone_and_together(tmp_path: Path) -> None:
    path = tmp_path / "events.npz"
    save_events(make_zipf_events(2000), path)
    answer = parse_answer(CliRunner().invoke(main, ["ten", str(path), "--repeat", "1"]).stdout)
    assert set(answer["ns_per_event"]) == set(make_ten()) and len(make_ten()) == 10
    assert answer["factor"] > 0


def test_events_are_sorted_within_persons() -> None:
    events = make_zipf_events(5000)
    inside = np.ones(len(events.day) - 1, bool)
    inside[events.offset[1:-1] - 1] = False
    assert (np.diff(events.day)[inside] >= 0).all() and events.offset[-1] == len(events.day)
