from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from recorded_answers import ANSWERS, RUN

from citytide.hpc.slurm.query import controller as module
from citytide.hpc.slurm.query.answers import ACCOUNT_FIELDS
from citytide.hpc.slurm.query.controller import Controller, Refused, Unanswered

DOWN = "Unable to contact slurm controller (connect failure)"


class Fakes:
    """Executables with the names of Slurm's commands, first on PATH; each call's words are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "--" >> {self.folder}/{name}.calls\n{body}\n')
        path.chmod(0o755)

    def answer(self, name: str, *, output: str = "", complaint: str = "", code: int = 0) -> None:
        (self.folder / "output").write_text(output)
        (self.folder / "complaint").write_text(complaint)
        self.make(name, f"cat {self.folder}/output\ncat {self.folder}/complaint >&2\nexit {code}")

    def calls(self, name: str) -> list[list[str]]:
        path = self.folder / f"{name}.calls"
        return [call.split("\n")[:-1] for call in path.read_text().split("--\n")[:-1]] if path.exists() else []


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Fakes(folder)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "a.sh"
    path.write_text("#!/bin/sh\n")
    return path


def test_submitted_job_has_its_id(fakes: Fakes, script: Path) -> None:
    fakes.answer("sbatch", output="4711\n")
    assert Controller().submit(script, arguments=["--hold"]) == "4711"
    assert fakes.calls("sbatch") == [["--parsable", "--hold", str(script)]]


@pytest.mark.parametrize(
    "output",
    ["4711;cluster-1\n", "Welcome to node 12 of 2024!\n3 jobs of yours wait\n4711\n", "42\n4711\n\n", "  4711  \n"],
)
def test_id_is_the_last_line_that_is_nothing_else(fakes: Fakes, script: Path, output: str) -> None:
    fakes.answer("sbatch", output=output)
    assert Controller().submit(script) == "4711"


@pytest.mark.parametrize(
    ("recorded", "says"),
    [
        ("account", "Invalid account or account/partition combination specified"),
        ("feature", "Invalid feature specification"),
        ("file", "Unable to open file /nonexistent.sh"),
        ("memory", "Requested node configuration is not available; Memory specification can not be satisfied"),
        ("node", "Invalid node name specified"),
        ("option", "unrecognized option '--nonesuch'"),
        ("partition", "Invalid partition name specified; invalid partition specified: nonesuch"),
        ("qos", "QOSMaxSubmitJobPerUserLimit"),
        ("time", "Invalid --time specification"),
    ],
)
def test_recorded_refusal_is_told_in_slurms_words(fakes: Fakes, script: Path, recorded: str, says: str) -> None:
    fakes.answer("sbatch", complaint=(ANSWERS / f"refused.{recorded}.txt").read_text(), code=1)
    with pytest.raises(Refused) as caught:
        Controller().submit(script)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "complaint",
    [
        f"sbatch: error: Batch job submission failed: {DOWN}",
        "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
        "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
        "sbatch: error: Batch job submission failed: Unexpected message received",
        "sbatch: error: Batch job submission failed: Protocol authentication error",
        "sbatch: error: Batch job submission failed: Resource temporarily unavailable",
        "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying",
        "sbatch: error: Batch job submission failed: Slurm backup controller in standby mode",
        "sbatch: error: slurm_receive_msg: Connection reset by peer\nsbatch: error: Batch job submission failed: x",
        "sbatch: error: Batch job submission failed: Message receive failure",
        "the site's wrapper gave up",
        "sbatch: something on the way",
        "",
    ],
)
def test_doubtful_submission_is_unanswered(fakes: Fakes, script: Path, complaint: str) -> None:
    fakes.answer("sbatch", complaint=complaint, code=1)
    with pytest.raises(Unanswered):
        Controller().submit(script)


def test_lost_reply_is_unanswered_though_the_job_is_there(fakes: Fakes, script: Path, tmp_path: Path) -> None:
    fakes.make("sbatch", f"echo submitted >> {tmp_path}/queue; exit 1")
    with pytest.raises(Unanswered):
        Controller().submit(script)
    assert (tmp_path / "queue").read_text() == "submitted\n"


@pytest.mark.parametrize(("output", "code"), [("4711\n", 1), ("", 0), ("Submitted 4711 jobs\n", 0), ("²\n", 0)])
def test_reply_that_is_half_an_answer_is_unanswered(fakes: Fakes, script: Path, output: str, code: int) -> None:
    fakes.answer("sbatch", output=output, complaint="sbatch: error: late trouble", code=code)
    with pytest.raises(Unanswered):
        Controller().submit(script)


def test_hanging_command_is_given_up_with_its_children(fakes: Fakes, script: Path, tmp_path: Path) -> None:
    fakes.make("sbatch", f"echo 'sbatch: slow today' >&2; sleep 100 & echo $! > {tmp_path}/child; wait")
    begun = time.monotonic()
    with pytest.raises(Unanswered, match=r"sbatch did not answer within 0\.5 s: slow today"):
        Controller(timeout_s=0.5).submit(script)
    assert time.monotonic() - begun < 5
    child = int((tmp_path / "child").read_text())
    for _ in range(25):
        if not _lives(child):
            break
        time.sleep(0.2)
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_missing_command_is_said(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="no sbatch on PATH"):
        Controller().submit(script)
    with pytest.raises(Unanswered, match="no squeue on PATH"):
        Controller().queue()


def test_command_that_cannot_be_run_is_unanswered(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    (fakes.folder / "squeue").write_text("#!/nowhere/sh\n")
    (fakes.folder / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(fakes.folder))
    with pytest.raises(Unanswered):
        Controller().queue()


def test_queue_is_one_call_for_all_jobs(fakes: Fakes) -> None:
    fakes.answer("squeue", output=(ANSWERS / "busy.queue.txt").read_text())
    entries = Controller().queue()
    assert len(entries) == 28 and f"{RUN}.1.driver" in {entry.name for entry in entries}
    (call,) = fakes.calls("squeue")
    assert call[:3] == ["--me", "--noheader", "--states=all"]


def test_empty_queue_is_an_answer(fakes: Fakes) -> None:
    fakes.answer("squeue")
    assert Controller().queue() == []


def test_banner_around_the_queue_hides_no_job(fakes: Fakes) -> None:
    text = (ANSWERS / "busy.queue.txt").read_text()
    fakes.answer("squeue", output=f"Welcome to node 7!\n\n{text}maintenance on 12 December\n")
    assert len(Controller().queue()) == 28


@pytest.mark.parametrize(
    ("output", "complaint", "code"),
    [
        ("", f"slurm_load_jobs error: {DOWN}", 1),
        ("half an ans", "", 0),
        ("", "", 1),
        ("maintenance on 12 December\n", "", 0),
    ],
)
def test_queue_that_is_no_answer_is_unanswered(fakes: Fakes, output: str, complaint: str, code: int) -> None:
    fakes.answer("squeue", output=output, complaint=complaint, code=code)
    with pytest.raises(Unanswered, match="squeue"):
        Controller().queue()


def test_accounts_are_asked_by_name_and_time(fakes: Fakes) -> None:
    fakes.answer("sacct", output=(ANSWERS / "requeued.accounts.txt").read_text())
    names = [f"{RUN}.1.cpu.12", f"{RUN}.1.cpu.10"]
    entries = Controller().accounts(names, time.mktime((2026, 11, 23, 4, 0, 0, 0, 0, -1)))
    assert [(entry.id, entry.state) for entry in entries if entry.id != "16"] == [("18", "REQUEUED"), ("18", "PENDING")]
    (call,) = fakes.calls("sacct")
    assert "--starttime=2026-11-23T04:00:00" in call and f"--name={','.join(names)}" in call
    assert "--duplicates" in call and f"--format={ACCOUNT_FIELDS}" in call


def test_many_names_do_not_make_a_command_line_too_long(fakes: Fakes) -> None:
    fakes.answer("sacct", output=(ANSWERS / "requeued.accounts.txt").read_text())
    names = [f"{RUN}.1.cpu.{i}" for i in range(12, 5000)]
    assert {entry.name for entry in Controller().accounts(names, time.time())} <= set(names)
    assert not any(word.startswith("--name") for word in fakes.calls("sacct")[0])


def test_absent_accounting_is_unanswered(fakes: Fakes) -> None:
    fakes.answer("sacct", complaint="Slurm accounting storage is disabled", code=1)
    with pytest.raises(Unanswered, match="accounting storage is disabled"):
        Controller().accounts(["a"], time.time())


def test_forgotten_job_is_absent_from_accounts_and_queue_alike(fakes: Fakes) -> None:
    fakes.answer("squeue")
    fakes.answer("sacct")
    assert Controller().queue() == [] == Controller().accounts(["a.1.cpu.1"], time.time())


def test_jobs_are_cancelled_by_one_call(fakes: Fakes) -> None:
    fakes.answer("scancel")
    Controller().cancel(["1", "2"])
    Controller().cancel([])
    assert fakes.calls("scancel") == [["1", "2"]]


@pytest.mark.parametrize(
    "complaint",
    [
        "scancel: error: Kill job error on job id 1: Invalid job id specified",
        "scancel: error: Kill job error on job id 1: Job/step already completing or completed",
    ],
)
def test_cancelling_what_is_over_is_no_error(fakes: Fakes, complaint: str) -> None:
    fakes.answer("scancel", complaint=complaint, code=1)
    Controller().cancel(["1"])


@pytest.mark.parametrize("complaint", [f"scancel: error: Kill job error on job id 3: {DOWN}", "", "scancel: error: no"])
def test_cancelling_without_answer_is_said(fakes: Fakes, complaint: str) -> None:
    fakes.answer("scancel", complaint=complaint, code=8)
    with pytest.raises(Unanswered):
        Controller().cancel(["3"])


def test_show_reads_records(fakes: Fakes) -> None:
    fakes.answer("scontrol", output="PartitionName=debug MaxTime=01:00:00 State=UP\n")
    assert Controller().show("partition debug") == [
        {"PartitionName": "debug", "MaxTime": "01:00:00", "State": "UP"},
    ]
    assert fakes.calls("scontrol") == [["--oneliner", "show", "partition", "debug"]]


def test_no_shell_and_no_foreign_settings(fakes: Fakes, script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBATCH_PARTITION", "elsewhere")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "5")
    monkeypatch.setenv("SLURM_CONF", "/etc/there")
    fakes.make("sbatch", f"env > {fakes.folder}/env; cat > {fakes.folder}/stdin; echo 1")
    Controller().submit(script, arguments=["--comment=$(touch x); `y`"])
    lines = (fakes.folder / "env").read_text().splitlines()
    assert {"LC_ALL=C", "SLURM_TIME_FORMAT=%s", "SLURM_CONF=/etc/there"} <= set(lines)
    assert not any(line.startswith(("SBATCH_", "SLURM_MEM")) for line in lines)
    assert fakes.calls("sbatch")[0][1] == "--comment=$(touch x); `y`"
    assert (fakes.folder / "stdin").read_bytes() == b""
    Controller(conf="/my/slurm.conf").submit(script)
    assert "SLURM_CONF=/my/slurm.conf" in (fakes.folder / "env").read_text()


def test_timeout_is_above_the_nine_seconds_after_which_commands_give_up() -> None:
    assert Controller().timeout_s > 10 and module.Controller is Controller
