"""The reconciler against a Slurm that is told what to say: every look is one call of `tick`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.execution.endings import Ending
from citytide.hpc.plan.profiles import Profile
from citytide.hpc.slurm.jobs.reconciler import FORGOTTEN_S, Reconciler
from citytide.hpc.slurm.jobs.supervisor import Registered
from citytide.hpc.slurm.query.controller import Controller, Entry, Refused, Unanswered
from citytide.hpc.slurm.query.job_states import read_jobs

ID = "sums-20260101-000000-ab12"
PROFILE = {
    "name": "p", "backend": "slurm-jobs", "poll_s": 1, "driver": {"memory": "1GB"},
    "pools": {"cpu": {"memory": "1GB", "walltime": "01:00:00", "max_jobs": 3, "idle_hold_s": 60}},
}  # fmt: skip


class ScriptedSlurm(Controller):
    """Jobs are what the test says; every command is written down."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Entry] = {}
        self.cancelled: list[str] = []
        self.looks = 0
        self.answer: Exception | None = None  # instead of sbatch's reply
        self.accepts = True
        self.is_away = False

    def queue(self) -> list[Entry]:
        self.looks += 1
        if self.is_away:
            raise Unanswered("no answer")
        return list(self.jobs.values())

    def accounts(self, names: Sequence[str], since: float) -> list[Entry]:
        raise Unanswered("no accounts")

    def submit(self, script: Path, *, arguments: Sequence[str] = ()) -> str:
        if self.is_away:
            raise Unanswered("no answer")
        identity = str(len(self.jobs) + 1)
        if self.accepts:
            self.jobs[script.stem] = Entry(id=identity, name=script.stem, state="PENDING", reason="Priority")
        if self.answer:
            raise self.answer
        return identity

    def cancel(self, ids: Sequence[str]) -> None:
        if self.is_away:
            raise Unanswered("no answer")
        self.cancelled += ids
        self.jobs = {n: replace(e, state="CANCELLED") if e.id in ids else e for n, e in self.jobs.items()}

    def run(self, *, node: str = "n1", start: float = 0.0, end: float = 3600.0) -> None:
        self.jobs = {
            name: replace(entry, state="RUNNING", reason="", node=node, start=start, end=end)
            for name, entry in self.jobs.items()
        }


@pytest.fixture
def slurm() -> ScriptedSlurm:
    return ScriptedSlurm()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run.json").write_text(json.dumps({"id": ID}))
    (tmp_path / "slurm" / "logs").mkdir(parents=True)
    return tmp_path


def reconciler(run: Path, slurm: ScriptedSlurm, attempt: int = 1, **limits: Any) -> Reconciler:
    made = Reconciler(run, attempt, Profile.model_validate({**PROFILE, "limits": limits}), slurm)
    made.want({"cpu": 10}, 0.0)
    return made


def register(made: Reconciler, *, handed: int = 1) -> None:
    workers = {f"{name}-0": Registered(f"tls://{name}", 1, handed) for name in made.jobs}
    made.meet(lambda: workers, lambda addresses: None, {})


