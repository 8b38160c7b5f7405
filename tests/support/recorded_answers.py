"""Answers recorded from a Slurm 22.05.8 with accounting, by the moment at which they were given."""

from __future__ import annotations

from pathlib import Path

from citytide.hpc.slurm.query.answers import Entry, parse_accounts, parse_queue

ANSWERS = Path(__file__).parent / "answers"
RUN = "traffic-assignment-20261123-035512-ab12"

TIMED_OUT = "working\nslurmstepd-st1: error: *** JOB 8 ON st1 CANCELLED AT 2026-11-23T04:58:47 DUE TO TIME LIMIT ***\n"
TIMED_OUT += "Terminated\n"
PREEMPTED = "slurmstepd-st4: error: *** JOB 16 ON st4 CANCELLED AT 2026-11-23T04:57:24 DUE TO PREEMPTION ***\n"
REQUEUED = "life\nslurmstepd-st2: error: *** JOB 18 ON st2 CANCELLED AT 2026-11-23T04:57:23 DUE TO JOB REQUEUE ***\n"
CANCELLED = "slurmstepd-st3: error: *** JOB 19 ON st3 CANCELLED AT 2026-11-23T04:57:23 ***\n"
NODE_LOST = (
    "slurmstepd-st3: error: *** JOB 35 ON st3 CANCELLED AT 2026-11-23T05:02:14 DUE TO NODE FAILURE, "
    "SEE SLURMCTLD LOG FOR DETAILS ***\n"
)
OVER_MEMORY = (
    "start\nslurmstepd-st1: error: StepId=9.batch exceeded memory limit (329740288 > 104857600), being killed\n"
    "slurmstepd-st1: error: Exceeded job memory limit\n"
    "slurmstepd-st1: error: *** JOB 9 ON st1 CANCELLED AT 2026-11-23T04:57:19 ***\n"
)
NO_MODULE = (
    'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
    "ModuleNotFoundError: No module named 'citytide_missing'\n"
)


def queue(moment: str) -> dict[str, Entry]:
    """Jobs that squeue listed, by what their names add to the run's and the attempt's."""
    text = (ANSWERS / f"{moment}.queue.txt").read_text()
    return {entry.name.removeprefix(f"{RUN}.1."): entry for entry in parse_queue(text)}


def accounts(moment: str) -> list[Entry]:
    return parse_accounts((ANSWERS / f"{moment}.accounts.txt").read_text())
