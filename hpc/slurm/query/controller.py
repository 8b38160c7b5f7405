"""Queries to Slurm and their answers: one command each, never through a shell, always with a time limit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .answers import ACCOUNT_FIELDS, QUEUE_FIELDS, Entry, parse_accounts, parse_queue, parse_show

__all__ = ["Controller", "Entry", "Refused", "Unanswered", "is_foreign"]

# With any of these sbatch does not know whether Slurm took the job.
_NO_ANSWER = re.compile(
    r"unable to contact|timed out|timeout|zero bytes were transmitted|connection (refused|reset|closed|failure|timed)"
    r"|broken pipe|communication|unable to establish|no route to host|network is (unreachable|down)|slurm_receive_msg"
    r"|slurm_send|slurm_persist|unexpected m(essage|sg)|unpack|backup controller|standby|not responding"
    r"|temporarily un|try again|host (is )?(down|unreachable)|header lengths|unable to connect|slurmdbd|in flux"
    r"|authenticat|munge|credential|message (send|receive)|insane message|interrupted",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"Batch job submission failed: *(?P<why>.+)")
_SAID_NO = re.compile(
    r"^sbatch: (?:(?:error|fatal): |unrecognized option|invalid option|option requires)", re.MULTILINE
)
_GONE = re.compile(
    r"invalid job id specified|already completing or completed|job/step already|not found", re.IGNORECASE
)
_FOREIGN = ("SBATCH_", "SQUEUE_", "SACCT_", "SCANCEL_", "SCONTROL_", "SRUN_", "SLURM_", "SLURMD_", "SALLOC_")
_OURS = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT", "SLURM_CLUSTERS")  # how to reach the controller
_JOB_ID = re.compile(r"(\d+)(?:;[\w.-]+)?", re.ASCII)
_NAMES = 400  # more names than this make sacct's command line longer than a kernel takes


class Unanswered(RuntimeError):
    """Slurm did not answer: what was asked stays unknown, and unknown is not gone."""


class Refused(RuntimeError):
    """Slurm said no to a job; the text is its own sentence."""


@dataclass(frozen=True)
class Reply:
    code: int
    output: str
    complaint: str


class Controller:
    """The one door to Slurm's commands.

    ``timeout_s`` is above the 9 s after which commands give up on a controller that is away; ``conf`` is the site's
    slurm.conf where that is not found by itself.
    """

    def __init__(self, *, timeout_s: float = 20.0, conf: str | None = None) -> None:
        self.timeout_s = timeout_s
        self.conf = conf

    def queue(self) -> list[Entry]:
        """All jobs of this user, those just ended included, by one ``squeue``."""
        reply = self._ask(["squeue", "--me", "--noheader", "--states=all", "--Format=" + QUEUE_FIELDS])
        return _read("squeue", reply, parse_queue(reply.output))

    def accounts(self, names: Sequence[str], since: float) -> list[Entry]:
        """Jobs by name as accounting has them, by one ``sacct``: every incarnation, the newest of a job last.

        Raises
        ------
        Unanswered
            Also if this site keeps no accounts.
        """
        start = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(since))
        command = ["sacct", "--duplicates", "--noheader", "--parsable2", "--delimiter=\x1f", f"--starttime={start}"]
        if len(names) <= _NAMES:
            command.append("--name=" + ",".join(names))
        reply = self._ask([*command, "--format=" + ACCOUNT_FIELDS])
        wanted = set(names)
        return [entry for entry in _read("sacct", reply, parse_accounts(reply.output)) if entry.name in wanted]

    def submit(self, script: Path, *, arguments: Sequence[str] = ()) -> str:
        """Hand a script to Slurm and return the job's id.

        Raises
        ------
        Refused
            If Slurm said no: there is no such job.
        Unanswered
            If the reply was lost or cannot be read: the job may exist, so look for its name later.
        """
        try:
            reply = self._run(["sbatch", "--parsable", *arguments, str(script)])
        except FileNotFoundError:
            raise Refused("there is no sbatch on PATH: load the site's Slurm module first") from None
        if reply.code == 0:
            ids = [found[1] for line in reply.output.splitlines() if (found := _JOB_ID.fullmatch(line.strip()))]
            if ids:
                return ids[-1]
            raise Unanswered(f"sbatch named no job: {_shorten(reply.output or reply.complaint)}")
        said = _shorten(reply.complaint)
        if _NO_ANSWER.search(reply.complaint) or _mentions_id(reply.output) or not _SAID_NO.search(reply.complaint):
            raise Unanswered(f"sbatch ended with code {reply.code}: {said}")
        found = _REFUSED.search(reply.complaint)
        more = [line for line in _sentences(reply.complaint) if not _REFUSED.search(line)]
        raise Refused("; ".join([*([found["why"].strip()] if found else []), *more]))

    def cancel(self, ids: Sequence[str]) -> None:
        """Cancel jobs by one ``scancel``; jobs that ended meanwhile are no error."""
        if not ids:
            return
        reply = self._ask(["scancel", *ids], check=False)
        other = [line for line in _sentences(reply.complaint) if not _GONE.search(line)]
        if reply.code and (other or not reply.complaint.strip()):
            raise Unanswered(f"scancel ended with code {reply.code}: {_shorten(reply.complaint)}")

    def show(self, what: str) -> list[dict[str, str]]:
        """``scontrol show`` of partition, node, config or one job: a dict per record."""
        return parse_show(self._ask(["scontrol", "--oneliner", "show", *what.split()]).output)

    def _ask(self, command: Sequence[str], *, check: bool = True) -> Reply:
        try:
            reply = self._run(command)
        except FileNotFoundError:
            raise Unanswered(f"there is no {command[0]} on PATH: load the site's Slurm module first") from None
        if check and reply.code:
            raise Unanswered(f"{command[0]} ended with code {reply.code}: {_shorten(reply.complaint or reply.output)}")
        return reply

    def _run(self, command: Sequence[str]) -> Reply:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(os.environ, self.conf),
                start_new_session=True,  # so that a wrapper's children end with it, and Ctrl-C reaches only the driver
            )
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Unanswered(f"{command[0]} could not be started: {error}") from None
        try:
            output, complaint = process.communicate(timeout=self.timeout_s)
        except BaseException as error:
            _end(process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            said = _shorten((error.stderr or b"").decode("utf-8", "replace"))
            raise Unanswered(f"{command[0]} did not answer within {self.timeout_s:g} s: {said}") from None
        return Reply(process.returncode, output.decode("utf-8", "replace"), complaint.decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a command with its children and let go of the pipes, which a child may hold open."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):  # one that hangs in a file system cannot be killed
        process.wait(1.0)


def is_foreign(variable: str) -> bool:
    """Whether a variable of the environment would change a question to Slurm, or a job.

    ``SBATCH_PARTITION`` and its like would win over what a profile says, and a job submitted from a job would inherit
    the outer one's ``SLURM_`` variables.
    """
    return variable.startswith(_FOREIGN) and variable not in _OURS


def _environment(environment: Mapping[str, str], conf: str | None) -> dict[str, str]:
    """Ours, less what would change the question or the job."""
    kept = {name: value for name, value in environment.items() if not is_foreign(name)}
    return kept | {"LC_ALL": "C", "SLURM_TIME_FORMAT": "%s"} | ({"SLURM_CONF": conf} if conf else {})


def _read(command: str, reply: Reply, entries: list[Entry]) -> list[Entry]:
    if not entries and reply.output.strip():
        raise Unanswered(f"{command}'s answer cannot be read: {_shorten(reply.output)}")
    return entries


def _mentions_id(output: str) -> bool:
    return any(_JOB_ID.fullmatch(line.strip()) for line in output.splitlines())


def _sentences(complaint: str) -> list[str]:
    """What a command complained of, without its own name before each line."""
    lines = (re.sub(r"^\w+: (?:(?:error|fatal): )?", "", line.strip()) for line in complaint.splitlines())
    return [line for line in lines if line]


def _shorten(text: str) -> str:
    return "; ".join(_sentences(text))[:400] or "no text"
