"""The shuffle that is timed writes every event once, in the order of its person."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from citytide.benchmarks.cases.hpc.shuffle import Bucket, draw_events, shuffle_events, sort_events
from citytide.hpc.run.runs import open_run


def test_shuffle_writes_the_events_that_are_drawn(tmp_path: Path) -> None:
    told = shuffle_events(tmp_path / "run", 60_000, 120_000, workers=1)
    assert set(told["memory_bytes"]) == {"sort-split", "sort-gather", "sort-place"} and told["kills"] == 0
    drawn = draw_events({"chunk": np.arange(2)}, 60_000, 120_000)
    assert len(drawn["day"]) == 120_000
    store = open_run(tmp_path / "run").open("events")
    for name, values in sort_events(Bucket(**drawn)).items():
        np.testing.assert_array_equal(store[name], values)
    np.testing.assert_array_equal(np.diff(store.offset), np.bincount(drawn["person"], minlength=60_000))