def test_as_many_jobs_are_submitted_as_the_pool_allows_and_no_more(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    for now in range(5):
        made.tick(float(now), may_query=True)
    assert len(slurm.jobs) == 3 and slurm.looks == 5 and slurm.cancelled == []
    board = read_jobs(run)
    assert board and len(board.jobs) == 3 and "Priority" in board.waits[0]


def test_job_that_dies_is_replaced_and_its_end_is_known_by_its_worker(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    made.tick(0.0, may_query=True)
    slurm.run()
    register(made)
    made.tick(1.0, may_query=True)
    name = next(iter(slurm.jobs))
    slurm.jobs[name] = replace(slurm.jobs[name], state="TIMEOUT", end=2.0)
    made.tick(2.0, may_query=True)
    assert made.ending(f"{name}-0", 1.5) is Ending.TIME_LIMIT
    assert len(slurm.jobs) == 4 and sum(job.is_live for job in made.jobs.values()) == 3


def test_silence_of_slurm_is_no_death(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    made.tick(0.0, may_query=True)
    slurm.run()
    register(made)
    made.tick(1.0, may_query=True)
    slurm.is_away = True
    for now in range(2, 200):
        made.tick(float(now), may_query=True)
    assert len(slurm.jobs) == 3 and slurm.cancelled == [] and all(job.is_live for job in made.jobs.values())
    board = read_jobs(run)
    assert board and board.slurm.startswith("has not answered for 197 s") and "unknown" in board.slurm
    assert made.ending(f"{next(iter(slurm.jobs))}-0", 100.0) is None


def test_job_whose_reply_was_lost_is_found_by_its_name(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    slurm.answer = Unanswered("reply lost")
    made.tick(0.0, may_query=True)
    assert len(slurm.jobs) == 1 and next(iter(made.jobs.values())).id is None
    slurm.answer = None
    made.tick(1.0, may_query=True)
    assert [job.id for job in made.jobs.values()] == ["1", "2", "3"] and len(slurm.jobs) == 3


def test_submission_that_never_arrived_is_made_again_after_a_while(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    slurm.answer, slurm.accepts = Unanswered("reply lost"), False
    made.tick(0.0, may_query=True)
    slurm.answer, slurm.accepts = None, True
    for now in range(1, int(FORGOTTEN_S) + 12):
        made.tick(float(now), may_query=True)
    assert len(slurm.jobs) == 3 and sum(job.is_live for job in made.jobs.values()) == 3


def test_only_jobs_of_this_run_are_ever_cancelled(run: Path, slurm: ScriptedSlurm) -> None:
    others = [f"{ID}.1.cpu.7", f"{ID}.3.driver", f"{ID}5.1.cpu.1", "simulation", f"{ID}.3.cpu.99"]
    slurm.jobs = {name: Entry(id=str(100 + i), name=name, state="RUNNING") for i, name in enumerate(others)}
    made = reconciler(run, slurm, attempt=3)
    made.tick(0.0, may_query=True)
    assert slurm.cancelled == ["100"]  # the one of an earlier attempt


def test_idle_jobs_are_held_for_a_while_and_then_let_go(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    made.tick(0.0, may_query=True)
    slurm.run()
    register(made, handed=0)
    made.want({"cpu": 0}, 1.0)
    for now in range(1, 60):
        made.tick(float(now), may_query=True)
    assert slurm.cancelled == []
    for now in range(60, 66):
        made.tick(float(now), may_query=True)
    assert sorted(slurm.cancelled) == ["1", "2", "3"]


def test_allocation_near_its_end_is_drained_and_replaced_before(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    made.tick(0.0, may_query=True)
    slurm.run(end=100.0)
    register(made)
    made.want({"cpu": 10}, 30.0)
    made.tick(60.0, may_query=True)
    assert not any(job.draining for job in made.jobs.values())
    made.tick(66.0, may_query=True)
    assert sum(job.draining for job in made.jobs.values()) == 3 and slurm.cancelled == []
    assert len(slurm.jobs) == 4  # one beyond the limit stands ready; the others come as the drained ones leave


def test_one_long_block_does_not_make_every_job_look_used_up(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    made.tick(0.0, may_query=True)
    slurm.run(end=3600.0)
    register(made)
    made.want({"cpu": 10}, 3500.0)
    made.tick(1.0, may_query=True)
    assert not any(job.draining for job in made.jobs.values())


def test_attempt_that_took_over_keeps_its_jobs(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    made.tick(0.0, may_query=True)
    slurm.jobs[f"{ID}.2.cpu.1"] = Entry(id="99", name=f"{ID}.2.cpu.1", state="RUNNING")
    (run / "attempts").mkdir()
    (run / "attempts" / "2").touch()
    before = (run / "slurm" / "jobs.json").read_bytes()
    made.dismiss()
    assert "99" not in slurm.cancelled and (run / "slurm" / "jobs.json").read_bytes() == before


def test_budget_of_node_hours_ends_submissions_and_says_so(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm, node_hours=0.5)
    made.tick(0.0, may_query=True)
    slurm.run(end=700.0)
    made.tick(1.0, may_query=True)
    slurm.jobs = {name: replace(entry, state="TIMEOUT") for name, entry in slurm.jobs.items()}
    made.tick(701.0, may_query=True)
    made.tick(702.0, may_query=True)
    assert len(slurm.jobs) == 3 and made.trouble() and "0.5 node-hours" in str(made.trouble())


def test_refusal_for_good_ends_the_run_and_a_limit_is_waited_for(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    slurm.accepts, slurm.answer = False, Refused("Job violates accounting/QOS policy (job submit limit, ...)")
    for now in range(0, 2000, 10):
        made.tick(float(now), may_query=True)
    assert made.trouble() is None and "takes no more jobs now" in made.waits()[0]
    slurm.answer = Refused("Invalid account or account/partition combination specified")
    for now in range(2000, 4000, 10):
        made.tick(float(now), may_query=True)
    assert "Invalid account" in str(made.trouble())


def test_job_that_slurm_could_not_launch_is_taken_back_and_replaced(run: Path, slurm: ScriptedSlurm) -> None:
    made = reconciler(run, slurm)
    made.tick(0.0, may_query=True)
    name = next(iter(slurm.jobs))
    slurm.jobs[name] = replace(slurm.jobs[name], reason="launch failed requeued held")
    for now in range(1, 10):
        made.tick(float(now), may_query=True)
    assert slurm.cancelled == ["1"] and len(slurm.jobs) == 4
