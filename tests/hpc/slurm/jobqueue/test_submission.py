"""Dask-jobqueue is imported without side effects; jobs are cancelled to the last one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.profiles import load_profile
from citytide.hpc.slurm.jobqueue import submission
from citytide.hpc.slurm.query.controller import Entry, Unanswered


def test_import_leaves_no_file_and_no_handler(tmp_path: Path) -> None:
    code = (
        "import signal\nfrom citytide.hpc.slurm.jobqueue.submission import import_jobqueue\n"
        "print(import_jobqueue()['death-timeout'])\nimport dask.config, dask_jobqueue\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "assert dask.config.PATH.startswith(" + repr(str(tmp_path)) + ")\n"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("DASK_CONFIG", "XDG_CONFIG_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environment, "HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stdout == "60\n", done.stderr
    assert not list(tmp_path.rglob("jobqueue.yaml"))


def test_missing_package_and_another_thread_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "dask_jobqueue", raising=False)
    refused: list[str] = []

    def try_it() -> None:
        try:
            submission.import_jobqueue()
        except RunError as error:
            refused.append(str(error))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    monkeypatch.setattr(submission, "NEEDS", ("no_such_package",))
    try_it()
    assert refused == [
        "dask-jobqueue can be imported in the main thread only: open the first cluster there",
        'citytide.cluster on Slurm needs no_such_package: pip install "citytide[jobqueue]", in the environment that '
        "the jobs use too",
    ]


class Queue:
    """A Slurm whose answers are listed beforehand; an exception is raised."""

    def __init__(self, *answers: list[Entry] | Exception) -> None:
        self.answers, self.cancelled = list(answers), list[str]()

    def queue(self) -> list[Entry]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cancel(self, ids: Sequence[str]) -> None:
        self.cancelled += ids


def test_job_that_only_slurm_knows_is_cancelled_and_others_are_not() -> None:
    mine, other = Entry("7", "mine", "PENDING"), Entry("8", "other", "RUNNING")
    slurm: Any = Queue([mine, other], [Entry("7", "mine", "COMPLETING"), other], [Entry("7", "mine", "CANCELLED")])
    submission.cancel_what_is_left(slurm, "mine")
    assert slurm.cancelled == ["7"]


def test_silent_slurm_leaves_a_sentence_that_tells_how_to_cancel(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(submission, "LEAVE_S", 0.1)
    slurm: Any = Queue(Unanswered("squeue timed out"))
    submission.cancel_what_is_left(slurm, "mine")
    assert capsys.readouterr().err == (
        "citytide: jobs named mine may be left, because Slurm does not answer (squeue timed out): "
        "`scancel --name=mine` ends them\n"
    )


def test_jobs_are_submitted_without_what_would_beat_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBATCH_PARTITION", "other")
    profile = load_profile("ci").model_copy(update={"slurm_conf": "/etc/slurm west/slurm.conf"})
    submission.import_jobqueue()
    job = submission.make_job_class(profile, [], 1)
    assert "--unset=SBATCH_PARTITION" in job.submit_command and job.submit_command.endswith(" sbatch --parsable")
    assert "'SLURM_CONF=/etc/slurm west/slurm.conf' scancel" in job.cancel_command
