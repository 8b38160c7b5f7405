from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_answers import NO_MODULE, RUN, queue

from citytide.hpc.execution.endings import Ending
from citytide.hpc.slurm.query.answers import Entry
from citytide.hpc.slurm.query.job_states import (
    Board,
    JobState,
    JobView,
    is_over,
    join_job,
    keep_order,
    read_jobs,
    read_log_tail,
    write_jobs,
)

NAME = f"{RUN}.1.cpu.1"
T = 10_000.0


def join(entry: Entry | None, **changed: Any) -> JobView:
    known: dict[str, Any] = {
        "name": entry.name if entry else NAME, "submitted": T - 10, "registered": False, "working": False,
        "draining": False, "log_tail": "", "answered": True, "now": T,
    }  # fmt: skip
    return join_job(entry, **{**known, **changed})


def running(state: str = "RUNNING") -> Entry:
    return Entry("12", NAME, state, node="n1", start=T - 30, end=T + 600, submitted=T - 40, partition="short")


def test_just_submitted_job_that_slurm_does_not_list_yet() -> None:
    view = join(None, id="12")
    assert (view.state, view.id, view.pool, view.attempt, view.serial) == ("submitted", "12", "cpu", 1, 1)
    assert "submitted 10 s ago and Slurm does not list it yet" in view.sentence


def test_pending_job_tells_reason_age_and_expected_start() -> None:
    entry = queue("busy")["cpu.24"]
    assert entry.submitted is not None and entry.start is not None
    view = join(entry, now=entry.submitted + 120)
    assert (view.state, view.reason, view.expected_start) == ("pending", "Resources", entry.start)
    assert "pending for 2 min" in view.sentence and "expects to start it in" in view.sentence
    assert view.deadline is None


def test_started_job_whose_worker_has_not_registered() -> None:
    view = join(running())
    assert (view.state, view.node, view.deadline, view.since) == ("starting", "n1", T + 600, T - 30)
    assert "started on n1 30 s ago; its worker has not registered yet; its time ends in 10 min" in view.sentence


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"registered": True}, "registered"),
        ({"registered": True, "working": True}, "working"),
        ({"registered": True, "working": True, "draining": True}, "draining"),
        ({"draining": True}, "draining"),
    ],
)
def test_worker_tells_more_than_slurm(facts: dict[str, bool], state: str) -> None:
    assert join(running(), **facts).state == state


def test_registered_worker_counts_for_more_than_an_old_entry_or_none() -> None:
    pending = replace(running(), state="PENDING")
    assert join(pending, registered=True).state == "registered"
    assert join(None, registered=True, submitted=0.0).state == "registered"
    assert join(running(), registered=True, working=True, answered=False).state == "working"


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETING"])
def test_unanswered_is_unknown_and_never_ended(state: str) -> None:
    view = join(running(state), answered=False, now=T + 1e6)
    assert view.state == "unknown" and view.ending is None
    assert f"when last seen it was {state.lower()} on n1" in view.sentence
    assert join(None, answered=False, submitted=0.0).state == "unknown"


def test_job_that_slurm_has_not_listed_for_a_minute_is_lost() -> None:
    assert join(None, submitted=T - 59).state == "submitted"
    view = join(None, submitted=T - 61)
    assert (view.state, view.ending) == ("ended", Ending.UNREGISTERED)


def test_ended_job_keeps_its_end_though_slurm_falls_silent() -> None:
    assert join(replace(running(), state="TIMEOUT"), answered=False).ending is Ending.TIME_LIMIT


def test_ended_job_is_explained_with_node_line_and_log() -> None:
    entry = queue("timeout")["cpu.4"]
    view = join(entry, log_tail=NO_MODULE, log="slurm/logs/x.11.log")
    assert (view.state, view.ending, view.since) == ("ended", Ending.UNREGISTERED, entry.end)
    for words in ("on st1", "exit code 1", "ModuleNotFoundError: No module named 'citytide_missing'", "x.11.log"):
        assert words in view.sentence


def test_ending_that_the_caller_knows_is_taken() -> None:
    view = join(None, ending=Ending.LOST, id="12")
    assert (view.state, view.ending) == ("ended", Ending.LOST)


