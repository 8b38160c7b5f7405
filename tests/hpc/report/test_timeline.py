from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given
from runfolder import T0, block_line

from citytide.hpc.report.timeline import MOST_LANES, WIDTH, make_timeline

DRIVER = {"kind": "driver", "attempt": 1, "time": T0}


def test_a_ledger_without_blocks_has_no_timeline() -> None:
    assert make_timeline([]) is None and make_timeline([DRIVER, {"kind": "end", "state": "failed"}]) is None


def test_bars_lie_where_their_blocks_lay_in_time() -> None:
    lines = [DRIVER, block_line(0, at=0.0), block_line(1, at=3.2)]
    timeline = make_timeline(lines, ["solve"])
    assert timeline is not None
    first, second = timeline.bars
    assert first.left == 0.0 and abs(first.width - 0.2 * WIDTH) < 1e-3
    assert abs(second.left - 0.8 * WIDTH) < 1e-3 and abs(timeline.seconds - 4.0) < 1e-6
    assert "block 1" in second.label


def test_times_may_be_text() -> None:
    line = {**block_line(0), "started": "2026-01-02T03:04:06Z"}
    timeline = make_timeline([DRIVER, line])
    assert timeline is not None and len(timeline.bars) == 1


def test_each_attempt_of_a_worker_has_a_lane_of_its_own() -> None:
    second = {"kind": "driver", "attempt": 2, "time": T0 + 5}
    timeline = make_timeline([DRIVER, block_line(0), second, block_line(0, attempt=2, at=6.0)])
    assert timeline is not None
    assert [label for _, label in timeline.lanes] == ["worker-0, attempt 1", "worker-0, attempt 2"]
    assert [label for _, label in timeline.takeovers] == ["attempt 2"]


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1e4), st.floats(0, 50)), min_size=1, max_size=60))
def test_nothing_is_drawn_outside_the_picture(blocks: list[tuple[int, float, float]]) -> None:
    lines = [
        {**block_line(number, worker=f"w{worker}", at=at), "seconds": seconds}
        for number, (worker, at, seconds) in enumerate(blocks)
    ]
    timeline = make_timeline([DRIVER, *lines])
    assert timeline is not None and len(timeline.lanes) <= MOST_LANES
    assert all(0 <= bar.left and bar.left + bar.width <= WIDTH + 1.0 + 1e-6 for bar in timeline.bars)
    assert {bar.top for bar in timeline.bars} <= {top for top, _ in timeline.lanes}


def test_a_hundred_thousand_short_blocks_become_few_bars_and_the_note_says_so() -> None:
    lines = [
        {**block_line(number, worker=f"w{number % 40}", at=number * 0.001), "seconds": 0.03} for number in range(20_000)
    ]
    timeline = make_timeline([DRIVER, *lines])
    assert timeline is not None and len(timeline.lanes) == MOST_LANES
    assert len(timeline.bars) < 3_500
    assert "24 of 40 workers" in timeline.note and "one bar" in timeline.note and "20,000 blocks" in timeline.note