@pytest.mark.parametrize("state", ["COMPLETING", "SUSPENDED", "REQUEUED", "CONFIGURING", "RESIZING", "NEW_IN_25"])
def test_passing_or_unheard_of_state_is_no_end(state: str) -> None:
    assert not is_over(running(state))
    assert join(running(state)).state in ("starting", "pending", "draining", "unknown")


def test_every_recorded_job_has_a_view() -> None:
    for moment in ("busy", "requeued", "faults", "prolog", "timeout"):
        for entry in queue(moment).values():
            view = join(entry, now=(entry.submitted or T) + 60)
            assert view.sentence.isprintable() and view.state != "unknown"
            assert (view.state == "ended") == is_over(entry) == (view.ending is not None)


facts = st.fixed_dictionaries({fact: st.booleans() for fact in ("registered", "working", "draining", "answered")})
states = st.sampled_from(
    ["PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "COMPLETING", "REQUEUED", "COMPLETED", "FAILED", "TIMEOUT", ""]
)
looks = st.tuples(states, st.integers(0, 3), facts)


@given(st.lists(looks, max_size=12))
def test_states_never_go_back_except_by_requeue(seen: list[tuple[str, int, dict[str, bool]]]) -> None:
    order = [{"submitted"}, {"pending"}, {"starting", "registered", "working"}, {"draining"}, {"ended"}]
    rank = {state: i for i, group in enumerate(order) for state in group}
    before: JobView | None = None
    highest, restarts = -1, 0
    for state, lives, known in seen:
        entry = replace(running(state), restarts=lives) if state else None
        view = keep_order(before, join(entry, **known))
        if view.restarts > restarts:
            highest, restarts = -1, view.restarts
        if view.state != "unknown":
            assert rank[view.state] >= highest
            highest = rank[view.state]
        before = view


def test_requeue_sets_a_job_back() -> None:
    first, again = join(running(), registered=True), join(queue("requeued")["cpu.12"], name=NAME)
    assert keep_order(first, again) is again and again.state == "pending"
    assert "requeued once" in again.sentence


texts = st.text()
times = st.floats(0, 4e9)
views = st.builds(
    JobView, id=texts, name=texts, pool=texts, attempt=st.integers(), serial=st.none() | st.integers(),
    state=st.sampled_from(get_args(JobState)), ending=st.none() | st.sampled_from(Ending), sentence=texts, reason=texts,
    node=texts, since=times, expected_start=st.none() | times, deadline=st.none() | times, log=texts,
    workers=st.integers(0), restarts=st.integers(0), last_known=st.none() | st.sampled_from(get_args(JobState)),
)  # fmt: skip
boards = st.builds(
    Board, time=times, slurm=texts, jobs=st.lists(views, max_size=3).map(tuple),
    waits=st.lists(texts, max_size=3).map(tuple), dashboard=st.none() | texts,
)  # fmt: skip


@given(boards)
def test_board_survives_json(board: Board) -> None:
    assert Board.from_json(json.loads(json.dumps(board.to_json()))) == board


def test_board_is_written_at_once_and_read_again(tmp_path: Path) -> None:
    assert read_jobs(tmp_path) is None
    board = Board(T, jobs=(join(running(), registered=True), join(queue("timeout")["cpu.1"])), waits=("because",))
    write_jobs(tmp_path, board)
    assert read_jobs(tmp_path) == board
    assert [path.name for path in (tmp_path / "slurm").iterdir()] == ["jobs.json"]
    assert (tmp_path / "slurm").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"time": 1, "slurm": "", "jobs": [{}], "waits": []}', "1"])
def test_board_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "jobs.json").write_text(text)
    assert read_jobs(tmp_path) is None


def test_board_of_a_later_version_is_read_for_what_is_known(tmp_path: Path) -> None:
    write_jobs(tmp_path, Board(T, jobs=(join(running()),)))
    path = tmp_path / "slurm" / "jobs.json"
    data = json.loads(path.read_text())
    data["jobs"][0]["colour"] = "blue"
    path.write_text(json.dumps(data))
    assert read_jobs(tmp_path) == Board(T, jobs=(join(running()),))


def test_log_tail_is_of_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert read_log_tail(log) == ""
    log.write_text("first line\nsecond\nthird\n")
    assert read_log_tail(log) == "first line\nsecond\nthird\n"
    assert read_log_tail(log, 15) == "second\nthird\n"
    log.write_bytes(b"\xff\xfe" * 50)
    assert read_log_tail(log, 10)
